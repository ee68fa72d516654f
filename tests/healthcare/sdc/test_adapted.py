from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("sdc11073")

from sdc11073.dispatch import DispatchKey
from sdc11073.exceptions import InvalidActionError

from healthcare.sdc.adapted import Reports
from tests.healthcare.sdc.monitors import soon


def report(action: str, number: int = 0) -> SimpleNamespace:
    return SimpleNamespace(message_data=SimpleNamespace(action=action, q_name="body", number=number), path_elements=[])


def test_reports_are_read_in_order_one_that_breaks_is_told_and_the_next_is_read() -> None:
    read: list[int] = []
    broken: list[Exception] = []

    def take(request: SimpleNamespace) -> None:
        if request.message_data.number == 2:
            raise KeyError("unknown handle")
        read.append(request.message_data.number)

    reports = Reports(broken.append)
    reports.register_post_handler(DispatchKey("alert", "body"), take)
    for number in range(5):
        reports.on_post(report("alert", number))
    soon(lambda: len(read) == 4)
    assert read == [0, 1, 3, 4]
    assert [str(error) for error in broken] == ["'unknown handle'"]
    reports.stop()


def test_what_nobody_asked_for_is_refused() -> None:
    reports = Reports(lambda error: None)
    with pytest.raises(InvalidActionError):
        reports.on_post(report("something else"))
    reports.stop()


def test_its_thread_ends_with_it() -> None:
    before = set(threading.enumerate())  # other tests' threads may end meanwhile: it is known by itself, not by count
    reports = Reports(lambda error: None)
    (worker,) = (thread for thread in set(threading.enumerate()) - before if thread.name == "sdc-reports")
    reports.stop()
    worker.join(5.0)
    assert not worker.is_alive()
