"""The line's side of a camera process: asks for a frame, gets it with its time, and finds the camera again.

Belongs to one event loop. The camera counts as lost when its process ends (told at once) or gives no sign
of life; then every waiting grab fails, and the client goes on knocking until a camera answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant, SystemClock
from core.errors import DeviceError, InputError
from core.logs import OutageLog
from verticals.devices.notices import (
    MAX_PACKET_BYTES,
    AdjustNotice,
    BusyNotice,
    FailedNotice,
    FrameNotice,
    Notice,
    PingNotice,
    RingNotice,
    SetNotice,
    Settings,
    StateNotice,
    TriggerNotice,
    pack,
    parse,
)
from verticals.devices.ring import RingReader

log = logging.getLogger(__name__)

_RETRY_FIRST_S = 0.05
_RETRY_MOST_S = 1.0
_PACKETS_A_TURN = 16
_PINGS_IN_SILENCE = 2.5


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of one's own: HxWx3 uint8 RGB. `index` counts the camera's pictures since its start.

    `lag_s` lies between trigger and capture; below 0: the picture is older than its trigger.
    """

    image: NDArray[np.uint8]
    at: Instant
    ticket: str
    index: int
    lag_s: float = 0.0


class CameraClient:
    """`on_state(up, why)` is called at each change; `on_frame` gets the frames nobody here asked for."""

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        clock: Clock | None = None,
        on_state: Callable[[bool, str], None] | None = None,
        on_frame: Callable[[Frame], None] | None = None,
        silence_s: float = 0.9,
    ) -> None:
        self.name = name or path.stem
        self.up = False
        self._path = path
        self._clock = clock or SystemClock()
        self._on_state = on_state
        self._on_frame = on_frame
        self._silence_s = silence_s
        self._outage = OutageLog(log, f"camera {self.name}")
        self._why = "not connected yet"
        self._socket: socket.socket | None = None
        self._ring: RingReader | None = None
        self._generation = 0
        self._there = True  # the camera itself, as its process tells
        self._lost: asyncio.Future[str] | None = None
        self._quiet_until_s = 0.0
        self._requests = 0
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._adjusting: dict[int, asyncio.Future[Settings]] = {}
        self._settings: dict[str, float | str] = {}
        self._restoring = 0  # the request that puts the settings back after a loss

    async def run(self) -> None:
        """Connects and reconnects until cancelled."""
        pause_s = _RETRY_FIRST_S
        try:
            while True:
                why = await self._serve()
                pause_s = _RETRY_FIRST_S if self.up else min(pause_s * 2, _RETRY_MOST_S)
                self._down(why)
                await asyncio.sleep(pause_s)
        finally:
            self._down("closed")
            if self._ring is not None:
                self._ring.close()
                self._ring = None

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        """The picture of the moment `at`, now without one, for `ticket`; waits at most `timeout_s` from now.

        Raises DeviceError when the camera is lost, late or has none.
        """
        if not self.up:
            raise DeviceError(f"camera {self.name} is lost: {self._why}")
        request = self._next_request()
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[request] = waiting
        now = self._clock.now()
        try:
            self._send(TriggerNotice(request, at or now, now.mono_s + timeout_s, ticket))
            async with asyncio.timeout(timeout_s):
                frame = await waiting
            return replace(frame, lag_s=frame.at.since(at or now))
        except TimeoutError as error:
            raise DeviceError(
                f"camera {self.name}: no picture of '{ticket}' within {timeout_s * 1e3:.0f} ms"
            ) from error
        finally:
            del self._waiting[request]

    async def adjust(self, settings: Settings, timeout_s: float = 5.0) -> Settings:
        """What the camera really set. The settings hold from the next grab on, and are put back after every loss.

        Raises DeviceError when the camera is lost or refuses them: then those of before are in force.
        """
        if not self.up:
            raise DeviceError(f"camera {self.name} is lost: {self._why}")
        request = self._next_request()
        answer: asyncio.Future[Settings] = asyncio.get_running_loop().create_future()
        self._adjusting[request] = answer
        try:
            self._send(AdjustNotice(request, settings))
            async with asyncio.timeout(timeout_s):
                really = await answer
        except TimeoutError as error:
            self._lose("it does not say what it has set")  # found again, it gets the settings of before
            raise DeviceError(f"camera {self.name} took no settings within {timeout_s:g} s") from error
        finally:
            del self._adjusting[request]
        self._settings.update(settings)
        return really

    def _next_request(self) -> int:
        self._requests = self._requests % 0xFFFF_FFFF + 1
        return self._requests

    async def _serve(self) -> str:
        """One connection from begin to end; says why it ended."""
        loop = asyncio.get_running_loop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(str(self._path))  # a Unix socket connects at once or not at all
            self._socket = connection
            lost = self._lost = loop.create_future()
            self._there, self._restoring = True, 0
            loop.add_reader(connection.fileno(), self._receive, connection, lost)
            try:
                return await self._watch(lost)
            finally:
                loop.remove_reader(connection.fileno())
        except OSError as error:
            return f"no camera process at {self._path}: {error.strerror or error}"
        finally:
            self._socket = None
            self._lost = None
            connection.close()

    async def _watch(self, lost: asyncio.Future[str]) -> str:
        """Pings, so that a process which stands still is noticed although its socket stays open."""
        loop = asyncio.get_running_loop()
        self._quiet_until_s = loop.time() + self._silence_s
        while not lost.done():
            patience_s = self._quiet_until_s - loop.time()
            if patience_s <= 0:
                return f"no sign of life for {self._silence_s:g} s"
            self._send(PingNotice())
            await asyncio.wait([lost], timeout=min(patience_s, self._silence_s / _PINGS_IN_SILENCE))
        return lost.result()

    def _receive(self, connection: socket.socket, lost: asyncio.Future[str]) -> None:
        for _ in range(_PACKETS_A_TURN):
            try:
                packet, descriptors, _, _ = socket.recv_fds(connection, MAX_PACKET_BYTES + 1, 4)
            except BlockingIOError:
                return
            except OSError as error:
                packet, descriptors = b"", []
                log.debug("camera %s: %s", self.name, error)
            try:
                if lost.done() or not packet:
                    self._lose("its process ended")
                    return
                self._hear(parse(packet), descriptors)
            except (InputError, DeviceError) as error:
                self._lose(error.message)
                return
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    def _hear(self, notice: Notice, descriptors: list[int]) -> None:
        """Takes out of `descriptors` what it keeps."""
        heard_s = asyncio.get_running_loop().time()
        self._quiet_until_s = max(self._quiet_until_s, heard_s + self._silence_s)
        if isinstance(notice, StateNotice):
            self._hear_state(notice)
        elif not self.up and self._there and not self._restoring:
            self._found()
        match notice:
            case RingNotice():
                if len(descriptors) != 1:
                    raise InputError("the camera announced a ring without its memory")
                self._new_ring(RingReader(descriptors.pop(), notice.slots, notice.slot_bytes), notice.generation)
            case BusyNotice():
                self._quiet_until_s = heard_s + notice.limit_s + self._silence_s
            case FailedNotice():
                self._quiet_until_s = heard_s + self._silence_s
                self._refused(notice)
            case SetNotice():
                self._was_set(notice)
            case FrameNotice():
                self._quiet_until_s = heard_s + self._silence_s
                self._frame(notice)

    def _hear_state(self, notice: StateNotice) -> None:
        self._there = notice.up
        if not notice.up:
            self._restoring = 0
            self._down(notice.text)
        elif not self.up and not self._restoring:
            self._found()

    def _found(self) -> None:
        """A camera that is back is up only with its settings: a picture exposed otherwise is no picture."""
        if self._settings:
            self._restoring = self._next_request()
            self._send(AdjustNotice(self._restoring, self._settings))
            return
        self.up = True
        self._tell(True, "")

    def _was_set(self, notice: SetNotice) -> None:
        if notice.request == self._restoring:
            self._restoring = 0
            self.up = True
            self._tell(True, "")
        elif (answer := self._adjusting.get(notice.request)) is not None and not answer.done():
            answer.set_result(notice.settings)

    def _refused(self, notice: FailedNotice) -> None:
        error = DeviceError(f"camera {self.name}: {notice.text}")
        if self._restoring and notice.request == self._restoring:
            self._lose(f"its settings could not be put back: {notice.text}")
        elif (answer := self._adjusting.get(notice.request)) is not None and not answer.done():
            answer.set_exception(error)
        else:
            self._settle(notice.request, error)

    def _new_ring(self, ring: RingReader, generation: int) -> None:
        if self._ring is not None:
            self._ring.close()
        self._ring = ring
        self._generation = generation

    def _frame(self, notice: FrameNotice) -> None:
        wanted = notice.request in self._waiting
        if not wanted and self._on_frame is None:
            return
        try:
            if self._ring is None or notice.generation != self._generation:
                raise DeviceError("the frame lies in a ring that is not there any more")
            image = self._ring.read(notice.slot, notice.mark, notice.height, notice.width)
        except DeviceError as error:
            self._settle(notice.request, DeviceError(f"camera {self.name}: {error.message}", hint=error.hint))
            return
        frame = Frame(image, notice.at, notice.ticket, notice.index)
        if wanted:
            self._settle(notice.request, frame)
        elif self._on_frame is not None:
            self._on_frame(frame)

    def _settle(self, request: int, outcome: Frame | DeviceError) -> None:
        waiting = self._waiting.get(request)
        if waiting is None or waiting.done():
            return
        if isinstance(outcome, Frame):
            waiting.set_result(outcome)
        else:
            waiting.set_exception(outcome)

    def _send(self, notice: Notice) -> None:
        """Raises DeviceError when the camera takes nothing any more."""
        if self._socket is None:
            raise DeviceError(f"camera {self.name} is lost: {self._why}")
        try:
            self._socket.send(pack(notice))
        except OSError as error:
            self._lose(f"it takes no notice any more: {error.strerror}")
            if not isinstance(notice, PingNotice):
                raise DeviceError(f"camera {self.name} is lost: {error.strerror}") from error

    def _lose(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _down(self, why: str) -> None:
        for request in list(self._waiting):
            self._settle(request, DeviceError(f"camera {self.name} was lost: {why}"))
        for answer in self._adjusting.values():
            if not answer.done():
                answer.set_exception(DeviceError(f"camera {self.name} was lost: {why}"))
        was_up, self.up = self.up, False
        if was_up or why != self._why:
            self._tell(False, why)

    def _tell(self, up: bool, why: str) -> None:
        self._why = why
        if up:
            self._outage.back()
        elif why != "closed":
            self._outage.gone(why)
        if self._on_state is not None:
            self._on_state(up, why)
