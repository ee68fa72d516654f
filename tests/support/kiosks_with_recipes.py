"""The kiosk of a line with recipes: real orders, a real store and shelf; a test says when the keeper has loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.models.gate import Gate
from core.models.package import Package, write_package
from core.models.shelf import Shelf
from core.models.trust import Trust
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from manufacturing.shown import recipes_live
from tests.support.graphs import score_card, score_golden, score_graph
from tests.support.kiosks import LINE, KioskRig
from tests.support.lines_with_recipes import RecipeLine
from verticals.contract import Command, Reply
from verticals.store.events import Entry

#: A PLC that chooses recipes, and a camera that takes its exposure from them.
BY_PLC = replace(
    LINE,
    plc=PlcSettings(url="opc.tcp://127.0.0.1:4840/", chooses_recipes=True),
    camera=CameraSettings(kind="camera.usb"),
)


class RecipeKiosk(KioskRig):
    """`teach` puts a model on the shelf, `order` is a person's order, `keep` lets the keeper work off its own."""

    def __init__(self, folder: Path, *, line: LineSettings = BY_PLC) -> None:
        super().__init__(folder, line=line)
        self.played = RecipeLine(first="")
        self.played.line, self.played.clock = line, self.clock  # type: ignore[assignment]
        self.played.station = self.station
        self.told_events = 0
        self.shelf = Shelf(self.places.models, Trust(self.places.keys), Gate())

    def told(self) -> dict[str, Any]:
        return {**super().told(), **recipes_live(self.station.changeover, ZoneInfo("Europe/Berlin"))}

    def teach(self, version: str, *, name: str = "flange", limit: float = 5.0) -> dict[str, str]:
        """A model on the shelf, as an order names it."""
        card = replace(score_card(name, version, limit), kind="inspection")
        folder = self.places.data / "made" / f"{name}-{version}"
        gain = limit / 0.5  # so that its golden cases lie on either side of the limit
        package: Package = write_package(
            folder, card, score_graph(gain), score_golden(gain), Trust(self.places.keys).box_key()
        )
        self.shelf.install(folder)
        return {"name": name, "version": version, "sha256": package.sha256}

    def order(self, order: str, *, role: str = "engineer", who: str = "Engineer 2", **args: Any) -> Reply:
        """Straight to the line, as a person's order."""
        return self._take(Command(order, self.clock.now(), {"reason": "new part", **args}, who, role))

    def save(self, name: str, model: Mapping[str, str], **said: Any) -> int:
        reply = self.order("save-recipe", name=name, model=model, **said)
        assert reply.accepted, reply.reason
        return int(reply.data["version"])

    def choose(self, name: str, version: int, **said: Any) -> None:
        """In force, with everything loaded."""
        reply = self.order("choose-recipe", name=name, version=version, **said)
        assert reply.accepted, reply.reason
        self.keep()

    def keep(self) -> None:
        self.played.keep()
        self._file()

    def ask_for(self, number: int) -> None:
        """The PLC's RecipeId."""
        self.played.ask_for(number)
        self._file()

    def _carry_out(self, command: Command) -> None:
        self._take(command)

    def _take(self, command: Command) -> Reply:
        decision = self.played.take(self.station.command(command))
        assert decision.reply is not None
        self._file(*([(command.id, decision.reply)] if command.id else []))
        if command.id:
            self.publish("command", {"id": command.id})
        return decision.reply

    def _file(self, *replies: tuple[int, Reply]) -> None:
        """Records what the line said since the last time, and tells the screens."""
        fresh, self.told_events = self.played.events[self.told_events :], len(self.played.events)
        [recorded] = self.store.append([Entry(fresh, replies=list(replies))])
        if recorded:
            self.publish("stored", {"sequence": recorded[-1].sequence})
        self.beat_line()
