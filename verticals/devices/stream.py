"""A camera that stays connected: one thread holds its newest frames, dates them, misses it and finds it again.

Frames never queue up. Who asks gets the first frame taken at or after the trigger; or, where the site allows
it, the newest one that is fresh enough; or, where the line triggers the camera, the one whose time is the
trigger's. The thread alone speaks with the driver; what others read is replaced whole, never changed.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant
from core.errors import DeviceError, EdgewiseError, InputError
from verticals.devices.notices import Settings
from verticals.devices.sources import Shot

log = logging.getLogger(__name__)

_RETRY_FIRST_S = 0.2
_RETRY_MOST_S = 3.0  # with the connecting itself, back within five seconds
_DECODING_S = 1.0  # what one frame may take on top of the waiting
_SETTING_S = 2.0
_HANG_S = 15.0  # a driver that keeps its thread for so long is given up, with the process
_LEAVE_S = 2.0
_HUNG = 70  # exit status


class Driver(Protocol):
    """One open camera. Belongs to the thread that opened it, but for `fire`. Every call may raise DeviceError."""

    def next(self) -> Instant | None:
        """When the frame was taken that came now; blocks for it. None: none yet, and the camera is well."""
        ...

    def image(self) -> NDArray[np.uint8]:
        """That frame as HxWx3 uint8 RGB; never asked for after the next `next`. InputError: it cannot be used."""
        ...

    def set(self, wanted: Settings) -> Settings:
        """What was really set. InputError for a setting that it does not have: then nothing was set."""
        ...

    def fire(self) -> None:
        """Asks for a frame where the camera waits to be triggered by software; any thread may call it."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamRules:
    """`window_s` above 0: the line triggers, and a frame belongs to the trigger within so much of its time.

    `fresh_s`: a frame at most so much older than its trigger will do. `wait_s`: how long a trigger waits for its
    frame. `lost_s`: no frame for so long is a lost camera; 0 for one that sends only when triggered.
    """

    wait_s: float
    lost_s: float = 0.0
    fresh_s: float = 0.0
    window_s: float = 0.0
    expected_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Taken:
    at: Instant
    image: NDArray[np.uint8] | None
    fault: str = ""


