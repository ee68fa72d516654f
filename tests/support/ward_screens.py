"""The nurse station over a real web process, with a stand-in for the line that tells what beds tell."""

from __future__ import annotations

import math
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.clock import Clock, Instant
from healthcare import commissioning_page, tables, wall_page
from tests.support.screens import ScreenRig, Trial, Visitor, eventually
from tests.support.ward_json import NOW_UTC_S, ZONE, sixteen_beds, ward
from verticals.contract import Command, Event, Json, Manifest, Reply, Role
from verticals.runtime.live import LiveMessage
from verticals.store.database import writing
from verticals.store.events import Entry
from verticals.web import Panel

PAGES = (*wall_page.PAGES, *commissioning_page.PAGES)
ROOT = Path(wall_page.__file__).parent
MANIFEST = Manifest(
    name="healthcare",
    title="Ward",
    settings=dict,
    roles=(
        Role("viewer", "Viewer"),
        Role("nurse", "Nurse", includes=("viewer",)),
        Role("charge", "Charge nurse", includes=("nurse",)),
    ),
    kiosk_role="nurse",
)


@dataclass(frozen=True, slots=True)
class Bed:
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Ward:
    """What the pages read of the ward's settings."""

    beds: Sequence[Bed]
    ward: str = "Ward 7 West"
    time_zone: str = ZONE
    simulated: bool = False
    privacy: bool = True
    pause_s: float = 120.0


class RunningClock:
    """Runs as the system's does, from the moment of the ward's JSON."""

    def __init__(self, utc_s: float = NOW_UTC_S) -> None:
        self._began, self._utc_s = time.monotonic(), utc_s

    def now(self) -> Instant:
        now = time.monotonic()
        return Instant(now, self._utc_s + now - self._began)


def panel() -> Panel:
    return Panel(
        pages=PAGES, templates=ROOT / "templates", static=ROOT / "static", theme="ward", not_updating_after_s=5.0,
        stream_role="viewer",
    )  # fmt: skip


class WardRig(ScreenRig):
    """`with WardRig(folder) as station`: `tell` what the beds say; orders are answered by `answer` and kept."""

    def __init__(self, folder: Path, *, beds: int = 16, clock: Clock | None = None, **settings: Any) -> None:
        self.ward = Ward(tuple(Bed(f"bed-{number}", str(number)) for number in range(1, beds + 1)), **settings)
        clock = clock or RunningClock()
        super().__init__(folder, vertical=Trial(panel(), MANIFEST), manifest=MANIFEST, settings=self.ward, clock=clock)
        self.orders: list[tuple[str, Command]] = []
        self.answer: Callable[[str, Command], Reply] = lambda station, command: Reply(True)
        self.told: dict[str, Json] = {}
        self.screen: Visitor
        self._stays = 0
        self._beating = threading.Event()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        super().__enter__()
        tables.metadata.create_all(self.store.engine)
        return self

    def stay(
        self, bed: str, family: str, given: str, *, since_utc_s: float = NOW_UTC_S - 3600.0,
        until_utc_s: float | None = None,
    ) -> None:  # fmt: skip
        """The next patient of a bed, as the ward's record has it."""
        self._stays += 1
        patient = {"id": f"M{self._stays}", "family": family, "given": given, "birth_date": "", "sex": ""}
        data = {"number": self._stays, "bed": bed, "patient": patient, "since_utc_s": since_utc_s,
                "until_utc_s": until_utc_s, "how": "adt", "who": "", "struck": ""}  # fmt: skip
        self.project(Event("stay", bed, NOW_UTC_S, data, "ward"))

    def project(self, *events: Event) -> None:
        """Into the ward's own tables, as the line does it."""
        with writing(self.store.engine) as connection:
            for event in events:
                tables.project(event, connection)

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        super().__exit__(*exc)

    def run_line(self, beds: Json | None = None, desk: Json | None = None) -> Self:
        """From now on there is a line that beats and works orders, until `silence_line`."""
        self.line.receive = self._work
        self.start_line()
        threading.Thread(target=self._beat_on, daemon=True).start()
        self.tell(**(sixteen_beds() if beds is None else beds), ward=ward() if desk is None else desk)
        return self

    def tell(self, **stations: Json) -> None:
        """What stations tell (`bed_7` is `bed-7`), and a beat; returns when the web process has heard it."""
        self._beating.set()
        for station, data in stations.items():
            self.told[station.replace("_", "-")] = data
            self.publish("live", {"station": station.replace("_", "-"), "data": data})
        self.beat()
        eventually(lambda: all(self._heard(name, data) for name, data in self.told.items()))

    def silence_line(self) -> None:
        """It says nothing any more until the next `tell`, as one that hangs."""
        self._beating.clear()

    def _beat_on(self) -> None:
        while not self._ended.wait(0.4):
            if self._beating.is_set():
                self.beat()

    def _heard(self, station: str, data: Json) -> bool:
        known = self.web.hub._live.get(station, {})
        return all(known.get(name, self) == value for name, value in data.items())

    def _work(self, message: LiveMessage) -> None:
        if message.topic == "said":
            said = message.data
            command = Command(said["name"], self.clock.now(), said["args"], said["who"], said["role"])
            self.orders.append((said["station"], command))
        if message.topic != "command":
            return
        for pending in self.commands.pending():
            self.orders.append((pending.station, pending.command))
            reply = self.answer(pending.station, pending.command)
            self.store.append([Entry(replies=[(pending.command.id, reply)])])
            self.line.publish(LiveMessage("command", {"id": pending.command.id}))

    def wave(self, station: str, channel: str, start_utc_s: float, values: Sequence[float], rate_hz: float) -> None:
        """A chunk of a wave, as the line sends it."""
        data = {"channel": channel, "rate_hz": rate_hz, "start_utc_s": start_utc_s, "n": len(values)}
        self.publish("live", {"station": station, "data": data}, struct.pack(f"<{len(values)}f", *values))


def ecg_mv(phase: float) -> float:
    """One beat over phase 0 to 1, drawn by formula."""
    bumps = ((0.18, 0.03, 0.12), (0.29, 0.008, -0.1), (0.32, 0.012, 1.1), (0.35, 0.010, -0.25), (0.58, 0.05, 0.3))
    return sum(height * math.exp(-(((phase - at) / width) ** 2) / 2) for at, width, height in bumps)


def pleth(phase: float) -> float:
    bumps = ((0.22, 0.09, 1.0), (0.50, 0.12, 0.4))
    return sum(height * math.exp(-(((phase - at) / width) ** 2) / 2) for at, width, height in bumps)
