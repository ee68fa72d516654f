"""The hazard log holds to the code: each hazard names tests that are there, each alarm stands in the alarm table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from healthcare.alarms.table import ALARM_KINDS
from tests.support.repository import ROOT, tree

PAGES = ROOT / "docs" / "healthcare"
HAZARDS = PAGES / "hazards.md"
HEAD = ("Id", "Hazard", "Harm", "Causes", "Controls", "What is left", "Tests")
HARMS = frozenset("LWFP")
#: What must have a hazard of its own, by words of its name.
EXPECTED = (
    "feed lost", "bed silent", "process killed", "disk full", "screen frozen", "audio", "wrong patient", "wrong limits",
    "limits expired", "over before", "monitor's own alarm", "veto", "onset delay", "clock", "false alarms",
    "stale value", "score from old values", "privacy", "call not delivered", "wrong units", "two patients", "downtime",
)  # fmt: skip
_TEST = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")


def _rows(page: str, head: Iterable[str]) -> Iterator[list[str]]:
    """The cells of each row of the table with this head."""
    _, found, after = page.partition(f"| {' | '.join(head)} |\n")
    assert found, f"there is no table with the head {list(head)}"
    for line in after.splitlines()[1:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _hazards() -> dict[str, dict[str, str]]:
    rows = list(_rows(HAZARDS.read_text("utf-8"), HEAD))
    assert all(len(row) == len(HEAD) for row in rows), [row[0] for row in rows if len(row) != len(HEAD)]
    return {row[0]: dict(zip(HEAD, row, strict=True)) for row in rows}


def _missing(test_ids: Iterable[str], root: Path = ROOT) -> list[str]:
    """Those of the ids whose file has no such test."""
    missing = []
    for test_id in test_ids:
        name, _, test = test_id.partition("::")
        path = root / name
        there = path.is_file() and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test for node in tree(path).body
        )
        if not there:
            missing.append(test_id)
    return missing


def test_every_test_that_the_log_names_is_there() -> None:
    named = [test_id for row in _hazards().values() for test_id in _TEST.findall(row["Tests"])]
    assert _missing(named) == []


def test_a_test_that_is_not_there_is_found() -> None:
    here = "tests/healthcare/test_hazards.py"
    real, none = f"{here}::test_a_test_that_is_not_there_is_found", f"{here}::test_that_nobody_wrote"
    assert _missing([real, none, "tests/nowhere.py::test_it"]) == [none, "tests/nowhere.py::test_it"]


@pytest.mark.parametrize("name", sorted(_hazards()))
def test_a_hazard_says_everything_and_has_a_test(name: str) -> None:
    row = _hazards()[name]
    assert [column for column in HEAD if not row[column]] == []
    assert set(row["Harm"].split(", ")) <= HARMS
    rest = _TEST.sub("", row["Tests"]).replace("<br>", "").strip()
    assert _TEST.findall(row["Tests"]) and rest == "", rest


def test_hazards_are_numbered_without_a_gap() -> None:
    rows = list(_rows(HAZARDS.read_text("utf-8"), HEAD))
    assert [row[0] for row in rows] == [f"HZ-{number:02}" for number in range(1, len(rows) + 1)]


@pytest.mark.parametrize("words", EXPECTED)
def test_what_can_happen_on_a_ward_is_in_the_log(words: str) -> None:
    assert any(words in row["Hazard"].lower() for row in _hazards().values())


def test_the_alarms_that_the_log_names_are_alarms() -> None:
    cells = " ".join(" ".join(row[column] for column in HEAD[:-1]) for row in _hazards().values())
    known = set(ALARM_KINDS)
    named = set(re.findall(r"alarms? (?:`([\w-]+)`)", cells))
    assert named and named <= known


def test_every_alarm_of_the_code_is_in_the_alarm_table() -> None:
    page = (PAGES / "alarm-table.md").read_text("utf-8")
    head = ("Code", "Alarm", "Kind", "Priority", "Latching", "Delay", "Contradicted by", "Notes")
    assert [row[0].strip("`") for row in _rows(page, head)] == list(ALARM_KINDS)
