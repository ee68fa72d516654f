"""Documents as tests write them, and the ledger by its definition: slow, plain, and right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from retail import tables
from retail.ledger import balance
from retail.ledger.document import OUTSIDE, Count, Document, Line, Voided
from verticals.contract import Event, Sample
from verticals.store.database import reading
from verticals.store.events import Entry, EventStore

TEA, OATS, GRAPES = "04006381333931", "08061414112347", "02000417000004"
#: 2026-11-23 08:00 UTC.
MORNING = 1_795_420_800.0


def sale(ref: str, pieces: float = 1, gtin: str = TEA, at: float = MORNING, **more: Any) -> Document:
    return moved(ref, "floor", "customer", pieces, gtin, at, kind="sale", **more)


def receipt(ref: str, pieces: float, gtin: str = TEA, at: float = MORNING, to: str = "floor", **more: Any) -> Document:
    return moved(ref, "supplier", to, pieces, gtin, at, kind="receipt", **more)


def moved(
    ref: str, from_account: str, to_account: str, pieces: float, gtin: str = TEA, at: float = MORNING,
    kind: str = "move", source: str = "till-3", **more: Any,
) -> Document:  # fmt: skip
    line = Line(1, round(pieces * 1000), from_account, to_account, gtin, **more)
    return Document(source, ref, kind, at, [line])


def count(
    ref: str, pieces: float, gtin: str = TEA, at: float = MORNING, place: str = "floor", lot: str = ""
) -> Document:
    return Document("counts", ref, "count", at, counts=[Count(1, gtin, place, round(pieces * 1000), lot)])


def void(ref: str, of: Document, at: float = MORNING, lines: tuple[int, ...] | None = None) -> Document:
    return Document("till-3", ref, "void", at, voids=Voided(of.source, of.ref, lines))


def record(engine: Engine, *documents: Document, together: bool = False) -> list[tuple[str, Sample]]:
    """Each as an event of its own, or all in one; what the desk is told."""
    told: list[tuple[str, Sample]] = []
    store = EventStore(engine, tables.project)
    store.handed = told.extend
    groups = [list(documents)] if together else [[one] for one in documents]
    for group in groups:
        data = {"documents": [one.as_json() for one in group]}
        store.append([Entry(events=[Event("documents", "d", MORNING, data, "store")])])
    return told


def pieces(engine: Engine, gtin: str = TEA, place: str = "floor") -> float:
    with reading(engine) as connection:
        [row] = balance.on_hand(connection, [(gtin, place)])
    return float(row["thousandths"]) / 1000


def lots(engine: Engine, gtin: str = TEA, place: str = "floor") -> dict[str, float]:
    with reading(engine) as connection:
        [row] = balance.on_hand(connection, [(gtin, place)])
    return {lot: amount / 1000 for lot, amount in row["lots"].items()}


def every_balance(connection: Connection) -> dict[tuple[str, str], dict[str, int]]:
    held = balance.every_on_hand(connection, balance.every_newest_count(connection))
    return {(row["gtin"], row["place"]): row["lots"] for row in held if row["lots"]}


def by_definition(documents: Iterable[Document]) -> dict[tuple[str, str], dict[str, int]]:
    """Each product at each place through time, from the set of facts alone; lots that hold nothing are left out."""
    facts = {(one.source, one.ref): one for one in documents}
    steps: dict[tuple[str, str], list[Any]] = {}
    for document in facts.values():
        for line in document.lines:
            at = document.at_utc_s if line.at_utc_s is None else line.at_utc_s
            _step(steps, line, at, 1)
            taken_back = _void_of(facts.values(), document, line.number)
            if taken_back is not None:
                _step(steps, line, taken_back.at_utc_s, -1)
        for one in document.counts:
            if _void_of(facts.values(), document, one.number) is None:
                order = (document.at_utc_s, 1, document.source, document.ref, one.number)
                steps.setdefault((one.gtin, one.place), []).append((order, one))
    held = {key: _through(sorted(some, key=lambda step: step[0])) for key, some in steps.items()}
    return {key: lots for key, lots in held.items() if lots}


def _step(steps: dict[tuple[str, str], list[Any]], line: Line, at: float, sign: int) -> None:
    for place, amount in ((line.from_account, -line.thousandths), (line.to_account, line.thousandths)):
        if place not in OUTSIDE:
            order = (at, 0, "", "", 0)
            steps.setdefault((line.gtin, place), []).append((order, (line.lot, sign * amount)))


def _void_of(documents: Iterable[Document], of: Document, line: int) -> Document | None:
    fitting = [
        one for one in documents
        if one.voids is not None and (one.voids.source, one.voids.ref) == (of.source, of.ref)
        and (one.voids.lines is None or line in one.voids.lines)
    ]  # fmt: skip
    return min(fitting, key=lambda one: (one.at_utc_s, one.source, one.ref), default=None)


def _through(steps: Sequence[Any]) -> dict[str, int]:
    held: Counter[str] = Counter()
    for _, step in steps:
        if not isinstance(step, Count):
            held[step[0]] += step[1]
        elif step.lot:
            held[step.lot] = step.thousandths
        elif step.thousandths == 0:
            held.clear()
        else:
            held[""] += step.thousandths - sum(held.values())
    return {lot: amount for lot, amount in held.items() if amount}
