"""The alarm table and its page."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from healthcare.alarms.escalation import LADDERS, Ladder
from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.alarms.table import ALARM_KINDS, AlarmKind, kind_of
from healthcare.measures import MEASURES
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "healthcare" / "alarm-table.md"
KIND_HEAD = ("Code", "Alarm", "Kind", "Priority", "Latching", "Delay", "Contradicted by", "Notes")
FAMILIES = ("hr", "pr", "spo2", "rr", "nibp", "abp", "temp", "etco2")
LADDER_HEAD = ("Priority", "0 s", "Louder", "Then", "Again")


def _kind_row(kind: AlarmKind) -> tuple[str, ...]:
    delay = f"{kind.delay_s:g} s" if kind.delay_s else "–"
    notes = ["rises after 60 s"] if kind.rises else []
    notes += [] if kind.audible else ["silent"]
    return (
        f"`{kind.code}`",
        f"{kind.label}{_side(kind.code)}",
        kind.kind.value,
        f"{kind.priority.stars} {kind.priority.word}".replace("*", "\\*"),
        "yes" if kind.latching else "no",
        delay,
        ", ".join(kind.vetoed_by) or "–",
        ", ".join(notes) or "–",
    )


def _side(code: str) -> str:
    """`, low` for a limit; the score's rows are no limits."""
    of, _, side = code.rpartition("-")
    return f", {side}" if side in {"low", "high"} and of != "news2" else ""


def _ladder_row(priority: Priority, ladder: Ladder) -> tuple[str, ...]:
    first = "station" if not ladder.steps else f"station, {ladder.steps[0].whom.label.lower()}"
    louder = "–" if ladder.louder_after_s is None else f"{ladder.louder_after_s:g} s"
    then = ", ".join(f"{step.after_s:g} s {step.whom.label.lower()}" for step in ladder.steps[1:]) or "–"
    again = f"every {ladder.again_s:g} s" if ladder.steps else "–"
    return priority.word, first, louder, then, again


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [_line(head), "|" + "---|" * len(head), *map(_line, rows)]


def expected_tables() -> list[list[str]]:
    """Both tables of the page, line by line."""
    kinds = [_kind_row(kind) for kind in ALARM_KINDS.values()]
    ladders = [_ladder_row(priority, LADDERS[priority]) for priority in reversed(Priority)]
    return [_lines(KIND_HEAD, kinds), _lines(LADDER_HEAD, ladders)]


def test_the_page_shows_the_table_as_it_is_and_nothing_else() -> None:
    on_page = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    assert on_page == [line for table in expected_tables() for line in table]


def test_every_condition_of_the_ward_has_a_row() -> None:
    limits = {f"{of}-{side}" for of in FAMILIES for side in ("low", "high")}
    rhythms = {"asystole", "vf", "vt", "extreme-brady", "extreme-tachy", "af", "pause"}
    technical = {
        *("leads-off", "probe-off", "no-data", "signal-poor", "hr-mismatch", "other-patient"),
        *("feed-lost", "clock-skew", "wave-lost", "model-lost", "store-lost", "pager-lost", "out-waiting"),
    }
    advice = {"trend", "news2-rise", "news2-medium", "news2-high", "obs-overdue"}
    assert set(ALARM_KINDS) == limits | rhythms | technical | advice | {"spo2-desat", "apnoea"}
    assert {code for code, kind in ALARM_KINDS.items() if kind.kind is AlarmClass.TECHNICAL} == technical
    assert {code for code, kind in ALARM_KINDS.items() if kind.kind is AlarmClass.ADVISORY} == advice


def test_what_kills_at_once_is_high_latches_and_comes_within_ten_seconds() -> None:
    for code in ("asystole", "vf", "vt", "extreme-brady", "extreme-tachy", "spo2-desat"):
        kind = ALARM_KINDS[code]
        assert kind.priority is Priority.HIGH and kind.latching and kind.delay_s <= 10.0, code


def test_fibrillation_is_never_contradicted_by_the_pulse_alone() -> None:
    assert ALARM_KINDS["vf"].vetoed_by == ("lead",)


@pytest.mark.parametrize("kind", ALARM_KINDS.values(), ids=lambda kind: kind.code)
def test_a_row_is_sound(kind: AlarmKind) -> None:
    assert kind.label and kind.code == kind.code.lower()
    assert not kind.measure or kind.measure in MEASURES
    if kind.kind is AlarmClass.TECHNICAL:
        assert not kind.latching and not kind.vetoed_by
    else:
        assert not kind.rises
    if not kind.audible:
        assert kind.priority is Priority.LOW and kind.kind is AlarmClass.ADVISORY


def test_a_monitors_own_alarm_has_the_kind_and_priority_that_the_monitor_says() -> None:
    said = Finding("monitor:1:2", True, priority=Priority.HIGH, source="monitor", kind=AlarmClass.PHYSIOLOGICAL)
    kind = kind_of(said.code, said)
    assert (kind.kind, kind.priority, kind.latching) == (AlarmClass.PHYSIOLOGICAL, Priority.HIGH, True)
    technical = Finding("monitor:1:2", True, priority=Priority.HIGH, source="monitor", kind=AlarmClass.TECHNICAL)
    assert not kind_of(technical.code, technical).latching


def test_a_code_that_is_in_no_table_is_alarmed_all_the_same() -> None:
    kind = kind_of("st-elevation", Finding("st-elevation", True))
    assert (kind.label, kind.priority) == ("st-elevation", Priority.MEDIUM)
