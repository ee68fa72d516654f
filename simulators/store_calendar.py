"""The clock of a simulated store beside the real one: when in its days it is now, and what that moment is in truth.

The store keeps its own time, in which a demo begins in the late morning whatever the hour is. Between two marks time
runs evenly; after the last mark it runs as fast as the real one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from core.errors import InputError
from simulators.store_settings import DAY_S, HOUR_S

PAST_DAYS = 14
#: The hour of the store at which a demo begins, and between which it may go on where it stopped.
BEGINS_H, EARLIEST_H, LATEST_H = 10, 9, 18
#: What the last minutes before the begin brought is told by the tills themselves, as soon as the store lives.
_UNTOLD_S = 300.0
#: Off for longer than this, the store does not make up for the time.
_LONGEST_GAP_S = 6 * HOUR_S
_LEAST_ZONE_H, _MOST_ZONE_H = -12, 14


@dataclass(slots=True)
class Calendar:
    """`marks` are pairs of the store's clock and the real one, both in seconds UTC, in order. `told_s`: up to that
    moment of the store's clock everything was told. `zone_h`: hours by which the store's time is ahead of UTC."""

    begin_s: float
    zone_h: int
    marks: list[tuple[float, float]]
    told_s: float = 0.0
    seed: int = 0
    _parts: list[tuple[float, float, float]] = field(default_factory=list, repr=False)

    @classmethod
    def begun(cls, now_utc_s: float, seed: int = 0) -> Calendar:
        """A store whose 14 days end now, in the late morning; its days of the week are the real ones."""
        zone_h = _zone(now_utc_s)
        now_s = now_utc_s + zone_h * HOUR_S
        begin_s = now_s // DAY_S * DAY_S - PAST_DAYS * DAY_S
        begin = begin_s, begin_s - zone_h * HOUR_S
        return cls(begin_s, zone_h, [begin, (now_s, now_utc_s)], told_s=now_s - _UNTOLD_S, seed=seed)

    @property
    def zone_name(self) -> str:
        """As IANA knows it; there the sign says how far UTC is ahead."""
        return "Etc/UTC" if not self.zone_h else f"Etc/GMT{-self.zone_h:+d}"

    @property
    def lived(self) -> tuple[float, float]:
        return self.marks[-1]

    def to_real(self, store_s: float) -> float:
        """Seconds UTC of a moment of the store's clock, past or to come."""
        before, after = self._around(store_s, 0)
        return _between(store_s, before, after)

    def to_store(self, utc_s: float) -> float:
        before, after = self._around(utc_s, 1)
        return _between(utc_s, before[::-1], after[::-1] if after else None)

    def _around(self, value: float, which: int) -> tuple[tuple[float, float], tuple[float, float] | None]:
        found = 0
        for number, mark in enumerate(self.marks):
            if mark[which] <= value:
                found = number
        after = self.marks[found + 1] if found + 1 < len(self.marks) else None
        return self.marks[found], after

    def day(self, store_s: float) -> date:
        """The date that people in the store would write."""
        return self.local(self.to_real(store_s)).date()

    def business_day(self, store_s: float) -> date:
        """By the store's clock: a moment keeps it whatever becomes of the zone."""
        return datetime.fromtimestamp(store_s, UTC).date()

    def local(self, utc_s: float) -> datetime:
        return datetime.fromtimestamp(utc_s, UTC).astimezone(timezone(timedelta(hours=self.zone_h)))

    def live(self, now_utc_s: float) -> None:
        """The store lived up to now; the last mark moves along, so that a restart goes on from here."""
        mark = self.to_store(now_utc_s), now_utc_s
        if len(self.marks) > 2 and _even(self.marks[-2], self.marks[-1], mark):
            self.marks[-1] = mark
        else:
            self.marks.append(mark)

    def resume(self, now_utc_s: float) -> None:
        """After a pause: the store goes on as if nothing had been, or, after a long one or outside its hours, from its
        next late morning on; what happened in between is pressed into the time that truly passed."""
        lived_s, lived_utc_s = self.lived
        now_utc_s = max(now_utc_s, lived_utc_s + 1.0)
        gap_s = now_utc_s - lived_utc_s
        hour = (lived_s + gap_s) % DAY_S / HOUR_S
        if gap_s <= _LONGEST_GAP_S and EARLIEST_H <= hour < LATEST_H:
            return
        self.zone_h = _zone(now_utc_s)
        minute_s = (now_utc_s + self.zone_h * HOUR_S) % DAY_S
        self.marks.append((lived_s + (minute_s - lived_s) % DAY_S, now_utc_s))

    def save(self, path: Path) -> None:
        """Raises OSError."""
        said = {name: value for name, value in asdict(self).items() if not name.startswith("_")}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(said), "utf-8")
        part.replace(path)


def read_calendar(path: Path) -> Calendar | None:
    """None where there is none yet. Raises InputError for a file that is none."""
    try:
        said: dict[str, Any] = json.loads(path.read_text("utf-8"))
        marks = [(float(store_s), float(utc_s)) for store_s, utc_s in said["marks"]]
        if not marks:
            raise ValueError("it has no marks")
        return Calendar(float(said["begin_s"]), int(said["zone_h"]), marks, float(said["told_s"]), int(said["seed"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Remove the demo's data directory; it is made anew."
        raise InputError(f"{path}: the store's calendar cannot be read: {error}", hint=hint) from error


def _zone(now_utc_s: float) -> int:
    """The zone in which it is late morning now."""
    zone_h = BEGINS_H - int(now_utc_s % DAY_S // HOUR_S)
    return zone_h if zone_h >= _LEAST_ZONE_H else zone_h + 24


def _between(value: float, before: tuple[float, float], after: tuple[float, float] | None) -> float:
    if after is None or value < before[0]:
        return before[1] + value - before[0]
    share = (value - before[0]) / max(1e-9, after[0] - before[0])
    return before[1] + share * (after[1] - before[1])


def _even(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    """Whether all three lie where time ran alike."""
    return all(abs((b[0] - a[0]) - (b[1] - a[1])) < 1e-3 for a, b in ((first, second), (second, third)))
