from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from core import scheduling
from core.scheduling import slice_ns
from verticals.runtime import promptness


def in_a_thread() -> tuple[bool, int, int]:
    """What a thread of its own got, so that the one that runs the tests stays as it is."""
    found: list[tuple[bool, int, int]] = []

    def ask() -> None:
        found.append((promptness.be_prompt(), slice_ns(), os.getpriority(os.PRIO_PROCESS, 0)))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return found[0]


def test_the_slice_is_short_and_the_niceness_stays() -> None:
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    taken, found_ns, nice_after = in_a_thread()
    assert nice_after == nice
    if taken and found_ns:  # a kernel before 6.12 takes it and tells no slice
        assert found_ns == promptness.SLICE_NS


def test_a_machine_whose_calls_are_not_known_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_NUMBERS", {})
    assert (promptness.be_prompt(), slice_ns()) == (False, 0)


def test_who_is_patient_steps_back_behind_everybody() -> None:
    found: list[tuple[bool, int]] = []
    thread = threading.Thread(target=lambda: found.append((promptness.be_patient(), os.sched_getscheduler(0))))
    thread.start()
    thread.join()
    assert found == [(True, os.SCHED_IDLE)]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


#: What a process came to, and what its session has; `none` where the kernel schedules no sessions as groups, or not
#: this one: a container's first processes belong to none, and then the file is there and empty.
_ASK = """
import os, sys
from verticals.runtime import promptness
taken = promptness.take_share(int(sys.argv[1]), first=sys.argv[2] == "first")
path = promptness._AUTOGROUP
words = path.read_text().split() if path.exists() else []
print(taken, os.nice(0), words[-1] if words else "none")
"""


def shares(nice: int, how: str, *, own_session: bool = True) -> tuple[int, int, str]:
    command = [sys.executable, "-c", _ASK, str(nice), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=own_session)
    taken, niceness, session = done.stdout.split()
    return int(taken), int(niceness), session


def test_who_goes_first_is_five_steps_before_the_others_where_that_is_allowed() -> None:
    own = os.nice(0)
    taken, niceness, session = shares(2, "first")
    assert taken == niceness in (own - 3, own + 2)
    assert session in (str(taken), "none")


def test_whether_a_process_may_go_first_is_known_before_it_tries() -> None:
    assert promptness.may_go_first() == (shares(2, "first")[0] == os.nice(0) - 3)


def test_a_process_that_can_wait_steps_back_and_its_session_with_it() -> None:
    taken, niceness, session = shares(7, "plain")
    assert taken == niceness == min(19, os.nice(0) + 7)
    assert session in (
        str(taken),
        "0",
        "none",
    )  # without rights the kernel takes one such change in a tenth of a second


def test_the_session_of_others_stays_as_it_is() -> None:
    before = promptness._AUTOGROUP.read_text() if promptness._AUTOGROUP.exists() else "none"
    shares(7, "plain", own_session=False)
    assert before == (promptness._AUTOGROUP.read_text() if promptness._AUTOGROUP.exists() else "none")
