"""The hand-held's list of tasks over a real web process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.store_filled import SHOWN, fill
from tests.support.store_screens import StoreRig


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("tasks")) as running:
        fill(running)
        yield running.run_line(**SHOWN)


def test_the_first_task_is_open_and_says_how_much_to_bring(store: StoreRig) -> None:
    page = store.associate.get("/tasks").text
    assert re.findall(r'class="task task--open" aria-current="true" id="(\S+)"', page) == ["t-1"]
    assert 'name="quantity" value="6"' in page and "Brought to the shelf" in page
    assert page.index("Kitchen bags tall") < page.index("Oat milk")
    assert 'action="/task/t-1/done"' in page and 'action="/task/t-1/not-true"' in page


def test_another_task_is_opened_by_its_link_where_no_script_runs(store: StoreRig) -> None:
    page = store.associate.get("/tasks?task=t-3").text
    assert re.findall(r'class="task task--open" aria-current="true" id="(\S+)"', page) == ["t-3"]


def test_a_kind_is_shown_alone_and_kinds_without_tasks_are_left_out(store: StoreRig) -> None:
    page = store.associate.get("/tasks?kind=label").text
    assert "Orange juice" in page and "Oat milk" not in page
    assert "Label 1" in page


def test_a_task_that_somebody_has_says_whose_it_is(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        store.insert(
            "tasks", {"id": "t-9", "kind": "check", "state": "taken", "taken_by": "Operator 31", "reason": "odd"}
        )
        page = store.associate.get("/tasks").text
    assert "Operator 31 has it" in page


def test_an_empty_list_says_so(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        assert "Nothing to do." in store.associate.get("/tasks").text


def test_somebody_who_only_looks_has_no_hand_held(store: StoreRig) -> None:
    assert store.viewer.get("/tasks").status_code == 403
