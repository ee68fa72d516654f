"""A whole box over beds whose monitors say what a test wants: `edgewise run healthcare`, and a gateway of HL7."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from healthcare.waves.proofs import make_secret
from simulators.ward_messages import (
    EVT_ASYSTOLE,
    HR,
    RR,
    SPO2,
    AlarmNote,
    Metric,
    Person,
    Sender,
    Value,
    alarm_message,
    numerics_message,
    patient_message,
)
from simulators.ward_script import location_of
from tests.support.cells import Cell, free_ports
from tests.support.ward_box import LINE, WEB, WardBox
from tests.support.watchers import ScreenWatch

__all__ = ["LINE", "WEB", "AlarmBox", "Gateway", "alarms_on"]

WELL: Mapping[Metric, float] = {HR: 72.0, SPO2: 97.0, RR: 15.0}
_NURSES = ("Nurse 12", "Nurse 14")
_GATEWAY = Sender("GATEWAY", "W7")
_HOSPITAL = Sender("ADT", "W7")


class AlarmBox(WardBox):
    """`with AlarmBox(folder, beds=6) as box`; its beds are `bed-1` to `bed-6`, where a simulated ward has its own."""

    def __init__(self, folder: Path, *, beds: int) -> None:
        Cell.__init__(self, folder)
        screen, self.hl7_port, self.waves_port = free_ports(3)
        self.secret = folder / "waves-secret"
        make_secret(self.secret)
        self.url = f"http://127.0.0.1:{screen}"
        self.beds = tuple(f"bed-{number}" for number in range(1, beds + 1))
        self.config = folder / "edgewise.toml"
        tables = "".join(
            f'[[healthcare.beds]]\nname = "{name}"\nlabel = "{number}"\nlocation = "{_place(number)}"\n'
            f'nurse = "{_NURSES[number % 2]}"\nbuddy = "{_NURSES[1 - number % 2]}"\n'
            for number, name in enumerate(self.beds, 1)
        )
        self.config.write_text(
            f'[site]\nname = "Ward 7"\n[healthcare]\nward = "Ward 7 West"\ncharge = "Charge nurse 03"\n'
            f"[healthcare.hl7]\nport = {self.hl7_port}\n"
            f'[healthcare.waves]\nport = {self.waves_port}\nsecret_file = "{self.secret}"\n'
            f"{tables}[screens.healthcare]\nport = {screen}\n"
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.started_mono_s = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "appliance.cli", "run", "healthcare", "--config", str(self.config),
                 "--data", str(self.places.data)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent,
            )  # fmt: skip


def _place(number: int) -> str:
    return location_of("W7", number)


class Gateway(threading.Thread):
    """`with Gateway(box) as gateway`: every second each bed's numbers, each message again until it is accepted.

    `says[bed]` may be changed at any time; `rounds` counts the seconds that the box has acknowledged whole.
    """

    def __init__(self, box: AlarmBox) -> None:
        super().__init__(daemon=True)
        self.says: dict[str, Mapping[Metric, float]] = dict.fromkeys(box.beds, WELL)
        self.rounds = 0
        self._box = box
        self._numbers = {name: number for number, name in enumerate(box.beds, 1)}
        self._extra: list[str] = []
        self._closed = threading.Event()
        self._link: socket.socket | None = None
        self._count = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closed.set()
        self.join(30)
        if self._link is not None:
            self._link.close()

    def asystole(self, bed: str) -> None:
        """The bed's own monitor alarms, and does not stop."""
        note = AlarmNote(
            f"{bed}-1", 0, "start", "active", "PH", "SP", EVT_ASYSTOLE, "*** ASYSTOLE", HR, 0.0, abnormality="L"
        )
        self._extra.append(self._message("alarm", bed, note))

    def run(self) -> None:
        waiting = [self._message("admit", name) for name in self._numbers]
        while not self._closed.is_set():
            extra, self._extra = self._extra, []
            for text in (*waiting, *extra, *(self._message("numerics", name) for name in self._numbers)):
                while not self._sent(text) and not self._closed.wait(0.1):
                    pass
            waiting = []
            self.rounds += 1
            self._closed.wait(1.0)

    def _message(self, what: str, bed: str, note: AlarmNote | None = None) -> str:
        self._count += 1
        number, at_utc_s = self._numbers[bed], time.time()
        person = Person(f"M{number}", f"Family{number}", "Given", "19500101", "F")
        place, control = _place(number), f"{what}-{self._count}"
        if note is not None:
            return alarm_message(_GATEWAY, control, at_utc_s, person, place, bed, note)
        if what == "admit":
            return patient_message(_HOSPITAL, control, at_utc_s, "A01", person, place)
        values = [Value(metric, value) for metric, value in self.says[bed].items()]
        return numerics_message(_GATEWAY, control, at_utc_s, person, place, bed, values)

    def _sent(self, text: str) -> bool:
        """Whether the box has accepted it, which it does after the commit."""
        try:
            if self._link is None:
                self._link = socket.create_connection(("127.0.0.1", self._box.hl7_port), timeout=10)
            self._link.sendall(b"\x0b" + text.encode() + b"\x1c\r")
            answer = b""
            while b"\x1c\r" not in answer:
                part = self._link.recv(65536)
                if not part:
                    raise ConnectionError("closed")
                answer += part
        except OSError:
            if self._link is not None:
                self._link.close()
            self._link = None
            return False
        assert b"MSA|AA" in answer or b"MSA|CA" in answer, answer
        return True


def alarms_on(screen: ScreenWatch) -> dict[str, tuple[str, str]]:
    """What a screen that is fed by the stream shows now: state and priority of each alarm, by id."""
    by_bed: dict[str, list[dict[str, Any]]] = {}
    for told in screen.told():
        if told.kind in ("opened", "snapshot"):
            stations = told.data.get("stations", {})
            by_bed = {station: data.get("alarms", []) for station, data in stations.items()}
        elif told.kind == "live" and "alarms" in told.data["data"]:
            by_bed[told.data["station"]] = told.data["data"]["alarms"]
    return {alarm["id"]: (alarm["state"], alarm["priority"]) for alarms in by_bed.values() for alarm in alarms}
