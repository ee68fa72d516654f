"""Which records lead to which messages: the one place that says it.

The record itself is what is sent on: an event is committed before anything follows from it, and the same event gives
the same messages with the same keys whenever it is asked for again. So nothing is lost over a kill, and what was put
on its way twice is there once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from healthcare.out.communication import communications
from healthcare.out.fhir import Resource
from healthcare.out.observation import Taken, early_warning, observation_set, vital_signs
from healthcare.out.pcd04_out import Receiver, alert_message
from healthcare.out.settings import OutSettings
from healthcare.out.subject import About, Naming
from verticals.contract import Event, Json

FHIR, PCD04 = "healthcare/fhir", "healthcare/pcd-04"
#: Events that lead to a message at all.
KINDS = ("alarm", "observations", "observations-struck")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one receiver. `key`: the same key is the same message."""

    stream: str
    kind: str
    key: str
    payload: Json


def messages_of(
    event: Event, about: About, naming: Naming, settings: OutSettings, *, entered: Event | None = None
) -> list[Outgoing]:
    """In the order in which they are to arrive. `entered` is the set that an `observations-struck` speaks of."""
    found = []
    key = f"{event.sequence}@{event.at_utc_s:.3f}"
    if settings.fhir is not None:
        resources = _resources(event, about, naming, entered)
        if resources:
            found.append(Outgoing(FHIR, event.kind, key, {"resources": resources}))
    if settings.pcd04 is not None:
        receiver = Receiver(settings.pcd04.application, settings.pcd04.facility)
        message = alert_message(event, about, naming, receiver)
        if message:
            found.append(Outgoing(PCD04, event.kind, key, {"message": message.decode("utf-8")}))
    return found


def measured(about: About, naming: Naming, values: Mapping[str, float | None], at_utc_s: float) -> Outgoing | None:
    """What a bed's monitor measured up to `at_utc_s`; None where nobody lies there or nothing was measured."""
    if not about.record_number:
        return None
    key = f"vitals/{about.bed}/{at_utc_s:.0f}"
    resources = vital_signs(Taken(about, naming, at_utc_s, key), values)
    return Outgoing(FHIR, "vitals", key, {"resources": resources}) if resources else None


def _resources(event: Event, about: About, naming: Naming, entered: Event | None) -> list[Resource]:
    if event.kind == "alarm":
        return communications(event, about, naming)
    if not about.record_number:  # an Observation is of somebody
        return []
    if event.kind == "observations":
        return _set(event.data, event, about, naming, struck=False)
    if event.kind == "observations-struck" and entered is not None:
        return _set(entered.data, entered, about, naming, struck=True)
    return []


def _set(data: Mapping[str, Any], event: Event, about: About, naming: Naming, *, struck: bool) -> list[Resource]:
    key = f"set/{data['set']}/{event.at_utc_s:.3f}"
    taken = Taken(about, naming, float(data["taken_utc_s"]), key, str(data["author"]), struck)
    found = observation_set(taken, data["values"])
    return [*found, early_warning(taken, data["news2"], data["breakdown"], found)]
