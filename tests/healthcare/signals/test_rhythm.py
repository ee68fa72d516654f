from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from healthcare.signals.beat import Beat
from healthcare.signals.rhythm import BEATS_KNOWN_S, LeadBeats, LeadRhythm, RhythmLimits

LIMITS = RhythmLimits()


def lead_of(gaps_s: list[float], now_s: float | None = None) -> LeadRhythm:
    """A lead with these intervals, as of `now_s` (as soon as its last beat is known)."""
    lead, at_s = LeadBeats("ecg_ii_mv"), 0.5
    lead.note(0.0, usable=True)
    beats = [Beat(at_s, 0, "ecg_ii_mv", None, 1.0)]
    for gap in gaps_s:
        at_s += gap
        beats.append(Beat(at_s, round(at_s * 250), "ecg_ii_mv", gap, 1.0))
    lead.add(beats)
    rhythm = lead.rhythm(at_s + BEATS_KNOWN_S if now_s is None else now_s, LIMITS)
    assert rhythm is not None
    return rhythm


@pytest.mark.parametrize(("after_s", "expected"), [(3.9, False), (4.1, True)])
def test_four_seconds_without_a_beat_are_asystole(after_s: float, expected: bool) -> None:
    last_s = 0.5 + 0.8 * 10
    rhythm = lead_of([0.8] * 10, last_s + BEATS_KNOWN_S + after_s)
    assert rhythm.says("asystole", LIMITS) is expected
    assert rhythm.says("pause", LIMITS)


def test_silence_counts_only_from_when_the_lead_came_back() -> None:
    lead = LeadBeats("ecg_ii_mv")
    lead.note(0.0, usable=True)
    lead.add([Beat(1.0, 250, "ecg_ii_mv", None, 1.0)])
    lead.note(2.0, usable=False)
    assert lead.rhythm(60.0, LIMITS) is None
    lead.note(60.0, usable=True)
    back = lead.rhythm(63.0, LIMITS)
    assert back is not None
    assert not back.says("asystole", LIMITS)
    later = lead.rhythm(65.0, LIMITS)
    assert later is not None
    assert later.says("asystole", LIMITS)


@pytest.mark.parametrize(("per_min", "expected"), [(20, True), (30, True), (39, True), (41, False), (70, False)])
def test_five_slow_beats_are_extreme_bradycardia(per_min: int, expected: bool) -> None:
    assert lead_of([0.8] * 10 + [60.0 / per_min] * 4).says("extreme-brady", LIMITS) is expected


@pytest.mark.parametrize("per_min", [18, 25, 32, 39])
def test_a_slow_heart_is_told_within_ten_seconds(per_min: int) -> None:
    gap = 60.0 / per_min
    onset_s = 0.5 + 0.8 * 10
    for count in range(1, 8):
        if lead_of([0.8] * 10 + [gap] * count).says("extreme-brady", LIMITS):
            assert onset_s + gap * count + BEATS_KNOWN_S + 0.5 - onset_s <= 10.0
            return
    raise AssertionError("not told")


def test_one_pause_is_no_bradycardia() -> None:
    assert not lead_of([0.8] * 10 + [3.2, 0.8]).says("extreme-brady", LIMITS)


def test_an_open_interval_counts_for_bradycardia_once_it_is_the_longest() -> None:
    gaps = [0.8] * 10 + [1.45, 1.45, 1.45]
    last_s = 0.5 + sum(gaps)
    assert not lead_of(gaps).says("extreme-brady", LIMITS)
    assert lead_of(gaps, last_s + BEATS_KNOWN_S + 2.0).says("extreme-brady", LIMITS)


@pytest.mark.parametrize(("per_min", "expected"), [(139, False), (142, True), (220, True)])
def test_seventeen_fast_beats_are_extreme_tachycardia(per_min: int, expected: bool) -> None:
    assert lead_of([0.8] * 10 + [60.0 / per_min] * 16).says("extreme-tachy", LIMITS) is expected
    assert not lead_of([0.8] * 10 + [60.0 / per_min] * 8).says("extreme-tachy", LIMITS)
    assert 16 * 60.0 / LIMITS.tachy_per_min + BEATS_KNOWN_S + 0.5 < 10.0


def test_a_rate_leaves_an_alarm_by_five_a_minute() -> None:
    fast = lead_of([60.0 / 138] * 20)
    assert not fast.says("extreme-tachy", LIMITS)
    assert fast.says("extreme-tachy", LIMITS, already=True)
    slow = lead_of([60.0 / 42] * 6)
    assert not slow.says("extreme-brady", LIMITS)
    assert slow.says("extreme-brady", LIMITS, already=True)


def test_across_a_gap_no_rate_is_told() -> None:
    lead = LeadBeats("ecg_ii_mv")
    lead.note(0.0, usable=True)
    times = [1.0, 1.4, 1.8, 2.2, 2.6]
    lead.add([Beat(1.0, 0, "ecg_ii_mv", None, 1.0)])
    lead.add(Beat(b, 0, "ecg_ii_mv", None if b == 2.2 else b - a, 1.0) for a, b in pairwise(times))
    rhythm = lead.rhythm(3.4, LIMITS)
    assert rhythm is not None
    assert rhythm.fast_per_min is None
    assert rhythm.slow_per_min is None


def test_limits_of_a_patient_are_used_and_senseless_ones_refused() -> None:
    athlete = RhythmLimits(brady_per_min=30.0)
    assert not lead_of([60.0 / 35] * 8).says("extreme-brady", athlete)
    wrongs: tuple[dict[str, Any], ...] = (
        {"asystole_s": 20.0},
        {"pause_s": 5.0},
        {"brady_per_min": 150.0},
        {"tachy_beats": 3},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"expected|judged"):
            RhythmLimits(**wrong)


def test_a_code_of_no_single_lead_is_refused() -> None:
    with pytest.raises(KeyError, match="vf"):
        lead_of([0.8] * 4).says("vf", LIMITS)
