"""The client against the simulated reader, over TCP."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.errors import DeviceError
from retail.rfid import client as client_module
from retail.rfid.client import BUSY, GONE, OVERFLOW, UNREADABLE, LlrpReader, make
from retail.rfid.messages import Kind, ReaderEvent
from retail.rfid.settings import ReaderSettings
from retail.rfid.wire import Message
from simulators.llrp_reader_field import Shop
from tests.retail.rfid.readers import LEVELS, listening, reader
from verticals.contract import Action, DeviceSpec

EPC = bytes.fromhex("3074257BF7194E4000001A85")


def _shop() -> Shop:
    shop = Shop(LEVELS)
    shop.put(EPC, "floor")
    return shop


@pytest.mark.asyncio
async def test_it_sets_the_reader_up_and_brings_what_is_read() -> None:
    async with reader(_shop()) as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.samples)
        (row,) = json.loads(str(line.samples[0].values["tags"]))
        assert row[:3] == [EPC.hex().upper(), 1, -50]
        assert 0.0 <= row[3] <= 1.2
        assert row[4] >= 4  # five cycles in a sample
        assert line.samples[0].source == "reader-dock"
        assert line.samples[0].values["listening"] is True
        assert line.samples[0].values["antennas"] == '{"1": true, "2": true}'
        assert line.samples[0].values["model"] == "0/1 simulated 1.0"
        assert simulated.asked[:7] == [
            Kind.GET_READER_CAPABILITIES, Kind.SET_READER_CONFIG, Kind.GET_READER_CONFIG, Kind.DELETE_ACCESSSPEC,
            Kind.DELETE_ROSPEC, Kind.ADD_ROSPEC, Kind.ENABLE_ROSPEC,
        ]  # fmt: skip
        assert line.codes() == [(GONE, True)]


@pytest.mark.asyncio
async def test_keep_alives_are_answered_and_no_tags_are_a_sample_too() -> None:
    async with reader() as simulated, listening(simulated.port) as line:
        await line.until(lambda: simulated.asked.count(Kind.KEEPALIVE_ACK) >= 2)
        await line.until(lambda: line.samples)
        assert line.samples[0].values["tags"] == "[]"
        assert line.samples[0].values["listening"] is True


@pytest.mark.asyncio
async def test_it_comes_back_when_the_reader_does() -> None:
    async with reader(_shop()) as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.samples)
        simulated.hang_up()
        await line.until(lambda: (GONE, False) in line.codes())
        await line.until(lambda: line.codes()[-1] == (GONE, True))
        assert line.device.connections == 2
        before = len(line.tags())
        await line.until(lambda: len(line.tags()) > before)
        assert list(simulated.rospecs) == [1]


@pytest.mark.asyncio
async def test_a_reader_that_says_nothing_is_gone() -> None:
    async with reader(keepalives=False, tells_rospecs=False) as simulated, listening(simulated.port) as line:
        await line.until(lambda: (GONE, False) in line.codes())
        assert "silent for 1.5 s" in line.news[-1].detail


@pytest.mark.asyncio
async def test_a_reader_that_is_not_there_is_told_once() -> None:
    async with reader() as simulated:
        port = simulated.port
    async with listening(port) as line:
        await line.until(lambda: line.news)
        await asyncio.sleep(1.2)
        assert line.codes() == [(GONE, False)]
        assert not line.samples


@pytest.mark.asyncio
async def test_a_reader_with_another_client_is_busy_until_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_RETRY_BUSY_S", 0.3)
    async with reader(_shop()) as simulated, listening(simulated.port) as first:
        await first.until(lambda: first.device.up)
        async with listening(simulated.port) as second:
            await second.until(lambda: second.news)
            assert second.codes() == [(BUSY, False)]
            assert "has a client already" in second.news[0].detail
            await asyncio.sleep(0.8)
            assert second.codes() == [(BUSY, False)]
            assert first.codes() == [(GONE, True)]  # it notices nothing
            simulated.hang_up()
            await second.until(lambda: (GONE, True) in second.codes() or first.device.connections > 1)


@pytest.mark.asyncio
async def test_it_says_good_bye_so_that_the_next_client_is_let_in() -> None:
    async with reader() as simulated:
        for _ in range(2):
            async with listening(simulated.port) as line:
                await line.until(lambda: line.device.up)
        assert simulated.asked.count(Kind.CLOSE_CONNECTION) == 2
        assert (simulated.clients, simulated.refused) == (2, 0)


@pytest.mark.asyncio
async def test_what_another_client_left_is_deleted() -> None:
    async with reader() as simulated:
        async with listening(simulated.port, cycle=5.0) as line:
            await line.until(lambda: line.device.up)
            simulated.hang_up()
        simulated.rospecs[7] = simulated.rospecs[1]
        async with listening(simulated.port) as line:
            await line.until(lambda: line.device.up)
            assert {number: spec.cycle_ms for number, spec in simulated.rospecs.items()} == {1: 200}


@pytest.mark.asyncio
async def test_an_antenna_that_the_reader_does_not_have_is_named() -> None:
    async with reader() as simulated, listening(simulated.port, zones={"floor": (9,)}) as line:
        await line.until(lambda: line.news)
        assert "refused ADD_ROSPEC (status 101): there is no antenna 9" in line.news[0].detail


@pytest.mark.asyncio
async def test_an_antenna_that_is_pulled_out_is_told() -> None:
    async with reader(_shop()) as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.samples)
        simulated.set_antenna(1, connected=False)
        await line.until(lambda: line.samples[-1].values["antennas"] == '{"1": false, "2": true}')
        await line.until(lambda: line.samples[-1].values["tags"] == "[]")


@pytest.mark.asyncio
async def test_reads_are_dated_by_our_clock_and_its_difference_is_told() -> None:
    async with reader(_shop(), clock_behind_s=7200.0) as simulated, listening(simulated.port) as line:
        await line.until(line.tags)
        assert line.samples[0].values["clock_behind_s"] == pytest.approx(7200.0, abs=1.0)
        assert all(0.0 <= row[3] < 2.0 for row in line.tags())


@pytest.mark.asyncio
async def test_a_reader_that_makes_no_cycles_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_CYCLES_UNHEARD", 1)
    async with reader(tells_rospecs=False) as simulated, listening(simulated.port) as line:
        await line.until(lambda: Kind.START_ROSPEC in simulated.asked)
        assert line.samples[-1].values["listening"] is False


@pytest.mark.asyncio
async def test_a_full_buffer_and_an_exception_are_told() -> None:
    async with reader() as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.device.up)
        simulated.tell(ReaderEvent(simulated.now_us(), overflow=True))
        simulated.tell(ReaderEvent(simulated.now_us(), exception="too hot"))
        await line.until(lambda: (OVERFLOW, False) in line.codes())
        await line.until(lambda: any(sample.values["exception"] == "too hot" for sample in line.samples))


@pytest.mark.asyncio
async def test_a_report_that_cannot_be_read_is_told_and_the_next_is_taken() -> None:
    async with reader(_shop()) as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.samples)
        simulated.send(Message(Kind.RO_ACCESS_REPORT, 5, bytes.fromhex("00f00004")).encoded())
        await line.until(lambda: (UNREADABLE, False) in line.codes())
        await line.until(lambda: (UNREADABLE, True) in line.codes())
        assert line.device.connections == 1


@pytest.mark.asyncio
async def test_bytes_that_are_no_llrp_end_the_connection() -> None:
    async with reader(_shop()) as simulated, listening(simulated.port) as line:
        await line.until(lambda: line.samples)
        simulated.send(b"GET / HTTP/1.1\r\n\r\n")
        await line.until(lambda: (GONE, False) in line.codes())
        assert "no LLRP" in line.news[-1].detail
        await line.until(lambda: line.device.connections == 2)


@pytest.mark.parametrize("speaks", [True, False])
@pytest.mark.asyncio
async def test_version_1_1_is_agreed_upon_or_left(speaks: bool) -> None:
    async with reader(_shop(), version_1_1=speaks) as simulated, listening(simulated.port, version="1.1") as line:
        await line.until(line.tags)
        assert (Kind.SET_PROTOCOL_VERSION in simulated.asked) is speaks


@pytest.mark.asyncio
async def test_a_server_that_hangs_up_at_once_is_tried_again() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, listening(server.sockets[0].getsockname()[1]) as line:
        await line.until(lambda: line.news)
        assert line.codes() == [(GONE, False)]
        assert "closed the connection" in line.news[0].detail


@pytest.mark.asyncio
async def test_it_takes_no_orders() -> None:
    settings = ReaderSettings("dock", "10.1.2.3", {"floor": (1,)})
    device = make(DeviceSpec("reader-dock", "rfid", "reader-dock", settings), None)  # type: ignore[arg-type]
    assert isinstance(device, LlrpReader)
    await device.steer(ready=True, beat=1)
    with pytest.raises(DeviceError, match="takes no orders"):
        await device.act(Action("reader-dock", 1, 1.0))
