"""The cell of one line: PLC, camera and, where there is one, a Modbus device, joined by the handshake.

A trigger becomes one sample with its picture, a result becomes ordered writes. What this device promises:
whatever is lost, the PLC is told nothing it could take for an accept of the wrong part.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from core.clock import Instant
from core.errors import DeviceError
from manufacturing import gate_reports
from manufacturing.cell_cameras import Camera, CellCameras
from manufacturing.cell_ends import PlcLink, ResultSink
from manufacturing.cell_setup import CellSetup
from manufacturing.gate_reports import GateReports
from manufacturing.handshake import Handshake, Phase, Result, Write
from manufacturing.plc_tags import RECIPE_WISH, read_at_trigger
from manufacturing.plc_writes import PlcWrites, arrived
from manufacturing.settings import LineSettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

_LEAVE_WITHIN_S = 0.5


def _result(action: Action) -> Result:
    value = action.value
    return Result(value["part_id"], value["accept"], value["code"], value["score"])


async def _follow(link: asyncio.Task[None]) -> None:
    """Ends as the link does, without taking it along when it is cancelled itself. Raises DeviceError where the link was
    cancelled alone: a cell without one would wait for triggers for good."""
    try:
        await asyncio.shield(link)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise DeviceError("the link to the PLC ended by itself") from None


class PlcCell:
    """Belongs to the line's event loop. `connect` hands it its parts, which call back into it.

    `disk_used_share` gives 0..1 of the disk that records go to; asked once a second.
    """

    def __init__(self, name: str, line: LineSettings, disk_used_share: Callable[[], float] | None = None) -> None:
        self.name = name
        self.line = line
        self._disk_used_share = disk_used_share
        self.handshake = Handshake()
        self._link: PlcLink
        self._cameras: CellCameras
        self._sink: ResultSink | None = None
        self._port: Port
        self._writes = PlcWrites()
        self._setup: CellSetup
        self._gate: GateReports
        self._badly_set_up = False
        self._wish: int | None = None  # what the PLC asked for as it was told last; -1 for what cannot be read
        self._tasks: set[asyncio.Task[None]] = set()
        self._ahead: tuple[Result, asyncio.Future[None]] | None = None  # whose values are, or were, written before it
        self._up = False
        self._plc_told: dict[str, str] = {}
        self._trigger = False
        self._ack = False
        self._announced: int | None = None  # the PartId that the PLC published last
        self._plc_seen: Instant | None = None
        self._plc_silent = False

    def connect(self, link: PlcLink, cameras: Mapping[str, Camera], sink: ResultSink | None = None) -> None:
        """`cameras` by view, as the line names them."""
        self._link, self._sink = link, sink
        self._cameras = CellCameras(self.line, cameras, partial(self._news, "camera-lost"))
        self._setup = CellSetup(self.line.plc, link, self._cameras, sink)
        self._gate = GateReports(link.read)

    async def run(self, port: Port) -> None:
        """The link outlives the rest by a moment, so that a clean end leaves the PLC's inputs safe."""
        self._port = port
        link = asyncio.create_task(self._link.run())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_follow(link))
                group.create_task(self._cameras.run())
                group.create_task(self._writes.run(self._link.write_many, self._mirror))
                if self._sink is not None:
                    group.create_task(self._sink.run())
        finally:
            await self._leave_safe()
            link.cancel()
            await asyncio.gather(link, return_exceptions=True)

    async def _leave_safe(self) -> None:
        """Ready falls now, not only when the PLC misses the heartbeat."""
        if not self._up:
            return
        with contextlib.suppress(DeviceError, TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN_S):
                await self._link.write_many([("Ready", False), ("ResultValid", False), ("PassFail", False)])

    # --- what the PLC does ---------------------------------------------------------------------------------

    def plc_state(self, up: bool, why: str) -> None:
        """The link's own news: on a fresh link every output is made safe before anything else is written."""
        self._up = up
        self._ahead = None
        self._trigger = self._ack = False
        self._announced = None
        self._plc_silent = False
        self._plc_seen = self._port.clock.now()
        if up:
            self._writes.put(self.handshake.connected())
        self._news("plc-lost", up, why)

    def plc_news(self, code: str, ok: bool, why: str) -> None:
        """More to be known of the link than whether it stands; told when it changes."""
        known, self._plc_told[code] = self._plc_told.get(code, ""), "" if ok else why
        if known != self._plc_told[code]:
            self._news(code, ok, why)

    def plc_change(self, name: str, value: Any) -> None:
        """A watched tag has a new value; None when the PLC marks it as bad."""
        if name == "PartId":
            self._announced = None if value is None else int(value)
        elif name == "Trigger":
            rising, self._trigger = bool(value) and not self._trigger, bool(value)
            if rising:
                self._start(self._part(self._port.clock.now(), self._announced))
        elif name == "Ack":
            rising, self._ack = bool(value) and not self._ack, bool(value)
            if rising:
                self._writes.put(self.handshake.acknowledged())
        elif name == RECIPE_WISH:
            self._start(self._tell_wish(value))
        elif name == "PlcHeartbeat":
            self._plc_seen = self._port.clock.now()
        elif name == gate_reports.PART_ID and self._gate.passed(value):
            self._start(self._tell_gate())

    async def _part(self, at: Instant, announced: int | None) -> None:
        """The picture is taken at once, for the id that was announced; what is read then says whose part it is.

        A server may publish Trigger before PartId: then the picture is not used, and taken again.
        """
        ready = self.handshake.phase is not Phase.NOT_READY
        early = (
            asyncio.ensure_future(self._cameras.pictures(announced, at)) if ready and announced is not None else None
        )
        try:
            await asyncio.sleep(0)  # the camera is told before the PLC is asked: it takes longer
            tags = await self._link.read(read_at_trigger(self.line.plc))
            if tags["PartId"] is None:
                log.error("%s: trigger without a readable PartId; the PLC rejects this part", self.name)
                return
            part_id = int(tags["PartId"])
            judge, writes = self.handshake.triggered(part_id)
            self._writes.put(writes)
            if not judge:
                return
            left_s = self.line.inspect_window - self._port.clock.now().since(at)
            asyncio.get_running_loop().call_later(max(0.0, left_s), self._result_due, part_id)
            values: dict[str, Value] = {"about": "part"}
            values |= {"counter": int(tags["PartCounter"] or 0), "passed": int(tags["PartsPassed"] or 0)}
            if self.line.plc.chooses_recipes:
                values["recipe_number"] = await self._tell_wish(tags[RECIPE_WISH])
            values |= await (
                early if early is not None and part_id == announced else self._cameras.pictures(part_id, at)
            )
        finally:
            if early is not None:
                early.cancel()
        values["grab_ms"] = round(self._port.clock.now().since(at) * 1000, 2)
        await self._port.emit(Sample(self.name, at, values, key=str(part_id)))

    async def _tell_wish(self, value: Any) -> int:
        """The number that the PLC asks for, after the station was told of it; -1 for what is none."""
        number = value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1
        if number != self._wish:
            self._wish = number
            values: dict[str, Value] = {"about": "recipe", "recipe_number": number}
            await self._port.emit(Sample(self.name, self._port.clock.now(), values))
        return number

    async def _tell_gate(self) -> None:
        """The gate's own sensor: what really was rejected."""
        seen = await self._gate.seen()
        if seen is not None:
            values: dict[str, Value] = {"about": "gate", "rejected": seen[1]}
            await self._port.emit(Sample(self.name, self._port.clock.now(), values, key=str(seen[0])))

    # --- what the box does ---------------------------------------------------------------------------------

    def prepare(self, action: Action) -> bool:
        """A result that waits for its record: its values are written meanwhile, ResultValid is not."""
        self._ahead = None
        if action.target != f"{self.name}.result" or not self._up:
            return False
        result = _result(action)
        writes = self.handshake.values(result)
        if writes is None:
            return False
        self._ahead = result, self._writes.begin(writes)
        return True

    async def act(self, action: Action) -> str:
        """`<cell>.result`, `<cell>.signals` or `<cell>.gate`; raises DeviceError when it was not done."""
        what = action.target.removeprefix(f"{self.name}.")
        if what == "signals":
            return await self._signal(action.value)
        if what == "gate":
            return await self._drive_gate()
        if what != "result":
            raise DeviceError(f"{self.name} has no output '{what}'")
        result = _result(action)
        if self._sink is not None:
            self._start(self._sink.tell(result))
        return await self._deliver(result)

    async def _deliver(self, result: Result) -> str:
        ahead, self._ahead = self._ahead, None
        told = ahead is not None and ahead[0] == result and await arrived(ahead[1])
        self._need_link()
        writes = self.handshake.result(result, told=told)
        if writes is None:
            raise DeviceError(f"{self.name}: the PLC has moved on from part {result.part_id}")
        await self._writes.sent(writes)
        loop = asyncio.get_running_loop()
        loop.call_later(self.line.plc.ack_within, self._ack_due, result.part_id)
        return "result valid"

    async def _signal(self, wanted: Mapping[str, Any]) -> str:
        """What the recipe wants is set up first: without it Ready does not rise."""
        self._need_link()
        others = [(name, value) for name, value in wanted.items() if name not in ("Ready", "setup")]
        fine = await self._set_up(wanted.get("setup", {}))
        await self._writes.sent([others, *self.handshake.want_ready(bool(wanted["Ready"]) and fine)])
        return ", ".join(f"{name} {value}" for name, value in wanted.items() if name != "setup")

    async def _set_up(self, wanted: Mapping[str, Any]) -> bool:
        """Whether everything is as the recipe wants it. Raises DeviceError when that takes another connection."""
        moves = self._setup.moves_tags(wanted)
        if moves:
            await self._writes.sent(self.handshake.want_ready(False))
        try:
            await self._setup.make(wanted)
        except DeviceError as error:
            self._badly_set_up = True
            self._news("setup-failed", False, error.message)
            return False
        if self._badly_set_up:
            self._badly_set_up = False
            self._news("setup-failed", True, "")
        if moves:
            raise DeviceError(f"{self.name}: connecting again, for the tags of another recipe")
        return True

    async def _drive_gate(self) -> str:
        if self._sink is None:
            raise DeviceError(f"{self.name}: the recipe drives a gate, and no Modbus device is configured")
        await self._sink.reject()
        return "gate pulsed"

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Twice a second: the heartbeat to the PLC, and how old its own is."""
        if self._up:
            self._writes.put([[("Heartbeat", beat % 65536)]])
        self._watch_heartbeat()
        if beat % 2 == 0:
            await self._port.emit(Sample(self.name, self._port.clock.now(), self._status()))

    def _status(self) -> dict[str, Value]:
        now = self._port.clock.now()
        values: dict[str, Value] = {"about": "status"}
        if self._plc_seen is not None:
            values["plc_age_s"] = round(now.since(self._plc_seen), 1)
        lost = self._cameras.down_since
        values["camera_age_s"] = round(now.since(lost), 1) if lost else 0.0
        if self._disk_used_share is not None:
            values["disk_used_share"] = round(self._disk_used_share(), 4)
        return values

    def _watch_heartbeat(self) -> None:
        if not self._up or self._plc_seen is None:
            return
        silent = self._port.clock.now().since(self._plc_seen) > self.line.plc.heartbeat_within
        if silent != self._plc_silent:
            self._plc_silent = silent
            self._news("plc-heartbeat", not silent, "the PLC's heartbeat stands still" if silent else "")

    def camera_state(self, view: str, up: bool, why: str) -> None:
        self._cameras.state(view, up, why, self._port.clock.now())

    def _result_due(self, part_id: int) -> None:
        self._writes.put(self.handshake.result_overdue(part_id))

    def _ack_due(self, part_id: int) -> None:
        if self.handshake.part_id == part_id:
            self._writes.put(self.handshake.ack_overdue())

    # --- in order, and never blocking the loop -------------------------------------------------------------

    def _news(self, code: str, ok: bool, why: str) -> None:
        self._port.news(DeviceNews(self.name, ok, self._port.clock.now(), code, why))

    def _need_link(self) -> None:
        if not self._up:
            raise DeviceError(f"{self.name}: no connection to the PLC at {self.line.plc.url}")

    def _mirror(self, group: Sequence[Write]) -> None:
        """What the PLC got as tags the Modbus device gets as coils, where it has some for them."""
        if self._sink is not None:
            self._start(self._sink.signal(group))

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        """A device that fails in the middle of a part is news of the link, not the end of the cell."""
        try:
            await work
        except DeviceError as error:
            log.warning("%s: %s", self.name, error)


def make(spec: DeviceSpec, surroundings: Surroundings) -> PlcCell:
    """The cell of a site's line with its real link, camera and Modbus device."""
    from manufacturing.modbus_sink import ModbusSink
    from manufacturing.plc_link import plc_link
    from verticals.devices.frames import CameraClient

    line: LineSettings = spec.options
    cell = PlcCell(spec.name, line, partial(_disk_used_share, surroundings.places.data))
    link = plc_link(cell, line, surroundings)
    cameras = {}
    for view, settings in zip(line.views, line.every_camera, strict=True):
        name = line.camera_device(settings)
        socket = surroundings.places.camera_socket(surroundings.app, name)
        told = partial(cell.camera_state, view)
        cameras[view] = CameraClient(socket, name=name, clock=surroundings.clock, on_state=told)
    cell.connect(link, cameras, ModbusSink(line.modbus) if line.modbus else None)
    return cell


def _disk_used_share(folder: Path) -> float:
    """Of what the box may use of the disk that holds `folder`, as df(1) counts; 1.0 when the disk is not there."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return 1.0
    return usage.used / max(1, usage.used + usage.free)
