"""A station that does what a test says, and the vertical around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.clock import Instant
from core.inference.request import Answer, Ask
from verticals.contract import (
    NOTHING,
    Acted,
    Command,
    Decision,
    DeviceNews,
    DeviceSpec,
    Event,
    Health,
    Level,
    Manifest,
    Reply,
    Role,
    Sample,
    State,
    Station,
    StationSpec,
)
from verticals.web import Panel


@dataclass(frozen=True)
class NoSettings:
    pass


class ScriptedStation:
    """Decides by rule an event `seen` about each sample's key; every method can be replaced by a function."""

    def __init__(self, name: str = "place", **scripts: Callable[..., Any]) -> None:
        self.spec = StationSpec(name, models=("model",), actuators=("arm",), answer_within_s=0.5)
        self.calls: list[tuple[str, Any]] = []
        self.restored: list[Event] = []
        self.saved: State | None = None
        self.seen = 0
        self.script = scripts

    def _do(self, name: str, plain: Callable[..., Any], *args: Any) -> Any:
        self.calls.append((name, args))
        return self.script.get(name, plain)(*args)

    def called(self, name: str) -> list[Any]:
        """The first argument of each call of `name`."""
        return [args[0] if args else None for called, args in self.calls if called == name]

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        self.saved = state
        self.restored = list(since)
        self.seen = int((state or {}).get("seen", 0)) + sum(event.kind == "seen" for event in self.restored)
        if "restore" in self.script:
            self.script["restore"](state, self.restored, now)

    def state(self, now: Instant) -> State:
        plain: State = self.script["state"](now) if "state" in self.script else {"seen": self.seen}
        return plain

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        asks: Sequence[Ask] | None = self._do("prepare", lambda sample: (), sample)
        return asks

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        self.seen += 1
        decision: Decision = self._do("decide", lambda sample, answers: saw(sample), sample, answers)
        return decision

    def degrade(self, sample: Sample, reason: str) -> Decision:
        decision: Decision = self._do(
            "degrade", lambda sample, reason: saw(sample, "unjudged", why=reason), sample, reason
        )
        return decision

    def acted(self, acted: Acted) -> Decision:
        decision: Decision = self._do("acted", lambda acted: NOTHING, acted)
        return decision

    def device_changed(self, news: DeviceNews) -> Decision:
        decision: Decision = self._do("device_changed", lambda news: NOTHING, news)
        return decision

    def command(self, command: Command) -> Decision:
        decision: Decision = self._do("command", lambda command: Decision(reply=Reply(True)), command)
        return decision

    def due(self) -> Instant | None:
        due: Instant | None = self.script["due"]() if "due" in self.script else None
        return due

    def tick(self, now: Instant) -> Decision:
        decision: Decision = self._do("tick", lambda now: NOTHING, now)
        return decision

    def health(self) -> Health:
        health: Health = self.script["health"]() if "health" in self.script else Health(Level.GOOD, "running")
        return health


def saw(sample: Sample, kind: str = "seen", /, **data: Any) -> Decision:
    return Decision(events=(Event(kind, sample.key, sample.at.utc_s, data),))


class ScriptedVertical:
    """Routes by the source's name; what belongs to no station is nobody's."""

    manifest = Manifest("scripted", "Scripted", NoSettings, roles=(Role("operator", "Operator"),))

    def __init__(self, stations: Sequence[Station], project: Callable[[Event, Connection], None] | None = None) -> None:
        self._stations = stations
        self._project = project

    def stations(self, settings: Any) -> Sequence[Station]:
        return self._stations

    def devices(self, settings: Any) -> Sequence[DeviceSpec]:
        return ()

    def route(self, sample: Sample) -> str | None:
        return next((station.spec.name for station in self._stations if station.spec.name == sample.source), None)

    def project(self, event: Event, connection: Connection) -> Iterable[tuple[str, Sample]] | None:
        if self._project is not None:
            self._project(event, connection)
        return None

    def panel(self) -> Panel:
        return Panel((), Path(), Path(), "scripted", 5.0, "operator")
