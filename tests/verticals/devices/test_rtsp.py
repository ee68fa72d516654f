"""Against GStreamer's own server, through a real camera process."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.clock import SystemClock
from core.errors import DeviceError, SettingsError
from tests.support.cameras import CameraProcess, connected
from tests.support.rtsp_server import RtspServer, missing
from tests.support.sites import free_port
from verticals.devices.rtsp import RtspDriver, RtspSettings, open_rtsp

gst = pytest.mark.skipif(bool(missing()), reason=missing() or "found")


@pytest.fixture
def server() -> Iterator[RtspServer]:
    server = RtspServer(free_port())
    yield server
    server.kill()


@pytest.fixture
def camera(tmp_path: Path, server: RtspServer) -> Iterator[CameraProcess]:
    process = CameraProcess(tmp_path / "s", "camera.rtsp", {"url": server.url})
    yield process
    process.end()


@gst
async def test_a_picture_is_the_first_after_its_trigger_and_red_is_red(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "s") as (client, _):
        frames = [await client.grab(str(part), 2.0) for part in range(5)]
    red, green, blue = frames[-1].image.mean((0, 1))
    assert frames[-1].image.shape == (240, 320, 3)
    assert red > 180 and green < 60 and blue < 60
    assert all(0 <= frame.lag_s < 0.2 for frame in frames)
    assert [frame.at for frame in frames] == sorted({frame.at for frame in frames})


@gst
async def test_a_fresh_frame_will_do_where_the_site_says_so(tmp_path: Path, server: RtspServer) -> None:
    camera = CameraProcess(tmp_path / "s", "camera.rtsp", {"url": server.url, "fresh_within": "500ms"})
    async with connected(tmp_path / "s") as (client, _):
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        frame = await client.grab("1", 2.0)
        took_s = time.monotonic() - begun
    camera.end()
    assert -0.5 <= frame.lag_s < 0 and took_s < 0.045


@gst
async def test_a_server_that_ends_is_lost_within_two_seconds_and_back_within_five(
    tmp_path: Path, server: RtspServer, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        await client.grab("1", 2.0)
        server.kill()
        await watcher.until(False, 2.0)
        with pytest.raises(DeviceError, match=r"is lost: .*(stopped|no stream)"):
            await client.grab("2", 2.0)
        server.start()
        await watcher.until(True, 5.0)
        assert (await client.grab("3", 2.0)).ticket == "3"


@pytest.mark.slow
@gst
async def test_a_stream_that_stands_still_is_lost_although_its_connection_is_open(
    tmp_path: Path, server: RtspServer, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        await client.grab("1", 2.0)
        server.stand_still()
        await watcher.until(False, 2.0)
        server.go_on()
        await watcher.until(True, 8.0)
        assert (await client.grab("2", 2.0)).lag_s >= 0


@gst
async def test_settings_that_cannot_be_are_refused_in_words(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "s") as (client, watcher):
        with pytest.raises(DeviceError, match="over RTSP takes no settings"):
            await client.adjust({"exposure_us": 1500})
        assert (await client.grab("1", 2.0)).ticket == "1"
        assert watcher.told[-1] == (True, "")


@gst
def test_user_and_password_come_from_a_file_of_its_owner_and_go_into_no_log(tmp_path: Path) -> None:
    server = RtspServer(free_port(), "plant:s3cret%40pw")
    secret = tmp_path / "camera.secret"
    secret.write_text("plant:s3cret%40pw\n")
    secret.chmod(0o600)
    program = (
        "import sys; from core.clock import SystemClock; from core import logs; logs.set_up()\n"
        "from verticals.devices.rtsp import RtspDriver, RtspSettings; from pathlib import Path\n"
        "for url, file in ((sys.argv[1], sys.argv[2]), (sys.argv[1] + 'x', sys.argv[2]), (sys.argv[1], None)):\n"
        "    try:\n"
        "        driver = RtspDriver(RtspSettings(url, Path(file) if file else None), SystemClock())\n"
        "        print('frame', driver.next() is not None)\n"
        "    except Exception as error: print(error)\n"
    )
    words = [sys.executable, "-c", program, server.url, str(secret)]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    server.kill()
    assert said.stdout.startswith("frame True\n") and said.stdout.count("no stream at") == 2
    assert "s3cret" not in said.stdout + said.stderr


def test_credentials_that_others_may_read_are_not_used(tmp_path: Path) -> None:
    secret = tmp_path / "camera.secret"
    secret.write_text("plant:pw")
    secret.chmod(0o644)
    with pytest.raises(DeviceError, match="others may read"):
        RtspDriver(RtspSettings("rtsp://127.0.0.1:1/x", secret), SystemClock())
    secret.chmod(0o600)
    secret.write_text("pw")
    with pytest.raises(DeviceError, match="one line user:password"):
        RtspDriver(RtspSettings("rtsp://127.0.0.1:1/x", secret), SystemClock())


def test_a_password_in_the_address_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="carries a user or a password") as caught:
        open_rtsp({"url": "rtsp://plant:s3cret@10.0.0.1/x"}, SystemClock())
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://x/", "rtsp://", "camera"])
def test_an_address_that_is_none_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError, match=r"'url' is .*expected: the address"):
        open_rtsp({"url": url}, SystemClock())


@gst
@pytest.mark.slow
async def test_twenty_losses_leak_no_thread_no_file_and_no_memory(
    tmp_path: Path, server: RtspServer, camera: CameraProcess
) -> None:
    process = psutil.Process(camera.process.pid)
    lost, back = [], []
    before = (0, 0, 0)
    async with connected(tmp_path / "s") as (client, watcher):
        for turn in range(20):
            await client.grab(str(turn), 2.0)
            if turn == 3:
                before = process.num_threads(), process.num_fds(), process.memory_info().rss
            begun = time.monotonic()
            if turn % 2:
                server.stand_still()
                await watcher.until(False, 2.0)
                lost.append(time.monotonic() - begun)
            server.kill()
            await watcher.until(False, 2.0)
            if not turn % 2:
                lost.append(time.monotonic() - begun)
            server.start()
            begun = time.monotonic()
            await watcher.until(True, 5.0)
            back.append(time.monotonic() - begun)
        await client.grab("last", 2.0)
        gc.collect()
        after = process.num_threads(), process.num_fds(), process.memory_info().rss
    print(  # noqa: T201
        f"lost after {max(lost):.2f} s at most, back after {max(back):.2f} s; threads, files, bytes {before} {after}"
    )
    assert after[0] <= before[0] and after[1] <= before[1] + 1
    assert after[2] - before[2] < 20e6
