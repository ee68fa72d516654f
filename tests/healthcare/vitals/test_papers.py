"""The pages about vital signs and NEWS2 say what the code does: every figure of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from healthcare.alarms.table import ALARM_KINDS
from healthcare.measures import MEASURES
from healthcare.vitals.limits import Limits, SiteLimits, Span
from healthcare.vitals.news2 import LABELS, PARAMETERS, points_of
from healthcare.vitals.onset import MISMATCH, MOST_S, RULES, Delays

PAGES = Path(__file__).resolve().parents[3] / "docs" / "healthcare"
SITE = SiteLimits()


def rows_of(page: str, heading: str) -> list[str]:
    """The rows of the first table under a heading, without its head."""
    text = (PAGES / page).read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1]
    lines = text.split("\n## ", 1)[0].splitlines()
    return [line for line in lines if line.startswith("|")][2:]


def side(value: float | None, span: Span | None) -> str:
    envelope = "" if span is None else f" ({span[0]:g} to {span[1]:g})"
    return "off" if value is None else f"{value:g}{envelope}"


def limit_rows() -> list[str]:
    rows = []
    for measure, limits in SITE.defaults.items():
        envelope = SITE.envelope[measure]
        facts = MEASURES[measure]
        low, high = side(limits.low, envelope.low), side(limits.high, envelope.high)
        rows.append(f"| {facts.label} | {facts.unit} | {low} | {high} |")
    return rows


def measure_rows() -> list[str]:
    rows = []
    for one in MEASURES.values():
        taken = "now and then" if one.episodic else "continuously"
        rows.append(
            f"| `{one.name}` | {one.label} | {one.unit} | {one.lowest:g} to {one.highest:g} | {one.digits} | {taken} |"
        )
    return rows


def delay_rows() -> list[str]:
    by_code: dict[str, list[str]] = {}
    for rule in RULES:
        back = "/min" if rule.stream == MISMATCH else MEASURES[rule.stream].unit
        usual = f"{Delays().of(rule.code):g} s | {MOST_S[rule.code]:g} s"
        by_code.setdefault(rule.code, []).append(
            f"| `{rule.code}` | {ALARM_KINDS[rule.code].label} | {usual}"
            f" | {rule.hysteresis:g} {back} | {rule.clear_s:g} s |"
        )
    return [rows[0] for rows in by_code.values()]


def cells(values: list[float], points: Mapping[float, int]) -> str:
    """`≤ 8: 3, 9-11: 1, ...` from the points of every step."""
    found: list[tuple[float, float, int]] = []
    for value in values:
        if found and found[-1][2] == points[value]:
            found[-1] = (found[-1][0], value, points[value])
        else:
            found.append((value, value, points[value]))
    words = [f"≤ {found[0][1]:g}: {found[0][2]}"]
    words += [f"{first:g} to {last:g}: {score}" for first, last, score in found[1:-1]]
    return ", ".join([*words, f"≥ {found[-1][0]:g}: {found[-1][2]}"])


def score_rows() -> list[str]:
    rows = []
    for name in PARAMETERS:
        label = LABELS[name]
        if name == "oxygen":
            rows.append(f"| {label} | air: 0, oxygen: 2 |")
        elif name == "consciousness":
            rows.append(f"| {label} | A: 0, C, V, P or U: 3 |")
        elif name == "spo2_pct":
            steps: list[float] = [float(step) for step in range(40, 101)]
            for scale, oxygen, words in (
                (1, False, "scale 1"),
                (2, False, "scale 2, on air"),
                (2, True, "scale 2, on oxygen"),
            ):
                points = {step: points_of(name, step, scale=scale, on_oxygen=oxygen) for step in steps}
                rows.append(f"| {label}, {words} | {cells(steps, points)} |")
        else:
            steps = (
                [step / 10 for step in range(300, 430)]
                if name == "temp_cel"
                else [float(step) for step in range(1, 300)]
            )
            rows.append(f"| {label} | {cells(steps, {step: points_of(name, step) for step in steps})} |")
    return rows


def test_the_measures_are_those_of_the_code() -> None:
    assert rows_of("vital-signs.md", "What is measured") == measure_rows()


def test_the_limits_are_those_of_the_code() -> None:
    assert rows_of("vital-signs.md", "Limits") == limit_rows()


def test_the_delays_are_those_of_the_code() -> None:
    assert rows_of("vital-signs.md", "Onset delay and way back") == delay_rows()


def test_the_scores_are_those_of_the_code() -> None:
    assert rows_of("news2.md", "The table") == score_rows()


def test_every_range_of_a_default_lies_within_the_next_wider_one() -> None:
    for measure, limits in SITE.defaults.items():
        assert isinstance(limits, Limits)
        known = [value for value in (limits.low, limits.high) if value is not None]
        assert all(lower < upper for lower, upper in pairwise(known))
        assert all(MEASURES[measure].plausible(value) for value in known)
