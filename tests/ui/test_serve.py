from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from core.errors import PortBusyError, SettingsError
from tests.support.screens import PIN, ScreenRig
from ui.serve import Listen, bind

_SERVE = """
import sys
from pathlib import Path
from tests.support.screens import Trial, trial_panel
from ui.screen import open_screen
from ui.serve import Listen, run
from verticals.places import Places
folder = Path(sys.argv[1])
places = Places(folder / "data")
places.make("trial")
run(open_screen(Trial(trial_panel(folder)), {}, places, Listen()), ready=lambda url: print(url, flush=True))
print("stopped in good order", flush=True)
"""


def test_a_busy_port_names_address_and_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortBusyError, match=rf"127.0.0.1:{port} is taken.*\[screens.trial\]"):
            bind(Listen(port=port, setting="[screens.trial]"))


def test_an_address_of_somebody_else_cannot_be_listened_on() -> None:
    with pytest.raises(PortBusyError, match="cannot be used"):
        bind(Listen(host="203.0.113.77", setting="[screens.trial]"))


def test_beyond_loopback_somebody_must_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no network is allowed"), ScreenRig(tmp_path, listen=Listen("0.0.0.0")):
        pass


def test_beyond_loopback_it_is_tls_with_the_box_s_own_certificate(tmp_path: Path) -> None:
    with ScreenRig(tmp_path, listen=Listen("0.0.0.0", allow=["10.3.0.0/24"])) as rig:
        rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
        port = rig.url.rpartition(":")[2]
        trusted = ssl.create_default_context(cafile=str(rig.places.keys / "tls" / "screen.crt"))
        with httpx.Client(verify=trusted, base_url=f"https://127.0.0.1:{port}") as client:
            page = client.get("/")
            assert page.status_code == 200
            assert "strict-transport-security" in page.headers
            assert "Secure" in page.headers["set-cookie"]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/")
        origin = Origin(f"https://127.0.0.1:{port}")
        with connect(f"wss://127.0.0.1:{port}/stream", origin=origin, ssl=trusted) as stream:
            assert '"hello"' in str(stream.recv(timeout=5))


def test_a_peer_of_no_named_network_is_refused_and_counted(tmp_path: Path) -> None:
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    with ScreenRig(tmp_path, listen=Listen("0.0.0.0", allow=["2001:db8::/32"])) as rig:
        port = rig.url.rpartition(":")[2]
        trusted = ssl.create_default_context(cafile=str(rig.places.keys / "tls" / "screen.crt"))
        trusted.check_hostname = False
        answer = httpx.get(f"https://{address}:{port}/", verify=trusted)
        assert answer.status_code == 403 and address in answer.json()["error"]
        ready = httpx.get(f"https://127.0.0.1:{port}/healthz/ready", verify=trusted).json()
        assert ready["refused_peers"] == 1


def _own_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.77", 9))  # sends nothing: only asks which address it would come from
        except OSError:
            return None
        address = str(probe.getsockname()[0])
        return None if address.startswith("127.") else address


def test_a_terminated_process_closes_its_streams_and_ends_well(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        url = process.stdout.readline().strip()
        with connect(url.replace("http", "ws", 1) + "/stream", origin=Origin(url)) as stream:
            stream.recv(timeout=5)
            os.kill(process.pid, signal.SIGTERM)
            output, complaints = process.communicate(timeout=10)
    assert (process.returncode, output.strip()) == (0, "stopped in good order"), complaints
    assert "Traceback" not in complaints


def test_the_event_loop_tells_that_it_moves(rig: ScreenRig) -> None:
    import asyncio

    from ui.serve import _turn

    moved = threading.Event()

    async def one_turn() -> None:
        turning = asyncio.create_task(_turn(moved.set))
        await asyncio.sleep(0)
        turning.cancel()

    rig.in_loop(one_turn())
    assert moved.is_set()


def test_it_comes_back_on_the_same_address_with_the_same_sessions(rig: ScreenRig) -> None:
    rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
    client = rig.client()
    client.sign_in("Ada")
    before = rig.web.hub.boot
    rig.stop()
    rig.start()
    assert client.get("/settings").json()["who"] == "Ada"
    assert rig.web.hub.boot != before
