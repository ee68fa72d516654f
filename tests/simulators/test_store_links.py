from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.errors import AccessError
from simulators.store_links import DropTill, Kept, Link, WebhookTill
from verticals.signature import HEADER, check

SECRET = b"0123456789abcdef0123456789abcdef"


class Box:
    """A web server that answers tills and hand-helds; `down` answers 503."""

    def __init__(self) -> None:
        self.taken: list[list[dict[str, Any]]] = []
        self.booked: list[dict[str, Any]] = []
        self.down = False
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked, *fields = head.split("\r\n")
        named = {name.lower(): value for name, _, value in (line.partition(": ") for line in fields if line)}
        body = await reader.readexactly(int(named.get("content-length", "0")))
        status, said = self._said(asked.split(" ")[1], named, body)
        if self.down:
            status = "503 Busy"
        length = f"Content-Length: {len(said)}"
        writer.write(f"HTTP/1.1 {status}\r\n{length}\r\nConnection: close\r\n\r\n".encode() + said)
        await writer.drain()
        writer.close()

    def _said(self, path: str, named: dict[str, str], body: bytes) -> tuple[str, bytes]:
        if path == "/hooks/pos":
            return self._pos(named, body)
        if not body:
            return "200 OK", b'<meta name="csrf" content="t">'
        if path == "/hand/documents" and not self.down:
            self.booked += json.loads(body)["documents"]
        return "200 OK", b'{"data": {"sheet": "c-1"}}'

    def _pos(self, named: dict[str, str], body: bytes) -> tuple[str, bytes]:
        try:
            check(named[HEADER.lower()], SECRET, body, now_utc_s=SystemClock().now().utc_s, within_s=60)
        except AccessError:
            return "403 No", b"{}"
        if not self.down:
            self.taken.append(json.loads(body)["transactions"])
        return "200 OK", b'{"refused": 0}'


@asynccontextmanager
async def a_box() -> AsyncIterator[Box]:
    box = Box()
    server = await asyncio.start_server(box.answer, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[None]:
    task = asyncio.create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def empty(kept: Kept) -> None:
    async with asyncio.timeout(20):
        while kept.oldest_s is not None:  # noqa: ASYNC110 - it says nothing when it is
            await asyncio.sleep(0.02)


async def test_a_till_sends_signed_and_what_it_had_while_offline_in_one_message() -> None:
    async with a_box() as box:
        till = WebhookTill("till 1", f"http://127.0.0.1:{box.port}/hooks/pos", SECRET, SystemClock())
        async with running(till):
            till.kept.take(1.0, {"sequence": "1"})
            await empty(till.kept)
            till.set_online(online=False)
            for number in (2, 3, 4):
                till.kept.take(float(number), {"sequence": str(number)})
            await asyncio.sleep(0.2)
            assert (box.taken, till.kept.oldest_s) == ([[{"sequence": "1"}]], 2.0)
            till.set_online(online=True)
            await empty(till.kept)
        assert [[one["sequence"] for one in message] for message in box.taken] == [["1"], ["2", "3", "4"]]


async def test_what_a_box_did_not_take_is_sent_until_it_does() -> None:
    async with a_box() as box:
        box.down = True
        till = WebhookTill("till 1", f"http://127.0.0.1:{box.port}/hooks/pos", SECRET, SystemClock())
        async with running(till):
            till.kept.take(1.0, {"sequence": "1"})
            await asyncio.sleep(0.3)
            assert till.kept.oldest_s == 1.0
            box.down = False
            await empty(till.kept)
        assert box.taken == [[{"sequence": "1"}]]


async def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    till = DropTill(tmp_path / "drop", 0.1)
    line = {"line": 1, "item": "2000000000015", "quantity": 1, "amount": "1.25"}
    head = {"store": "014", "workstation": "3", "business_date": "2026-11-30", "at": "2026-11-30T10:00:00+00:00"}
    async with running(till):
        till.kept.take(1.0, {**head, "sequence": "7", "kind": "sale", "lines": [line]})
        await empty(till.kept)
    [file] = (tmp_path / "drop").iterdir()
    assert file.name == "till-3-2026-11-30-7.csv"
    assert "2000000000015" in file.read_text()
