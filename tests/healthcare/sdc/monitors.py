"""Devices in a process of their own, and what a session with one of them needs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from core.clock import SystemClock
from healthcare.sdc.inbox import Told
from healthcare.sdc.session import Session
from healthcare.sdc.settings import SdcDeviceSettings
from healthcare.sdc.tls import TlsContexts
from tests.support.repository import ROOT

MDIB = Path(__file__).with_name("monitor.xml")


class Monitor:
    """One device for each MDIB, all in one process; the first unless a `device` is named by its number."""

    def __init__(self, *mdibs: Path, eprs: Sequence[str] = (), tls: Sequence[Path] = ()) -> None:
        mdibs = mdibs or (MDIB,)
        self.eprs = list(eprs) or [f"urn:uuid:{uuid.uuid4()}" for _ in mdibs]
        devices = [[str(mdib), epr.removeprefix("urn:uuid:")] for mdib, epr in zip(mdibs, self.eprs, strict=True)]
        wanted = json.dumps({"devices": devices, "tls": [str(path) for path in tls]})
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.healthcare.sdc.provider", wanted],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip
        self.addresses: list[str] = self._answer()["addresses"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def do(self, what: str, **how: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **how}) + "\n")
        self._process.stdin.flush()
        assert self._answer() == {}

    def settings(self, name: str = "m1", bed: str = "bed-1", device: int = 0, **more: Any) -> SdcDeviceSettings:
        """Of a device at its fixed address."""
        return SdcDeviceSettings(name, bed, self.eprs[device], **{"address": self.addresses[device], **more})

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@dataclass
class Heard:
    """A session without a line: what it hands on, in the library's threads."""

    told: list[Told] = field(default_factory=list)
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    session: Session | None = None

    def open(self, device: SdcDeviceSettings, tls: TlsContexts | None = None) -> Self:
        self.session = Session(device, device.address, tls, SystemClock(), self.told.append, self.alarms)
        self.session.open()
        return self

    def of(self, kind: str) -> list[Told]:
        return [one for one in list(self.told) if one.kind == kind]

    def readings(self) -> list[dict[str, Any]]:
        return [reading for one in self.of("numerics") for reading in json.loads(str(one.values["readings"]))]

    def alarm(self, code: str) -> dict[str, Any]:
        """As it was told last."""
        alarms = [json.loads(str(one.values["alarm"])) for one in self.of("monitor-alarm")]
        return next(alarm for alarm in reversed(alarms) if alarm["code"] == code)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.session is not None:
            self.session.close(say_so=False)


def soon(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Returns when `holds`: for what other threads and processes bring."""
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, f"did not come true within {within_s} s"
        time.sleep(0.01)
