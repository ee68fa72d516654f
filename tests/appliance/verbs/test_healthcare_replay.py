"""A capture sent to a real listener, at the other end of a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance import cli
from appliance.verbs.healthcare_replay import sent_again
from core.clock import Instant
from healthcare.hl7.capture import Capture
from healthcare.hl7.mllp import MllpServer
from tests.healthcare.hl7.listeners import Line, listening, settings
from tests.healthcare.hl7.messages import movement, observations


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    capture = Capture(tmp_path, 1_000_000)
    for number, frame in enumerate((observations("1"), movement("A01", id="2"), observations("3"))):
        capture.keep(frame, Instant(50.0 + 0.05 * number, 1_795_000_000.0), "10.1.2.20")
    capture.close()
    return capture.path


async def test_every_message_is_sent_in_order_and_its_answer_counted(captured: Path) -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line):
        assert server.address is not None
        replayed = await sent_again(captured, "127.0.0.1", server.address[1], speed=0)
    assert replayed.as_json() == {"sent": 3, "unanswered": 0, "answers": {"AA": 3}, "refused": []}
    assert [sample.values["kind"] for sample in line.samples] == ["numerics", "patient", "numerics"]


async def test_the_spacing_is_kept(captured: Path) -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line):
        assert server.address is not None
        began_s = asyncio.get_running_loop().time()
        await sent_again(captured, "127.0.0.1", server.address[1], speed=0.5)
        assert asyncio.get_running_loop().time() - began_s >= 0.19


@pytest.fixture
def deaf() -> Iterator[int]:
    """A listener that hangs up on every message."""
    ready, done, port = Event(), Event(), [0]

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port[0] = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await asyncio.to_thread(done.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield port[0]
    done.set()
    thread.join(10)


def test_who_does_not_answer_is_told_and_ends_it(captured: Path, deaf: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "replay", str(captured), "--to", f"127.0.0.1:{deaf}", "--speed", "0", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"sent": 1, "unanswered": 1, "answers": {}, "refused": []}


def test_where_nobody_listens_it_says_so(captured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "replay", str(captured), "--to", "127.0.0.1:1"]) != 0
    assert "nobody listens there" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no capture\n"])
def test_what_is_no_capture_is_refused(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(content)
    assert cli.main(["healthcare", "replay", str(tmp_path / "file"), "--to", "127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.count("\n") <= 2


@pytest.mark.parametrize("to", ["box", "box:0", ":2575", "box:99999"])
def test_an_address_is_a_host_and_a_port(to: str, captured: Path) -> None:
    with pytest.raises(SystemExit):
        cli.main(["healthcare", "replay", str(captured), "--to", to])
