from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.clock import Instant
from core.errors import DeviceError
from healthcare.sdc import link as link_module
from healthcare.sdc.finding import Finder
from healthcare.sdc.inbox import HEARD, LOST, Told
from healthcare.sdc.link import DeviceLink
from healthcare.sdc.settings import SdcDeviceSettings, SdcSettings
from tests.healthcare.waves.serving import Line, until
from tests.support.clocks import FakeClock

DEVICE = SdcDeviceSettings("m1", "bed-1", "urn:uuid:1", address="http://127.0.0.1:9/1")


class Device:
    """In place of a session: opens when it is told to, and hands on what it is given."""

    opens = True
    hand: Any = None
    closed = 0

    def session(self, device: SdcDeviceSettings, address: str, tls: Any, clock: Any, hand: Any, alarms: Any) -> Device:
        self.hand = hand
        return self

    def open(self) -> None:
        if not self.opens:
            raise DeviceError("m1 does not answer")

    def close(self, *, say_so: bool) -> None:
        self.closed += 1


class Kept:
    """A link over such a device; `told` are the reasons for which it was lost, empty for found."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, silent_after: float = 8.0) -> None:
        self.device, self.clock, self.told = Device(), FakeClock(), list[str]()
        self.line = Line(self.clock)
        monkeypatch.setattr(link_module, "Session", self.device.session)
        monkeypatch.setattr(link_module, "FIRST_WAIT_S", 0.0)
        settings = SdcSettings([DEVICE], silent_after=silent_after)
        pool = ThreadPoolExecutor(1)
        self.link = DeviceLink("sdc", DEVICE, settings, (self.line.port, pool, Finder(""), None), self._changed)

    def _changed(self) -> None:
        self.told.append(self.link.why)

    def hear(self, kind: str = HEARD, **values: Any) -> None:
        self.device.hand(Told(kind, self.clock.now(), values, values.pop("why", "")))

    async def __aenter__(self) -> Kept:
        self._running = asyncio.create_task(self.link.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def later(self, seconds: float) -> Instant:
        return self.clock.advance(seconds)


async def test_what_a_device_tells_is_emitted_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Kept(monkeypatch) as kept:
        await until(lambda: kept.link.connected)
        kept.hear("numerics", readings="[]")
        await until(lambda: kept.line.samples)
        assert kept.line.samples[0].values == {"kind": "numerics", "device": "m1", "readings": "[]"}


async def test_reports_that_stay_away_are_told_before_the_limit_and_the_session_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Kept(monkeypatch) as kept:
        await until(lambda: kept.link.connected)
        kept.hear()
        await until(lambda: kept.link.heard is not None)
        kept.link.watch(kept.later(7.4), 0.5)
        assert kept.told == []
        kept.link.watch(kept.later(0.2), 0.5)
        assert kept.told == ["silent"], "before its eight seconds have passed"
        kept.link.watch(kept.later(0.5), 0.5)
        await until(lambda: kept.link.sessions == 2)
        assert kept.told == ["silent"], "connected again, but not heard yet"
        kept.hear()
        await until(lambda: kept.told == ["silent", ""])
        assert kept.device.closed == 1


async def test_a_device_that_does_not_answer_is_told_once_and_sought_until_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Kept(monkeypatch) as kept:
        kept.device.opens = False
        await until(lambda: kept.device.closed >= 2)
        kept.device.opens = True
        await until(lambda: kept.link.connected)
        assert kept.told[-2:] == ["m1 does not answer", ""]
        kept.hear(LOST, why="it was restarted")
        await until(lambda: kept.link.sessions == 2)
        assert kept.told[-2:] == ["it was restarted", ""]
