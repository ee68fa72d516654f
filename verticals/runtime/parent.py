"""Ties a process to the one that started it: when the parent dies, whatever way, the child goes too."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent_pid: int) -> None:
    """SIGKILL to this process as soon as its parent is gone; at once when it is gone already. Linux only.

    The kernel watches the parent's *thread* that started this process: parents start their children from
    the main thread. Not inherited by this process' own children.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        sys.exit("edgewise: the process that started this one is gone")
