from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.fibrillation import LOWEST_MV, Fibrillation, LeadWindows
from tests.healthcare.signals.synthesis import Floats, fibrillation, heart, moments, noise, pieces

RATE_HZ = 250.0


def normal(length_s: float, seed: int = 1, interval_s: float = 0.8) -> Floats:
    rng = np.random.default_rng(seed)
    return heart(length_s, RATE_HZ, moments(length_s, interval_s)) + noise(length_s, RATE_HZ, 0.02, rng)


def wave(seed: int, *, height_mv: float = 0.6, after_s: float = 20.0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.concatenate(
        (normal(20.0, seed), fibrillation(15.0, RATE_HZ, rng, height_mv=height_mv), normal(after_s, seed))
    )


def judged(leads: dict[str, Floats], usable: set[str] | None = None, chunk_s: float = 0.5) -> list[tuple[float, bool]]:
    """Changes of the state with their moment."""
    follower, changes, was = Fibrillation(), [], False
    parts = {lead: list(pieces(samples, RATE_HZ, chunk_s)) for lead, samples in leads.items()}
    for number in range(len(next(iter(parts.values())))):
        now_s = 0.0
        for lead, cut in parts.items():
            samples, at_s = cut[number]
            now_s = at_s + len(samples) / RATE_HZ
            follower.take(lead, RATE_HZ, samples, at_s)
        present = follower.judge(usable or set(leads), now_s)
        if present != was:
            changes.append((now_s, present))
            was = present
    return changes


@pytest.mark.parametrize("seed", range(6))
def test_fibrillation_in_both_leads_is_told_within_ten_seconds_and_ends(seed: int) -> None:
    changes = judged({"ii": wave(seed), "v": 0.7 * wave(seed + 100)})
    assert [present for _, present in changes] == [True, False]
    assert 20.0 < changes[0][0] < 30.0
    assert 35.0 < changes[1][0] < 45.0


def test_a_lead_that_goes_on_beating_contradicts() -> None:
    assert judged({"ii": wave(1), "v": normal(55.0)}) == []


def test_a_single_lead_is_believed_when_it_is_plain() -> None:
    changes = judged({"ii": wave(2), "v": normal(55.0)}, usable={"ii"})
    assert changes
    assert changes[0][0] < 30.0


@pytest.mark.parametrize("interval_s", [0.33, 0.5, 1.2])
def test_beats_at_any_rate_are_no_fibrillation(interval_s: float) -> None:
    assert judged({"ii": normal(60.0, 3, interval_s)}) == []


def test_a_line_that_only_rustles_is_no_fibrillation() -> None:
    low = fibrillation(30.0, RATE_HZ, np.random.default_rng(4), height_mv=LOWEST_MV / 4)
    assert judged({"ii": np.concatenate((normal(20.0), low))}) == []


def test_windows_are_the_same_for_any_size_of_the_chunks() -> None:
    samples = wave(5)
    samples[3000:3050] = np.nan
    found = []
    for chunk_s in (0.11, 1.0, 55.0):
        lead = LeadWindows(RATE_HZ)
        found.append([window for part, at_s in pieces(samples, RATE_HZ, chunk_s) for window in lead.take(part, at_s)])
    assert len(found[0]) > 40
    assert found[0] == found[1] == found[2]


def test_without_usable_leads_nothing_changes() -> None:
    follower = Fibrillation()
    for samples, at_s in pieces(wave(1)[: 30 * 250], RATE_HZ, 0.5):
        follower.take("ii", RATE_HZ, samples, at_s)
        follower.judge({"ii"}, at_s + 0.5)
    assert follower.present
    assert follower.judge(set(), 60.0)


def test_a_dead_line_has_windows_that_say_nothing() -> None:
    lead = LeadWindows(RATE_HZ)
    windows = lead.take(np.zeros(2500), 0.0)
    assert windows
    assert not any(window.likely or window.strict for window in windows)
