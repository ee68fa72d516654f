import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SystemClock
from core.errors import InputError
from simulators.partlog import read_rows
from simulators.passages import Part
from simulators.plc import Plc
from simulators.program import CellTimes
from simulators.tags import TAGS, Writer
from tests.support.boxes import StandInBox

TIMES = CellTimes(inspect_window_s=1.0, travel_s=0.3)


class Heard:
    """What the PLC said to the belt."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def until(self, key: str) -> dict[str, Any]:
        """The next message with a truth under that key; those before it are forgotten."""
        while True:
            message = await asyncio.wait_for(self.messages.get(), 10)
            if message.get(key):
                return message


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plc") / "parts.jsonl"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cell(log_path: Path) -> AsyncIterator[tuple[Plc, Heard, str]]:
    """One PLC for all tests of this module: its server takes a second to start and another to stop."""
    heard = Heard()
    plc = Plc("opc.tcp://127.0.0.1:0/", TIMES, log_path, SystemClock(), heard.messages.put_nowait)
    url = await plc.start()
    yield plc, heard, url
    await plc.stop()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_part_goes_through_the_whole_handshake_over_opc_ua(
    cell: tuple[Plc, Heard, str], log_path: Path
) -> None:
    plc, heard, url = cell
    async with StandInBox(url, lambda part_id: part_id == 7) as box:
        await heard.until("ready")
        plc.part(Part(7, "7.bmp", "good"))
        assert await heard.until("gate") == {"gate": 7, "rejected": False, "verdict": "accept"}
        assert box.seen == [7]
        assert await box.read("GateLastPartId") == 7
    assert [row["part_id"] for row in read_rows(log_path) if row["kind"] == "part"] == [7]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_tag_of_the_sheet_is_there_and_only_the_box_may_write_its_own(
    cell: tuple[Plc, Heard, str],
) -> None:
    from asyncua import ua

    async with StandInBox(cell[2], lambda part_id: None) as box:
        for tag in TAGS:
            assert await box.read(tag.name) is not None
            if tag.writer is Writer.PLC:
                with pytest.raises(ua.UaStatusCodeError):
                    await box.write(**{tag.name: tag.start})


@pytest.mark.asyncio(loop_scope="module")
async def test_a_restarted_server_takes_the_box_back_on_the_same_port(cell: tuple[Plc, Heard, str]) -> None:
    plc, heard, url = cell
    plc.inject("restart", seconds=0.0)
    assert plc._outage is not None
    await plc._outage
    while not heard.messages.empty():
        heard.messages.get_nowait()
    assert plc.server.url == url
    async with StandInBox(url, lambda part_id: True):
        assert (await heard.until("ready"))["ready"] is True


def test_a_fault_nobody_knows_is_refused(tmp_path: Path) -> None:
    plc = Plc("opc.tcp://127.0.0.1:0/", TIMES, None, SystemClock(), lambda message: None)
    with pytest.raises(InputError, match="does not know the fault 'dance'"):
        plc.obey(b'{"fault": "dance"}')


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"7", b'{"part": 3}', b'{"part": {"part_id": null}}']))
def test_a_line_that_is_no_order_is_an_input_error_and_nothing_else(line: bytes) -> None:
    plc = Plc("opc.tcp://127.0.0.1:0/", TIMES, None, SystemClock(), lambda message: None)
    with pytest.raises(InputError):
        plc.obey(line)
