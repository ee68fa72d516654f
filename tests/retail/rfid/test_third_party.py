"""Our client with another people's reader, our reader with their client, our bytes in their decoder: llrpkit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llrpkit.client import LLRPClient
from llrpkit.emulator import EmulatedTag, LLRPEmulator
from llrpkit.protocol import decode_message
from llrpkit.protocol import messages as theirs

from retail.rfid import client as client_module
from retail.rfid import messages
from retail.rfid.messages import Capabilities, Kind, ReaderEvent
from retail.rfid.reports import TagReport, report
from retail.rfid.rospec import Inventory
from retail.rfid.wire import Message
from simulators.llrp_reader import demo_shop
from tests.retail.rfid.readers import listening, reader

EPC = bytes.fromhex("3074257BF7194E4000001A85")


def _bytes(kind: Kind, body: bytes) -> bytes:
    return Message(kind, 7, body).encoded()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.GET_READER_CAPABILITIES, messages.get_capabilities()),
        (Kind.GET_READER_CONFIG, messages.get_config()),
        (Kind.SET_READER_CONFIG, messages.set_config(10_000)),
        (Kind.DELETE_ROSPEC, messages.spec_id(0)),
        (Kind.DELETE_ACCESSSPEC, messages.spec_id(0)),
        (Kind.ADD_ROSPEC, Inventory((1, 2), 1500, power_index={1: 81}).encoded()),
        (Kind.ENABLE_ROSPEC, messages.spec_id(1)),
        (Kind.START_ROSPEC, messages.spec_id(1)),
        (Kind.STOP_ROSPEC, messages.spec_id(1)),
        (Kind.CLOSE_CONNECTION, b""),
        (Kind.KEEPALIVE_ACK, b""),
        (Kind.RO_ACCESS_REPORT, report([TagReport(EPC, 2, -61, 10**6, 2 * 10**6, True, 7), TagReport(bytes(26), 1)])),
        (Kind.READER_EVENT_NOTIFICATION, messages.event(ReaderEvent(5, attempt=0))),
        (Kind.READER_EVENT_NOTIFICATION, messages.event(ReaderEvent(5, antennas={3: False}, rospec=1))),
        (Kind.GET_READER_CAPABILITIES_RESPONSE, messages.capabilities(Capabilities(4, True, 25882, 1, "5.12.0"))),
        (Kind.GET_READER_CONFIG_RESPONSE, messages.antennas({1: True, 2: False})),
        (Kind.ERROR_MESSAGE, messages.status(109, "words")),
    ],
)
def test_their_decoder_reads_our_bytes_and_writes_the_same(kind: Kind, body: bytes) -> None:
    """It holds every message against the definitions of LLRP 1.0.1: parts, order, how many."""
    decoded = decode_message(_bytes(kind, body))
    assert decoded.to_bytes(7) == _bytes(kind, body)


def test_what_they_read_is_what_was_meant() -> None:
    decoded: Any = decode_message(
        _bytes(Kind.RO_ACCESS_REPORT, report([TagReport(EPC, 2, -61, 10**6, 2 * 10**6, True, 7)]))
    )
    assert decoded.MESSAGE_TYPE == Kind.RO_ACCESS_REPORT
    (tag,) = decoded.tag_report_datas
    assert tag.epc_parameter.epc == EPC
    assert (tag.antenna_id.antenna_id, tag.peak_rssi.peak_rssi, tag.tag_seen_count.tag_count) == (2, -61, 7)
    assert tag.last_seen_timestamp_utc.microseconds == 2 * 10**6


@pytest.mark.asyncio
async def test_our_client_reads_their_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses to delete ROSpecs that are not there, knows no periodic trigger and must be started by hand."""
    monkeypatch.setattr(client_module, "_CYCLES_UNHEARD", 1)
    tags = [EmulatedTag(EPC, (1,), -50.0)]
    async with LLRPEmulator(tags=tags) as emulator, listening(emulator.port) as line:
        await line.until(line.tags, within_s=15.0)
        assert {row[0] for row in line.tags()} == {EPC.hex().upper()}
        assert {row[1] for row in line.tags()} == {1}
        assert all(-128 <= row[2] <= 0 and row[3] < 5.0 for row in line.tags())


@pytest.mark.asyncio
async def test_their_client_reads_our_reader() -> None:
    async with reader(demo_shop(4)) as simulated:
        client = LLRPClient("127.0.0.1", simulated.port)
        await client.connect()
        found: Any = await client.transact(theirs.GET_READER_CAPABILITIES())
        assert found.general_device_capabilities.max_number_of_antenna_supported == 4
        added = decode_message(_bytes(Kind.ADD_ROSPEC, Inventory((1, 2), 200).encoded()))
        answer: Any = await client.transact(added)
        assert int(answer.llrp_status.status_code) == 0
        await client.transact(theirs.ENABLE_ROSPEC(ro_spec_id=1))
        heard = await asyncio.wait_for(client.reports.get(), 5.0)
        assert len({tag.epc_parameter.epc for tag in heard.tag_report_datas}) == 4
        await client.close()
