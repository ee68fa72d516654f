from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import DeviceError
from tests.support.cameras import Watcher
from tests.support.opcua_servers import NAMESPACE, NODES, PlcProcess
from verticals.devices.opcua import Mode, OpcUaLink
from verticals.devices.opcua_session import OpcUaTimings, Session, as_device_errors


@pytest.fixture(scope="module")
def plc() -> Iterator[PlcProcess]:
    process = PlcProcess()
    yield process
    process.end()


@pytest.fixture(params=[Mode.SUBSCRIBE, Mode.POLL])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


class Changes:
    """What a link told, and a way to wait for it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.stamps: list[float | None] = []

    def __call__(self, name: str, value: Any, utc_s: float | None) -> None:
        self.stamps.append(utc_s)
        self.queue.put_nowait((name, value))

    async def next(self, timeout_s: float = 5.0) -> tuple[str, Any]:
        return await asyncio.wait_for(self.queue.get(), timeout_s)

    async def until(self, wanted: tuple[str, Any], timeout_s: float = 5.0) -> None:
        async with asyncio.timeout(timeout_s):
            while await self.queue.get() != wanted:
                pass


@asynccontextmanager
async def linked(url: str, **more: Any) -> AsyncIterator[tuple[OpcUaLink, Watcher, Changes]]:
    watcher, changes = Watcher(), Changes()
    link = OpcUaLink(url, **{"nodes": NODES, "on_change": changes, "on_state": watcher, **more})
    running = asyncio.create_task(link.run())
    try:
        await watcher.until(True)
        yield link, watcher, changes
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def failing(url: str, **more: Any) -> AsyncIterator[Watcher]:
    """A link that cannot come up; yields when it has said why."""
    watcher = Watcher()
    running = asyncio.create_task(OpcUaLink(url, **{"nodes": NODES, "on_state": watcher, **more}).run())
    await watcher.until(False)
    yield watcher
    assert not running.done()  # it goes on trying
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_values_are_read_in_one_go(plc: PlcProcess) -> None:
    plc.set("PartId", 4_000_000_000)
    plc.set("Recipe", "Röhre")
    async with linked(plc.url, watch=["Recipe"]) as (link, _, changes):
        await changes.until(("Recipe", "Röhre"))
        assert await link.read(["Recipe", "PartId", "Row"]) == {
            "Recipe": "Röhre",
            "PartId": 4_000_000_000,
            "Row": [1, 2, 3],
        }
        assert await link.read([]) == {}


@pytest.mark.parametrize(
    "name,value,kind,stored",
    [
        ("Trigger", 1, "Boolean", True),
        ("Code", -7, "Int16", -7),
        ("Count", 65535, "UInt16", 65535),
        ("PartId", True, "UInt32", 1),
        ("Score", 1, "Float", 1.0),
        ("Recipe", "bolts 3", "String", "bolts 3"),
        ("Row", (4, 5), "Int32", [4, 5]),
    ],
)
async def test_a_value_is_written_in_the_nodes_own_type(
    plc: PlcProcess, name: str, value: Any, kind: str, stored: Any
) -> None:
    async with linked(plc.url) as (link, _, _):
        await link.write(name, value)
        assert plc.told() == [f"Cell.{name}", kind, stored]
        assert (await link.read([name]))[name] == stored


@pytest.mark.parametrize(
    "name,value",
    [("Count", 65536), ("Count", -1), ("Code", 1.5), ("Code", "x"), ("Score", "x"), ("Recipe", 7), ("Count", None)],
)
async def test_a_value_that_does_not_fit_is_not_sent(plc: PlcProcess, name: str, value: Any) -> None:
    async with linked(plc.url) as (link, watcher, _):
        with pytest.raises(DeviceError, match=f"does not fit {name}"):
            await link.write(name, value)
        assert watcher.told[-1] == (True, "")


async def test_a_node_that_may_not_be_written_says_so(plc: PlcProcess) -> None:
    async with linked(plc.url) as (link, _, _):
        with pytest.raises(DeviceError, match=r"did not take Locked: Bad"):
            await link.write("Locked", 1)
        plc.told()
        with pytest.raises(DeviceError, match="no node named 'Nothing'"):
            await link.write("Nothing", 1)


async def test_ordered_writes_arrive_in_order(plc: PlcProcess) -> None:
    async with linked(plc.url) as (link, _, _):
        await link.write_in_order([("PartId", 9), ("Code", 3), ("Trigger", True)])
        assert [plc.told()[0] for _ in range(3)] == ["Cell.PartId", "Cell.Code", "Cell.Trigger"]
        with pytest.raises(DeviceError):
            await link.write_in_order([("Code", 99999), ("PartId", 10)])
        await link.write_many([("Trigger", False), ("PartId", 0)])
        assert [plc.told() for _ in range(2)] == [["Cell.Trigger", "Boolean", False], ["Cell.PartId", "UInt32", 0]]


async def test_a_watched_node_tells_its_value_and_then_each_change(plc: PlcProcess, mode: Mode) -> None:
    plc.set("Count", 0)
    async with linked(plc.url, watch=["Count"], mode=mode) as (_, _, changes):
        assert await changes.next() == ("Count", 0)
        for value in (1, 2, 3):
            plc.set("Count", value)
            assert await changes.next() == ("Count", value)


async def test_a_change_carries_the_servers_time_where_it_gives_one(plc: PlcProcess) -> None:
    async with linked(plc.url, watch=["Score"]) as (_, _, changes):
        await changes.next()
        plc.set("Score", 5.0)
        await changes.until(("Score", 5.0))
        assert all(stamp is None or stamp > 1.7e9 for stamp in changes.stamps)


async def test_a_value_of_bad_quality_is_no_value(plc: PlcProcess, mode: Mode) -> None:
    plc.set("Code", 5)
    async with linked(plc.url, watch=["Code"], mode=mode) as (link, _, changes):
        assert await changes.next() == ("Code", 5)
        for status in ("BadSensorFailure", "UncertainLastUsableValue"):
            plc.set("Code", 5, status)
            await changes.until(("Code", None))
            assert await link.read(["Code"]) == {"Code": None}
            plc.set("Code", 5)
            await changes.until(("Code", 5))


async def test_nodes_are_found_by_browse_path_and_by_namespace_name(plc: PlcProcess) -> None:
    nodes = {"A": "/0:Objects/2:Cell/2:Count", "B": f"nsu={NAMESPACE};s=Cell.Count"}
    async with linked(plc.url, nodes=nodes) as (link, _, _):
        await link.write("A", 77)
        plc.told()
        assert await link.read(["A", "B"]) == {"A": 77, "B": 77}


@pytest.mark.parametrize(
    "address", ["ns=2;s=Cell.Missing", "/0:Objects/2:Cell/2:Missing", "nsu=urn:none;i=1", "gibberish", "ns=2;s=Cell"]
)
async def test_a_missing_node_is_named_and_nothing_is_connected(plc: PlcProcess, address: str) -> None:
    async with failing(plc.url, nodes={"Trigger": address}) as watcher:
        assert f"has no variable '{address}' for Trigger" in watcher.told[-1][1]


async def test_a_server_that_is_not_there_is_said_once() -> None:
    async with failing("opc.tcp://127.0.0.1:1") as watcher:
        await asyncio.sleep(0.4)
        assert len(watcher.told) == 1
    link = OpcUaLink("opc.tcp://127.0.0.1:1", nodes=NODES)
    with pytest.raises(DeviceError, match="no connection to the OPC UA server"):
        await link.read(["Trigger"])


async def test_an_error_of_a_change_does_not_end_the_link_but_a_bug_does(plc: PlcProcess) -> None:
    told: list[Any] = []
    first = asyncio.Event()

    async def refuse(name: str, value: Any, utc_s: float | None) -> None:
        told.append(value)
        first.set()
        raise DeviceError("not now") if len(told) == 1 else ZeroDivisionError("a bug")

    plc.set("Code", 1)
    link = OpcUaLink(plc.url, nodes=NODES, watch=["Code"], on_change=refuse)
    running = asyncio.create_task(link.run())
    await first.wait()
    plc.set("Code", 2)
    with pytest.raises(ZeroDivisionError):
        await running


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0" * 64, b"ACKF\x1c\0\0\0" + b"\xff" * 20, b"ERRF\x10\0\0\0" + b"\xff" * 8, b"HTTP/1.1 400 Bad\r\n\r\n"],
)
async def test_a_server_that_answers_garbage_is_no_server_and_no_crash(answer: bytes) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with failing(f"opc.tcp://127.0.0.1:{port}", timings=OpcUaTimings(connect_timeout_s=0.3)) as watcher:
        assert watcher.told[-1][0] is False
    server.close()
    await server.wait_closed()


async def _resumed(plc: PlcProcess, link: OpcUaLink, watcher: Watcher, changes: Changes, value: int) -> None:
    await watcher.until(True)
    plc.set("Count", value)
    await changes.until(("Count", value))
    await link.write("Code", value)
    assert plc.told()[2] == value


@pytest.fixture(scope="module")
def frail() -> Iterator[PlcProcess]:
    process = PlcProcess()
    yield process
    process.end()


async def test_a_killed_server_is_noticed_and_resumed_on_its_return(frail: PlcProcess, mode: Mode) -> None:
    async with linked(frail.url, watch=["Count"], mode=mode) as (link, watcher, changes):
        frail.kill()
        await watcher.until(False)
        with pytest.raises(DeviceError, match="no connection"):
            await link.write("Code", 1)
        await asyncio.to_thread(frail.start)
        await _resumed(frail, link, watcher, changes, 5)


async def test_a_frozen_server_is_noticed_and_resumed_when_it_thaws(frail: PlcProcess, mode: Mode) -> None:
    async with linked(frail.url, watch=["Count"], mode=mode) as (link, watcher, changes):
        frail.signal(signal.SIGSTOP)
        writing = asyncio.create_task(link.write("Code", 1))
        await watcher.until(False)
        with pytest.raises(DeviceError):
            await writing
        frail.signal(signal.SIGCONT)
        await watcher.until(True)
        while frail.told()[2] != 1:  # the write given up above may have been done all the same
            pass
        await _resumed(frail, link, watcher, changes, 6)


@pytest.mark.slow
async def test_ten_restarts_and_a_freeze_of_eight_seconds_each_resume_within_two_seconds(frail: PlcProcess) -> None:
    loop = asyncio.get_running_loop()
    figures: list[tuple[str, float, float]] = []
    async with linked(frail.url, watch=["Count"]) as (link, watcher, changes):
        for turn in range(11):
            gone_s = loop.time()
            frail.kill() if turn < 10 else frail.signal(signal.SIGSTOP)
            await watcher.until(False)
            noticed_s = loop.time() - gone_s
            if turn < 10:
                await asyncio.to_thread(frail.start)
            else:
                await asyncio.sleep(8.0 - noticed_s)
                frail.signal(signal.SIGCONT)
            ready_s = loop.time()
            await _resumed(frail, link, watcher, changes, 100 + turn)
            figures.append(("kill" if turn < 10 else "freeze", noticed_s, loop.time() - ready_s))
    for what, noticed_s, resumed_s in figures:
        print(f"{what}: lost after {noticed_s:.2f} s, resumed {resumed_s:.2f} s after ready")  # noqa: T201
    assert max(noticed for _, noticed, _ in figures) <= 1.0
    assert max(resumed for _, _, resumed in figures) <= 2.0


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="asyncua then waits as asyncio does")
async def test_an_answer_in_the_moment_of_its_time_out_is_a_time_out_and_no_cancellation() -> None:
    from wait_for2 import wait_for

    async def asked() -> None:
        loop = asyncio.get_running_loop()
        answer, due_s = loop.create_future(), loop.time() + 0.01
        loop.call_at(due_s, answer.set_result, "late")
        with as_device_errors("asking the time"):
            async with asyncio.timeout_at(due_s):
                await wait_for(answer, 1)

    for _ in range(20):
        with pytest.raises(DeviceError, match="asking the time: no answer in time"):
            await asked()


async def test_a_task_that_is_cancelled_while_it_asks_ends_as_cancelled() -> None:
    class OfItsOwnKindError(asyncio.CancelledError):
        pass

    async def asked() -> None:
        with as_device_errors("asking the time"):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError as error:
                raise OfItsOwnKindError from error

    with pytest.raises(TimeoutError):  # the caller's own time-out finds its cancellation again
        async with asyncio.timeout(0.01):
            await asked()
    task = asyncio.create_task(asked())
    await asyncio.sleep(0)
    task.cancel()
    assert [type(one) for one in await asyncio.gather(task, return_exceptions=True)] == [asyncio.CancelledError]


@pytest.mark.parametrize("where", ["ask_time", "notices"])
async def test_a_link_whose_work_cancels_itself_is_made_anew(
    plc: PlcProcess, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    real, calls = getattr(Session, where), []

    def cancelled(session: Session) -> Any:
        calls.append(session)
        if len(calls) == 1:
            raise asyncio.CancelledError
        return real(session)

    monkeypatch.setattr(Session, where, cancelled)
    async with linked(plc.url) as (link, watcher, _):
        await watcher.until(False)
        await watcher.until(True)
        assert (await link.read(["PartId"]))["PartId"] is not None
    assert calls[0] is not calls[-1]
