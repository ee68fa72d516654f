"""Tells the kernel that a process has little to do and must do it at once, or much that can wait. Linux only.

A thread that runs keeps its core for its slice, 3 ms by default, whatever the niceness of who waits. From
Linux 6.12 on a thread may name a slice of its own, and who wakes with a shorter one goes first. On two cores
that others use as well, this takes the waits out of the way from trigger to result.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLICE_NS = 100_000  # the shortest that the kernel takes
#: Nine times the weight of an ordinary process: a run of 30 ms that shares its core with five of them takes 50 ms.
_FIRST_BY = 10
_AUTOGROUP = Path("/proc/self/autogroup")
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


def be_prompt(slice_ns: int = SLICE_NS) -> bool:
    """Whether the kernel took it; threads and processes started from here on inherit it. Needs no right."""
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _Attributes(size=ctypes.sizeof(_Attributes), policy=os.SCHED_OTHER, nice=nice, runtime=slice_ns)
    return bool(ctypes.CDLL(None).syscall(numbers[0], 0, ctypes.byref(wanted), 0) == 0)


def be_first() -> bool:
    """Whether the kernel took it: the process goes `_FIRST_BY` steps before its niceness, and so before a browser and
    whatever else runs on the box. Needs CAP_SYS_NICE or a fitting RLIMIT_NICE (`LimitNICE=` of a systemd unit)."""
    try:
        os.nice(-_FIRST_BY)
    except PermissionError:
        return False
    return True


@contextmanager
def session_first() -> Iterator[bool]:
    """While the block lasts, this session of processes goes before others on the box: whether the kernel took it.

    Where sessions are scheduled as groups (autogroup, sched(7)), niceness counts within one alone, and a browser beside
    the box has as much of the cores as all of the box. Needs CAP_SYS_NICE; what somebody else has set stays.
    """
    try:
        taken = _session_niceness() == 0 and _AUTOGROUP.write_text(str(-_FIRST_BY), "ascii") > 0
    except (OSError, ValueError):
        taken = False
    try:
        yield taken
    finally:
        with contextlib.suppress(OSError, ValueError):
            if taken and _session_niceness() == -_FIRST_BY:
                _AUTOGROUP.write_text("0", "ascii")


def _session_niceness() -> int:
    return int(_AUTOGROUP.read_text("ascii").rpartition("nice")[2])


def be_patient() -> bool:
    """Whether the kernel took it: the caller, and what it starts, runs where nobody else wants to. Needs no right.

    A core that runs only such threads counts as free for who wakes: niceness alone is weighed against, this is not.
    For who holds no lock that others wait for: on a busy box it may not come to run for seconds.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        return False
    return True


def slice_ns() -> int:
    """The calling thread's slice; 0 where the kernel does not say."""
    numbers = _NUMBERS.get(platform.machine())
    found = _Attributes()
    size = ctypes.sizeof(_Attributes)
    if numbers is None or ctypes.CDLL(None).syscall(numbers[1], 0, ctypes.byref(found), size, 0) != 0:
        return 0
    return int(found.runtime)
