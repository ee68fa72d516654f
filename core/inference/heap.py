"""What the loading of a model leaves of the C heap, handed back to the kernel."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def hand_back() -> None:
    """What was read and rewritten to load a graph is free again, but in pieces between what stays: some 6 MB a model of
    9 MB, which glibc keeps by itself (malloc_trim(3)). Takes a millisecond or two; elsewhere nothing is done."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # another C library
        return None
