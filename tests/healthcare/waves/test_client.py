"""Our own sender, over real sockets."""

from __future__ import annotations

import asyncio

import numpy as np

from healthcare.waves.client import WaveClient
from healthcare.waves.frames import frame_bytes, read_frame
from tests.healthcare.waves.serving import BED, SECRET, sending, serving, until


async def test_our_sender_does_not_send_to_a_box_that_does_not_know_the_secret() -> None:
    async def false_box(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame_bytes({"type": "challenge", "protocol": "edgewise-waves", "version": 1, "nonce": "ab" * 32}))
        await read_frame(reader)
        writer.write(frame_bytes({"type": "welcome", "proof": "00" * 32}))
        got.append(await reader.read())
        writer.close()

    got: list[bytes] = []
    said: list[str] = []
    box = await asyncio.start_server(false_box, "127.0.0.1", 0)
    client = WaveClient("127.0.0.1", box.sockets[0].getsockname()[1], SECRET, "gateway-1",
                        on_state=lambda up, why: said.append(why))  # fmt: skip
    client.put("pleth", 250.0, 0.0, np.zeros(5, np.float32), location=BED)
    running = asyncio.create_task(client.run())
    await until(lambda: got)
    assert got == [b""] and not client.up and client.waiting == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    box.close()
    await box.wait_closed()


async def test_a_sender_comes_back_when_the_box_does_and_the_gap_is_counted() -> None:
    async with serving() as (first, _):
        port = first.port
        async with sending(first, most_waiting=2) as client:
            await until(lambda: client.up)
            client.put("pleth", 250.0, 0.0, np.zeros(50, np.float32), location=BED)
            await until(lambda: client.sent == 1)
            for session in list(first._sessions):
                session.cancel()
            await until(lambda: not client.up)
            for _number in range(4):
                client.put("pleth", 250.0, 0.0, np.zeros(50, np.float32), location=BED)
            assert client.dropped == 2 and client.waiting == 2
            await until(lambda: client.up and not client.waiting)
        assert port == first.port
        await until(lambda: first.counts.accepted == 3)
        assert first.counts.gaps == 1
