"""Tells the kernel that a process has little to do and must do it at once, or much that can wait. Linux only.

On two cores that others use as well, a short slice (`core.scheduling`) takes the waits out of the way from trigger to
result.
"""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

from core.inference.governor import FIRST_BY
from core.scheduling import SHORTEST_SLICE_NS, set_slice

#: Short, and twice what a runner has that an event loop stands still for (`core.inference.crew`).
SLICE_NS = 2 * SHORTEST_SLICE_NS
_CAP_SYS_NICE = 23  # capability.h
_NICE_0 = 20  # RLIMIT_NICE counts from 20, for a niceness of 0, up to 40 for -20
_AUTOGROUP = Path("/proc/self/autogroup")


def be_prompt() -> bool:
    """Whether the kernel took it; threads and processes started from here on inherit it. Needs no right."""
    return set_slice(SLICE_NS)


def may_go_first() -> bool:
    """Whether `take_share` can put a process first here: CAP_SYS_NICE, or a RLIMIT_NICE that reaches as far."""
    if resource.getrlimit(resource.RLIMIT_NICE)[0] >= _NICE_0 + FIRST_BY:
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
        taken = os.nice(nice - FIRST_BY if first else nice)
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
