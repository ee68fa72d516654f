from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.support.clocks import FakeClock
from tests.support.screens import MANIFEST, PIN, ScreenRig, Visitor, eventually
from ui.hub import Screen
from ui.serve import Listen
from ui.stream import _after, _is_touch, _pump
from verticals.contract import Event
from verticals.store.access import AccessSettings


@contextmanager
def opened(
    rig: ScreenRig, *, after: int = 0, origin: str | None = None, client: Visitor | None = None
) -> Iterator[ClientConnection]:
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else ""
    headers = {"Cookie": cookies} if cookies else {}
    address = rig.url.replace("http", "ws", 1) + f"/stream?after={after}"
    with connect(address, origin=Origin(origin or rig.url), additional_headers=headers, open_timeout=5) as stream:
        yield stream


def heard(stream: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of this kind."""
    while True:
        frame: dict[str, Any] = json.loads(stream.recv(timeout=5))
        if frame["t"] == kind:
            return frame


def test_a_screen_hears_beats_live_values_and_events(rig: ScreenRig) -> None:
    rig.start_line()
    with opened(rig) as stream:
        assert heard(stream, "hello")["boot"] == rig.web.hub.boot
        rig.beat(press={"level": "good", "state": "running", "faults": {}})
        while heard(stream, "beat")["stale"]:
            pass
        rig.publish("live", {"station": "press", "data": {"speed": 3}})
        assert heard(stream, "live") == {"t": "live", "station": "press", "data": {"speed": 3}}
        rig.record(Event("part", "12019", 0.0))
        assert heard(stream, "event")["event"] == {"kind": "part", "subject": "12019"}


def test_a_screen_that_comes_back_gets_what_it_missed(rig: ScreenRig) -> None:
    rig.start_line()
    with opened(rig) as stream:
        rig.record(Event("part", "1", 0.0), Event("part", "2", 0.0))
        seen = heard(stream, "event")["sequence"]
    rig.record(Event("part", "3", 0.0))
    with opened(rig, after=seen) as stream:
        assert [heard(stream, "event")["event"]["subject"] for _ in range(2)] == ["2", "3"]


def test_waves_come_as_bytes(rig: ScreenRig) -> None:
    rig.start_line()
    with opened(rig) as stream:
        heard(stream, "hello")
        rig.publish("live", {"station": "bed-7", "data": {"channel": "ecg_mv"}}, b"\x01\x02\x03")
        while isinstance(content := stream.recv(timeout=5), str):
            pass
        assert content.endswith(b"\x01\x02\x03")


def test_a_page_of_another_site_gets_no_stream(rig: ScreenRig) -> None:
    for origin in ("http://elsewhere", rig.url.replace("http", "https", 1), rig.url + "0"):
        with pytest.raises(InvalidStatus) as refused, opened(rig, origin=origin):
            pass
        assert refused.value.response.status_code == 403


def test_another_path_is_no_stream(rig: ScreenRig) -> None:
    with pytest.raises(InvalidStatus), connect(rig.url.replace("http", "ws", 1) + "/other", origin=Origin(rig.url)):
        pass


def test_nobody_signed_in_is_told_to_sign_in(tmp_path: Path) -> None:
    with ScreenRig(tmp_path, manifest=replace(MANIFEST, kiosk_role="")) as rig:
        with opened(rig) as stream:
            assert "Sign in" in heard(stream, "refused")["reason"]
            with pytest.raises(ConnectionClosed):
                stream.recv(timeout=5)
        rig.accounts.add("Ada", PIN, {"trial": "operator"}, by="test")
        client = rig.client()
        client.sign_in("Ada")
        with opened(rig, client=client) as stream:
            assert heard(stream, "hello")["t"] == "hello"


def test_one_screen_too_many_is_refused_with_the_reason_and_the_others_go_on(tmp_path: Path) -> None:
    with ScreenRig(tmp_path, listen=Listen(streams=1)) as rig, opened(rig) as first:
        heard(first, "hello")
        with opened(rig) as second:
            assert heard(second, "refused")["reason"] == "1 screens are open already. Close one of them."
        assert heard(first, "beat")["t"] == "beat"
        assert rig.client().get("/healthz/ready").json()["streams_refused"] == 1


async def test_a_burst_of_frames_ends_as_soon_as_the_browser_is_gone() -> None:
    """What is written to a connection that is gone is lost, and asyncio says so, frame by frame."""
    screen, sent = Screen(), 0
    for number in range(100):
        screen.put(str(number))

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += 1
        if sent == 10:
            asyncio.get_running_loop().call_soon(pump.cancel)

    pump = asyncio.create_task(_pump(screen, send))
    await asyncio.wait([pump], timeout=5)
    assert sent == 10


def test_a_closed_browser_frees_its_place(rig: ScreenRig) -> None:
    with opened(rig) as stream:
        heard(stream, "hello")
        assert rig.web.hub.streams == 1
    eventually(lambda: rig.web.hub.streams == 0)
    raw = _raw_stream(rig)
    eventually(lambda: rig.web.hub.streams == 1)
    raw.close()  # without a word, as a killed browser does
    eventually(lambda: rig.web.hub.streams == 0)


def test_a_screen_that_takes_nothing_is_dropped_and_the_line_never_waits(rig: ScreenRig) -> None:
    rig.start_line()
    raw = _raw_stream(rig)
    eventually(lambda: rig.web.hub.streams == 1)
    with opened(rig) as other:
        heard(other, "hello")
        blob = {"station": "press", "data": {"blob": "x" * 60_000}}
        for _ in range(500):
            rig.publish("live", blob)
            heard(other, "live")
        eventually(lambda: rig.web.hub.dropped == 1)
        rig.publish("live", {"station": "press", "data": {"speed": 1}})
        assert heard(other, "live")["data"] == {"speed": 1}
        assert rig.web.hub.streams == 1
    raw.close()


def test_a_session_that_ends_ends_its_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.stream.CHECK_SESSION_EVERY_S", 0.02)
    clock = FakeClock()
    with ScreenRig(tmp_path, clock=clock, access=AccessSettings(kiosk_idle_limit=60.0)) as rig:
        rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
        client = rig.client()
        client.sign_in("Ada")
        with opened(rig, client=client) as stream:
            heard(stream, "hello")
            clock.advance(50.0)
            for noise in ("no json", "[]", '{"t":"touch"}'):
                stream.send(noise)
            eventually(lambda: client.get("/settings", headers={"Sec-Fetch-Mode": "cors"}).status_code == 200)
            eventually(lambda: _touched(rig, clock))
            clock.advance(50.0)  # 100 s after the sign-in, 50 s after the touch
            assert client.get("/settings", headers={"Sec-Fetch-Mode": "cors"}).status_code == 200
            clock.advance(20.0)
            assert heard(stream, "signed-out")["t"] == "signed-out"
            with pytest.raises(ConnectionClosed):
                while True:
                    stream.recv(timeout=5)


def _touched(rig: ScreenRig, clock: FakeClock) -> bool:
    from sqlalchemy import select

    from verticals.store.box_tables import sessions
    from verticals.store.database import open_database, reading

    with reading(open_database(rig.places.box_db)) as connection:
        return bool(connection.execute(select(sessions.c.used_mono_s)).scalar_one() == clock.now().mono_s)


def _raw_stream(rig: ScreenRig) -> socket.socket:
    """A handshake and then silence: neither reads nor answers, as a frozen browser."""
    host, _, port = rig.url.removeprefix("http://").partition(":")
    raw = socket.create_connection((host, int(port)))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = f"GET /stream HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {rig.url}\r\nUpgrade: websocket\r\n"
    key = "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    raw.sendall((asked + key).encode())
    return raw


@given(st.text() | st.none())
def test_whatever_a_screen_says_is_a_touch_or_nothing(text: str | None) -> None:
    assert _is_touch(text) in (True, False)


@given(st.binary())
def test_whatever_stands_in_the_query_is_a_number(query: bytes) -> None:
    assert _after({"query_string": query}) >= 0
