"""A store's desk over its real tables, on a clock that the test moves: what is decided is recorded, projected, told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, Table, select

from retail import tables
from retail.ledger.document import Count, Document, Line
from retail.settings import STORE, RetailSettings
from retail.store import StoreStation
from tests.support.clocks import FakeClock
from verticals.contract import Command, Decision, Event, Reply, Sample
from verticals.store.database import reading
from verticals.store.events import Entry, EventStore

TEA, OATS, APPLES = "04006381333931", "05901234123457", "09501101530003"
#: Monday 2026-11-23 09:00 UTC.
NINE = 1_795_424_400.0
HOUR_S, DAY_S = 3600.0, 86_400.0
PRODUCTS: tuple[dict[str, Any], ...] = (
    {"gtin": TEA, "name": "Green tea", "price_cents": 450, "case_units": 6, "supplier": "Leaf", "lead_days": 2,
     "codes": ["4711"]},
    {"gtin": OATS, "name": "Oats", "price_cents": 200, "case_units": 12, "supplier": "Mill", "lead_days": 1},
    {"gtin": APPLES, "name": "Apples", "unit": "kg", "price_cents": 300, "supplier": "Orchard", "lead_days": 1},
)  # fmt: skip
SLOTS: tuple[dict[str, Any], ...] = (
    {"fixture": "A1", "shelf": 2, "slot": 8, "gtin": TEA, "facings_wide": 2, "facings_deep": 6, "capacity": 12},
    {"fixture": "A1", "shelf": 2, "slot": 9, "gtin": OATS, "facings_wide": 2, "facings_deep": 5, "capacity": 10,
     "min_presentation": 2},
)  # fmt: skip


class StoreDesk:
    """`events` are those recorded so far."""

    def __init__(self, engine: Engine, settings: RetailSettings | None = None) -> None:
        self.engine = engine
        self.settings = settings or RetailSettings("Store 014")
        self.clock = FakeClock(utc_s=NINE)
        self.events: list[Event] = []
        self.live: dict[str, Any] = {}
        self._told: deque[tuple[str, Sample]] = deque()
        self._store = EventStore(engine, tables.project)
        self._store.handed = self._told.extend
        self._ref = 0
        self.lose_what_is_told = False  # as a kill between the commit and the telling would
        self.station = StoreStation(self.settings)
        self.start()

    # From run to run

    def start(self, state: Mapping[str, Any] | None = None, since: Sequence[Event] = ()) -> None:
        self.station.restore(state, since, self.clock.now())
        with reading(self.engine) as connection:
            self._told.extend(tables.recall(connection))
        self._hear()
        self.advance(2.0)

    def restart(self, *, saved: int | None = None) -> None:
        """A new station from what was saved when `saved` events were recorded (None: nothing ever was)."""
        state = None
        if saved is not None:
            old = StoreStation(self.settings)
            old.restore(None, self._through_json(self.events[:saved]), self.clock.now())
            state = json.loads(json.dumps(old.state(self.clock.now())))
        self.station = StoreStation(self.settings)
        self.start(state, self._through_json(self.events[saved or 0 :]))

    def _through_json(self, events: Sequence[Event]) -> list[Event]:
        return [replace(one, data=json.loads(json.dumps(one.data))) for one in events]

    # What comes in

    def bring(self, kind: str, source: str = "hand-held", **values: Any) -> Decision:
        return self._see(Sample(source, self.clock.now(), {"kind": kind, **_told(values)}, key=kind))

    def ask(self, name: str, who: str = "Operator 14", role: str = "associate", **args: Any) -> Reply:
        decision = self.station.command(Command(name, self.clock.now(), args, who, role))
        self._record(decision)
        assert decision.reply is not None
        return decision.reply

    def must(self, name: str, who: str = "Operator 14", role: str = "associate", **args: Any) -> dict[str, Any]:
        reply = self.ask(name, who, role, **args)
        assert reply.accepted, reply.reason
        return dict(reply.data)

    def catalogue(self, products: Sequence[Any] = PRODUCTS, slots: Sequence[Any] = SLOTS) -> None:
        self.bring("catalogue", "import", products=list(products), slots=list(slots))

    def book(self, *documents: Document) -> None:
        self.bring("documents", "till-3", documents=[one.as_json() for one in documents])

    def move(
        self, from_account: str, to: str, pieces: float, gtin: str = TEA, kind: str = "move", *,
        at: float | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self._ref += 1
        at = self.clock.utc_s if at is None else at
        line = Line(1, round(pieces * 1000), from_account, to, gtin, **more)
        self.book(Document("till-3", f"n{self._ref}", kind, at, [line]))

    def sell(self, pieces: float = 1, gtin: str = TEA, *, at: float | None = None) -> None:
        self.move("floor", "customer", pieces, gtin, "sale", at=at)

    def stock(self, pieces: float, gtin: str = TEA, place: str = "floor", **more: Any) -> None:
        self.move("supplier", place, pieces, gtin, "receipt", **more)

    def count(self, pieces: float, gtin: str = TEA, place: str = "floor") -> None:
        self._ref += 1
        counts = [Count(1, gtin, place, round(pieces * 1000))]
        self.book(Document("audit", f"a{self._ref}", "count", self.clock.utc_s, counts=counts))

    def sold_for_weeks(self, gtin: str = TEA, a_day: float = 6, days: int = 28) -> None:
        """A history of even sales before today, and the stock for it."""
        self._ref += 1
        begins = NINE - days * DAY_S
        self.stock(a_day * days, gtin, at=begins - HOUR_S)
        moments = [begins + day * DAY_S + hour * HOUR_S for day in range(days) for hour in (0, 2, 4, 6)]
        lines = [
            Line(number, round(a_day * 250), "floor", "customer", gtin, at_utc_s=at)
            for number, at in enumerate(moments, start=1)
        ]
        self.book(Document("till-9", f"h{self._ref}", "sale", NINE - HOUR_S, lines))

    def see(self, state: str, slot: str = "2-8", gtin: str = TEA, bay: str = "A1", **more: Any) -> None:
        looked = {"full": 2, "low": 1}.get(state, 0)
        said = {"slot": slot, "product": gtin, "state": state, "facings": looked, "of": 2, "confidence": 0.97, **more}
        self.bring("slots", f"bay-{bay}", bay=bay, slots=[said])

    def watch(self, state: str, seconds: float, **more: Any) -> None:
        """The camera looks on, and says so every five minutes."""
        for _ in range(round(seconds / 300)):
            self.see(state, **more)
            self.advance(300)

    # Time

    def advance(self, seconds: float) -> None:
        """Time passes; the station is woken whenever it is due."""
        until = self.clock.now().plus(seconds)
        for _ in range(20_000):
            due = self.station.due()
            if due is None or due > until:
                break
            self.clock.advance(max(0.0, due.since(self.clock.now())))
            self._record(self.station.tick(self.clock.now()))
        else:
            raise AssertionError("the desk stays due for ever")
        self.clock.advance(max(0.0, until.since(self.clock.now())))

    # Looking

    def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            query = select(table).where(*(table.c[name] == value for name, value in where.items()))
            return [dict(row) for row in connection.execute(query).mappings()]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    # The way through

    def _see(self, sample: Sample) -> Decision:
        asked = self.station.prepare(sample)
        decision = Decision() if asked is None else self.station.decide(sample, ())
        self._record(decision)
        return decision

    def _record(self, decision: Decision) -> None:
        self.live |= decision.live
        if decision.events:
            named = [replace(one, station=STORE) for one in decision.events]
            for group in self._store.append([Entry(events=named)]):
                self.events += group
        self._hear()

    def _hear(self) -> None:
        while self._told:
            _, sample = self._told.popleft()
            if self.lose_what_is_told:
                continue
            self._see(replace(sample, at=self.clock.now()))


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float) else json.dumps(value) for name, value in values.items()
    }
