from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import SystemClock
from core.errors import DeviceError
from tests.support.cameras import CameraProcess, Watcher, connected, save, solid
from verticals.devices.frames import CameraClient, Frame
from verticals.devices.views import grab_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    save(pictures / "a.png", solid(10, 20, 30))
    save(pictures / "b.png", solid(40, 50, 60, 48, 64))
    return pictures


@pytest.fixture
def camera(tmp_path: Path, folder: Path) -> Iterator[CameraProcess]:
    process = CameraProcess(tmp_path / "top.sock", "camera.folder", {"folder": str(folder)})
    yield process
    process.end()


async def test_a_grab_gives_the_picture_its_time_and_its_ticket(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        before = SystemClock().now()
        frame = await client.grab("part 17", 5.0)
        assert np.array_equal(frame.image, solid(10, 20, 30))
        assert (frame.ticket, frame.index) == ("part 17", 1)
        assert before < frame.at < SystemClock().now()
        assert abs(frame.at.utc_s - before.utc_s) < 60


async def test_a_larger_picture_later_gets_a_larger_ring(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        shapes = [(await client.grab(str(part), 5.0)).image.shape for part in range(3)]
    assert shapes == [(24, 32, 3), (48, 64, 3), (24, 32, 3)]


async def test_many_grabs_at_once_each_get_their_own(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        tickets = [f"part {number}" for number in range(4)]
        frames = await asyncio.gather(*(client.grab(ticket, 5.0) for ticket in tickets))
    assert [frame.ticket for frame in frames] == tickets
    assert [frame.index for frame in frames] == [1, 2, 3, 4]


async def test_a_frame_says_how_long_after_its_trigger_it_was_taken(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        heard = SystemClock().now()
        frame = await client.grab("1", 5.0, heard)
    assert frame.at == heard and frame.lag_s == 0.0  # a file knows no better time than its trigger's


async def test_several_cameras_give_their_views_at_once_or_say_which_did_not(
    tmp_path: Path, folder: Path, camera: CameraProcess
) -> None:
    (tmp_path / "empty").mkdir()
    options = {"folder": str(tmp_path / "empty"), "order": "newest", "wait": "5s"}
    side = CameraProcess(tmp_path / "side.sock", "camera.folder", options)
    async with (
        connected(tmp_path / "top.sock") as (one, _),
        connected(tmp_path / "side.sock") as (other, watcher),
    ):
        late = await grab_all({"top": one, "side": other}, "part 1", 0.2)
        whole = await grab_all({"top": one, "again": one}, "part 2", 5.0)
        side.kill()
        await watcher.until(False)
        lost = await grab_all({"top": one, "side": other}, "part 3", 5.0)
    assert list(late.frames) == ["top"] and "no picture of 'part 1' within 200 ms" in late.failed["side"]
    assert list(whole.frames) == ["top", "again"] and not whole.failed
    assert list(lost.frames) == ["top"] and "is lost" in lost.failed["side"]


async def test_a_second_client_sees_the_frames_of_the_first(tmp_path: Path, camera: CameraProcess) -> None:
    seen: asyncio.Queue[Frame] = asyncio.Queue()
    async with (
        connected(tmp_path / "top.sock") as (line, _),
        connected(tmp_path / "top.sock", on_frame=seen.put_nowait),
    ):
        await line.grab("part 1", 5.0)
        frame = await asyncio.wait_for(seen.get(), 5.0)
    assert frame.ticket == "part 1" and np.array_equal(frame.image, solid(10, 20, 30))


async def test_a_corrupt_picture_is_an_error_and_the_camera_goes_on(
    tmp_path: Path, folder: Path, camera: CameraProcess
) -> None:
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    async with connected(tmp_path / "top.sock") as (client, watcher):
        with pytest.raises(DeviceError, match=r"camera top: .*a\.png"):
            await client.grab("1", 5.0)
        assert (await client.grab("2", 5.0)).image.shape == (48, 64, 3)
        assert watcher.told.index((True, "")) == len(watcher.told) - 1  # up, and never down since


async def test_a_killed_camera_is_noticed_and_found_again(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, watcher):
        before = await client.grab("1", 5.0)
        camera.kill()
        await watcher.until(False)
        assert "process ended" in watcher.told[-1][1]
        with pytest.raises(DeviceError, match="camera top is lost"):
            await client.grab("2", 5.0)
        assert np.array_equal(before.image, solid(10, 20, 30))
        camera.restart()
        await watcher.until(True)
        assert (await client.grab("3", 5.0)).ticket == "3"


async def test_a_waiting_grab_fails_when_the_camera_dies(tmp_path: Path) -> None:
    hot = tmp_path / "hot"
    hot.mkdir()
    options = {"folder": str(hot), "order": "newest", "wait": "30s"}
    camera = CameraProcess(tmp_path / "top.sock", "camera.folder", options)
    async with connected(tmp_path / "top.sock") as (client, _):
        waiting = asyncio.create_task(client.grab("1", 30.0))
        await asyncio.sleep(0)
        camera.kill()
        with pytest.raises(DeviceError, match="camera top was lost"):
            await waiting


async def test_a_frozen_camera_is_lost_although_its_socket_is_open(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock", silence_s=0.3) as (client, watcher):
        camera.kill(signal.SIGSTOP)
        await watcher.until(False)
        assert "no sign of life" in watcher.told[-1][1]
        camera.kill(signal.SIGCONT)
        await watcher.until(True)
        assert (await client.grab("1", 5.0)).ticket == "1"


async def test_a_slow_picture_is_no_lost_camera_but_may_come_too_late(tmp_path: Path) -> None:
    hot = tmp_path / "hot"
    hot.mkdir()
    options = {"folder": str(hot), "order": "newest", "wait": "400ms"}
    camera = CameraProcess(tmp_path / "top.sock", "camera.folder", options)
    async with connected(tmp_path / "top.sock", silence_s=0.2) as (client, watcher):
        with pytest.raises(DeviceError, match="no picture of 'part 1' within 50 ms"):
            await client.grab("part 1", 0.05)
        with pytest.raises(DeviceError, match="no new picture for 'part 2'"):
            await client.grab("part 2", 5.0)
        assert watcher.told.index((True, "")) == len(watcher.told) - 1  # up, and never down since
    camera.end()


async def test_a_free_running_camera_sends_by_itself(tmp_path: Path, folder: Path) -> None:
    seen: asyncio.Queue[Frame] = asyncio.Queue()
    camera = CameraProcess(tmp_path / "s", "camera.folder", {"folder": str(folder)}, "--interval-s", "0.01")
    async with connected(tmp_path / "s", on_frame=seen.put_nowait):
        frames = [await asyncio.wait_for(seen.get(), 5.0) for _ in range(3)]
    camera.end()
    assert [frame.index for frame in frames] == list(range(frames[0].index, frames[0].index + 3))


async def test_no_camera_is_said_once_and_a_grab_fails_at_once(tmp_path: Path) -> None:
    watcher = Watcher()
    client = CameraClient(tmp_path / "none", clock=SystemClock(), on_state=watcher)
    running = asyncio.create_task(client.run())
    await watcher.until(False)
    with pytest.raises(DeviceError, match="no camera process at"):
        await client.grab("1", 60.0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [up for up, _ in watcher.told].count(False) == len(watcher.told)
    assert sum("no camera process" in why for _, why in watcher.told) == 1
