"""One line process from its first breath to a clean end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable

from verticals.runtime.line import Line, LineParts

log = logging.getLogger(__name__)

#: How long a thread may keep the others from running Python: the writer and the runners wait for the loop so long.
_SWITCH_EVERY_S = 0.0005

ENDING = (signal.SIGTERM, signal.SIGINT)


def run_line(parts: LineParts) -> None:
    """Returns after SIGTERM or SIGINT, with everything under way finished and every state saved.

    Raises PortBusyError when another process runs this line, StoreError when the past cannot be read.
    Belongs to the main thread.
    """
    sys.setswitchinterval(_SWITCH_EVERY_S)
    asyncio.run(live_through(parts))


async def live_through(parts: LineParts, ready: Callable[[], None] = lambda: None) -> None:
    """The same inside a loop that runs already; `ready` is called when the line has begun."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, ending.set)
    line = Line(parts)
    try:
        await line.start()
        settle_memory()
        ready()
        await ending.wait()
        log.info("the line of %s ends", parts.vertical.manifest.name)
        await line.stop()
    finally:
        parts.bridge.close()
        for number in ENDING:
            loop.remove_signal_handler(number)


def settle_memory() -> None:
    """Takes what start-up made out of the collector's rounds: a full one over asyncua's nodes stops for 0.1 s."""
    gc.collect()
    gc.freeze()
