"""Ties a process to the one that started it: when the parent dies, whatever way, the child goes too.

And the one thing that a child says to its parent by the way it ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

#: The exit code of a process that cannot help itself any more and asks its parent to start it again.
ASKS_RESTART = 75  # EX_TEMPFAIL of sysexits.h

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
