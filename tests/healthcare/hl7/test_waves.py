from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from healthcare.hl7.message import parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd01 import read_observations
from healthcare.hl7.waves import Wave
from tests.healthcare.hl7.messages import WAVE, frame

START_UTC_S = datetime(2026, 7, 26, 12, 5, tzinfo=UTC).timestamp()
OBR = "OBR|1||||||20260726120500+0000|20260726120501+0000"


def waves(*rows: str) -> tuple[list[Wave], Counter[str]]:
    notes = Notes()
    found = read_observations(parse(frame(*rows)), ZoneInfo("UTC"), notes)
    return [wave for one in found for wave in one.waves], +notes.counts


def samples(*rows: str) -> list[float]:
    (wave,), _ = waves(*rows)
    return [round(float(value), 4) for value in wave.samples]


def test_waves_with_their_facets() -> None:
    (ecg, pleth), counts = waves(*WAVE)
    assert (ecg.channel, ecg.rate_hz, ecg.start_utc_s) == ("ecg_ii_mv", 250.0, START_UTC_S)
    assert ecg.samples.dtype == np.float32
    np.testing.assert_allclose(ecg.samples, [0, 1, -2, np.nan, 4])
    assert (pleth.channel, pleth.rate_hz, list(pleth.samples)) == ("pleth", 125.0, [10, 20, 30])
    assert counts == {}


def test_waves_are_no_readings() -> None:
    (one,) = read_observations(parse(frame(*WAVE)), ZoneInfo("UTC"), Notes())
    assert one.readings == []


def test_the_plain_form_takes_rate_and_start_from_the_order() -> None:
    (wave,), _ = waves(OBR, "OBX|1|NA|131329||" + "^".join("0.5" for _ in range(200)))
    assert (wave.channel, wave.rate_hz, wave.start_utc_s, wave.lasts_s) == ("ecg_i_mv", 200.0, START_UTC_S, 1.0)


def test_an_order_that_only_ends_dates_back_to_the_start() -> None:
    rows = ("OBR|1|||||||20260726120501+0000", "OBX|1|NA|131329|1|1^2^3^4", "OBX|2|NM|0^MDC_ATTR_SAMP_RATE|1.1|4")
    (wave,), _ = waves(*rows)
    assert wave.start_utc_s == START_UTC_S


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("250|264608", 250.0), ("250", 250.0), ("240|s^s^UCUM", 240.0), ("0.004|264320^MDC_DIM_SEC", 250.0),
     ("4|264338^MDC_DIM_MILLI_SEC", 250.0)],
)  # fmt: skip
def test_rates_as_they_are_sent(rate: str, expected: float) -> None:
    (wave,), _ = waves("OBX|1|NA|131329|1|1^2", f"OBX|2|NM|68320^MDC_ATTR_SAMPLE_RATE|1.1|{rate}")
    assert wave.rate_hz == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "step", "expected"),
    [("266419^MDC_DIM_MICRO_VOLT", "", 0.5), ("uV^uV^UCUM", "2.44", 1.22), ("", "0.01|266418", 5.0), ("", "", 500.0),
     ("262656^MDC_DIM_DIMLESS", "0.01|266418", 5.0)],
)  # fmt: skip
def test_steps_and_units_come_to_millivolts(unit: str, step: str, expected: float) -> None:
    rows = [OBR, f"OBX|1|NA|131329|1|500^500|{unit}"] + ([f"OBX|2|NM|67945|1.2|{step}"] if step else [])
    assert samples(*rows)[0] == pytest.approx(expected)


def test_every_mark_that_a_sender_names_is_a_gap() -> None:
    rows = (OBR, "OBX|1|NA|131329|1|5^-32754^-32753^7", "OBX|2|NM|197376^MDC_EVT_DATA_INVALID|1.2.1|-32754",
            "OBX|3|NM|197378^MDC_EVT_DATA_MISSING|1.2.2|-32753", "OBX|4|NM|196652^MDC_EVT_INOP|1.3|0")  # fmt: skip
    assert str(samples(*rows)) == "[5.0, nan, nan, 7.0]"


def test_what_marks_a_missing_reading_is_a_sample_like_others_in_a_wave() -> None:
    assert samples(OBR, "OBX|1|NA|131329|1|-100^-999^2047^-99.9|266418") == [-100.0, -999.0, 2047.0, -99.9]
    assert str(samples(OBR, "OBX|1|NA|131329|1|32767^-32768^8388607|266418")) == "[nan, nan, nan]"


def test_an_empty_place_is_a_gap_and_a_lost_lead_is_all_gap() -> None:
    assert str(samples(OBR, "OBX|1|NA|131329||1^^3")) == "[1.0, nan, 3.0]"
    assert str(samples(OBR, "OBX|1|NA|131329||1^2||||||X")) == "[nan, nan]"


def test_pressure_in_kilopascal_comes_in_mmhg() -> None:
    assert samples(OBR, "OBX|1|NA|150037||1^2", "OBX|2|NA|150036||16|265987")[0] == pytest.approx(120.0099)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("OBX|1|NA|131329||1^2|262656^MDC_DIM_DIMLESS", "wave-without-unit"),
        ("OBX|1|NA|131329||1^2|266016^MDC_DIM_MMHG", "wave-without-unit"),
        ("OBX|1|NA|131329||1^abc", "wave-unreadable"),
        ("OBX|1|NA|131329||1^1-1", "wave-unreadable"),
        ("OBX|1|NA|131331^MDC_ECG_LEAD_III||1^2", "wave-at-odds:131331^MDC_ECG_LEAD_III"),
    ],
)
def test_a_wave_that_cannot_be_trusted_is_left_out_and_counted(row: str, why: str) -> None:
    found, counts = waves(OBR, row)
    assert (found, counts[why]) == ([], 1)


def test_without_rate_or_window_there_is_no_wave() -> None:
    assert waves("OBX|1|NA|131329||1^2")[1]["wave-without-rate"] == 1
    assert waves("OBX|1|NA|131329|1|1^2", "OBX|2|NM|68320|1.1|0")[0] == []


def test_a_second_source_of_one_channel_is_left_out() -> None:
    found, counts = waves(OBR, "OBX|1|NA|131395||1^2", "OBX|2|NA|131331||3^4")
    assert [wave.code for wave in found] == ["131395"]
    assert counts["wave-second-of-channel"] == 1


def test_chunks_of_one_channel_after_each_other_are_all_there() -> None:
    second = OBR.replace("120501", "120502").replace("120500", "120501")
    found, _ = waves(OBR, "OBX|1|NA|131329||1^2", second, "OBX|1|NA|131329||3^4")
    assert [wave.start_utc_s for wave in found] == [START_UTC_S, START_UTC_S + 1]


def test_facets_without_places_are_of_the_wave_before_them() -> None:
    rows = ("OBX|1|NA|131329||1^2", "OBX|2|NM|0^MDC_ATTR_SAMP_RATE||100", "OBX|3|NA|150452||1^2",
            "OBX|4|NM|0^MDC_ATTR_SAMP_RATE||50")  # fmt: skip
    assert [wave.rate_hz for wave in waves(*rows)[0]] == [100.0, 50.0]
