"""What the kernel is told about single threads: which core, how long a slice. Linux only; elsewhere nothing is done.

A thread that runs keeps its core for its slice, 3 ms by default, whatever the niceness of who waits. From Linux 6.12 on
a thread may name a slice of its own, and who wakes with a shorter one goes first (sched_setattr(2)).
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

SHORTEST_SLICE_NS = 100_000  # the kernel takes no shorter one
#: sched_setattr(2) and sched_getattr(2), which neither glibc nor Python wraps.
_NUMBERS = {"x86_64": (314, 315), "aarch64": (274, 275)}


class _Attributes(ctypes.Structure):
    """`struct sched_attr` as of its first version; for an ordinary thread `runtime` is its slice in ns."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def set_slice(slice_ns: int, thread_id: int = 0) -> bool:
    """Whether the kernel took it, for the calling thread by default; what it starts inherits it. Needs no right.

    Only a thread under the ordinary policy has a slice; another one stays as it is.
    """
    attributes = _attributes(thread_id)
    if attributes is None or attributes.policy != os.SCHED_OTHER:
        return False
    attributes.runtime = slice_ns
    return bool(_libc().syscall(_NUMBERS[platform.machine()][0], thread_id, ctypes.byref(attributes), 0) == 0)


def slice_ns(thread_id: int = 0) -> int:
    """A thread's slice, by default the calling one's; 0 where the kernel does not say."""
    attributes = _attributes(thread_id)
    return int(attributes.runtime) if attributes is not None else 0


class Spot(NamedTuple):
    """The core that a thread keeps to for a while, and the cores that it may run on otherwise."""

    core: int
    allowed: set[int]


def stay() -> Spot | None:
    """Keeps the calling thread on the core that it runs on, until `roam`; None where that cannot be, or is so anyway.

    Two threads that wake each other on one core need a fifth of the time that it takes across cores.
    """
    core_now = _core_now()
    if core_now is None:
        return None
    try:
        allowed = os.sched_getaffinity(0)
        core = core_now()
        if len(allowed) == 1 or core not in allowed:
            return None
        os.sched_setaffinity(0, {core})
    except OSError:
        return None
    return Spot(core, allowed)


def bring(thread_id: int, spot: Spot) -> bool:
    """Keeps another thread of this process on the same core; whether that was done."""
    try:
        os.sched_setaffinity(thread_id, {spot.core})
    except OSError:
        return False
    return True


def roam(spot: Spot, thread_id: int = 0) -> None:
    """The thread, by default the calling one, may run where it might before."""
    try:
        os.sched_setaffinity(thread_id, spot.allowed)
    except OSError:  # the thread has ended, or those cores were taken from this process: the kernel keeps it on others
        return


def _attributes(thread_id: int) -> _Attributes | None:
    numbers = _NUMBERS.get(platform.machine())
    found = _Attributes()
    size = ctypes.sizeof(_Attributes)
    if numbers is None or _libc().syscall(numbers[1], thread_id, ctypes.byref(found), size, 0) != 0:
        return None
    return found


@cache
def _libc() -> Any:
    """Called with the interpreter's lock held: that takes less than to give it away and have it back."""
    return ctypes.PyDLL(None)


@cache
def _core_now() -> Callable[[], int] | None:
    """sched_getcpu(3)."""
    try:
        call = _libc().sched_getcpu
    except (AttributeError, OSError):  # another C library
        return None
    call.argtypes, call.restype = (), ctypes.c_int
    return call  # type: ignore[no-any-return]