class StreamSource:
    """A FrameSource whose camera is told of when it is lost and back, and takes settings while it runs."""

    def __init__(self, name: str, open_driver: Callable[[], Driver], rules: StreamRules, clock: Clock) -> None:
        self.grab_limit_s = rules.wait_s + rules.window_s + _DECODING_S
        self._name = name
        self._open = open_driver
        self._rules = rules
        self._clock = clock
        self._tell: Callable[[bool, str], None] = lambda up, why: None
        self._up = False
        self._why = "not connected yet"
        self._driver: Driver | None = None
        self._recent: tuple[_Taken, ...] = ()
        self._given: deque[tuple[float, float]] = deque(maxlen=8)  # frame and trigger that belong together
        self._asked_s: float | None = None
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._orders: SimpleQueue[tuple[Settings, Future[Settings]]] = SimpleQueue()
        self._wanted: dict[str, float | str] = {}
        self._moved_s = 0.0
        self._size_bytes = rules.expected_bytes
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def expected_bytes(self) -> int:
        return self._size_bytes

    def attend(self, tell: Callable[[bool, str], None]) -> None:
        """Connects, and from now on tells of each change; `tell` is called from other threads."""
        self._tell = tell
        self._moved_s = self._clock.now().mono_s
        for work in (self._keep_connected, self._watch):
            thread = threading.Thread(target=work, name=f"{self._name} {work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def grab(self, ticket: str, at: Instant | None = None) -> Shot:
        at = at or self._clock.now()
        driver = self._driver
        if not self._up or driver is None:
            raise DeviceError(f"{self._name} is lost: {self._why}")
        while not self._bell.empty():
            self._bell.get_nowait()
        self._asked_s = at.mono_s
        try:
            found = self._match(at)
            if found is None:
                driver.fire()
                found = self._await(at, ticket)
        finally:
            self._asked_s = None
        self._given.append((found.at.mono_s, at.mono_s))
        if found.image is None:
            raise DeviceError(f"{self._name}: the frame of '{ticket}' cannot be used: {found.fault}")
        return Shot(found.image, found.at)

    def adjust(self, wanted: Settings) -> Settings:
        """What was really set; it is set again whenever the camera is back. Raises DeviceError or InputError."""
        if not self._up:
            raise DeviceError(f"{self._name} is lost: {self._why}")
        done: Future[Settings] = Future()
        self._orders.put((wanted, done))
        try:
            return done.result(_SETTING_S)
        except TimeoutError as error:
            raise DeviceError(f"{self._name} took no settings within {_SETTING_S:g} s") from error

    def close(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(_LEAVE_S)

    # --- in the thread of the one who asks -----------------------------------------------------------------

    def _await(self, at: Instant, ticket: str) -> _Taken:
        until_s = at.mono_s + self._rules.window_s + self._rules.wait_s
        while True:
            left_s = until_s - self._clock.now().mono_s
            try:
                self._bell.get(timeout=max(0.0, left_s))
            except Empty:
                waited_ms = (self._rules.window_s + self._rules.wait_s) * 1e3
                raise DeviceError(f"{self._name}: no frame of '{ticket}' within {waited_ms:.0f} ms") from None
            if not self._up:
                raise DeviceError(f"{self._name} was lost: {self._why}")
            found = self._match(at)
            if found is not None:
                return found

    def _match(self, at: Instant) -> _Taken | None:
        """The frame of the trigger `at` among the last ones, None when it has not come. Raises DeviceError for two."""
        if self._rules.window_s > 0:
            return self._of_line(at)
        usable = [taken for taken in self._recent if taken.image is not None or taken.fault]
        after = next((taken for taken in usable if taken.at >= at), None)
        if after is None and usable and at.since(usable[-1].at) <= self._rules.fresh_s:
            return usable[-1]
        return after

    def _of_line(self, at: Instant) -> _Taken | None:
        """No frame goes to two triggers; two frames for one trigger are a question nobody can answer."""
        gone = {frame_s for frame_s, trigger_s in self._given if trigger_s != at.mono_s}
        near = [
            taken
            for taken in self._recent
            if abs(taken.at.since(at)) <= self._rules.window_s and taken.at.mono_s not in gone
        ]
        if len(near) > 1:
            window_ms = self._rules.window_s * 1e3
            raise DeviceError(
                f"{self._name}: {len(near)} frames lie within {window_ms:.0f} ms of one trigger",
                hint="Make trigger_window less than half the time between two parts.",
            )
        return near[0] if near else None

    # --- in the thread of the camera -----------------------------------------------------------------------

    def _keep_connected(self) -> None:
        pause_s = _RETRY_FIRST_S
        while not self._ending.is_set():
            self._moved_s = self._clock.now().mono_s
            why = self._session()
            pause_s = _RETRY_FIRST_S if self._up else min(pause_s * 2, _RETRY_MOST_S)
            self._say(False, why)
            self._ending.wait(pause_s)

    def _session(self) -> str:
        """One connection from begin to end; says why it ended."""
        try:
            with closing(self._open()) as driver:
                if self._wanted:
                    driver.set(self._wanted)
                self._driver = driver
                if self._rules.lost_s == 0:
                    self._say(True, "")
                while not self._ending.is_set():
                    self._carry_out(driver)
                    at = driver.next()
                    self._moved_s = self._clock.now().mono_s
                    if at is not None:
                        self._offer(driver, at)
        except EdgewiseError as error:
            return f"{error.message} {error.hint}".strip()
        finally:
            self._driver = None
            self._recent = ()
        return "closed"

    def _offer(self, driver: Driver, at: Instant) -> None:
        """Decodes only what somebody asked for or may still ask for."""
        asked_s = self._asked_s
        wanted = self._rules.window_s > 0 or self._rules.fresh_s > 0 or (asked_s is not None and at.mono_s >= asked_s)
        if not self._up or not self._size_bytes or wanted:
            self._recent = (*self._recent[-3:], self._decoded(driver, at))
        if not self._up:
            self._say(True, "")
        if self._bell.empty():
            self._bell.put(None)

    def _decoded(self, driver: Driver, at: Instant) -> _Taken:
        try:
            image = driver.image()
        except EdgewiseError as error:
            return _Taken(at, None, error.message)
        self._size_bytes = image.nbytes
        return _Taken(at, image)

    def _carry_out(self, driver: Driver) -> None:
        while not self._orders.empty():
            wanted, done = self._orders.get_nowait()
            try:
                really = driver.set(wanted)
            except InputError as error:  # refused before anything was touched
                done.set_exception(error)
                continue
            except DeviceError as error:  # half set, perhaps: opened anew, it has the settings of before
                done.set_exception(error)
                raise
            self._wanted.update(wanted)
            self._recent = ()  # frames of before were taken otherwise
            done.set_result(really)

    def _say(self, up: bool, why: str) -> None:
        changed = up is not self._up or why != self._why
        self._why = why
        self._up = up
        if changed:
            self._tell(up, why)
        if not up:
            self._bell.put(None)

    # --- in the thread that watches over it -----------------------------------------------------------------

    def _watch(self) -> None:
        """A driver may stand still inside its library, where no time-out of ours reaches it."""
        first_s = self._rules.lost_s or _HANG_S
        while not self._ending.is_set():
            still_s = self._clock.now().mono_s - self._moved_s
            if still_s >= _HANG_S:
                log.error("%s: its driver has stood still for %.0f s; the process is given up", self._name, still_s)
                faulthandler.dump_traceback()
                os._exit(_HUNG)
            if still_s >= first_s and self._up:
                self._say(False, f"no frame for {still_s:.1f} s")
            self._ending.wait(first_s - still_s + 0.001 if still_s < first_s else first_s)
