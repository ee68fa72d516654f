from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.clock import Instant
from core.errors import InputError
from healthcare.waves_of_bed import WavesOfBed, wave_chunk
from tests.support.factories import AT_UTC_S
from verticals.contract import Sample

WAVE = {"kind": "wave", "channel": "ecg_ii_mv", "rate_hz": 250.0, "start_utc_s": AT_UTC_S}


def _sample(**changes: Any) -> Sample:
    values = {**WAVE, "samples": np.zeros(62, np.float32), **changes}
    return Sample(
        "waves", Instant(1000.0, AT_UTC_S), {name: value for name, value in values.items() if value is not None}
    )


@pytest.mark.parametrize(
    "changes",
    [{"channel": None}, {"channel": 7}, {"rate_hz": None}, {"rate_hz": 0.0}, {"rate_hz": 1e9}, {"start_utc_s": "now"},
     {"samples": None}, {"samples": np.zeros((2, 2), np.float32)}, {"samples": np.array(["a"])},
     {"samples": np.zeros(250 * 31, np.float32)}],
)  # fmt: skip
def test_what_is_no_wave_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        wave_chunk(_sample(**changes))


def test_channels_are_known_by_what_came() -> None:
    waves = WavesOfBed()
    for channel in ("pleth", "ecg_ii_mv", "pleth"):
        assert waves.take(_sample(channel=channel)) == []
        taken = waves.found(())
        assert taken is not None and taken[0].channel == channel
    assert waves.channels == ["ecg_ii_mv", "pleth"]


def test_one_late_answer_is_no_loss_and_several_in_a_row_are_until_the_next() -> None:
    waves = WavesOfBed()
    assert [waves._told(False) for _ in range(4)] == [None] * 4
    assert waves._told(False) is False
    assert waves._told(False) is None
    assert waves._told(True) is True
    assert waves._told(True) is None
