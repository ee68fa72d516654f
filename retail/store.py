"""The store's desk: takes the facts that tills, people and deliveries bring, and works on what the ledger says.

A fact becomes an event, whole and as it was told; the tables book it in the event's transaction and tell the desk what
was new. The desk computes no stock itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Instant
from core.errors import EdgewiseError, InputError
from core.inference.request import Answer, Ask
from retail.catalogue.product import Product, Slot, read_product, read_slot
from retail.ledger.document import Document, read_document
from retail.ledger.holdings import Holdings
from retail.reading import kind_of, listed, text
from retail.settings import STORE, RetailSettings
from verticals.contract import (
    NOTHING,
    Acted,
    Command,
    Decision,
    DeviceNews,
    Event,
    Health,
    Level,
    Reply,
    Sample,
    State,
    StationSpec,
)

#: Who may put a document into the ledger by hand.
BOOKS = frozenset({"associate", "lead", "admin"})
_FACTS = frozenset({"documents", "catalogue"})


class StoreStation:
    """`holdings`, `products` and `slots` are what the tables told; they are empty until they have."""

    def __init__(self, settings: RetailSettings) -> None:
        self.spec = StationSpec(STORE)
        self._settings = settings
        self._faults: dict[str, str] = {}
        self.holdings = Holdings()
        self.products: dict[str, Product] = {}
        self.slots: dict[tuple[str, int, int], Slot] = {}
        self.unknown_codes: set[str] = set()

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        """Stock and catalogue are not saved here: the tables tell them after this (`tables.recall`)."""

    def state(self, now: Instant) -> State:
        return {}

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return () if kind_of(sample) in (*_FACTS, "ledger") else None

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        if sample.source == "tables":
            return self._told(sample)
        match kind_of(sample):
            case "documents":
                return self._documents(sample)
            case "catalogue":
                return self._catalogue(sample)
        return NOTHING

    def _told(self, sample: Sample) -> Decision:
        """What the tables hold now, after a commit or at the start."""
        if kind_of(sample) == "catalogue":
            self._learn(sample)
            return NOTHING
        self.holdings.take(listed(sample, "balances"))
        self.unknown_codes |= {str(one["code"]) for one in listed(sample, "unknown")}
        return NOTHING

    def _learn(self, sample: Sample) -> None:
        products = [read_product(one) for one in listed(sample, "products")]
        self.products |= {one.gtin: one for one in products}
        slots = [read_slot(one) for one in listed(sample, "slots")]
        replaced = {one.fixture for one in slots}
        kept = {key: one for key, one in self.slots.items() if one.fixture not in replaced}
        self.slots = kept | {(one.fixture, one.shelf, one.slot): one for one in slots}
        self.unknown_codes -= {code for one in products for code in (one.gtin, *one.codes)}

    def _documents(self, sample: Sample) -> Decision:
        """Good documents are booked; one that cannot be is kept as it came, with the reason."""
        good: list[Document] = []
        refused: list[dict[str, Any]] = []
        for said in listed(sample, "documents"):
            try:
                good.append(_dated(read_document(said), sample.at.utc_s))
            except InputError as error:
                refused.append({"why": error.message, "said": said})
        if not (good or refused):
            return self._refuse(sample, "it holds no documents")
        return Decision(events=_events(good, refused, sample.at.utc_s, text(sample, "who")))

    def _catalogue(self, sample: Sample) -> Decision:
        """A list of products or a planogram is taken whole or not at all."""
        try:
            products = [read_product(one).as_json() for one in listed(sample, "products")]
            slots = [read_slot(one).as_json() for one in listed(sample, "slots")]
        except InputError as error:
            return self._refuse(sample, error.message)
        if not (products or slots):
            return self._refuse(sample, "it holds neither products nor slots of a planogram")
        data = {name: value for name, value in (("products", products), ("slots", slots)) if value}
        who = text(sample, "who")[:60]
        return Decision(events=(Event("catalogue", sample.key[:200], sample.at.utc_s, data, who=who),))

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """What could not be taken is kept as it came: a sale is never lost."""
        if kind_of(sample) in _FACTS and sample.source != "tables":
            return self._refuse(sample, reason)
        return NOTHING

    def _refuse(self, sample: Sample, why: str) -> Decision:
        said = {str(name): value for name, value in sample.values.items() if isinstance(value, str)}
        data = {"source": sample.source, "key": sample.key, "refused": [{"why": why, "said": said}]}
        return Decision(events=(Event("refused", sample.key[:200], sample.at.utc_s, data),))

    def acted(self, acted: Acted) -> Decision:
        return NOTHING

    def device_changed(self, news: DeviceNews) -> Decision:
        if not news.code:
            return NOTHING
        if news.ok:
            self._faults.pop(news.device, None)
        else:
            self._faults[news.device] = news.detail or news.code
        return NOTHING

    # What people ask

    def command(self, command: Command) -> Decision:
        deed = getattr(self, f"_do_{command.name.replace('-', '_')}", None)
        if deed is None:
            return Decision(reply=Reply(False, f"the store does not know the order '{command.name[:60]}'"))
        try:
            decision: Decision = deed(command)
        except EdgewiseError as error:
            return Decision(reply=Reply(False, f"{error.message} {error.hint}".strip()))
        return decision

    def _do_book(self, command: Command) -> Decision:
        """A document by hand: a receipt, a transfer, damage, an adjustment with its reason."""
        if command.role not in BOOKS:
            return Decision(reply=Reply(False, "This takes somebody who works in the store. Sign in."))
        document = _dated(read_document(command.args.get("document")), command.at.utc_s)
        document = replace(document, who=command.who)
        return Decision(events=_events([document], [], command.at.utc_s, command.who), reply=Reply(True))

    # Time

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Decision:
        return NOTHING

    def health(self) -> Health:
        return Health(Level.ATTENTION if self._faults else Level.GOOD, "open", dict(self._faults))


def _dated(document: Document, now_utc_s: float) -> Document:
    """Nothing has happened later than it was told: a till's clock that is ahead would outlive the next count."""
    lines = [
        line if line.at_utc_s is None else replace(line, at_utc_s=min(line.at_utc_s, now_utc_s))
        for line in document.lines
    ]
    return replace(document, at_utc_s=min(document.at_utc_s, now_utc_s), lines=lines)


def _events(
    good: Sequence[Document], refused: Sequence[Mapping[str, Any]], at_utc_s: float, who: str = ""
) -> list[Event]:
    events = []
    if good:
        subject = f"{good[0].source} {good[0].ref}"[:200]
        data = {"documents": [document.as_json() for document in good]}
        events.append(Event("documents", subject, at_utc_s, data, who=who[:60]))
    if refused:
        events.append(Event("refused", "documents", at_utc_s, {"refused": list(refused)}))
    return events
