"""The kiosk of a line over a real store and a real web process; labels are worked by the line's own rules."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np

from core.clock import Clock
from manufacturing import orders
from manufacturing.results import SENTENCES, ResultCode
from manufacturing.settings import CameraSettings, LineSettings, ManufacturingSettings, PlcSettings
from manufacturing.shifts import clock_text, shift_at
from manufacturing.station import InspectionStation
from manufacturing.vertical import Manufacturing
from tests.support.pictures import part_picture
from tests.support.screens import ScreenRig
from verticals.contract import Command, Event, Evidence, Reply
from verticals.runtime.live import LiveMessage
from verticals.store.events import Entry, EventStore
from verticals.store.evidence import EvidenceStore

LINE = LineSettings(
    name="line-3",
    title="Line 3",
    recipe="flange",
    plc=PlcSettings(url="opc.tcp://127.0.0.1:4840/"),
    camera=CameraSettings(),
)
SETTINGS = ManufacturingSettings(lines=(LINE,), time_zone="Europe/Berlin")


class KioskRig(ScreenRig):
    """`with KioskRig(folder) as kiosk`: parts are recorded as the line does it, labels are worked as it works them."""

    def __init__(
        self, folder: Path, *, clock: Clock | None = None, simulated: bool = False, line: LineSettings = LINE
    ) -> None:
        settings = ManufacturingSettings(lines=(line,), time_zone="Europe/Berlin", simulated=simulated)
        vertical = Manufacturing()
        super().__init__(folder, manifest=vertical.manifest, vertical=vertical, settings=settings, clock=clock)
        self.station = InspectionStation(line, simulated=simulated, time_zone=settings.time_zone)
        self.counter = 0
        self._beating = threading.Event()
        self._ended = threading.Event()

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        super().__exit__(*exc)

    def __enter__(self) -> Self:
        super().__enter__()
        self.store = EventStore(self.store.engine, self._vertical.project)
        self.evidence = EvidenceStore(self.places.evidence("manufacturing"), self.store.engine, 1e9, 0, self.clock)
        return self

    def run_line(self) -> None:
        """From now on there is a line that beats and works orders, until `silence_line`."""
        self.line.receive = self._work
        self.start_line()
        self._beating.set()
        self.beat_line()
        threading.Thread(target=self._beat_on, daemon=True).start()

    def silence_line(self) -> None:
        """It says nothing any more, as one that hangs."""
        self._beating.clear()

    def _beat_on(self) -> None:
        while not self._ended.wait(0.4):
            if self._beating.is_set():
                self.beat_line()

    def beat_line(self) -> None:
        health = {LINE.name: {"level": "good", "state": "running", "faults": {}}}
        told = {"at": self.clock.now().utc_s, "sequence": self.store.last_sequence(), "stations": health, "depth": 0}
        self.publish("beat", told)
        self.publish("live", {"station": LINE.name, "data": self.told()})

    def told(self) -> dict[str, Any]:
        """What the line tells of itself beside its beat."""
        return {"standing": self.station._standing(), "shift": "Day shift 06:00", "recipe": "flange v3"}

    def _work(self, message: LiveMessage) -> None:
        if message.topic != "command":
            return
        for pending in self.commands.pending():
            self._carry_out(pending.command)

    def _carry_out(self, command: Command) -> None:
        decision = orders.carry_out(self.station, command)
        reply = decision.reply or Reply(False, "no reply")
        [recorded] = self.store.append([Entry(decision.events, replies=[(command.id, reply)])])
        self.line.publish(LiveMessage("command", {"id": command.id}))
        if recorded:
            self.line.publish(LiveMessage("stored", {"sequence": recorded[-1].sequence}))

    def part(
        self,
        part_id: int | str,
        *,
        code: int = 0,
        score: float = 2.0,
        at_utc_s: float | None = None,
        picture: bool = True,
        review: bool = False,
    ) -> Event:
        """One part with its picture, recorded. `review`: accepted in the recipe's review band."""
        at = self.clock.now().utc_s if at_utc_s is None else at_utc_s
        self.counter += 1
        data, pieces = self._data(code, score, at), self._pieces(code) if picture and code < ResultCode.LATE else {}
        filed = [self.evidence.put(piece) for piece in pieces.values()]
        data |= {"review": True} if review else {}
        data["evidence"] = dict(zip(pieces, filed, strict=True))
        event = Event("part", str(part_id), at, data, LINE.name)
        [recorded] = self.record(event)
        return recorded

    def _data(self, code: int, score: float, at_utc_s: float) -> dict[str, Any]:
        zone = ZoneInfo(SETTINGS.time_zone)
        verdict = "accept" if code == 0 else "bypass" if code == ResultCode.BYPASS else "reject"
        data: dict[str, Any] = {
            "verdict": verdict, "code": code, "why": SENTENCES[ResultCode(code)], "simulated": self.station.simulated,
            "shift": shift_at(at_utc_s, LINE.shifts, zone)[0], "local_time": clock_text(at_utc_s, zone),
            "counter": self.counter, "picture": {"w": 800, "h": 600}, "grab_ms": 4.2, "lag_ms": 12.4,
        }  # fmt: skip
        if code < ResultCode.LATE:
            data |= {"score": score, "threshold": 5.0, "infer_ms": 14.2}
            data["model"] = {"name": "flange", "version": "3.0.0", "sha256": "a3f9c1" + "0" * 58}
        if code == ResultCode.DEFECT:
            data["where"] = {"x": 0.66, "y": 0.2, "w": 0.12, "h": 0.16}
            data["outline"] = [(0.66, 0.28), (0.7, 0.2), (0.78, 0.25), (0.76, 0.35), (0.69, 0.36)]
            data["heat_range"] = [120, 220]
        return data

    def _pieces(self, code: int) -> dict[str, Evidence]:
        picture = part_picture(self.counter, flawed=code != 0, height=600, width=800)
        if not code:
            return {"image": Evidence(picture)}
        y, x = np.mgrid[0:24, 0:32]
        heat = np.clip(230 - 30 * np.hypot(y - 6.7, x - 23), 0, 255).astype(np.uint8)
        return {"image": Evidence(picture, hold=True), "heat": Evidence(heat, hold=True)}
