"""One line process from its first breath to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable
from threading import Lock

from verticals.runtime.line import Line, LineParts
from verticals.runtime.parent import ASKS_RESTART

log = logging.getLogger(__name__)

#: How long a thread may keep the others from running Python: the writer and the runners wait for the loop so long.
_SWITCH_EVERY_S = 0.0005

ENDING = (signal.SIGTERM, signal.SIGINT)


class Restart:
    """Asked for from any thread by who can only be helped by a new process; `reason` is empty until then."""

    def __init__(self) -> None:
        self.reason = ""
        self._lock = Lock()
        self._heard: Callable[[], None] | None = None

    def ask(self, reason: str) -> None:
        with self._lock:
            self.reason = reason
            heard = self._heard
        if heard is not None:
            heard()

    def hear(self, heard: Callable[[], None]) -> None:
        """`heard` is called once it is asked for, on the asker's thread; at once where it was already."""
        with self._lock:
            self._heard = heard
            asked = bool(self.reason)
        if asked:
            heard()


def run_line(parts: LineParts, restart: Restart | None = None) -> int:
    """Returns after SIGTERM or SIGINT, or when `restart` was asked for, with everything under way finished and
    every state saved: the exit code, which tells the supervisor of the latter.

    Raises PortBusyError when another process runs this line, StoreError when the past cannot be read.
    Belongs to the main thread.
    """
    sys.setswitchinterval(_SWITCH_EVERY_S)
    restart = restart or Restart()
    asyncio.run(live_through(parts, restart=restart))
    return ASKS_RESTART if restart.reason else 0


async def live_through(
    parts: LineParts, ready: Callable[[], None] = lambda: None, *, restart: Restart | None = None
) -> None:
    """The same inside a loop that runs already; `ready` is called when the line has begun."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, ending.set)
    if restart is not None:
        restart.hear(lambda: _set_soon(loop, ending))
    line = Line(parts)
    try:
        await line.start()
        settle_memory()
        ready()
        await ending.wait()
        log.info("the line of %s ends %s", parts.vertical.manifest.name, restart.reason if restart else "")
        await line.stop()
    finally:
        parts.bridge.close()
        for number in ENDING:
            loop.remove_signal_handler(number)


def _set_soon(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(ending.set)


def settle_memory() -> None:
    """Takes what start-up made out of the collector's rounds: a full one over asyncua's nodes stops for 0.1 s."""
    gc.collect()
    gc.freeze()
