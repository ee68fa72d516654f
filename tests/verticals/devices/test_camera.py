from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.clock import SystemClock
from core.errors import PortBusyError
from tests.support.cameras import CameraProcess, connected, save, solid
from verticals.devices.camera import CameraServer, CameraSpec, main
from verticals.devices.folder import FolderSettings, FolderSource
from verticals.devices.notices import FailedNotice, PingNotice, PongNotice, TriggerNotice, pack, parse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    save(pictures / "a.png", solid(10, 20, 30))
    return pictures


@pytest.fixture
def camera(tmp_path: Path, folder: Path) -> Iterator[CameraProcess]:
    process = CameraProcess(tmp_path / "top.sock", "camera.folder", {"folder": str(folder)})
    yield process
    process.end()


def knock(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(str(path))
    client.settimeout(10)
    return client


async def test_a_client_that_talks_nonsense_is_dropped_and_the_others_go_on(
    tmp_path: Path, camera: CameraProcess
) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        with knock(tmp_path / "top.sock") as stranger:
            stranger.send(b"\xff nonsense")
            while stranger.recv(5000):
                pass
        assert (await client.grab("1", 5.0)).ticket == "1"


async def test_a_trigger_nobody_waits_for_any_more_takes_no_picture(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        with knock(tmp_path / "top.sock") as late:
            late.send(pack(TriggerNotice(5, SystemClock().now(), SystemClock().now().mono_s - 1.0, "old")))
            heard = parse(late.recv(5000))
            while not isinstance(heard, FailedNotice):
                heard = parse(late.recv(5000))
        assert heard.request == 5 and "too late" in heard.text
        assert (await client.grab("1", 5.0)).index == 1


async def test_the_camera_is_told_to_end_and_leaves_no_socket(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock"):
        camera.kill(15)
    assert camera.process.returncode == 0
    assert not (tmp_path / "top.sock").exists()


async def test_an_idle_camera_needs_no_processor(tmp_path: Path, camera: CameraProcess) -> None:
    async with connected(tmp_path / "top.sock") as (client, _):
        await client.grab("1", 5.0)
    process = psutil.Process(camera.process.pid)
    before = process.num_ctx_switches().voluntary
    with knock(tmp_path / "top.sock") as last:
        last.send(pack(PingNotice()))
        while not isinstance(parse(last.recv(5000)), PongNotice):
            pass
    assert process.num_ctx_switches().voluntary - before < 20


def test_a_second_camera_on_the_same_socket_is_refused(tmp_path: Path, folder: Path) -> None:
    spec = CameraSpec("top", tmp_path / "s", "verticals.devices.folder:open_folder", {"folder": str(folder)})
    source = FolderSource(FolderSettings(folder), SystemClock())
    first = CameraServer(spec, source, SystemClock())
    with pytest.raises(PortBusyError, match="in use"):
        CameraServer(spec, source, SystemClock())
    assert main(spec) == 2
    first.close()
    CameraServer(spec, source, SystemClock()).close()


def test_wrong_options_do_not_start_a_camera(tmp_path: Path) -> None:
    assert main(CameraSpec("top", tmp_path / "s", "verticals.devices.folder:open_folder", {"fodler": "x"})) == 2
    assert main(CameraSpec("top", tmp_path / "s", "no.such:thing")) == 2


def test_only_the_owner_may_reach_the_socket(tmp_path: Path, folder: Path) -> None:
    spec = CameraSpec("top", tmp_path / "run" / "s", "", {})
    server = CameraServer(spec, FolderSource(FolderSettings(folder), SystemClock()), SystemClock())
    assert spec.socket.stat().st_mode & 0o777 == 0o600
    assert spec.socket.parent.stat().st_mode & 0o777 == 0o700
    server.close()
