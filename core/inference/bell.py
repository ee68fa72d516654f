"""What a thread sleeps on while another one works for it."""

from __future__ import annotations

import os
from select import POLLIN, poll


class Bell:
    """A lock that is taken at first, with `acquire` and `release` as `threading.Lock` has them.

    Who releases it gives the interpreter away before the sleeper wakes. A `Lock` does so after: the sleeper wakes,
    finds the interpreter held and sleeps once more, which makes five thread switches out of two. Costs a file
    descriptor (eventfd(2)) for as long as it lives. Timeouts are in whole milliseconds, rounded up.
    """

    __slots__ = ("_number", "_poller")

    def __init__(self) -> None:
        self._number = os.eventfd(0)
        self._poller = poll()
        self._poller.register(self._number, POLLIN)

    def __del__(self) -> None:
        os.close(self._number)

    def release(self) -> None:
        os.eventfd_write(self._number, 1)

    def acquire(self, timeout: float = -1) -> bool:
        """Whether it was released within `timeout` seconds; below 0: however long that takes. One sleeps at a time."""
        if timeout >= 0 and not self._poller.poll(timeout * 1000):
            return False
        os.eventfd_read(self._number)
        return True
