"""Fed by web requests that want an acknowledgement: a kiosk's sales and deliveries keep the stock of its shelf.

A till repeats what was not acknowledged; the same sale under the same key counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table

from core.clock import Instant
from core.inference.request import Answer, Ask
from tests.contract.dummies.desk_work import ROLES, Quiet, one_page, refuse, text
from verticals.contract import (
    NOTHING,
    Command,
    Decision,
    DeviceSpec,
    Event,
    Manifest,
    Reply,
    Sample,
    State,
    Station,
    StationSpec,
)
from verticals.store.database import upsert
from verticals.web import Panel

metadata = MetaData()
stock = Table("stock", metadata, Column("item", String(80), primary_key=True), Column("count", Integer, nullable=False))


@dataclass(frozen=True)
class KioskSettings:
    reorder_below: int = 2


class ShelfStation(Quiet):
    def __init__(self, settings: KioskSettings) -> None:
        super().__init__()
        self.spec = StationSpec("shelf")
        self._settings = settings
        self._counts: dict[str, int] = {}
        self._known: list[str] = []  # keys of what was counted, newest last

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        self._counts = dict((state or {}).get("counts", {}))
        self._known = list((state or {}).get("known", []))
        for event in since:
            if event.kind in ("moved", "counted"):
                self._counts[event.subject] = int(event.data["count"])
                self._remember(str(event.data.get("key", "")))

    def state(self, now: Instant) -> State:
        return {"counts": self._counts, "known": self._known}

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return None if sample.key in self._known else ()

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        item, change = text(sample.values, "item"), sample.values.get("change")
        if not item or not isinstance(change, int) or isinstance(change, bool) or abs(change) > 10_000:
            return self._unread(sample, "an item and a whole number of pieces are expected")
        count = self._counts[item] = self._counts.get(item, 0) + change
        self._remember(sample.key)
        data = {"change": change, "count": count, "key": sample.key}
        events = [Event("moved", item, sample.at.utc_s, data)]
        if count < self._settings.reorder_below:
            events.append(Event("reorder", item, sample.at.utc_s, {"count": count}))
        return Decision(events=events, save=True)

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """The last count stays, and is marked old."""
        return self._unread(sample, reason)

    def _unread(self, sample: Sample, why: str) -> Decision:
        return Decision(events=(Event("unread", sample.key, sample.at.utc_s, {"why": why}),))

    def _remember(self, key: str) -> None:
        if key:
            self._known = [*self._known, key][-500:]

    def command(self, command: Command) -> Decision:
        item, count = text(command.args, "item"), command.args.get("count")
        if command.name != "counted":
            return refuse(f"a shelf can be told what was counted, not '{command.name}'")
        if not item or not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 10_000:
            return refuse("say which item, and how many pieces")
        self._counts[item] = count
        event = Event("counted", item, command.at.utc_s, {"count": count}, who=command.who)
        return Decision(events=(event,), reply=Reply(True, data={"count": count}), save=True)

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Decision:
        return NOTHING


class Kiosk:
    manifest = Manifest("kiosk", "Kiosk stock", KioskSettings, ROLES, kiosk_role="viewer")

    def stations(self, settings: KioskSettings) -> Sequence[Station]:
        return [ShelfStation(settings)]

    def devices(self, settings: KioskSettings) -> Sequence[DeviceSpec]:
        return ()

    def route(self, sample: Sample) -> str | None:
        return "shelf" if sample.source in ("till", "delivery") else None

    def project(self, event: Event, connection: Connection) -> None:
        if event.kind in ("moved", "counted"):
            upsert(connection, stock, ["item"], [{"item": event.subject, "count": event.data["count"]}])

    def panel(self) -> Panel:
        return one_page("kiosk")
