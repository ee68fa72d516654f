from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant
from healthcare.signals.confirmation import FRESH_S, PulseWitness, VetoLog, pulse_veto
from healthcare.signals.pulse import Pulse
from healthcare.signals.pulse_shape import GOOD_QUALITY

NOW_S = 100.0


def witness(
    gap_s: float = 0.8, *, quality: float = 0.95, end_s: float = NOW_S, last_s: float = NOW_S - 0.9
) -> PulseWitness:
    """A pulse wave with pulses every `gap_s` until `last_s`."""
    times = [last_s - gap_s * n for n in reversed(range(14))]
    return PulseWitness("pleth", end_s, [Pulse(at, at + 1.0, quality, 0.0, 1.0, gap_s, 0.3) for at in times])


def vetoed(
    code: str, seen: PulseWitness, *, rate: float = 180.0, clear: bool = False, last_beat_s: float = 94.5
) -> bool:
    limit = 40.0 if code == "extreme-brady" else 140.0
    quality = pulse_veto(
        code, seen, NOW_S, last_beat_s=last_beat_s, rate_per_min=rate, limit_per_min=limit, leads_clear=clear
    )
    assert quality is None or quality >= GOOD_QUALITY
    return quality is not None


@pytest.mark.parametrize("code", ["asystole", "pause", "extreme-brady", "extreme-tachy", "vt"])
def test_a_good_fresh_pulse_contradicts(code: str) -> None:
    assert vetoed(code, witness())


@given(
    code=st.sampled_from(["asystole", "pause", "extreme-brady", "extreme-tachy", "vt", "vf"]),
    gap_s=st.floats(0.3, 2.0),
    quality=st.floats(0.0, 1.0),
    age_s=st.floats(0.0, 60.0),
    clear=st.booleans(),
)
def test_no_veto_without_a_fresh_and_good_pulse_and_never_of_fibrillation(
    code: str, gap_s: float, quality: float, age_s: float, clear: bool
) -> None:
    seen = witness(gap_s, quality=quality, end_s=NOW_S - age_s, last_s=NOW_S - age_s - 0.9)
    if vetoed(code, seen, clear=clear):
        assert quality >= GOOD_QUALITY
        assert age_s <= FRESH_S
        assert code != "vf"


def test_pulses_that_stopped_with_the_heart_do_not_contradict() -> None:
    assert not vetoed("asystole", witness(last_s=94.9))
    assert not vetoed("asystole", witness(last_s=96.0))


def test_a_single_pulse_after_the_last_beat_is_not_enough() -> None:
    assert not vetoed("asystole", witness(gap_s=3.0))


def test_a_pulse_as_slow_as_the_heart_confirms_bradycardia() -> None:
    assert not vetoed("extreme-brady", witness(gap_s=1.7))


def test_a_pulse_of_the_same_rate_confirms_a_tachycardia() -> None:
    assert not vetoed("extreme-tachy", witness(gap_s=60.0 / 175))


def test_clear_leads_are_believed_against_a_slower_pulse() -> None:
    assert not vetoed("extreme-tachy", witness(), clear=True)
    assert not vetoed("vt", witness(), clear=True)


def test_an_irregular_pulse_contradicts_no_run() -> None:
    seen = witness()
    uneven = [
        Pulse(p.at_s, p.found_s, p.quality, p.foot, p.top, (p.interval_s or 0.8) * (0.7 if n % 2 else 1.3), None)
        for n, p in enumerate(seen.pulses)
    ]
    assert not vetoed("vt", PulseWitness("pleth", NOW_S, uneven))


def test_without_a_last_beat_nothing_is_contradicted() -> None:
    quality = pulse_veto(
        "asystole", witness(), NOW_S, last_beat_s=None, rate_per_min=None, limit_per_min=140.0, leads_clear=False
    )
    assert quality is None


def test_a_veto_that_stands_is_counted_once_and_again_when_it_comes_back() -> None:
    log = VetoLog()
    first = log.note("asystole", "pleth", Instant(0.0, 1e9), 0.9)
    assert first is not None
    assert (first.code, first.by, first.quality) == ("asystole", "pleth", 0.9)
    assert all(log.note("asystole", "pleth", Instant(0.5 * n, 1e9), 0.9) is None for n in range(1, 60))
    assert log.note("asystole", "ecg_v_mv", Instant(30.0, 1e9), 0.9) is not None
    assert log.note("asystole", "pleth", Instant(60.0, 1e9), 0.9) is not None
    assert log.counts == {"asystole": 3}
