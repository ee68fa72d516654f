"""One Edgewise per data directory: whoever runs it, or makes it anew, holds its lock."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import RefusedError, StoreError
from verticals.places import Places


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Holds the data directory; the lock goes with the process, however that ends.

    Raises RefusedError when another Edgewise runs there, StoreError when nothing can be written there.
    """
    path = places.supervisor_socket.with_suffix(".lock")
    try:
        places.data.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = path.open("ab")
    except OSError as error:
        raise StoreError(
            f"{places.data}: cannot be used as data directory: {error.filename}: {error.strerror}",
            hint="Check who owns it and whether its disk is mounted read-only, or name another with --data.",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                f"{places.data}: edgewise runs already with this data directory",
                hint="Stop it first, or name another directory with --data.",
            ) from error
        yield
