from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthcare.hl7.faults import MessageError
from healthcare.hl7.message import parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd01 import Reported, read_observations
from healthcare.measures import MEASURES
from tests.healthcare.hl7.messages import frame, observations, obx

ZONE = ZoneInfo("Europe/Berlin")
AT_UTC_S = datetime(2026, 7, 26, 12, 5, tzinfo=UTC).timestamp()


def reported(message: bytes) -> tuple[list[Reported], Notes]:
    notes = Notes()
    return read_observations(parse(message), ZONE, notes), notes


def readings(*rows: str) -> list[dict[str, Any]]:
    (one,) = read_observations(obx(*rows), ZONE, Notes())
    return list(one.readings)


def value(row: str) -> tuple[float | None, str]:
    (reading,) = readings(row)
    return reading["value"], reading["absent"]


def test_the_example_of_ihe() -> None:
    (one,), notes = reported(observations())
    assert (one.person.id, one.person.family, one.location, one.device) == (
        "12345", "TEST", "W7^R3^B2", "ACDE48234567ABCD"
    )  # fmt: skip
    (reading,) = one.readings
    assert reading == {
        "measure": "hr_per_min",
        "instance": "1.5.1.1",
        "value": 75.0,
        "unit": "/min",
        "at_utc_s": AT_UTC_S,
        "absent": "",
        "code": "147842",
        "ref_id": "MDC_ECG_HEART_RATE",
        "site": "ECG",
        "zone_assumed": False,
        "at_odds": False,
        "questionable": False,
    }
    assert not notes.faults
    assert +notes.counts == {}


def test_plain_rows_without_containment_or_obr_are_read() -> None:
    message = frame("PID|||1", "OBX|1|NM|147842^HR||75", "OBX|2|ST|59408-5^SpO2^LN||97|%", kind="ORU^R01")
    (one,), _ = reported(message)
    assert [(r["measure"], r["value"], r["instance"], r["at_utc_s"]) for r in one.readings] == [
        ("hr_per_min", 75.0, "", None),
        ("spo2_pct", 97.0, "", None),
    ]


def test_two_temperatures_of_one_code_are_kept_apart_by_their_place() -> None:
    found = readings("OBX|1|NM|150344^MDC_TEMP^MDC|1.26.1.1|37.1|268192^MDC_DIM_DEGC^MDC",
                     "OBX|2|NM|150344^MDC_TEMP^MDC|1.26.2.1|33.4|268192^MDC_DIM_DEGC^MDC")  # fmt: skip
    assert [(r["instance"], r["value"]) for r in found] == [("1.26.1.1", 37.1), ("1.26.2.1", 33.4)]


def test_the_same_code_twice_at_one_place_is_kept_apart_by_its_order() -> None:
    found = readings("OBX|1|NM|150344||37.1|Cel", "OBX|2|NM|150344||33.4|Cel")
    assert [r["instance"] for r in found] == ["", "#2"]


@pytest.mark.parametrize(
    "mark", ["-100", "-999", "-99.9", "-100.0", "8388607", "8388608", "-8388608", "32767", "2147483647"]
)
def test_marks_of_no_value_are_never_numbers(mark: str) -> None:
    for kind in ("NM", "ST", ""):
        assert value(f"OBX|1|{kind}|150456^MDC_PULS_OXIM_SAT_O2^MDC|1|{mark}|262688||||F") == (None, "no-value")
    assert value(f"OBX|1|SN|150456^MDC_PULS_OXIM_SAT_O2^MDC|1|^{mark}|262688||||F") == (None, "no-value")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("OBX|1|NM|150456||97|%|||||X", (None, "not-obtained")),
        ("OBX|1|NM|150456||97|%|||||D", (None, "deleted")),
        ("OBX|1|NM|150456||97|%||INV|||R", (None, "invalid")),
        ("OBX|1|NM|150456||97|%||L~DEMO|||R", (None, "demo")),
        ("OBX|1|NM|150456|||%|||||R", (None, "empty")),
        ("OBX|1|NM|150456||---|%|||||R", (None, "unreadable")),
        ("OBX|1|ST|150456||---|%|||||R", (None, "no-number")),
        ("OBX|1|NM|150456||nan|%", (None, "unreadable")),
        ("OBX|1|NM|150456||1_0|%", (None, "unreadable")),
        ("OBX|1|NM|150456||1e2|%", (None, "unreadable")),
        ("OBX|1|NM|150456||٩٧|%", (None, "unreadable")),
        ("OBX|1|NM|150456||+97.|%", (97.0, "")),
        ("OBX|1|NM|150456||.5|%", (0.5, "")),
        ("OBX|1|SN|150456||^97|%", (97.0, "")),
        ("OBX|1|SN|150456||=^97|%", (97.0, "")),
        ("OBX|1|SN|150456||>^97|%", (None, "no-number")),
        ("OBX|1|SN|150456||^97^-^99|%", (None, "no-number")),
        ("OBX|1|SN|150456||^abc|%", (None, "unreadable")),
        ("OBX|1|SN|150456|||%", (None, "empty")),
        ("OBX|1|CE|150456||97|%", (None, "no-number")),
        ("OBX|1|NM|150456||97|mm[Hg]", (None, "unit")),
        ("OBX|1|NM|150456||97|furlong", (None, "unit")),
        ("OBX|1|NM|150456||97", (97.0, "")),
    ],
)
def test_one_value(row: str, expected: tuple[float | None, str]) -> None:
    assert value(row) == expected


