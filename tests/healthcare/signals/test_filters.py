"""Filters of several waves at once give what scipy's own filter gives of each."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from healthcare.signals.filters import band_pass, filtered, low_pass, settled


def test_every_wave_comes_out_as_scipy_filters_it_alone() -> None:
    forward, back = band_pass(2, (0.5, 40.0), 250.0)
    waves = list(np.random.default_rng(1).normal(size=(3, 125)))
    states = [np.zeros(4), np.ones(4), np.arange(4.0)]
    passed, ended = filtered(forward, back, waves, states)
    for row, (wave, state) in enumerate(zip(waves, states, strict=True)):
        alone, after = lfilter(forward, back, wave, zi=state)
        assert np.array_equal(passed[row], alone)
        assert np.array_equal(ended[row], after)


def test_a_wave_in_pieces_comes_out_as_in_one() -> None:
    forward, back = low_pass(2, 8.0, 62.5)
    wave = np.random.default_rng(2).normal(size=300)
    state, pieces = settled(forward, back) * wave[0], []
    for piece in np.split(wave, [1, 40, 200]):
        (passed,), (state,) = filtered(forward, back, [piece], [state])
        pieces.append(passed)
    (whole,), _ = filtered(forward, back, [wave], [settled(forward, back) * wave[0]])
    assert np.array_equal(np.concatenate(pieces), whole)


def test_the_wave_that_is_given_stays_as_it_is() -> None:
    forward, back = low_pass(2, 8.0, 62.5)
    wave, state = np.ones(50), np.zeros(2)
    filtered(forward, back, [wave], [state])
    assert np.array_equal(wave, np.ones(50))
    assert not state.any()
