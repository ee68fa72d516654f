"""The only place where blocking calls meet the event loop.

Every kind of blocking work has an executor of its own, by name, so that a slow disk never holds up a
camera. An executor has one thread and works in the order asked, unless it was made wider; then `key`
keeps what belongs together in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Turn:
    """The queue of one key: how many are in it, and whose turn it is."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Bridge:
    """Belongs to one event loop. `widths` says how many threads an executor has; all others have one."""

    def __init__(self, widths: Mapping[str, int] | None = None) -> None:
        self._widths = dict(widths or {})
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, executor: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, run in the named executor.

        A caller that is cancelled stops waiting; a call that has begun is finished all the same.
        """
        loop = self._loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor(executor), lambda: function(*args, **kwargs))

    async def call_in_order(
        self, executor: str, key: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `call`; calls with the same key never overlap and keep their order, in a wide executor too."""
        turn = self._turns.setdefault((executor, key), _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                # Shielded, so that a cancelled caller does not hand the turn on while its call still runs.
                running = asyncio.ensure_future(self.call(executor, function, *args, **kwargs))
                try:
                    return await asyncio.shield(running)
                except asyncio.CancelledError:
                    await asyncio.wait([running])
                    raise
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop((executor, key), None)

    def post(self, function: Callable[..., Any], *args: Any) -> bool:
        """From any thread: runs `function` in the event loop soon. False when the loop is gone."""
        if self._loop is None:
            return False
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # closed
            return False
        return True

    def attach(self) -> None:
        """Makes the running loop the one that `post` reaches, before anything was called."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Ends the threads after what they are at; what has not begun is dropped."""
        for executor in self._executors.values():
            executor.shutdown(wait=True, cancel_futures=True)
        self._executors.clear()

    def _executor(self, name: str) -> ThreadPoolExecutor:
        if name not in self._executors:
            width = self._widths.get(name, 1)
            self._executors[name] = ThreadPoolExecutor(max_workers=width, thread_name_prefix=f"bridge-{name}")
        return self._executors[name]
