"""The day of the shelves: on-shelf availability by time over the open hours, and what was out and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from retail.stock.availability import IN_STOCK, OUT, Span, exposure, spans_of
from retail.stock.pace import Pace


@dataclass(frozen=True, slots=True)
class Hours:
    """When the store is open, each day alike, in its own time. Equal: always."""

    opens: time = time(0)
    closes: time = time(0)

    def span(self, day: int, zone: ZoneInfo) -> tuple[float, float]:
        """Opening and closing of a day (ordinal), UTC seconds."""
        date = datetime.fromordinal(day)
        opens = datetime.combine(date, self.opens, zone)
        closes = datetime.combine(date, self.closes, zone)
        if closes <= opens:
            closes += timedelta(days=1)
        return opens.timestamp(), closes.timestamp()


class OpenDay:
    """Slot states through one day. `begin` at the day's start, then `show` at changes, in order of time."""

    def __init__(self, hours: Hours, zone: ZoneInfo) -> None:
        self._hours, self._zone = hours, zone
        self.day = 0
        self._from, self._to = 0.0, 0.0
        self._at = 0.0
        self._states: dict[str, tuple[str, str]] = {}  # slot -> product, state
        self._of: dict[str, dict[str, str]] = {}  # product -> slot -> state
        self._count: Counter[str] = Counter()
        self._in_s = self._known_s = self._unknown_s = 0.0
        self._out: dict[str, list[tuple[float, str]]] = {}  # of products that were out today

    def begin(self, day: int, now_utc_s: float) -> None:
        self.day = day
        self._from, self._to = self._hours.span(day, self._zone)
        self._at = now_utc_s
        self._in_s = self._known_s = self._unknown_s = 0.0
        self._out = {}
        for gtin in self._of:
            self._note(gtin, now_utc_s)

    def show(self, slot: str, gtin: str, state: str, now_utc_s: float) -> None:
        before = self._states.get(slot)
        if before == (gtin, state):
            return
        self.until(now_utc_s)
        if before is not None:
            self._leave(slot)
        self._states[slot] = gtin, state
        self._of.setdefault(gtin, {})[slot] = state
        self._count[state] += 1
        self._note(gtin, now_utc_s)

    def leave(self, slot: str, now_utc_s: float) -> None:
        """A slot that is planned or seen no more is left out from now on."""
        if slot in self._states:
            self.until(now_utc_s)
            self._leave(slot)

    def _leave(self, slot: str) -> None:
        gtin, state = self._states.pop(slot)
        self._count[state] -= 1
        del self._of[gtin][slot]

    def until(self, now_utc_s: float) -> None:
        """Time passes with every slot as it is."""
        open_s = max(0.0, min(now_utc_s, self._to) - max(self._at, self._from))
        self._at = max(self._at, now_utc_s)
        there = sum(self._count[state] for state in IN_STOCK)
        gone = sum(self._count[state] for state in OUT)
        self._in_s += open_s * there
        self._known_s += open_s * (there + gone)
        self._unknown_s += open_s * (self._count.total() - there - gone)

    @property
    def osa(self) -> float | None:
        """0 to 1; None where nothing was seen in open hours."""
        return self._in_s / self._known_s if self._known_s > 0 else None

    def counted(self) -> dict[str, int]:
        """How many slots are in each state now, and how many there are."""
        return {"planned": len(self._states), **{state: self._count[state] for state in sorted(self._count)}}

    def exposures(self, paces: Mapping[str, Pace]) -> dict[str, float]:
        """Of products that were out for a while: the share of the day's demand that found them, under 1."""
        found = {}
        for gtin, changes in self._out.items():
            pace = paces.get(gtin)
            if pace is not None and any(state in OUT for _, state in changes):
                share = exposure(self._spans(changes), pace, self._from, self._to)
                if share < 1.0:
                    found[gtin] = round(share, 4)
        return found

    def was_out(self) -> list[str]:
        return [gtin for gtin, changes in self._out.items() if any(state in OUT for _, state in changes)]

    def _spans(self, changes: list[tuple[float, str]]) -> list[Span]:
        return spans_of(changes, max(self._to, self._at))

    def _note(self, gtin: str, now_utc_s: float) -> None:
        """A product is out when every slot of it is."""
        states = set(self._of[gtin].values()) if gtin else set()
        if not states:
            return
        state = "empty" if states <= OUT else "full" if states & IN_STOCK else "unknown"
        changes = self._out.get(gtin)
        if changes is None and state != "empty":
            return
        if changes is None:
            changes = self._out[gtin] = []
        if not changes or changes[-1][1] != state:
            changes.append((now_utc_s, state))

    def state(self) -> dict[str, Any]:
        sums = [self._in_s, self._known_s, self._unknown_s]
        return {"day": self.day, "at": self._at, "sums": sums, "out": self._out}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Without the slots: they are told anew."""
        self.day, self._at = int(state["day"]), float(state["at"])
        if self.day:
            self._from, self._to = self._hours.span(self.day, self._zone)
        self._in_s, self._known_s, self._unknown_s = (float(each) for each in state["sums"])
        self._out = {gtin: [(float(at), str(word)) for at, word in said] for gtin, said in state["out"].items()}
