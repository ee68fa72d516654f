from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

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


#: In a session of its own, so that the one that runs the tests stays as it is.
_FIRST = """
from verticals.runtime import promptness as p
before = p._session_niceness()
with p.session_first() as taken:
    within = p._session_niceness()
    with p.session_first() as again:  # somebody has set it: it stays
        pass
    still = p._session_niceness()
print(taken, again, before, within, still, p._session_niceness())
"""


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel schedules no sessions as groups")
def test_a_session_goes_first_while_a_box_runs_and_no_longer() -> None:
    command = [sys.executable, "-c", _FIRST]
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True)
    taken = "True False 0 -10 -10 0\n"
    assert done.stdout in (taken, "False False 0 0 0 0\n")  # the second without the right to do so
    if os.geteuid() == 0 and os.getpriority(os.PRIO_PROCESS, 0) == 0 and _may_go_first():
        assert done.stdout == taken


def _may_go_first() -> bool:
    """In a child, whose end undoes it: CAP_SYS_NICE."""
    ask = "from verticals.runtime.promptness import be_first; print(be_first())"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout == "True\n"


def test_where_sessions_are_no_groups_everything_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(promptness, "_AUTOGROUP", tmp_path / "none")
    with promptness.session_first() as taken:
        assert not taken
    assert not list(tmp_path.iterdir())


def test_who_goes_first_is_ten_steps_before_the_others_or_where_it_was() -> None:
    ask = "import os\nfrom verticals.runtime.promptness import be_first\nprint(be_first(), os.nice(0))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    nice = os.nice(0)
    assert done.stdout in (f"True {max(-20, nice - 10)}\n", f"False {nice}\n")
