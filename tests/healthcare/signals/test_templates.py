from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.templates import LAG, WINDOW_REACH, Match, Templates

_AT = np.arange(-WINDOW_REACH, WINDOW_REACH + 1)
BOTH = np.array([True, True])


def normal(shift: int = 0, gain: float = 1.0) -> NDArray[np.float32]:
    """Two leads of a narrow beat, `shift` points late."""
    one = gain * np.exp(-0.5 * ((_AT - shift) / 2.0) ** 2)
    return np.stack((one, -0.5 * one)).astype(np.float32)


def wide() -> NDArray[np.float32]:
    one = np.exp(-0.5 * ((_AT + 4) / 5.0) ** 2) - np.exp(-0.5 * ((_AT - 6) / 5.0) ** 2)
    return np.stack((one, one)).astype(np.float32)


def _taught(beats: int = 20) -> Templates:
    templates = Templates(2)
    for _ in range(beats):
        templates.take(normal(), BOTH, early=False)
    return templates


def _match(templates: Templates, beat: NDArray[np.float32], *, early: bool = False) -> Match:
    match = templates.take(beat, BOTH, early=early)
    assert match is not None
    return match


def test_nothing_is_normal_before_the_ninth_beat() -> None:
    templates = Templates(2)
    matches = [templates.take(normal(), BOTH, early=False) for _ in range(9)]
    assert matches[:8] == [None] * 8
    assert matches[8] is not None


def test_a_normal_beat_lies_on_the_template_however_it_was_placed() -> None:
    templates = _taught()
    for shift in range(-LAG, LAG + 1):
        match = _match(templates, normal(shift))
        assert match.lag == shift
        assert match.is_normal
        assert match.correlation.min() > 0.99


def test_a_wide_beat_is_another_form_and_is_known_when_it_comes_again() -> None:
    templates = _taught()
    first, again = _match(templates, wide(), early=True), _match(templates, wide(), early=True)
    assert not first.is_normal
    assert first.share == 0.0
    assert not again.is_normal
    assert again.share > 0.0
    assert again.early == 1.0


def test_every_other_beat_being_an_extrasystole_does_not_turn_the_two_around() -> None:
    templates = _taught()
    for _ in range(300):
        assert not _match(templates, wide(), early=True).is_normal
        assert _match(templates, normal()).is_normal


def test_bigeminy_from_the_first_beat_on_is_told_apart_too() -> None:
    templates = Templates(2)
    for _ in range(10):
        templates.take(wide(), BOTH, early=True)
        templates.take(normal(), BOTH, early=False)
    assert _match(templates, normal()).is_normal


def test_a_new_form_that_comes_at_its_time_becomes_the_normal_one() -> None:
    templates = _taught(40)
    seen = [_match(templates, wide()).is_normal for _ in range(200)]
    assert not any(seen[:20])
    assert seen[-1]


def test_the_template_follows_a_slow_change_but_no_early_beat() -> None:
    templates = _taught()
    for step in range(100):
        templates.take(normal(gain=1.0 + step / 100), BOTH, early=False)
    grown = float(np.ptp(templates.wave[0]))
    assert grown > 1.7
    for _ in range(50):
        templates.take(normal(gain=0.5), BOTH, early=True)
    assert float(np.ptp(templates.wave[0])) == grown


def test_a_noisy_second_lead_does_not_make_a_normal_beat_strange() -> None:
    templates = _taught()
    rng = np.random.default_rng(0)
    for _ in range(50):
        beat = normal()
        beat[1] += np.float32(0.1) * rng.standard_normal(beat.shape[1], np.float32)
        assert _match(templates, beat).is_normal


def test_a_lead_that_is_put_on_later_is_learnt_beside_the_first() -> None:
    templates = Templates(2)
    one = normal()
    one[1] = 0.0
    for _ in range(20):
        templates.take(one, np.array([True, False]), early=False)
    assert templates.known.tolist() == [True, False]
    _match(templates, normal())
    assert templates.known.tolist() == [True, True]
    assert _match(templates, normal()).correlation.min() > 0.99
