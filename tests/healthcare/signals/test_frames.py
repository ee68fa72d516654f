from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcare.signals.beat import Chunk
from healthcare.signals.frames import FRAME_S, STOPPED_S, Frame, Frames

RATES_HZ = {"ecg_ii_mv": 250.0, "pleth": 62.5}


def chunk(channel: str, start_s: float, length_s: float) -> Chunk:
    rate_hz = RATES_HZ[channel]
    first, last = round(start_s * rate_hz), round((start_s + length_s) * rate_hz)
    return Chunk(channel, rate_hz, np.arange(first, last, dtype=np.float32), first / rate_hz)


def together(chunk_s: float, length_s: float, channels: tuple[str, ...] = tuple(RATES_HZ)) -> list[Frame]:
    frames, found = Frames(), []
    at_s = 0.0
    while at_s < length_s - 1e-9:
        for channel in channels:
            found += list(frames.take(chunk(channel, at_s, min(chunk_s, length_s - at_s))))
        at_s += chunk_s
    return found


def told(frames: list[Frame]) -> dict[float, dict[str, bytes]]:
    """By the frame's end, the samples of each channel."""
    return {frame.end_s: {one.channel: one.samples.tobytes() for one in frame.chunks} for frame in frames}


IN_HALVES = told(together(0.5, 26.0))


@settings(deadline=None, max_examples=25)
@given(st.floats(0.05, 4.0))
def test_frames_are_the_same_for_any_size_of_the_chunks(chunk_s: float) -> None:
    found = told(together(chunk_s, 26.0))
    both = [end_s for end_s in found if end_s in IN_HALVES and end_s > 5.0]
    assert len(both) >= 40
    assert all(found[end_s] == IN_HALVES[end_s] for end_s in both)


def test_no_sample_is_lost_and_none_is_told_twice() -> None:
    found = together(0.3, 30.0)
    for channel, rate_hz in RATES_HZ.items():
        samples = np.concatenate([one.samples for frame in found for one in frame.chunks if one.channel == channel])
        assert samples.tolist() == list(range(len(samples)))
        assert len(samples) >= (30.0 - FRAME_S) * rate_hz - 1


def test_a_channel_that_stops_is_not_waited_for_long() -> None:
    frames, ends = Frames(), []
    for second in range(20):
        ends += [frame.end_s for frame in frames.take(chunk("ecg_ii_mv", float(second), 1.0))]
        if second < 5:
            ends += [frame.end_s for frame in frames.take(chunk("pleth", float(second), 1.0))]
    assert ends[-1] == pytest.approx(20.0)
    assert ends == sorted(set(ends))


def test_a_frame_lacks_a_channel_that_has_not_come() -> None:
    found = together(1.0, 10.0, ("ecg_ii_mv",))
    assert all([one.channel for one in frame.chunks] == ["ecg_ii_mv"] for frame in found)
    assert found[-1].end_s >= 10.0 - FRAME_S


def test_a_hole_is_filled_with_nan() -> None:
    frames = Frames()
    list(frames.take(chunk("ecg_ii_mv", 0.0, 1.0)))
    found = list(frames.take(chunk("ecg_ii_mv", 2.0, 1.0)))
    missing = [frame.end_s for frame in found for one in frame.chunks if np.isnan(one.samples).any()]
    assert missing
    assert all(1.0 < end_s <= 2.0 + FRAME_S for end_s in missing)


def test_time_that_jumps_far_begins_anew() -> None:
    frames = Frames()
    list(frames.take(chunk("ecg_ii_mv", 0.0, 2.0)))
    found = list(frames.take(chunk("ecg_ii_mv", 4000.0, 2.0)))
    assert [frame.end_s for frame in found] == [4000.5, 4001.0, 4001.5, 4002.0]
    assert STOPPED_S < 30.0
