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
from retail.catalogue.product import read_product, read_slot
from retail.epcis import capture
from retail.known import Known
from retail.ledger.document import Document, read_document
from retail.reading import kind_of, listed, text
from retail.settings import STORE, RetailSettings
from retail.signage import log
from retail.work import desk
from retail.work.deeds import WorkOrders
from retail.work.outcome import Outcome
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

#: The source of what the store's own tables tell.
TABLES = "tables"
#: Who may put a document into the ledger by hand.
BOOKS = frozenset({"associate", "lead", "admin"})
_FACTS = frozenset({"documents", "catalogue", capture.KIND, log.KIND, "count-lines", "receive-lines"})
_TOLD = desk.TOLD | {"ledger", "catalogue"}


class StoreStation:
    """`known` is what the tables told: stock, products, slots; empty until then. `work` keeps what is to be done."""

    def __init__(self, settings: RetailSettings) -> None:
        self.spec = StationSpec(STORE)
        self._settings = settings
        self._faults: dict[str, str] = {}
        self.known = Known(settings)
        self.holdings, self.products, self.slots = self.known.holdings, self.known.products, self.known.slots
        self.unknown_codes = self.known.unknown_codes
        self.work = desk.WorkDesk(self.known)
        self._orders = WorkOrders(self.work, self.known)

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        """Stock and catalogue are not saved here: the tables tell them after this (`tables.recall`)."""
        self.work.restore(None if state is None else state.get("work"), since, now)

    def state(self, now: Instant) -> State:
        return {"work": self.work.state(now)}

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return () if kind_of(sample) in (_TOLD if sample.source == TABLES else _FACTS | desk.KINDS) else None

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        if sample.source == TABLES:
            return self._told(sample)
        match kind_of(sample):
            case "documents":
                return self._documents(sample)
            case "catalogue":
                return self._catalogue(sample)
            case capture.KIND:
                return capture.captured(sample, self._settings)
            case log.KIND:
                return log.logged(sample)
        try:
            return _decided(self.work.take(sample), sample.at.utc_s)
        except EdgewiseError as error:
            return self._refuse(sample, f"{error.message} {error.hint}".strip())

    def _told(self, sample: Sample) -> Decision:
        """What the tables hold now, after a commit or at the start."""
        if kind_of(sample) in desk.TOLD:
            return _decided(self.work.take(sample), sample.at.utc_s)
        if kind_of(sample) == "catalogue":
            self.work.catalogue(self.known.take_catalogue(sample), sample.at)
            return NOTHING
        self.work.ledger(sample, self.known.take_ledger(sample))
        return NOTHING

    def _documents(self, sample: Sample) -> Decision:
        """Good documents are booked; one that cannot be is kept as it came, with the reason."""
        good: list[Document] = []
        refused: list[dict[str, Any]] = []
        for said in listed(sample, "documents"):
            if isinstance(said, Mapping) and isinstance(said.get("refused"), str):  # by who read it
                refused.append({"why": said["refused"], "said": said.get("said", "")})
                continue
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
        try:
            if command.name in self._orders:
                outcome = self._orders.carry_out(command)
                return replace(_decided(outcome, command.at.utc_s, command.who), reply=Reply(True, data=outcome.data))
            if command.name == "book":
                return self._do_book(command)
        except EdgewiseError as error:
            return Decision(reply=Reply(False, f"{error.message} {error.hint}".strip()))
        return Decision(reply=Reply(False, f"the store does not know the order '{command.name[:60]}'"))

    def _do_book(self, command: Command) -> Decision:
        """A document by hand: a receipt, a transfer, damage, an adjustment with its reason."""
        if command.role not in BOOKS:
            return Decision(reply=Reply(False, "This takes somebody who works in the store. Sign in."))
        document = _dated(read_document(command.args.get("document")), command.at.utc_s)
        document = replace(document, who=command.who)
        return Decision(events=_events([document], [], command.at.utc_s, command.who), reply=Reply(True))

    # Time

    def due(self) -> Instant | None:
        return self.work.due()

    def tick(self, now: Instant) -> Decision:
        events = self.work.tick(now)
        live = self.work.figures() if self.work.figures_due(now) else {}
        return Decision(events=events, live=live)

    def health(self) -> Health:
        return Health(Level.ATTENTION if self._faults else Level.GOOD, "open", dict(self._faults))


def _decided(outcome: Outcome, now_utc_s: float, who: str = "") -> Decision:
    """Events of the work, and what it books."""
    documents = [_dated(one, now_utc_s) for one in outcome.documents]
    return Decision(events=[*outcome.events, *_events(documents, [], now_utc_s, who)])


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