def test_a_questionable_value_is_kept_and_marked() -> None:
    (reading,) = readings("OBX|1|NM|150456||97|%||QUES|||R")
    assert (reading["value"], reading["questionable"]) == (97.0, True)


def test_values_come_in_the_unit_of_their_measure() -> None:
    found = readings("OBX|1|NM|150344^MDC_TEMP^MDC||101.3|266560^MDC_DIM_FAHR^MDC",
                     "OBX|2|NM|150037^MDC_PRESS_BLD_ART_ABP_SYS^MDC||16|265987^MDC_DIM_KILO_PASCAL^MDC")  # fmt: skip
    assert [(r["measure"], r["value"]) for r in found] == [("temp_cel", 38.5), ("abp_sys_mmhg", 120.01)]
    assert [r["unit"] for r in found] == [MEASURES[r["measure"]].unit for r in found]


def test_a_cuff_in_one_row_is_three_values() -> None:
    found = readings("OBX|1|NA|150020^MDC_PRESS_BLD_NONINV^MDC|1.1.9|120^80^93|266016^MDC_DIM_MMHG^MDC")
    assert [(r["measure"], r["value"]) for r in found] == [
        ("nibp_sys_mmhg", 120.0), ("nibp_dia_mmhg", 80.0), ("nibp_map_mmhg", 93.0)
    ]  # fmt: skip


def test_a_row_s_own_time_counts_before_that_of_the_order() -> None:
    found = readings("OBX|1|NM|150456||97|%|||||R|||20260726120430+0000", "OBX|2|NM|147842||75")
    assert [r["at_utc_s"] - AT_UTC_S for r in found] == [-30.0, 0.0]


def test_a_time_without_offset_is_of_the_site_and_says_so() -> None:
    (one,), notes = reported(frame("PID|||1", "OBR|1||||||20260726140500", "OBX|1|NM|147842||75"))
    assert one.readings[0]["at_utc_s"] == AT_UTC_S
    assert one.readings[0]["zone_assumed"]
    assert notes.counts["zone-assumed"] == 1


def test_a_time_that_cannot_be_read_costs_no_value_and_is_told_to_the_sender() -> None:
    (one,), notes = reported(frame("PID|||1", "OBX|1|NM|147842||75|||||||||yesterday"))
    assert (one.readings[0]["value"], one.readings[0]["at_utc_s"]) == (75.0, None)
    assert "OBX-14" in str(notes.faults[0])
    assert not notes.hopeless


def test_a_date_is_no_time_of_a_measurement() -> None:
    (reading,) = readings("OBX|1|NM|147842||75|||||||||20260726")
    assert reading["at_utc_s"] == AT_UTC_S


def test_one_unreadable_value_does_not_take_the_others_along() -> None:
    (one,), notes = reported(frame("PID|||1", "OBX|1|NM|147842||seventy", "OBX|2|NM|150456||97|%"))
    assert [r["value"] for r in one.readings] == [None, 97.0]
    assert str(notes.faults[0]) == "OBX-5 is no number (NM of 147842)"
    assert not notes.hopeless


def test_what_is_at_odds_or_unknown_is_counted() -> None:
    (one,), notes = reported(frame("PID|||1", "OBX|1|NM|150021^ART_SYS||120", "OBX|2|NM|1^MDC_NO||1", "OBX|3|NM|0^X||"))
    assert one.readings[0]["at_odds"]
    assert notes.counts["code-at-odds:150021^ART_SYS"] == 1
    assert notes.counts["code-unknown:1^MDC_NO"] == 1
    assert not any("0^X" in name for name in notes.counts)


def test_patients_of_one_message_are_kept_apart() -> None:
    rows = ("PID|||1", "PV1||I|W7^R1^B1", "OBR|1", "OBX|1|NM|147842||60", "OBR|2", "OBX|1|NM|150456||97",
            "PID|||2", "PV1||I|W7^R2^B2", "OBR|1", "OBX|1|NM|147842||80")  # fmt: skip
    found, _ = reported(frame(*rows))
    assert [(one.person.id, one.location, [r["value"] for r in one.readings]) for one in found] == [
        ("1", "W7^R1^B1", [60.0, 97.0]),
        ("2", "W7^R2^B2", [80.0]),
    ]


def test_a_place_never_outlives_its_patient() -> None:
    rows = ("PID|||1", "PV1||I|W7^R1^B1", "OBX|1|NM|147842||60", "PID|||2", "OBX|1|NM|147842||80")
    found, _ = reported(frame(*rows))
    assert [one.location for one in found] == ["W7^R1^B1", ""]


def test_the_device_is_the_monitor_and_only_then_the_gateway() -> None:
    (one,), _ = reported(frame("PID|||1", "OBX|1|NM|147842||60|||||||||||||0030E60000000001^^0030E60000000001^EUI-64"))
    assert one.device == "0030E60000000001"


def test_a_message_without_rows_is_refused() -> None:
    with pytest.raises(MessageError, match="OBX is missing"):
        reported(frame("PID|||1", "OBR|1"))
