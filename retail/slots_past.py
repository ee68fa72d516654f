"""What the cameras said of each slot at a moment of today, from the desk's events; the newest word before it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from retail.figures_shown import local
from retail.settings import STORE
from retail.work.settings import WorkSettings
from retail.work_rows import Row
from verticals.contract import Event
from verticals.web import Desk

#: So many changes are looked through; a slot whose word at the moment lies further back is unknown.
_MOST_EVENTS = 2000
_HOUR = 60


def states_then(now: Iterable[Row], events: Iterable[Event], at_ms: int) -> list[dict[str, Any]]:
    """Rows as `slot_states` has them, as they were; `events` of kind `slots`, the newest first."""
    then: dict[str, dict[str, Any]] = {
        row["slot"]: dict(row) if row["since_ms"] <= at_ms else {**row, "state": "unknown"} for row in now
    }
    changed = {name for name, row in then.items() if row["state"] == "unknown"}
    for event in events:
        if event.at_utc_s * 1000 > at_ms:
            continue
        for look in event.data.get("slots", ()):
            name = look.get("slot") if isinstance(look, Mapping) else None
            if name in changed:
                changed.discard(name)
                then[name] = {**then[name], "state": str(look.get("state", "unknown"))}
    return list(then.values())


def floor_time(
    desk: Desk, asked: str, states: Sequence[Row], now_utc_s: float, zone: ZoneInfo, work: WorkSettings
) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]]:
    """The slider (`first`, `last`, `at` in minutes of the day, `text`, `hours`), and the states at that moment.

    `asked` is minutes of the day as the page sends them; anything else is now.
    """
    now = local(now_utc_s, zone)
    last = now.hour * 60 + now.minute
    opens = work.opening[0].hour * 60 + work.opening[0].minute
    first = opens if opens < last - _HOUR // 2 else 0
    at = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else last
    at = min(last, max(first, at))
    step = max(_HOUR, (last - first) // 3 // _HOUR * _HOUR)
    marks = [_clock(minute) for minute in range(first, max(first + 1, last - _HOUR), step)][:4]
    slider = {"first": first, "last": last, "at": at, "text": _clock(at), "now": at == last,
              "hours": [*marks, f"{_clock(last)} now"]}  # fmt: skip
    if at == last:
        return slider, states
    moment = datetime(now.year, now.month, now.day, at // 60, at % 60, 59, tzinfo=zone).timestamp()
    events = desk.events(station=STORE, kinds=("slots",), limit=_MOST_EVENTS, newest_first=True)
    return slider, states_then(states, events, int(moment * 1000))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
