"""Puts a vertical's stations through a history as the loop would, without a loop: to look at what they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from core.clock import Instant
from tests.contract.cases import Case
from tests.support.clocks import FakeClock
from verticals.contract import Acted, Command, Decision, Delivery, DeviceNews, Event, Sample, State
from verticals.runtime.decisions import checked, with_outcomes


@dataclass
class Run:
    """The stations of a case on a clock of their own, and everything recorded of them."""

    case: Case
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[Event] = field(default_factory=list)
    decisions: list[tuple[str, Decision]] = field(default_factory=list)
    turn: int = 0

    def __post_init__(self) -> None:
        self.stations = {station.spec.name: station for station in self.case.vertical.stations(self.case.settings)}

    def restore(self, states: dict[str, State | None], events: Sequence[Event]) -> None:
        for name, station in self.stations.items():
            since = [through_json(event) for event in events if event.station == name]
            station.restore(states.get(name), since, self.clock.now())

    def begin(self) -> None:
        """What devices say as soon as they run."""
        for station, device, detail in self.case.news:
            self.hear(station, DeviceNews(device, True, self.clock.now(), detail=detail))

    # The steps of the loop

    def see(self, sample: Sample) -> None:
        name = self.case.vertical.route(sample)
        assert name is not None, f"{sample.source} leads nowhere"
        self.think(name, sample)

    def think(self, name: str, sample: Sample) -> None:
        station = self.stations[name]
        asks = station.prepare(sample)
        if asks is None:
            return
        answers = [self.case.answer(ask, self.turn) for ask in asks]
        self.turn += bool(asks)
        self.follow(name, station.decide(sample, answers), sample.at)

    def order(self, name: str, command: Command) -> Decision:
        return self.follow(name, self.stations[name].command(command), self.clock.now())

    def hear(self, name: str, news: DeviceNews) -> None:
        self.follow(name, self.stations[name].device_changed(news), self.clock.now())

    def pass_time(self, seconds: float) -> None:
        """Time passes; each station is woken when it is due."""
        until = self.clock.now().plus(seconds)
        for _ in range(10_000):
            due = [(at, name) for name, one in self.stations.items() if (at := one.due()) is not None and at <= until]
            if not due:
                break
            at, name = min(due)
            self.clock.advance(max(0.0, at.since(self.clock.now())))
            self.follow(name, self.stations[name].tick(self.clock.now()), self.clock.now())
        else:
            raise AssertionError("a station stays due for ever")
        self.clock.advance(until.since(self.clock.now()))

    def follow(self, name: str, given: Decision, at: Instant) -> Decision:
        decision = checked(given, name)
        self.decisions.append((name, decision))
        outcomes = [Acted(action, Delivery.SENT, at) for action in decision.actions if action.protective]
        for event in with_outcomes(decision.events, outcomes):
            self.events.append(replace(event, sequence=len(self.events) + 1))
        for action in decision.actions:
            self.follow(name, self.stations[name].acted(Acted(action, Delivery.SENT, at)), at)
        for told, sample in decision.tell:
            self.think(told, sample)
        return decision

    # What it looks like from outside

    def states(self) -> dict[str, State | None]:
        now = self.clock.now()
        return {
            name: json.loads(json.dumps(dict(one.state(now)), allow_nan=False)) for name, one in self.stations.items()
        }

    def appearance(self) -> dict[str, Any]:
        """What a person or a device would see of every station now."""
        return {
            name: (station.health(), None if (due := station.due()) is None else round(due.mono_s, 6))
            for name, station in self.stations.items()
        }

    def probe(self, first: int) -> list[Any]:
        """What all stations do about one more round of samples, as JSON: behaviour, not state."""
        before = len(self.decisions)
        for sample in self.case.samples(self.clock.now(), first):
            self.see(sample)
        self.pass_time(90.0)
        return [_told(name, decision) for name, decision in self.decisions[before:]]


def _told(name: str, decision: Decision) -> Any:
    events = [(event.kind, event.subject, json.dumps(event.data, sort_keys=True)) for event in decision.events]
    actions = [(action.target, repr(action.value), action.protective) for action in decision.actions]
    return name, events, actions, decision.reply


def through_json(event: Event) -> Event:
    """The event as the store gives it back."""
    return replace(event, data=json.loads(json.dumps(event.data, allow_nan=False)))


Step = Callable[[Run], object]


def typical(case: Case) -> list[Step]:
    """A history with everything in it: what sources bring, what people order, time that passes."""
    steps: list[Step] = []
    for number, (station, name, args) in enumerate(case.orders):
        steps.append(partial(_see_all, first=1 + number * 10))
        steps.append(partial(_order, station=station, name=name, args=args))
        steps.append(lambda run: run.pass_time(1.0))
    return steps


def _see_all(run: Run, first: int) -> None:
    for sample in run.case.samples(run.clock.now(), first):
        run.see(sample)


def _order(run: Run, station: str, name: str, args: Mapping[str, Any]) -> None:
    run.order(station, Command(name, run.clock.now(), args, "anna", "keeper"))
