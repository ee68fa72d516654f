from __future__ import annotations

import pytest

from core.errors import InputError
from simulators.scenarios import (
    KINDS,
    MOVES,
    Baseline,
    Condition,
    Episode,
    Rhythm,
    condition_at,
    episode_text,
    make_episode,
    parse_episode,
)

SWAY = (0.1, 0.5, 0.9)


def at(t_s: float, *episodes: Episode, baseline: Baseline | None = None) -> Condition:
    return condition_at(baseline or Baseline(), episodes, t_s, SWAY)


def test_an_episode_runs_from_its_begin_for_its_time_and_comes_again() -> None:
    episode = make_episode("leads-off", 3, 40, 60, every_s=420)
    running = [second for second in range(1000) if episode.since_s(second) is not None]
    assert running == [*range(40, 100), *range(460, 520), *range(880, 940)]


def test_an_episode_that_comes_once_is_over_then() -> None:
    assert make_episode("vf", 3, 40, 20).since_s(60) is None


def test_a_desaturation_reaches_its_amount_and_comes_back() -> None:
    episode = make_episode("desaturation", 7, 60, 110, amount=82)
    baseline = Baseline(spo2_pct=95)
    assert at(59, episode, baseline=baseline).spo2_pct > 93.5
    assert at(110, episode, baseline=baseline).spo2_pct == pytest.approx(82)
    assert at(171, episode, baseline=baseline).spo2_pct > 93.5


@pytest.mark.parametrize(("kind", "amount"), [("tachycardia", 138.0), ("bradycardia", 36.0)])
def test_a_rate_changes_over_seconds_and_holds(kind: str, amount: float) -> None:
    episode = make_episode(kind, 10, 10, 60)
    assert at(40, episode).hr_per_min == pytest.approx(amount)
    assert at(40, episode).rhythm is Rhythm.SINUS
    assert abs(at(12, episode).hr_per_min - amount) > 10


def test_deterioration_is_slow_and_stays() -> None:
    episode = make_episode("deterioration", 16, 0, 2400)
    begin, middle, end, later = (at(moment, episode) for moment in (0, 1200, 2400, 9000))
    assert begin.rr_per_min < middle.rr_per_min < end.rr_per_min
    assert end.hr_per_min > 100 and end.sys_mmhg < 105 and end.temp_cel == pytest.approx(38.5)
    assert later.rr_per_min > 21 and later.spo2_pct < 94.5


@pytest.mark.parametrize("kind", ["af", "vt", "vf", "asystole"])
def test_a_rhythm_is_there_at_once_and_gone_at_once(kind: str) -> None:
    episode = make_episode(kind, 1, 10, 5)
    assert [at(moment, episode).rhythm.value for moment in (9.9, 10, 14.9, 15)] == ["sinus", kind, kind, "sinus"]


def test_without_a_beat_there_is_no_pulse() -> None:
    assert not at(1, make_episode("asystole", 1, 0)).has_pulse
    assert not at(1, make_episode("vf", 1, 0)).has_pulse
    assert at(1, make_episode("vt", 1, 0)).has_pulse


def test_apnoea_is_no_breath() -> None:
    assert at(1, make_episode("apnoea", 1, 0)).rr_per_min == 0


def test_a_calm_patient_varies_a_little_and_never_far() -> None:
    found = [at(moment) for moment in range(0, 4000, 7)]
    rates = [condition.hr_per_min for condition in found]
    assert 1 < max(rates) - min(rates) < 9
    assert all(94 < condition.spo2_pct <= 100 and 12 < condition.rr_per_min < 18 for condition in found)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_read_as_it_is_written(kind: str) -> None:
    for episode in (make_episode(kind, 4, 30), make_episode(kind, 12, 0.5, 20.25, every_s=300, amount=3)):
        assert parse_episode(episode_text(episode)) == episode


def test_what_is_not_said_is_usual() -> None:
    assert parse_episode("vf@4:30") == Episode("vf", 4, 30, 30.0)
    assert parse_episode("pvcs@4:30:20") == Episode("pvcs", 4, 30, 20, 0.0, 0.12)
    assert set(MOVES) <= set(KINDS)


@pytest.mark.parametrize(
    "text", ["vf", "vf@4", "vf@x:1", "vf@4:1:2:3:4:5", "faint@4:1", "vf@0:1", "vf@4:-1", "vf@4:nan"]
)
def test_what_is_no_episode_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_episode(text)
