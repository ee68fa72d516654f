from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import scheduling
from core.scheduling import SHORTEST_SLICE_NS, Spot, bring, roam, set_slice, slice_ns, stay

several_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")


def in_a_thread(what: Callable[[], Any]) -> Any:
    """So that the thread that runs the tests stays as it is."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(what()))
    thread.start()
    thread.join()
    return found[0]


@several_cores
def test_a_thread_stays_where_it_is_until_it_may_roam() -> None:
    def away_and_back() -> tuple[Spot | None, set[int], set[int]]:
        spot = stay()
        there = os.sched_getaffinity(0)
        assert spot is not None
        roam(spot)
        return spot, there, os.sched_getaffinity(0)

    spot, there, after = in_a_thread(away_and_back)
    assert there == {spot.core}
    assert after == spot.allowed == os.sched_getaffinity(0)


@several_cores
def test_another_thread_is_brought_and_let_go() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, daemon=True)
    thread.start()
    number = thread.native_id or 0
    everywhere = os.sched_getaffinity(number)
    spot = Spot(max(everywhere), everywhere)
    assert bring(number, spot)
    assert os.sched_getaffinity(number) == {spot.core}
    assert os.sched_getaffinity(0) == everywhere, "who brings it stays free"
    roam(spot, number)
    assert os.sched_getaffinity(number) == everywhere
    done.set()
    thread.join()


def test_a_thread_that_has_ended_is_no_error() -> None:
    number = in_a_thread(threading.get_native_id)
    until_s = time.monotonic() + 5  # to the kernel it ends a moment later than to Python
    while Path(f"/proc/self/task/{number}").exists() and time.monotonic() < until_s:
        time.sleep(0.001)
    spot = Spot(0, {0})
    assert not bring(number, spot)
    roam(spot, number)
    assert slice_ns(number) == 0
    assert not set_slice(SHORTEST_SLICE_NS, number)


def test_a_library_that_does_not_know_the_core_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_core_now", lambda: None)
    before = os.sched_getaffinity(0)
    assert stay() is None
    assert os.sched_getaffinity(0) == before


def test_who_is_behind_everybody_stays_there() -> None:
    def patient() -> tuple[bool, int]:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        return set_slice(SHORTEST_SLICE_NS), os.sched_getscheduler(0)

    assert in_a_thread(patient) == (False, os.SCHED_IDLE)
