from __future__ import annotations

import os
import threading

import pytest

from verticals.runtime import promptness


def in_a_thread() -> tuple[bool, int, int]:
    """What a thread of its own got, so that the one that runs the tests stays as it is."""
    found: list[tuple[bool, int, int]] = []

    def ask() -> None:
        found.append((promptness.be_prompt(), promptness.slice_ns(), os.getpriority(os.PRIO_PROCESS, 0)))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return found[0]


def test_the_slice_is_short_and_the_niceness_stays() -> None:
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    taken, slice_ns, nice_after = in_a_thread()
    assert nice_after == nice
    if taken and slice_ns:  # a kernel before 6.12 takes it and tells no slice
        assert slice_ns == promptness.SLICE_NS


def test_a_machine_whose_calls_are_not_known_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promptness, "_NUMBERS", {})
    assert (promptness.be_prompt(), promptness.slice_ns()) == (False, 0)


def test_who_is_patient_steps_back_behind_everybody() -> None:
    found: list[tuple[bool, int]] = []
    thread = threading.Thread(target=lambda: found.append((promptness.be_patient(), os.sched_getscheduler(0))))
    thread.start()
    thread.join()
    assert found == [(True, os.SCHED_IDLE)]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
