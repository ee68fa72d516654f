"""Calls to the site's pager system, against a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from core.errors import DeviceError, SettingsError
from healthcare.pager import Pager
from healthcare.settings import PagerSettings
from tests.support.clocks import FakeClock
from tests.support.sites import free_port
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port

CALL = {"alarm": "bed-7/3", "bed": "7", "priority": "high", "text": "SpO₂ 82 < 88 %", "people": ["Nurse 14"], "step": 0}


class _System(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[dict[str, Any], str]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        system = self.server
        assert isinstance(system, _System)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        system.calls.append((json.loads(content), self.headers.get("Authorization", "")))
        self.send_response(system.status)
        if 300 <= system.status < 400:
            self.send_header("Location", f"http://127.0.0.1:{system.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """A test is quiet."""


@pytest.fixture
def system() -> Iterator[_System]:
    system = _System()
    thread = Thread(target=system.serve_forever, daemon=True)
    thread.start()
    yield system
    system.shutdown()
    system.server_close()
    thread.join()


async def _nothing(sample: Sample) -> None:
    raise AssertionError("a pager gives no samples")


def _pager(url: str, news: list[DeviceNews], token_file: str = "") -> Pager:
    pager = Pager("pager", PagerSettings(url, token_file, 2.0))
    pager._port = Port(_nothing, news.append, FakeClock())
    return pager


async def test_a_call_is_posted_with_the_token_of_its_file(system: _System, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    pager = _pager(f"http://127.0.0.1:{system.server_port}/call", [], str(tmp_path / "token"))
    assert await pager.act(Action("pager", CALL, 60.0)) == "taken, HTTP 200"
    assert system.calls == [(CALL, "Bearer secret")]


@pytest.mark.parametrize("status", [302, 307, 404, 500, 503])
async def test_a_system_that_says_no_has_not_taken_the_call(system: _System, status: int) -> None:
    system.status = status
    news: list[DeviceNews] = []
    with pytest.raises(DeviceError, match=str(status)):
        await _pager(f"http://127.0.0.1:{system.server_port}/", news).act(Action("pager", CALL, 60.0))
    assert [(one.ok, one.code) for one in news] == [(False, "pager-lost")]


async def test_a_system_that_is_not_there_is_told_once_and_again_when_it_is_back(system: _System) -> None:
    news: list[DeviceNews] = []
    pager = _pager(f"http://127.0.0.1:{free_port()}/", news)
    for _ in range(2):
        with pytest.raises(DeviceError, match="not taken"):
            await pager.act(Action("pager", CALL, 60.0))
    object.__setattr__(pager._settings, "url", f"http://127.0.0.1:{system.server_port}/")
    await pager.act(Action("pager", CALL, 60.0))
    assert [one.ok for one in news] == [False, True]


def test_a_token_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="token_file"):
        Pager("pager", PagerSettings("http://127.0.0.1/", str(tmp_path / "none")))
