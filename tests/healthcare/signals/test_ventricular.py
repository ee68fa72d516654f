from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.ventricular import RUN_BEATS, VentricularRuns
from tests.healthcare.signals.synthesis import Floats, heart, noise, pieces

RATE_HZ = 250.0
LEADS = ("ecg_ii_mv", "ecg_v_mv")


def two_leads(length_s: float, normal_s: list[float], wide_s: list[float], *, seed: int = 1) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    waves = {}
    for lead, normal, wide in zip(LEADS, (1.0, 0.6), (1.2, -0.9), strict=True):
        wave = heart(length_s, RATE_HZ, normal_s, height=normal) + heart(
            length_s, RATE_HZ, wide_s, height=wide, wide=True
        )
        waves[lead] = wave + noise(length_s, RATE_HZ, 0.01, rng)
    return waves


def told(moments_s: list[float]) -> list[Beat]:
    before = [None, *moments_s]
    return [
        Beat(at, round(at * RATE_HZ), LEADS[0], None if last is None else at - last, 1.0)
        for last, at in zip(before, moments_s, strict=False)
    ]


def followed(
    waves: dict[str, Floats], moments_s: list[float], usable: set[str] | None = None, chunk_s: float = 0.5
) -> tuple[VentricularRuns, list[tuple[float, bool]]]:
    """The follower, and each change of its state with the end of the chunk that brought it."""
    runs, beats, changes = VentricularRuns(), told(moments_s), []
    length_s = len(waves[LEADS[0]]) / RATE_HZ
    for samples, at_s in pieces(np.arange(round(length_s * RATE_HZ), dtype=np.float64), RATE_HZ, chunk_s):
        places = samples.astype(np.intp)
        end_s = at_s + len(places) / RATE_HZ
        new = [beat for beat in beats if beat.at_s + 0.6 <= end_s]
        beats = beats[len(new) :]
        chunks = [Chunk(lead, RATE_HZ, wave[places].astype(np.float32), at_s) for lead, wave in waves.items()]
        was = runs.present
        runs.take(chunks, new, usable or set(waves))
        if runs.present != was:
            changes.append((end_s, runs.present))
    return runs, changes


def rhythm_with_run(run_beats: int, gap_s: float = 0.4) -> tuple[list[float], list[float]]:
    """Twenty seconds of normal beats, a run, and normal beats again."""
    before = [0.6 + 0.8 * n for n in range(25)]
    run = [before[-1] + 0.5 + gap_s * n for n in range(run_beats)]
    after = [run[-1] + 0.9 + 0.8 * n for n in range(10)]
    return before + after, run


def test_five_fast_wide_beats_are_a_run_within_seconds() -> None:
    normal, wide = rhythm_with_run(8)
    _, changes = followed(two_leads(45.0, normal, wide), sorted(normal + wide))
    assert [present for _, present in changes] == [True, False]
    assert changes[0][0] - wide[RUN_BEATS - 1] < 1.5
    assert changes[1][0] > wide[-1]


@pytest.mark.parametrize(("beats", "gap_s"), [(RUN_BEATS - 1, 0.4), (10, 0.75)])
def test_four_beats_or_slow_ones_are_no_run(beats: int, gap_s: float) -> None:
    normal, wide = rhythm_with_run(beats, gap_s)
    assert followed(two_leads(60.0, normal, wide), sorted(normal + wide))[1] == []


def test_a_fast_rhythm_of_normal_beats_is_no_run() -> None:
    moments = [0.6 + 0.8 * n for n in range(20)] + [16.6 + 0.4 * n for n in range(60)]
    assert followed(two_leads(42.0, moments, []), moments)[1] == []


def test_a_long_run_does_not_become_the_normal() -> None:
    normal, wide = rhythm_with_run(150)
    runs, changes = followed(two_leads(100.0, normal, wide), sorted(normal + wide))
    assert [present for _, present in changes] == [True, False]
    assert changes[1][0] > wide[-1]
    assert not runs.present


def test_a_lead_that_shows_normal_beats_contradicts() -> None:
    normal, wide = rhythm_with_run(8)
    moments = sorted(normal + wide)
    waves = two_leads(45.0, normal, wide)
    waves[LEADS[1]] = two_leads(45.0, moments, [])[LEADS[1]]
    assert followed(waves, moments)[1] == []
    assert [present for _, present in followed(waves, moments, {LEADS[0]})[1]] == [True, False]


def test_movement_makes_no_run() -> None:
    rng = np.random.default_rng(9)
    moments = [0.6 + 0.5 * n for n in range(120)]
    waves = two_leads(62.0, moments, [])
    for wave in waves.values():
        wave[30 * 250 :] += np.convolve(rng.normal(size=len(wave) - 30 * 250), np.hanning(30), "same") * 0.5
    assert followed(waves, moments)[1] == []


def test_runs_are_the_same_for_any_size_of_the_chunks() -> None:
    normal, wide = rhythm_with_run(8)
    waves, moments = two_leads(45.0, normal, wide), sorted(normal + wide)
    shapes = []
    for chunk_s in (0.1, 0.5, 7.0):
        runs = VentricularRuns()
        beats, found = told(moments), []
        for number, (_, at_s) in enumerate(pieces(waves[LEADS[0]], RATE_HZ, chunk_s)):
            size = round(chunk_s * RATE_HZ)
            part = slice(number * size, (number + 1) * size)
            new = [beat for beat in beats if beat.at_s + 0.6 <= at_s + chunk_s]
            beats = beats[len(new) :]
            chunks = [Chunk(lead, RATE_HZ, wave[part].astype(np.float32), at_s) for lead, wave in waves.items()]
            found += runs.take(chunks, new, set(waves))
        shapes.append([(shape.beat.at_s, shape.strange, shape.likeness) for shape in found])
    assert shapes[0][:50] == shapes[1][:50] == shapes[2][:50]


def test_a_sure_label_adds_a_beat_to_a_run_and_a_doubtful_one_does_not() -> None:
    normal, wide = rhythm_with_run(4)
    first_after = min(moment for moment in normal if moment > wide[-1])
    for probability, expected in ((0.6, False), (0.95, True)):
        runs, _ = followed(two_leads(first_after + 1.2, normal, wide), sorted(normal + wide)[: 25 + 4 + 1])
        runs.label(first_after, probability)
        assert bool(runs.run) is expected


def test_silence_ends_a_run_and_relearning_forgets_what_is_normal() -> None:
    normal, wide = rhythm_with_run(8)
    upto_s = wide[-1] + 0.9
    moments = [moment for moment in sorted(normal + wide) if moment <= wide[-1]]
    runs, _ = followed(two_leads(upto_s, normal[:25], wide), moments)
    assert runs.rate_per_min == pytest.approx(150.0, rel=0.05)
    states = []
    for silent_s in (0.5, 2.0, 3.5):
        runs.silent(silent_s)
        states.append(runs.present)
    assert states == [True, True, False]
    runs.relearn()
    assert runs.run == []
