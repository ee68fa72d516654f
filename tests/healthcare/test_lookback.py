from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from healthcare.lookback import LOOK_BACK_S, WaveChunk, WaveRing, unpacked
from tests.support.factories import AT_UTC_S


def _chunk(start_s: float, value: float = 0.5, seconds: float = 1.0, rate_hz: float = 250.0) -> WaveChunk:
    return WaveChunk("ecg_ii_mv", rate_hz, AT_UTC_S + start_s, np.full(round(seconds * rate_hz), value, np.float32))


def test_two_minutes_are_kept_and_come_back_as_they_were() -> None:
    ring = WaveRing()
    for second in range(300):
        ring.add(_chunk(second, second / 300))
    (wave,) = unpacked(ring.packed())
    assert wave.samples.size == pytest.approx(LOOK_BACK_S * 250, abs=250)
    assert wave.start_utc_s == AT_UTC_S + 180
    assert wave.samples[-1] == pytest.approx(299 / 300, abs=1e-4)
    assert wave.samples[0] == pytest.approx(180 / 300, abs=1e-4)


def test_what_is_missing_is_a_gap_of_its_length() -> None:
    ring = WaveRing()
    ring.add(_chunk(0))
    ring.add(_chunk(3))
    (wave,) = unpacked(ring.packed())
    assert wave.samples.size == 1000
    assert np.isnan(wave.samples[250:750]).all() and not np.isnan(wave.samples[:250]).any()


def test_nothing_heard_is_nothing_kept() -> None:
    ring = WaveRing()
    ring.add(WaveChunk("pleth", 250.0, AT_UTC_S, np.empty(0, np.float32)))
    assert ring.packed() == b""


def test_a_flat_wave_and_one_of_gaps_alone_come_back() -> None:
    ring = WaveRing()
    ring.add(_chunk(0, 0.0))
    ring.add(WaveChunk("pleth", 100.0, AT_UTC_S, np.full(100, np.nan, np.float32)))
    flat, gaps = unpacked(ring.packed())
    assert (flat.samples == 0).all() and np.isnan(gaps.samples).all()


@pytest.mark.parametrize("content", [b"", b"none of ours", WaveRing().packed() + b"x"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="no waves kept by this box"):
        unpacked(content)
