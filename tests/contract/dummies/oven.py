"""Changes by time alone: an oven's timer rings, and when nobody comes it rings for the next person.

No source gives it anything but the door's contact; everything else is commands and the passing of time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.clock import Instant
from core.inference.request import Answer, Ask
from tests.contract.dummies.desk_work import ROLES, Quiet, one_page, refuse
from verticals.contract import (
    NOTHING,
    Action,
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
from verticals.web import Panel


@dataclass(frozen=True)
class OvenSettings:
    ovens: Sequence[str] = ("oven-1", "oven-2")
    next_person_after_s: float = 30.0
    longest_s: float = 7200.0


class OvenStation(Quiet):
    """Off, baking until `until`, or ringing for the `level`-th person until that one's time is over."""

    def __init__(self, name: str, settings: OvenSettings) -> None:
        super().__init__()
        self.spec = StationSpec(name, actuators=("bell",))
        self._settings = settings
        self._until: Instant | None = None
        self._level = 0

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        if state and state["left_s"] is not None:
            self._until = now.plus(_left(state["left_s"], state["until_utc_s"], now))
            self._level = int(state["level"])
        for event in since:
            if event.kind in ("baking", "rings"):
                self._level = int(event.data["level"])
                self._until = now.plus(_left(event.data["for_s"], event.at_utc_s + event.data["for_s"], now))
            elif event.kind == "silenced":
                self._until, self._level = None, 0

    def state(self, now: Instant) -> State:
        left_s = None if self._until is None else max(0.0, self._until.since(now))
        return {
            "left_s": left_s,
            "until_utc_s": self._until.utc_s if self._until else 0.0,
            "level": self._level,
        }

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return None if sample.values.get("door") is not True else ()

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        return self._silence(sample.at, "") if self._until else NOTHING

    def degrade(self, sample: Sample, reason: str) -> Decision:
        return Decision(events=(Event("unread", self.spec.name, sample.at.utc_s, {"why": reason}),))

    def command(self, command: Command) -> Decision:
        if command.name == "bake":
            return self._bake(command)
        if command.name != "silence":
            return refuse(f"an oven knows bake and silence, not '{command.name}'")
        if self._until is None:
            return refuse("there is nothing to silence")
        decision = self._silence(command.at, command.who)
        return Decision(events=decision.events, actions=decision.actions, reply=Reply(True), save=True)

    def _bake(self, command: Command) -> Decision:
        for_s = command.args.get("for_s")
        number = isinstance(for_s, int | float) and not isinstance(for_s, bool) and math.isfinite(for_s)
        if not number or not 0 < for_s <= self._settings.longest_s:  # type: ignore[operator]
            return refuse(f"say for how many seconds, at most {self._settings.longest_s:g}")
        self._until, self._level = command.at.plus(float(for_s)), 0  # type: ignore[arg-type]
        data = {"for_s": float(for_s), "level": 0}  # type: ignore[arg-type]
        event = Event("baking", self.spec.name, command.at.utc_s, data, who=command.who)
        return Decision(events=(event,), reply=Reply(True), save=True)

    def due(self) -> Instant | None:
        return self._until

    def tick(self, now: Instant) -> Decision:
        if self._until is None or now < self._until:
            return NOTHING
        self._level += 1
        self._until = now.plus(self._settings.next_person_after_s)
        data = {"level": self._level, "for_s": self._settings.next_person_after_s}
        event = Event("rings", self.spec.name, now.utc_s, data)
        return Decision(events=(event,), actions=(self._bell(self._level),), save=True)

    def _silence(self, at: Instant, who: str) -> Decision:
        self._until, self._level = None, 0
        event = Event("silenced", self.spec.name, at.utc_s, {}, who=who)
        return Decision(events=(event,), actions=(self._bell(0),), save=True)

    def _bell(self, level: int) -> Action:
        return Action("bell", {"oven": self.spec.name, "level": level}, until_s=5.0, subject=self.spec.name)


def _left(left_s: float, until_utc_s: float, now: Instant) -> float:
    """What is left now of a duration: never more than was left then, whatever the wall clock did."""
    return max(0.0, min(float(left_s), float(until_utc_s) - now.utc_s))


class Oven:
    manifest = Manifest("oven", "Oven timer", OvenSettings, ROLES, kiosk_role="viewer")

    def stations(self, settings: OvenSettings) -> Sequence[Station]:
        return [OvenStation(name, settings) for name in settings.ovens]

    def devices(self, settings: OvenSettings) -> Sequence[DeviceSpec]:
        return ()

    def route(self, sample: Sample) -> str | None:
        known: Mapping[str, str] = {f"door-{number}": f"oven-{number}" for number in (1, 2)}
        return known.get(sample.source)

    def project(self, event: Event, connection: Connection) -> None:
        """It keeps no tables."""

    def panel(self) -> Panel:
        return one_page("oven")
