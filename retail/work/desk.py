"""The work of the store's desk: takes what the tables, the cameras, the readers and people tell, and says what to do.

What changed of a product is looked at again within a second, each product once whatever happened to it, some at a time:
a busy till costs the desk little. Everything that lasts is in events; the rest is told anew after a start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from retail.known import Known
from retail.reading import kind_of, listed, text
from retail.stock.freshness import Step
from retail.work.believing import Believing
from retail.work.count_sheet import PLANNED
from retail.work.counts import CountDesk
from retail.work.figures import figures
from retail.work.gather import Sources
from retail.work.looking import Looking
from retail.work.losses import Losses
from retail.work.open_day import Hours, OpenDay
from retail.work.orders import OrderDesk
from retail.work.outcome import Outcome
from retail.work.receiving import ReceivingDesk
from retail.work.replenish import Replenishment
from retail.work.sales import Sales
from retail.work.schedule import risky
from retail.work.sight import Sight
from retail.work.tasks import TaskBoard
from verticals.contract import Event, Sample

#: Samples that it takes, beside what the tables tell.
KINDS = frozenset({"slots", "tags", "count-lines", "receive-lines"})
TOLD = frozenset({"work", "expected"})
_SOON_S, _NEXT_S, _FIGURES_S, _CHECKED_TOLD_S = 1.0, 0.1, 15.0, 60.0
_AT_ONCE = 25


class WorkDesk:
    """Owned by the station `store`. `known` is the station's, up to date before `ledger` and `catalogue` are called."""

    def __init__(self, known: Known) -> None:
        work = known.settings.work
        zone = ZoneInfo(known.settings.time_zone)
        self._known = known
        self.zone = zone
        self.tasks = TaskBoard()
        self.counts = CountDesk(known, work.counts)
        self.orders = OrderDesk(known, work.lead_days)
        self.receiving = ReceivingDesk(known)
        self.replenishment = Replenishment(work)
        self.sight = Sight()
        self.believing = Believing(known)
        self.sales = Sales(zone)
        self.losses = Losses()
        self.day = OpenDay(Hours(*work.opening), zone)
        self.sources = Sources(known, self.sales, self.sight, self.believing, zone)
        ladder = [Step(step.days_left, step.percent) for step in work.markdown]
        self._looking = Looking(self.sources, self.tasks, self.replenishment, self.orders, self.day, ladder)
        self._osa_before: float | None = None
        self._dirty: dict[str, None] = {}
        self._look_at: Instant | None = None
        self._figures_at: Instant | None = None
        self._checked_told_utc_s = 0.0
        self._latest: Instant | None = None
        self._left_s: float | None = None
        self._whole = False

    # What comes in

    def take(self, sample: Sample) -> Outcome:
        """Raises InputError or RefusedError for what a hand-held should not have sent."""
        self._now(sample.at)
        match kind_of(sample):
            case "slots":
                return self._seen(sample)
            case "tags":
                return self._tagged(sample)
            case "work":
                return self._recalled(sample)
            case "expected":
                items = {int(one["number"]): int(one["thousandths"]) for one in listed(sample, "items")}
                return self._counted(self.counts.judge(text(sample, "sheet"), items, sample.at.utc_s))
        args = {
            "sheet": text(sample, "sheet"),
            "receiving": text(sample, "receiving"),
            "lines": listed(sample, "lines"),
        }
        desk = self.counts if kind_of(sample) == "count-lines" else self.receiving
        return desk.lines(args, text(sample, "who")[:60], sample.at.utc_s, self._today(sample.at))

    def _seen(self, sample: Sample) -> Outcome:
        bay, now = text(sample, "bay"), sample.at.utc_s
        if not 0 < len(bay) <= 40:
            return Outcome()
        before = {look.gtin for look in self.sight.looks.values() if look.bay == bay}
        event = self.sight.take(bay, listed(sample, "slots"), now)
        self._tell_checked(sample.at)
        gtins = {look.gtin for look in self.sight.looks.values() if look.bay == bay} - {""}
        for gtin in gtins:
            self.believing.look(gtin, self.sight.of(gtin), now)
        if event is not None:
            self.touch({one["gtin"] for one in event.data["slots"]} | (before - gtins), sample.at)
        return Outcome((event,) if event else ())

    def _tell_checked(self, at: Instant) -> None:
        """That the cameras looked is told once a minute, even where they saw nothing new."""
        if self._figures_at is None and at.utc_s - self._checked_told_utc_s >= _CHECKED_TOLD_S:
            self._figures_at = at.plus(_SOON_S)

    def _tagged(self, sample: Sample) -> Outcome:
        found = set()
        for one in listed(sample, "counts"):
            gtin = self._known.find(str(one.get("gtin", ""))) if isinstance(one, Mapping) else ""
            tags = one.get("tags") if gtin else None
            if isinstance(tags, int) and not isinstance(tags, bool) and 0 <= tags <= 100_000:
                self.believing.tagged(gtin, text(sample, "place"), tags, sample.at.utc_s)
                found.add(gtin)
        self.touch(found, sample.at)
        return Outcome()

    def ledger(self, sample: Sample, changed: Iterable[str]) -> None:
        """What the ledger's tables told; the balances are in the holdings already."""
        self._now(sample.at)
        moved, variances = listed(sample, "moved"), listed(sample, "variances")
        for row in moved:
            price = self._price(row["gtin"])
            self.sales.take_moved(row, price)
            self.losses.lost(row, self.sales.day_of(row["at_utc_s"]), price)
        self.believing.moved(moved, sample.at.utc_s)
        whole = [row for row in variances if not row["lot"]]
        new = [
            row for row in whole if self.losses.found(row, self.sales.day_of(row["at_utc_s"]), self._price(row["gtin"]))
        ]
        self.believing.counted(new, sample.at.utc_s)
        for row in (*variances, *(one for one in moved if one["to"] != "customer")):
            self._looking.disturb(row["gtin"])
        self.touch([gtin for gtin in changed if not self._looking.is_calm(gtin, sample.at.utc_s)], sample.at)

    def catalogue(self, changed: Iterable[str], at: Instant) -> None:
        """Products or slots were added or changed."""
        self._now(at)
        gtins = set(changed)
        self.believing.learn(gtins)
        self.touch(gtins, at)

    def _recalled(self, sample: Sample) -> Outcome:
        """What the tables hold of the time before the start."""
        for gtin, at_ms, amount, cents, lines in listed(sample, "sold"):
            at = at_ms / 1000
            self.sales.take(gtin, self.sales.day_of(at), amount, cents, lines)
            last = min(at + 43_200.0, sample.at.utc_s)
            self.believing.sold_utc_s[gtin] = max(self.believing.sold_utc_s.get(gtin, 0.0), last)
        for one in listed(sample, "exposures"):
            self.sales.expose(one["gtin"], date.fromisoformat(one["day"]).toordinal(), one["exposure"])
        self.believing.recall(listed(sample, "beliefs"))
        for one in listed(sample, "found"):
            self.losses.found(one, self.sales.day_of(one["at_utc_s"]), self._price(one["gtin"]))
        for one in listed(sample, "lost"):
            self.losses.lost(one, self.sales.day_of(one["at_utc_s"]), self._price(one["gtin"]))
        offset = datetime.fromtimestamp(sample.at.utc_s, self.zone).utcoffset() or timedelta()
        for hour, count in listed(sample, "hours"):
            self.sales.take_hours({(hour + round(offset.total_seconds() / 3600)) % 24: count})
        if text(sample, "whole"):
            self._whole = True
            self.touch({*self._known.products, *(task.gtin for task in self.tasks)}, sample.at)
        return Outcome()

    def touch(self, gtins: Iterable[str], at: Instant) -> None:
        """Something about these products changed: they are looked at soon."""
        if not self._whole:
            return  # the rest of what the tables hold is on its way, and everything is looked at then
        self._dirty.update(dict.fromkeys(gtin for gtin in gtins if gtin))
        if self._dirty and self._look_at is None:
            self._look_at = at.plus(_SOON_S)

    # Time

    def due(self) -> Instant | None:
        if self._latest is None:
            return None
        flush = self.believing.due_utc_s() if self._whole else None
        moments = [self.tasks.due_utc_s(), self.sight.due_utc_s(), flush, self._midnight()]
        found = [self._latest.plus(max(_NEXT_S, at - self._latest.utc_s)) for at in moments if at is not None]
        found += [at for at in (self._look_at, self._figures_at) if at is not None]
        earliest = min(found, default=None)
        if earliest is None or self._left_s is None:
            return earliest
        return min(earliest, self._latest.plus(self._left_s))

    def _midnight(self) -> float | None:
        return _midnight_after(self.day.day, self.zone) if self.day.day else None

    def tick(self, now: Instant) -> list[Event]:
        self._left_s = None
        self._now(now)
        events = self._turn(now)
        for event in self.sight.tick(now.utc_s):
            events.append(event)
            self.touch({one["gtin"] for one in event.data["slots"]}, now)
        timed = self.tasks.tick(now.utc_s)
        self.touch({event.data["task"]["gtin"] for event in timed}, now)
        events += timed
        if self._look_at is not None and now >= self._look_at:
            events += self._look(now)
        told = self.believing.flush(now.utc_s) if self._whole else None
        return [*events, told] if told else events

    def _now(self, now: Instant) -> None:
        self._latest = now
        today = self.sales.day_of(now.utc_s)
        self.sales.begin(today)
        self.losses.begin(today)
        if not self.day.day:
            self.day.begin(today, now.utc_s)

    def _turn(self, now: Instant) -> list[Event]:
        """What a day that is over leaves behind, at the first tick of the next."""
        today = self.sales.day_of(now.utc_s)
        if not self.day.day or today <= self.day.day:
            return []
        closed = self._close_day(now)
        self.day.begin(today, now.utc_s)
        self.tasks.forget(now.utc_s)
        self.touch(self._known.products, now)
        return [closed, *self._plan_counts(now.utc_s)]

    def _plan_counts(self, now_utc_s: float) -> list[Event]:
        """A sheet of the riskiest products each day, unless the last one is still to be begun."""
        if any(sheet.state == PLANNED and not sheet.planned_by for sheet in self.counts.sheets.values()):
            return []
        items = risky(self.sources, now_utc_s, self._known.settings.work.counts_a_day)
        return [self.counts.planned("Cycle count", "highest risk", items, "", now_utc_s)] if items else []

    def _close_day(self, now: Instant) -> Event:
        day = self.day.day
        ends = self._midnight() or now.utc_s
        self.day.until(min(ends, now.utc_s))
        paces = {gtin: self.sales.pace(gtin, ends, self.believing.unit_of(gtin)) for gtin in self.day.was_out()}
        self._osa_before = None if self.day.osa is None else round(self.day.osa, 4)
        exposures = self.day.exposures(paces)
        data = {
            "day": date.fromordinal(day).isoformat(),
            "osa": self._osa_before,
            "slots": self.day.counted()["planned"],
            "sales_cents": self.sales.sold_on(day),
            "shrink_cents": self.losses.on(day),
            "exposures": exposures,
        }
        for gtin, share in exposures.items():
            self.sales.expose(gtin, day, share)
        return Event("store-day", date.fromordinal(day).isoformat(), now.utc_s, data)

    def _look(self, now: Instant) -> list[Event]:
        """Looks at some of the products that changed."""
        counting = self.counts.counting()
        events: list[Event] = []
        for gtin in list(self._dirty)[:_AT_ONCE]:
            del self._dirty[gtin]
            events += self._looking.settle(gtin, counting.get(gtin, ""), now.utc_s)
        self._look_at = now.plus(_NEXT_S) if self._dirty else None
        if self._figures_at is None or now >= self._figures_at:
            self._figures_at = now.plus(_FIGURES_S)
        return events

    # Counting

    def _counted(self, outcome: Outcome) -> Outcome:
        items = (item for event in outcome.events for item in event.data.get("items", ()))
        if self._latest is not None:
            self.touch({item["gtin"] for item in items}, self._latest)
        return outcome

    # Looking

    def figures(self) -> dict[str, Any]:
        shrink = self.losses.share(self.sales.cents_since(self.day.day - 27))
        return figures(
            self.day, self.tasks, self._looking.expiring, osa_before=self._osa_before, shrink=shrink,
            suggestions=len(self.replenishment.open),
            unknown_codes=len(self._known.unknown_codes | self.counts.unknown_codes()),
            sold_utc_s=self.sales.newest_utc_s, checked_utc_s=self.sight.checked_utc_s(),
        )  # fmt: skip

    def figures_due(self, now: Instant) -> bool:
        """Once after each interval in which something was looked at."""
        if self._figures_at is None or now < self._figures_at:
            return False
        self._figures_at = None
        self._checked_told_utc_s = now.utc_s
        self.day.until(now.utc_s)
        return True

    def _price(self, gtin: str) -> int:
        product = self._known.products.get(gtin)
        return product.price_cents if product else 0

    def _today(self, at: Instant) -> date:
        return datetime.fromtimestamp(at.utc_s, self.zone).date()

    # From run to run

    def state(self, now: Instant) -> dict[str, Any]:
        due = self.due()
        return {
            "tasks": self.tasks.state(),
            "counts": self.counts.state(),
            "orders": self.orders.state(),
            "receiving": self.receiving.state(),
            "replenishment": self.replenishment.state(),
            "sight": self.sight.state(),
            "believing": self.believing.state(),
            "day": self.day.state(),
            "osa_before": self._osa_before,
            "due_in_s": None if due is None else max(0.0, due.since(now)),
        }

    def restore(self, state: Mapping[str, Any] | None, since: Iterable[Event], now: Instant) -> None:
        if state is not None and "tasks" in state:
            for name in ("tasks", "counts", "orders", "receiving", "replenishment", "believing", "day"):
                getattr(self, name).restore(state[name])
            self.sight.restore(state["sight"], now.utc_s)
            self._osa_before = state["osa_before"]
            self._left_s = state["due_in_s"]
            self._latest = now
        for event in since:
            self._apply(event, now)

    def _apply(self, event: Event, now: Instant) -> None:
        desks: Mapping[str, TaskBoard | CountDesk | OrderDesk | ReceivingDesk | Replenishment] = {
            "task": self.tasks, "count-sheet": self.counts, "purchase-order": self.orders,
            "receiving": self.receiving, "suggestion": self.replenishment,
        }  # fmt: skip
        if event.kind in desks:
            desks[event.kind].apply(event.data)
        elif event.kind == "slots":
            self.sight.apply(event.data, now.utc_s)
        elif event.kind == "store-day":
            self._osa_before = event.data["osa"]


@lru_cache(maxsize=8)
def _midnight_after(day: int, zone: ZoneInfo) -> float:
    return datetime.combine(date.fromordinal(day + 1), datetime.min.time(), zone).timestamp()
