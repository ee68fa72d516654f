"""A bell between processes: a Unix datagram socket that wakes who waits, so that nobody polls.

What is rung may be lost; the store says what there is to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from core.errors import PortBusyError

_LONGEST_BYTES = 256


def ring(path: Path, message: bytes = b"") -> bool:
    """Whether somebody will hear it; never waits. A bell that is full of rings will be heard as well."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        try:
            sender.sendto(message[:_LONGEST_BYTES], str(path))
        except BlockingIOError:
            return True
        except OSError:  # nobody there: who comes looks at the store first
            return False
    return True


class Bell:
    """The end that waits. `rung` gets each message, in the event loop that hung the bell up."""

    def __init__(self, path: Path, rung: Callable[[bytes], None]) -> None:
        self._path = path
        self._rung = rung
        self._socket: socket.socket | None = None

    def hang(self) -> None:
        """Listens from now on. Raises PortBusyError when the socket cannot be bound.

        A file left behind is replaced: whoever hangs a bell makes sure by a lock that it is the only one.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._path.unlink(missing_ok=True)
            os.fchmod(bell.fileno(), 0o600)  # before bind, so that the file never stands open to others
            bell.bind(str(self._path))
        except OSError as error:
            bell.close()
            raise PortBusyError(f"{self._path}: cannot be listened on: {error}") from error
        self._socket = bell
        asyncio.get_running_loop().add_reader(bell, self._heard)

    def close(self) -> None:
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self._path.unlink(missing_ok=True)

    def _heard(self) -> None:
        while self._socket is not None:
            with contextlib.suppress(InterruptedError):
                try:
                    message = self._socket.recv(_LONGEST_BYTES)
                except BlockingIOError:
                    return
                self._rung(message)
