"""What is written to the PLC, in the order in which it was decided; whoever decides is never held up by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from core.errors import DeviceError
from manufacturing.handshake import Write, Writes
from verticals.runtime.mishaps import looked_at

log = logging.getLogger(__name__)


async def arrived(begun: asyncio.Future[None]) -> bool:
    """Whether what was begun has arrived, as soon as that is known."""
    try:
        await asyncio.shield(begun)
    except DeviceError as error:
        log.warning("%s", error)
        return False
    return True


class PlcWrites:
    """Belongs to one event loop. `write_many` sends one group, `written` hears of each group that arrived."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[Writes, asyncio.Future[None] | None]] = asyncio.Queue()

    def put(self, writes: Writes) -> None:
        """Sent when its turn comes; nobody waits, and what is lost with the link is lost."""
        if writes:
            self._waiting.put_nowait((writes, None))

    async def sent(self, writes: Writes) -> None:
        """Returns when all of it has arrived. Raises DeviceError when it did not."""
        await self.begin(writes)

    def begin(self, writes: Writes) -> asyncio.Future[None]:
        """Sent in the next turn of the loop, where nothing waits before it; what it gives is for `arrived`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(looked_at)
        self._waiting.put_nowait((writes, done))
        return done

    async def run(
        self,
        write_many: Callable[[list[Write]], Awaitable[None]],
        written: Callable[[Sequence[Write]], None] = lambda group: None,
    ) -> None:
        """Works until cancelled."""
        while True:
            groups, done = await self._waiting.get()
            try:
                for group in groups:
                    await write_many(list(group))
                    written(group)
            except DeviceError as error:
                if done is not None and not done.done():
                    done.set_exception(error)
                continue
            if done is not None and not done.done():
                done.set_result(None)
