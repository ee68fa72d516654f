from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from core.inference import heap

#: Frees every other one of many small pieces, so that the heap cannot shrink from its end.
_FRAGMENTED = """
import ctypes, resource, sys
from core.inference.heap import hand_back
c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
pieces = [c.malloc(100_000) for _ in range(600)]
for piece in pieces:
    ctypes.memset(piece, 1, 100_000)
for piece in pieces[::2]:
    c.free(piece)
before = resident()
hand_back()
print(before - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_what_is_free_between_what_is_used_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", _FRAGMENTED], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20e6


def test_where_the_library_has_no_such_call_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_trim", lambda: None)
    heap.hand_back()
