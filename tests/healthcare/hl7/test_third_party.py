"""The same exchange with a stack that is not ours: python-hl7 as the sender, and as the reader of what we write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from healthcare.hl7.message import compose, parse
from healthcare.hl7.mllp import MllpServer
from tests.healthcare.hl7.listeners import Line, listening, settings
from tests.healthcare.hl7.messages import WAVE, alarm, frame, movement, observations

hl7 = pytest.importorskip("hl7")


def exchange(port: int, messages: list[bytes]) -> Iterator[Any]:
    with pytest.importorskip("hl7.client").MLLPClient("127.0.0.1", port) as client:
        for message in messages:
            reply = client.send_message(hl7.parse(message.decode()))
            yield hl7.parse(reply.strip(b"\x0b\x1c\r").decode())


async def test_a_foreign_sender_is_understood_and_understands_the_answer() -> None:
    line, server = Line(), MllpServer("feed", settings())
    sent = [
        observations("1"),
        alarm(id="2"),
        movement("A01", id="3"),
        frame(*WAVE, id="4"),
        frame(kind="MDM^T02", id="5"),
    ]
    async with listening(server, line):
        assert server.address is not None
        port = server.address[1]
        answers = await asyncio.to_thread(lambda: list(exchange(port, sent)))
    codes = [(str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2])) for answer in answers]
    assert codes == [("AA", "1"), ("AA", "2"), ("AA", "3"), ("AA", "4"), ("AR", "5")]
    assert str(answers[4].segment("ERR")[3]).startswith("200^")
    kinds = [sample.values["kind"] for sample in line.samples]
    assert kinds == ["numerics", "monitor-alarm", "patient", "wave", "wave"]


async def test_a_foreign_asyncio_sender_too() -> None:
    open_hl7_connection = pytest.importorskip("hl7.mllp").open_hl7_connection
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line):
        assert server.address is not None
        reader, writer = await open_hl7_connection("127.0.0.1", server.address[1])
        for number in ("1", "2"):
            writer.writemessage(hl7.parse(observations(number).decode()))
            await writer.drain()
            answer = await reader.readmessage()
            assert (str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2])) == ("AA", number)
        writer.close()
        await writer.wait_closed()
    assert len(line.samples) == 2


@pytest.mark.parametrize("message", [observations(), alarm(), movement("A02"), frame(*WAVE)])
def test_both_readers_see_the_same_fields(message: bytes) -> None:
    ours, theirs = parse(message), hl7.parse(message.decode())
    assert len(ours.segments) == len(theirs)
    for segment, other in zip(ours.segments, theirs, strict=True):
        assert [segment.raw(number) for number in range(1, len(segment.fields))] == [str(field) for field in other[1:]]


def test_what_we_write_is_read_by_others() -> None:
    written = compose(["MSH", "A"], ["OBX", "1", "ST", ("196670", "MDC_EVT_LO"), "1.2.3", "a|b^c~d\\e&f"])
    theirs = hl7.parse(written.decode())
    assert theirs.unescape(str(theirs.segment("OBX")[5])) == "a|b^c~d\\e&f"
    assert str(theirs.segment("OBX")[3][0][1]) == "MDC_EVT_LO"
