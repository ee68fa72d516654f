from __future__ import annotations

import pytest

from healthcare.hl7.nomenclature import METRICS, WAVES, named
from healthcare.hl7.units import TEMPERATURE, unit_of
from healthcare.measures import MEASURES


def test_every_metric_is_a_vital_sign() -> None:
    assert {metric.measure for metric in METRICS.values()} == set(MEASURES)


def test_codes_are_of_the_partition_of_measurements() -> None:
    assert all(131072 <= code < 196608 for code in (*METRICS, *WAVES))


@pytest.mark.parametrize(
    ("code", "ref_id", "measure"),
    [
        ("147842", "MDC_ECG_HEART_RATE", "hr_per_min"),
        ("147842", "", "hr_per_min"),
        ("", "MDC_ECG_HEART_RATE", "hr_per_min"),
        ("0", "mdc_puls_oxim_sat_o2", "spo2_pct"),
        ("MDC_PULS_OXIM_SAT_O2", "", "spo2_pct"),
        ("150021", "MDC_PRESS_BLD_NONINV_SYS", "nibp_sys_mmhg"),
        ("150301", "MDC_PRESS_CUFF_SYS", "nibp_sys_mmhg"),
        ("150037", "MDC_PRESS_BLD_ART_ABP_SYS", "abp_sys_mmhg"),
        ("150033", "MDC_PRESS_BLD_ART_SYS", "abp_sys_mmhg"),
        ("8867-4", "Heart rate", "hr_per_min"),
        ("59408-5", "", "spo2_pct"),
    ],
)
def test_number_or_word_names_a_vital_sign(code: str, ref_id: str, measure: str) -> None:
    what = named(code, ref_id)
    assert what.metric is not None
    assert (what.metric.measure, what.at_odds) == (measure, False)


def test_a_cuff_labelled_as_an_artery_stays_a_cuff_and_is_flagged() -> None:
    what = named("150021", "ART_SYS")
    assert what.metric is not None
    assert (what.metric.measure, what.at_odds) == ("nibp_sys_mmhg", True)


@pytest.mark.parametrize(
    ("code", "ref_id"), [("150017", "MDC_PRESS_BLD_SYS"), ("150388", "MDC_TEMP_SKIN"), ("999", ""), ("", ""), ("x", "")]
)
def test_what_is_not_known_for_sure_is_nothing(code: str, ref_id: str) -> None:
    what = named(code, ref_id)
    assert (what.metric, what.wave, what.at_odds) == (None, None, False)


def test_a_known_word_beside_an_unknown_number_is_nothing_and_flagged() -> None:
    assert named("61440", "MDC_PULS_OXIM_SAT_O2") == named("61440", "MDC_ECG_HEART_RATE")
    assert named("61440", "MDC_PULS_OXIM_SAT_O2").at_odds


@pytest.mark.parametrize(
    ("code", "name", "value", "own"),
    [
        ("265987", "MDC_DIM_KILO_PASCAL", 16.0, 120.0),
        ("kPa", "", 10.67, 80.0),
        ("266560", "MDC_DIM_FAHR", 98.6, 37.0),
        ("268224", "MDC_DIM_FAHR", 101.3, 38.5),
        ("K", "", 310.15, 37.0),
        ("cm[H2O]", "", 10.0, 7.36),
        ("264864", "MDC_DIM_BEAT_PER_MIN", 75.0, 75.0),
        ("{beat}/min", "", 75.0, 75.0),
        ("uV", "", 500.0, 0.5),
        ("unheard of", "MDC_DIM_MMHG", 80.0, 80.0),
    ],
)
def test_units_come_to_the_one_of_their_family(code: str, name: str, value: float, own: float) -> None:
    unit = unit_of(code, name)
    assert unit is not None
    assert unit.own(value) == pytest.approx(own, abs=0.05)


def test_an_unknown_unit_is_none_and_a_known_one_has_its_family() -> None:
    assert unit_of("furlong", "") is None
    degrees = unit_of("Cel", "")
    assert degrees is not None and degrees.family == TEMPERATURE
