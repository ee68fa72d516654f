from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.leads import EcgLeads, LeadsState
from healthcare.signals.quality import MUTED_BELOW
from tests.healthcare.signals.ecg import ecg_mv, moments

RATE_HZ = 250.0
Leads = dict[str, NDArray[np.float32]]


def _found(leads: Leads, sizes: Sequence[int] = (125,), without: tuple[str, float] = ("", 0.0)) -> list[Beat]:
    return _followed(leads, sizes, without)[0]


def _followed(
    leads: Leads, sizes: Sequence[int] = (125,), without: tuple[str, float] = ("", 0.0)
) -> tuple[list[Beat], LeadsState]:
    """All leads in pieces of these sizes; `without`: a lead of which nothing comes from then on."""
    ecg, beats = EcgLeads(RATE_HZ), list[Beat]()
    length = max(samples.size for samples in leads.values())
    place = turn = 0
    while place < length:
        size = sizes[turn % len(sizes)]
        beats += ecg.feed(
            Chunk(name, RATE_HZ, samples[place : place + size], place / RATE_HZ)
            for name, samples in leads.items()
            if name != without[0] or place / RATE_HZ < without[1]
        )
        place, turn = place + size, turn + 1
    return beats + ecg.finish(), ecg.state()


def _near(beats: list[Beat], beats_s: Sequence[float], tolerance_s: float = 0.06) -> bool:
    at_s = [beat.at_s for beat in beats]
    return len(at_s) == len(beats_s) and bool(np.allclose(at_s, beats_s, atol=tolerance_s))


def test_two_clean_leads_give_each_beat_once() -> None:
    beats_s = moments(30, 0.8)
    leads = {"ii": ecg_mv(beats_s, 25.0, RATE_HZ), "v": ecg_mv(beats_s, 25.0, RATE_HZ, height_mv=-0.7, seed=2)}
    beats, state = _followed(leads)
    assert _near(beats, beats_s)
    assert all(beat.quality > 0.9 for beat in beats[5:])
    assert not state.muted
    assert state.off == ()
    assert {beat.lead for beat in beats} <= set(leads)


def test_a_lead_that_comes_off_loses_and_doubles_no_beat() -> None:
    beats_s = moments(50, 0.8)
    lost, kept = ecg_mv(beats_s, 41.0, RATE_HZ), ecg_mv(beats_s, 41.0, RATE_HZ, height_mv=0.6, seed=2)
    for off in (0.0, np.nan):
        lost[5000:] = off
        beats, state = _followed({"ii": lost, "v": kept})
        assert _near(beats, beats_s)
        assert state.lead == "v"
        assert state.off == ("ii",)
        assert not state.muted


def test_a_lead_of_which_nothing_more_comes_is_gone_on_without() -> None:
    beats_s = moments(50, 0.8)
    leads = {"ii": ecg_mv(beats_s, 41.0, RATE_HZ), "v": ecg_mv(beats_s, 41.0, RATE_HZ, height_mv=0.6, seed=2)}
    beats, state = _followed(leads, without=("ii", 20.0))
    assert _near(beats, beats_s)
    assert state.off == ("ii",)


def test_noise_on_one_lead_adds_no_beats() -> None:
    beats_s = moments(60, 0.8)
    noisy = ecg_mv(beats_s, 49.0, RATE_HZ)
    noisy[5000:] += np.random.default_rng(3).normal(0.0, 0.5, noisy.size - 5000).astype(np.float32)
    beats = _found({"ii": noisy, "v": ecg_mv(beats_s, 49.0, RATE_HZ, height_mv=0.6, seed=2)})
    assert _near(beats, beats_s)


def test_noise_on_all_leads_is_muted_and_the_time_is_told() -> None:
    beats_s = moments(60, 0.8)
    noisy = ecg_mv(beats_s, 49.0, RATE_HZ)
    noise = np.random.default_rng(3).normal(0.0, 1.0, noisy.size // 8).repeat(8)[: noisy.size - 5000]
    noisy[5000:] += noise.astype(np.float32)
    beats, state = _followed({"ii": noisy})
    assert state.muted
    assert 20.0 < state.muted_total_s < 29.5
    assert state.muted_s <= state.muted_total_s < state.watched_s
    heard = [beat for beat in beats if beat.quality >= MUTED_BELOW]
    assert all(beat.at_s < 26.0 for beat in heard)


def test_a_fast_heart_is_not_muted() -> None:
    beats, state = _followed({"ii": ecg_mv(moments(100, 0.3), 31.0, RATE_HZ)})
    assert len(beats) >= 98
    assert not state.muted
    assert all(beat.quality >= MUTED_BELOW for beat in beats[15:])


def test_noise_after_asystole_never_grows_into_beats() -> None:
    leads = {"ii": ecg_mv(moments(15, 0.8), 60.0, RATE_HZ, noise_mv=0.03), "v": ecg_mv(moments(15, 0.8), 60.0, RATE_HZ)}
    assert len(_found(leads)) == 15


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(1, 240), min_size=3, max_size=6), gap=st.booleans())
def test_the_beats_are_the_same_for_any_chunks(sizes: list[int], gap: bool) -> None:
    beats_s = np.cumsum(np.random.default_rng(7).uniform(0.4, 1.3, 18)).tolist()
    leads = {"ii": ecg_mv(beats_s, 15.0, RATE_HZ, noise_mv=0.1), "v": ecg_mv(beats_s, 15.0, RATE_HZ, seed=2)}
    if gap:
        leads["v"][1500:2200] = np.nan
    assert _found(leads, sizes) == _found(leads, (leads["ii"].size,))


def test_a_stream_that_begins_anew_is_followed_anew() -> None:
    ecg = EcgLeads(RATE_HZ)
    samples = ecg_mv(moments(12, 0.8), 10.0, RATE_HZ)
    first = ecg.feed([Chunk("ii", RATE_HZ, samples, 0.0)])
    later = ecg.feed([Chunk("ii", RATE_HZ, samples, 100.0)]) + ecg.finish()
    beats = first + later
    assert [beat.at_s for beat in beats] == sorted(beat.at_s for beat in beats)
    after = [beat for beat in beats if beat.at_s > 100]
    assert len(after) >= 11
    assert after[0].rr_s is None
    assert after[0].sample == pytest.approx(after[0].at_s * RATE_HZ, abs=1)


def test_a_lead_of_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="samples a second"):
        EcgLeads(RATE_HZ).feed([Chunk("ii", 500.0, np.zeros(10, np.float32), 0.0)])


def test_nothing_at_all_is_no_beats() -> None:
    ecg = EcgLeads(RATE_HZ)
    assert ecg.feed([]) == []
    assert ecg.finish() == []
    assert ecg.state().quality == {}
