"""Many subjects in one sample and two models: a tray of apples, each found, each graded; a desk counts trays.

One model finds the apples, the other says how ripe the tray is. Each apple is its own subject: the good ones
are sent on after the record, the rotten ones are pushed off before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table

from core.clock import Instant
from core.inference.request import Answer, Ask
from tests.contract.dummies.desk_work import ROLES, Quiet, of_kind, one_page, refuse
from verticals.contract import (
    NOTHING,
    Action,
    Command,
    Decision,
    DeviceSpec,
    Event,
    Evidence,
    Manifest,
    Reading,
    Reply,
    Sample,
    State,
    Station,
    StationSpec,
)
from verticals.web import Panel

metadata = MetaData()
apples = Table(
    "apples",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("apple", String(80), nullable=False),
    Column("grade", String(10), nullable=False),
)


@dataclass(frozen=True)
class OrchardSettings:
    rotten_below: float = 0.5


class TrayStation(Quiet):
    def __init__(self, settings: OrchardSettings) -> None:
        super().__init__()
        self.spec = StationSpec("tray", models=("finder", "grader"), actuators=("pusher",), answer_within_s=0.4)
        self._settings = settings
        self._grades: Counter[str] = Counter()

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        self._grades.update((state or {}).get("grades", {}))
        self._grades.update(str(event.data["grade"]) for event in of_kind(since, "apple"))

    def state(self, now: Instant) -> State:
        return {"grades": dict(self._grades)}

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        image = sample.values.get("image")
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or not image.size:
            return ()
        x = image.mean(axis=(0, 1)).astype(np.float32) / 255
        return (Ask("finder", {"x": x}), Ask("grader", {"x": x}))

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        if not answers:
            return self._unseen(sample, "no picture")
        scores = [*np.atleast_1d(answers[0].outputs["score"]), answers[1].scalar("score")]
        if not np.isfinite(scores).all():
            return self._unseen(sample, "a score that is no number")
        events, actions = [], []
        for number, score in enumerate(scores):
            grade = "good" if score >= self._settings.rotten_below else "rotten"
            event, action = self._apple(sample, number, grade, {"score": float(score)})
            events.append(event)
            actions.append(action)
        picture = {"image": Evidence(np.asarray(sample.values["image"])[:, :, :3])}
        told = Sample("tray", sample.at, {"apples": len(events)}, sample.key)
        return Decision(
            events=events,
            actions=actions,
            evidence=picture if picture["image"].content.ndim == 3 else {},  # type: ignore[union-attr]
            series=[Reading("tray.ripeness", float(scores[-1]))],
            live={"grades": dict(self._grades)},
            tell=[("desk", told)],
        )

    def degrade(self, sample: Sample, reason: str) -> Decision:
        return self._unseen(sample, reason)

    def _unseen(self, sample: Sample, reason: str) -> Decision:
        """The whole tray goes off: what was not seen is not good."""
        event, action = self._apple(sample, 0, "unseen", {"why": reason})
        return Decision(events=(event,), actions=(action,))

    def _apple(self, sample: Sample, number: int, grade: str, data: dict[str, Any]) -> tuple[Event, Action]:
        subject = f"{sample.key}/{number}"
        self._grades[grade] += 1
        event = Event("apple", subject, sample.at.utc_s, {**data, "grade": grade, "so_far": self._grades[grade]})
        value = {"apple": subject, "off": grade != "good"}
        return event, Action("pusher", value, until_s=0.6, subject=subject, protective=grade != "good")

    def command(self, command: Command) -> Decision:
        if command.name != "count":
            return refuse(f"a tray can be asked to count, not to '{command.name}'")
        return Decision(reply=Reply(True, data=dict(self._grades)))

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Decision:
        return NOTHING


class DeskStation(Quiet):
    """No device, no model: it sees what the tray tells it."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = StationSpec("desk")
        self._trays = 0

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        self._trays = int((state or {}).get("trays", 0))
        for event in of_kind(since, "tray-counted"):
            self._trays = int(event.data["trays"])

    def state(self, now: Instant) -> State:
        return {"trays": self._trays}

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return () if isinstance(sample.values.get("apples"), int) else None

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        self._trays += 1
        return Decision(events=(Event("tray-counted", sample.key, sample.at.utc_s, {"trays": self._trays}),))

    def degrade(self, sample: Sample, reason: str) -> Decision:
        return Decision(events=(Event("tray-uncounted", sample.key, sample.at.utc_s, {"why": reason}),))

    def command(self, command: Command) -> Decision:
        return refuse("the desk takes no orders")

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Decision:
        return NOTHING


class Orchard:
    manifest = Manifest("orchard", "Orchard", OrchardSettings, ROLES)

    def stations(self, settings: OrchardSettings) -> Sequence[Station]:
        return [TrayStation(settings), DeskStation()]

    def devices(self, settings: OrchardSettings) -> Sequence[DeviceSpec]:
        return ()

    def route(self, sample: Sample) -> str | None:
        return "tray" if sample.source == "camera" else None

    def project(self, event: Event, connection: Connection) -> None:
        if event.kind == "apple":
            row = {"sequence": event.sequence, "apple": event.subject, "grade": event.data["grade"]}
            connection.execute(apples.insert().values(**row))

    def panel(self) -> Panel:
        return one_page("orchard")
