"""How one alarm is told to the screens."""

from __future__ import annotations

from typing import Any

from core.clock import Instant
from healthcare.alarms.alarm import Alarm, beyond_label
from healthcare.alarms.calling import Caller
from healthcare.measures import MEASURES


def alarm_json(alarm: Alarm, caller: Caller, now: Instant) -> dict[str, Any]:
    """One of `alarms` in what a bed tells its screens."""
    sound = alarm.sound(now)
    pause_ends = alarm.timers.pause_ends
    next_step, next_at = _next(alarm, caller)
    return {
        "id": alarm.id,
        "code": alarm.code,
        "kind": alarm.kind.value,
        "priority": alarm.priority.word,
        "state": alarm.state.value,
        "label": _label(alarm),
        "text": _text(alarm),
        "measure": alarm.finding.measure,
        "began_utc_s": alarm.began_utc_s,
        "ended_utc_s": alarm.ended_utc_s,
        "sound": sound,
        "louder": alarm.louder,
        "paused_until_utc_s": pause_ends.utc_s if pause_ends is not None and sound == "paused" else None,
        "source": alarm.source,
        "source_lost": alarm.source_lost,
        "owner": alarm.owner or caller.roster.nurse,
        "accepted": alarm.accepted,
        "told": list(alarm.told),
        "declined": list(alarm.declined),
        "acknowledged_by": alarm.acknowledged_by,
        "next_step": next_step,
        "next_step_at_utc_s": None if next_at is None else next_at.utc_s,
    }


def _label(alarm: Alarm) -> str:
    """A limit alarm is called by what was measured (`NIBP mean`), any other by its row of the table."""
    measure = MEASURES.get(alarm.finding.measure)
    limit = alarm.code.endswith(("-low", "-high"))
    return measure.label if measure is not None and limit else alarm.label


def _text(alarm: Alarm) -> str:
    text = beyond_label(_label(alarm), alarm.finding.text)
    notes = [text] if text else []
    if alarm.acknowledged_at_bedside:
        notes.append("acknowledged at the bedside")
    return ", ".join(notes)


def _next(alarm: Alarm, caller: Caller) -> tuple[str, Instant | None]:
    """The next person and when, or what an unacknowledged technical alarm becomes; empty: nothing comes."""
    coming = caller.next_step(alarm)
    if alarm.timers.rises is not None and (coming is None or alarm.timers.rises < coming[1]):
        return f"{caller.risen.word.capitalize()} alarm", alarm.timers.rises
    return ("", None) if coming is None else (coming[0].whom.label, coming[1])
