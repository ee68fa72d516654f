"""A camera that stays connected: which frame is whose, how it is lost and found, and its settings."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from numpy.typing import NDArray

from core.clock import Instant, SystemClock
from core.errors import DeviceError, InputError
from tests.support.cameras import CameraProcess, connected, solid
from verticals.devices.notices import Settings
from verticals.devices.stream import StreamRules, StreamSource

SCRIPTED = "tests.support.scripted_camera:open_scripted"


class HandDriver:
    """Sends what a test puts into it: a moment and a level; fires are counted."""

    def __init__(self) -> None:
        self.frames: SimpleQueue[tuple[Instant, int]] = SimpleQueue()
        self.fired = threading.Semaphore(0)
        self.decoded: list[int] = []
        self._level = 0

    def send(self, at: Instant, level: int) -> None:
        self.frames.put((at, level))

    def next(self) -> Instant | None:
        at, self._level = self.frames.get()
        if self._level < 0:
            raise DeviceError("unplugged")
        return at

    def image(self) -> NDArray[np.uint8]:
        self.decoded.append(self._level)
        if self._level == 13:
            raise InputError("incomplete")
        return solid(self._level, 0, 0)

    def set(self, wanted: Settings) -> Settings:
        return wanted

    def fire(self) -> None:
        self.fired.release()

    def close(self) -> None:
        """Nothing is held."""


class Rig:
    def __init__(self, rules: StreamRules) -> None:
        self.clock = SystemClock()
        self.driver = HandDriver()
        self.source = StreamSource("hand", lambda: self.driver, rules, self.clock)
        self.told: SimpleQueue[tuple[bool, str]] = SimpleQueue()
        self.source.attend(lambda up, why: self.told.put((up, why)))

    def up(self) -> Rig:
        self.driver.send(self.clock.now().plus(-10), 1)
        assert self.told.get(timeout=5) == (True, "")
        return self

    def grab_late(self, at: Instant, *frames: tuple[float, int]) -> int:
        """The level that a grab for `at` gets when `frames` (seconds from `at`, level) come while it waits."""

        def send() -> None:
            self.driver.fired.acquire(timeout=5)
            for after_s, level in frames:
                self.driver.send(at.plus(after_s), level)

        threading.Thread(target=send).start()
        return int(self.source.grab("1", at).image[0, 0, 0])

    def arrive(self, *frames: tuple[Instant, int]) -> None:
        """`frames` have come before anybody asks."""
        for at, level in frames:
            self.driver.send(at, level)
        deadline = time.monotonic() + 5
        while not frames or self.source._recent[-1:] == () or self.source._recent[-1].at != frames[-1][0]:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def end(self) -> None:
        self.source._ending.set()
        self.driver.send(self.clock.now(), -1)
        self.source.close()


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.end()


def rig_of(rigs: list[Rig], rules: StreamRules) -> Rig:
    rigs.append(Rig(rules))
    return rigs[-1].up()


def test_the_first_frame_at_or_after_the_trigger_is_taken_and_no_older_one(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=2.0))
    assert rig.grab_late(rig.clock.now(), (-0.020, 20), (-0.001, 30), (0.0, 40), (0.020, 50)) == 40
    assert rig.driver.decoded[:2] == [1, 40]  # the first of all told the size; what nobody asked for is not decoded


def test_a_fresh_frame_will_do_where_the_site_says_so_and_a_stale_one_does_not(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=2.0, fresh_s=0.05))
    now = rig.clock.now()
    rig.arrive((now.plus(-0.04), 20))
    assert rig.source.grab("1", now).image[0, 0, 0] == 20
    assert rig.grab_late(now.plus(0.02), (0.03, 30)) == 30


def test_a_frame_that_does_not_come_is_said_with_the_time_waited(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=0.05))
    with pytest.raises(DeviceError, match="no frame of 'part 7' within 50 ms"):
        rig.source.grab("part 7")


def test_an_incomplete_frame_is_no_picture(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=2.0))
    with pytest.raises(DeviceError, match="cannot be used: incomplete"):
        rig.grab_late(rig.clock.now(), (0.01, 13))


def test_a_frame_of_the_line_belongs_to_the_trigger_within_the_window(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=1.0, window_s=0.05))
    now = rig.clock.now()
    rig.arrive((now.plus(-0.2), 20), (now.plus(-0.03), 30))
    assert rig.source.grab("1", now).image[0, 0, 0] == 30  # it came before the PLC's word
    assert rig.source.grab("1", now).image[0, 0, 0] == 30  # asked again for the same trigger
    assert rig.grab_late(now.plus(0.2), (0.04, 40)) == 40
    assert rig.source.grab("0", now.plus(-0.2)).image[0, 0, 0] == 20


def test_no_frame_of_the_line_goes_to_two_triggers(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=0.02, window_s=0.05))
    now = rig.clock.now()
    rig.arrive((now, 20))
    rig.source.grab("1", now)
    with pytest.raises(DeviceError, match="no frame of '2'"):
        rig.source.grab("2", now.plus(0.02))


def test_two_frames_for_one_trigger_are_no_answer(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=1.0, window_s=0.05))
    now = rig.clock.now()
    rig.arrive((now.plus(-0.01), 20), (now.plus(0.01), 30))
    with pytest.raises(DeviceError, match="2 frames lie within 50 ms of one trigger"):
        rig.source.grab("1", now)


def test_a_camera_that_goes_while_a_trigger_waits_is_told_at_once(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=30.0))
    with pytest.raises(DeviceError, match="was lost: unplugged"):
        rig.grab_late(rig.clock.now(), (0.0, -1))
    assert rig.told.get(timeout=5) == (False, "unplugged")


def test_a_driver_that_stands_still_is_a_lost_camera_until_it_moves(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, StreamRules(wait_s=0.1, lost_s=0.2))
    up, why = rig.told.get(timeout=2)
    assert not up and "no frame for 0.2" in why
    rig.driver.send(rig.clock.now(), 5)
    assert rig.told.get(timeout=2) == (True, "")


@pytest.fixture
def cable(tmp_path: Path) -> Path:
    path = tmp_path / "cable"
    path.touch()
    return path


def plug(cable: Path, there: bool) -> None:
    if there:
        cable.touch()
    else:
        cable.unlink()


@pytest.fixture
def camera(tmp_path: Path, cable: Path) -> Iterator[CameraProcess]:
    process = CameraProcess(tmp_path / "s", SCRIPTED, {"cable": str(cable)})
    yield process
    process.end()


async def test_an_unplugged_camera_is_lost_within_a_second_and_back_by_itself(
    tmp_path: Path, cable: Path, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        await client.grab("1", 2.0)
        plug(cable, False)
        await watcher.until(False, 1.0)
        with pytest.raises(DeviceError, match="is lost: unplugged"):
            await client.grab("2", 2.0)
        plug(cable, True)
        await watcher.until(True, 5.0)
        assert (await client.grab("3", 2.0)).ticket == "3"
        assert [up for up, _ in watcher.told][-3:] == [True, False, True]  # each change once


async def test_settings_hold_from_the_next_grab_on_and_say_what_was_really_set(
    tmp_path: Path, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, _):
        assert await client.adjust({"exposure_us": 150}) == {"exposure_us": 150.0, "gain": 1.0}
        assert (await client.grab("1", 2.0)).image[0, 0, 0] == 150
        assert (await client.adjust({"exposure_us": 900}))["exposure_us"] == 200.0


async def test_settings_survive_the_camera_and_its_process(tmp_path: Path, cable: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        await client.adjust({"exposure_us": 150})
        await client.adjust({"gain": 7})
        plug(cable, False)
        await watcher.until(False)
        plug(cable, True)
        await watcher.until(True)
        assert (await client.grab("1", 2.0)).image[0, 0].tolist() == [150, 7, 0]
        camera.kill()
        await watcher.until(False)
        camera.restart()
        await watcher.until(True)
        assert (await client.grab("2", 2.0)).image[0, 0].tolist() == [150, 7, 0]


async def test_a_setting_that_is_refused_leaves_those_of_before(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "s") as (client, _):
        await client.adjust({"exposure_us": 150})
        with pytest.raises(DeviceError, match="no setting focus"):
            await client.adjust({"focus": 3})
        assert (await client.grab("1", 2.0)).image[0, 0, 0] == 150


async def test_a_camera_that_fails_in_the_middle_of_a_setting_is_opened_anew_with_those_of_before(
    tmp_path: Path, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        await client.adjust({"exposure_us": 150})
        with pytest.raises(DeviceError, match="half set"):
            await client.adjust({"gain": 66})
        await watcher.until(False)
        await watcher.until(True)
        assert (await client.grab("1", 2.0)).image[0, 0].tolist() == [150, 1, 0]


async def test_a_folder_takes_no_settings_and_says_so(tmp_path: Path) -> None:
    camera = CameraProcess(tmp_path / "s", "camera.folder", {"folder": str(tmp_path)})
    async with connected(tmp_path / "s") as (client, watcher):
        with pytest.raises(DeviceError, match="takes no settings while it runs"):
            await client.adjust({"exposure_us": 150})
        camera.kill()
        await watcher.until(False)
        with pytest.raises(DeviceError, match="is lost"):
            await client.adjust({"exposure_us": 150})


async def test_a_camera_whose_settings_cannot_be_put_back_does_not_come_up(
    tmp_path: Path, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        client._settings["iris"] = 3  # as if the camera had been exchanged for one that has no iris
        camera.kill()
        await watcher.until(False)
        camera.restart()
        async with asyncio.timeout(5):
            while "could not be put back" not in watcher.told[-1][1]:
                watcher._changed.clear()
                await watcher._changed.wait()
        assert not client.up


async def test_a_driver_that_hangs_is_lost_and_takes_its_own_process_alone(tmp_path: Path, cable: Path) -> None:
    camera = CameraProcess(tmp_path / "s", SCRIPTED, {"cable": str(cable), "hang_s": 2})
    async with connected(tmp_path / "s") as (client, watcher):
        await client.grab("1", 2.0)
        hang(cable)
        await watcher.until(False, 1.5)
        assert "no frame for 0.8 s" in watcher.told[-1][1]
        assert await asyncio.to_thread(camera.process.wait, 10) == 70
        heal(cable)
        camera.restart()
        await watcher.until(True)
        assert (await client.grab("2", 2.0)).ticket == "2"
    camera.end()


def hang(cable: Path) -> None:
    cable.write_text("hang")


def heal(cable: Path) -> None:
    cable.write_text("")
