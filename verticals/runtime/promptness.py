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
import resource
from pathlib import Path

SLICE_NS = 100_000  # the shortest that the kernel takes
#: Three times the weight of an ordinary process.
_FIRST_BY = 5
_CAP_SYS_NICE = 23  # capability.h
_NICE_0 = 20  # RLIMIT_NICE counts from 20, for a niceness of 0, up to 40 for -20
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


def may_go_first() -> bool:
    """Whether `take_share` can put a process first here: CAP_SYS_NICE, or a RLIMIT_NICE that reaches as far."""
    if resource.getrlimit(resource.RLIMIT_NICE)[0] >= _NICE_0 + _FIRST_BY:
        return True
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        effective = next(line for line in lines if line.startswith("CapEff:"))
        return bool(int(effective.split()[1], 16) >> _CAP_SYS_NICE & 1)
    return False


def take_share(nice: int, *, first: bool = False) -> int:
    """Sets the niceness of this process, relative to what it is, and gives what it came to. Who goes `first` goes
    before a browser and whatever else runs on the box, where that is allowed (CAP_SYS_NICE, or a fitting RLIMIT_NICE).

    Where the kernel schedules sessions as groups (autogroup, sched(7)), niceness counts within one alone: then the
    session that this process leads has the same one. Call it in the main thread, before there are others.
    """
    try:
        taken = os.nice(nice - _FIRST_BY if first else nice)
    except PermissionError:
        taken = os.nice(max(nice, 0))
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            _AUTOGROUP.write_text(str(taken), "ascii")
    return taken


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
