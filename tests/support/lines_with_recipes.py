"""A station with its keeper and its PLC played by a test: models load when the test lets them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.inference.request import Answer, Ask, ModelRef, Outcome
from manufacturing.recipes import ONE_VIEW
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from manufacturing.station import InspectionStation
from manufacturing.verdicts import value_name
from tests.support.clocks import FakeClock
from verticals.contract import Acted, Action, Command, Decision, Delivery, DeviceNews, Event, Reply, Sample

IMAGE = np.zeros((8, 8, 3), np.uint8)
THRESHOLD = 2.0


def sha_of(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()


def model(name: str, version: str = "1") -> dict[str, str]:
    return {"name": name, "version": version, "sha256": sha_of(f"{name} {version}")}


class RecipeLine:
    """`engine` maps slots to what answers there; orders to the keeper wait in `waiting` until `keep` works them off."""

    def __init__(self, *, first: str = "flange", chooses: bool = True, **changes: Any) -> None:
        plc = PlcSettings("opc.tcp://localhost:1", chooses_recipes=chooses)
        line = LineSettings("line-3", "Line 3", "flange", plc, CameraSettings())
        self.line = replace(line, **changes)
        self.clock = FakeClock()
        self.engine: dict[str, str] = {}
        self.broken: set[str] = set()
        self.waiting: list[Action] = []
        self.events: list[Event] = []
        self.signals: dict[str, Any] = {}
        self.wish = 0
        self.parts = 0
        self.first = first
        self.station = self._new()
        if first:
            self.begin()

    def _new(self) -> InspectionStation:
        return InspectionStation(self.line, simulated=False, time_zone="UTC")

    def take(self, decision: Decision) -> Decision:
        self.events += decision.events
        for action in decision.actions:
            if action.target.endswith((".load", ".unload", ".activate")):
                self.waiting.append(action)
            elif action.target.endswith(".signals"):
                self.signals = dict(action.value)
        return decision

    def begin(self) -> None:
        """The keeper has started: it holds the line's first model."""
        sha256 = sha_of(f"{self.first} 1")
        self.engine["flange"] = sha256
        detail = f"{self.first} 1 {sha256}"
        self.take(self.station.device_changed(DeviceNews("line-3-model", True, self.clock.now(), "no-recipe", detail)))

    def restart(self, since: Iterable[Event] = ()) -> None:
        """The process ends and comes again: memory is empty, what was ordered is forgotten."""
        state = self.station.state(self.clock.now())
        self.engine, self.waiting, self.signals = {}, [], {}
        self.station = self._new()
        self.station.restore(state, since, self.clock.now())
        self.begin()
        self.tell_wish()

    def keep(self, most: int = 1000) -> None:
        """The keeper works off what was ordered."""
        while self.waiting and most:
            most -= 1
            action = self.waiting.pop(0)
            self.take(self.station.acted(self._kept(action)))

    def _kept(self, action: Action) -> Acted:
        value, now = action.value, self.clock.now()
        if action.target.endswith(".unload"):
            self.engine.pop(value["slot"], None)
            return Acted(action, Delivery.SENT, now)
        title = f"{value['name']} {value['version']}"
        if title in self.broken:
            return Acted(action, Delivery.FAILED, now, "its golden vectors do not pass")
        sha256 = value.get("sha256", sha_of(title))
        self.engine[value.get("as", value["slot"])] = sha256
        return Acted(action, Delivery.SENT, now, f"{title} {sha256}")

    def ask_for(self, number: int) -> None:
        self.wish = number
        self.tell_wish()

    def tell_wish(self) -> None:
        if not self.line.plc.chooses_recipes:
            return
        values: dict[str, Any] = {"about": "recipe", "recipe_number": self.wish}
        sample = Sample("line-3-cell", self.clock.now(), values)
        assert self.station.prepare(sample) == ()
        self.take(self.station.decide(sample, ()))

    def part(self, score: float = 1.0, *, asked: int | None = None, views: Mapping[str, float] | None = None) -> Event:
        """A part whose trigger carried the wish `asked`, the PLC's of now unless it says otherwise.

        `views`: the score of each camera's picture that there is, in the order of the recipe.
        """
        self.parts += 1
        values: dict[str, Any] = {"about": "part", "counter": self.parts, "passed": self.parts}
        values |= {value_name(view): IMAGE for view in (views or {ONE_VIEW: score})}
        scores = list((views or {ONE_VIEW: score}).values())
        if self.line.plc.chooses_recipes:
            values["recipe_number"] = self.wish if asked is None else asked
        sample = Sample("line-3-cell", self.clock.now(), values, key=str(self.parts))
        asks = self.station.prepare(sample)
        assert asks is not None
        answers = [self.answer(ask, given) for ask, given in zip(asks, scores, strict=False)]
        if any(answer.outcome is not Outcome.ANSWERED for answer in answers):
            decision = self.take(self.station.degrade(sample, "failed: no model"))
        else:
            decision = self.take(self.station.decide(sample, answers))
        return next(event for event in decision.events if event.kind == "part")

    def answer(self, ask: Ask, score: float) -> Answer:
        sha256 = self.engine.get(ask.model)
        if sha256 is None:
            return Answer(None, Outcome.FAILED, reason="no model")
        ref = ModelRef("model", "1", sha256, {"threshold": THRESHOLD})
        return Answer(ref, Outcome.ANSWERED, {"score": np.array([score], np.float32)})

    def order(self, order: str, *, role: str = "engineer", **args: Any) -> Reply:
        said = {"reason": "a reason", **args}
        command = Command(order, self.clock.now(), said, who="Engineer 2", role=role)
        reply = self.take(self.station.command(command)).reply
        assert reply is not None
        return reply

    def save(self, name: str, number: int | None = None, version: str = "1", **more: Any) -> Reply:
        return self.order("save-recipe", name=name, plc_number=number, model=model(name, version), **more)

    @property
    def in_force(self) -> str:
        recipe = self.station.changeover.book.in_force
        return recipe.title if recipe else ""

    def faults(self) -> dict[str, str]:
        return dict(self.station.discipline.faults)
