"""What a message tells as the samples that stations take: numerics, waves, monitor alarms, heartbeats, patients.

Every sample carries the moment it was received; what the device's clock said stands in its values.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import Instant
from healthcare.hl7.adt import Movement
from healthcare.hl7.pcd01 import Reported
from healthcare.hl7.pcd04 import Alert
from healthcare.hl7.waves import Wave
from verticals.contract import Value

Values = Mapping[str, Value]
_MOST_CHANNELS = 4096
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class WaveNumbers:
    """Numbers the chunks of each wave of each bed from 0."""

    def __init__(self) -> None:
        self._next: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def next(self, location: str, device: str, channel: str) -> int:
        key = (location, device, channel)
        number = self._next.pop(key, 0)
        self._next[key] = number + 1
        if len(self._next) > _MOST_CHANNELS:
            self._next.popitem(last=False)
        return number


def of_observations(reported: Sequence[Reported], at: Instant, numbers: WaveNumbers) -> list[Values]:
    """Numerics of each patient, also where none is known to us: a sign of life of the bed. Waves after them."""
    found: list[Values] = []
    for one in reported:
        where = _where(one.location, one.device)
        if one.readings or not one.waves:
            readings = _json(list(one.readings))
            found.append({"kind": "numerics", **where, "patient": one.person.id, "readings": readings})
        found += [_wave(wave, where, at, numbers.next(one.location, one.device, wave.channel)) for wave in one.waves]
    return found


def of_alerts(alerts: Sequence[Alert], at: Instant) -> list[Values]:
    found: list[Values] = []
    for alert in alerts:
        where = _where(alert.location, alert.device)
        if alert.heartbeat:
            found.append({"kind": "link", **where, "heard_utc_s": at.utc_s, "state": str(alert.alarm["state"])})
        else:
            alarm = _json(alert.alarm)
            found.append({"kind": "monitor-alarm", **where, "patient": alert.person.id, "alarm": alarm})
    return found


def of_movement(movement: Movement, at: Instant) -> list[Values]:
    return [
        {
            "kind": "patient",
            "event": movement.event,
            "patient": _json(movement.person.as_json()),
            "location": movement.location,
            "prior_location": movement.prior_location,
            "at_utc_s": movement.at_utc_s if movement.at_utc_s is not None else at.utc_s,
        }
    ]


def _wave(wave: Wave, where: Values, at: Instant, sequence: int) -> Values:
    start_utc_s = wave.start_utc_s if wave.start_utc_s is not None else at.utc_s - wave.lasts_s
    return {
        "kind": "wave",
        **where,
        "channel": wave.channel,
        "rate_hz": wave.rate_hz,
        "samples": wave.samples,
        "start_utc_s": start_utc_s,
        "sequence": sequence,
    }


def _where(location: str, device: str) -> dict[str, Value]:
    named = {"location": location, "device": device}
    return {name: text for name, text in named.items() if text}


def _json(content: Any) -> str:
    return _WRITER.encode(content)
