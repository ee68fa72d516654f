from __future__ import annotations

from typing import Any

import pytest

from healthcare.measures import MEASURES
from healthcare.out.codes import SIGNS
from healthcare.out.observation import Taken, blood_pressure, early_warning, observation_set, vital_sign, vital_signs
from tests.healthcare.out.records import ABOUT, BY_NUMBER, NAMING, entered
from tests.healthcare.out.structure import faults
from tests.support.clocks import START_UTC_S

TAKEN = Taken(ABOUT, NAMING, START_UTC_S, "1")
FULL = {
    "rr_per_min": 24, "spo2_pct": 93, "oxygen_device": "nasal-cannula", "oxygen_l_per_min": 2,
    "nibp_sys_mmhg": 105, "nibp_dia_mmhg": 60, "pulse_per_min": 112, "consciousness": "A", "temp_cel": 38.4,
}  # fmt: skip


def codes(resource: dict[str, Any], system: str = "http://loinc.org") -> list[str]:
    return [each["code"] for each in resource["code"]["coding"] if each["system"] == system]


@pytest.mark.parametrize("measure", sorted(SIGNS))
def test_each_vital_sign_is_an_observation_as_the_profile_wants_it(measure: str) -> None:
    found = vital_sign(TAKEN, measure, 38.04)
    assert faults(found) == []
    assert found["category"][0]["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs",
        "display": "Vital Signs",
    }
    assert found["valueQuantity"]["code"] == MEASURES[measure].ucum
    assert codes(found, "urn:iso:std:iso:11073:10101") == [str(SIGNS[measure].mdc)]


@pytest.mark.parametrize(
    ("measure", "loinc", "profile"),
    [
        ("hr_per_min", ["8867-4"], "heartrate"),
        ("pr_per_min", ["8867-4", "8889-8"], "heartrate"),
        ("spo2_pct", ["2708-6", "59408-5"], "oxygensat"),
        ("rr_per_min", ["9279-1"], "resprate"),
        ("temp_cel", ["8310-5"], "bodytemp"),
    ],
)
def test_magic_codes_come_first(measure: str, loinc: list[str], profile: str) -> None:
    found = vital_sign(TAKEN, measure, 90)
    assert codes(found) == loinc
    assert found["meta"]["profile"] == [f"http://hl7.org/fhir/StructureDefinition/{profile}"]


def test_every_measure_of_the_product_has_its_codes() -> None:
    assert set(SIGNS) == set(MEASURES)
    assert all(sign.loinc[0][0] == MEASURES[name].loinc for name, sign in SIGNS.items() if MEASURES[name].loinc)


def test_no_value_says_why_and_is_never_a_number() -> None:
    found = vital_sign(TAKEN, "spo2_pct", None, why_absent="error")
    assert faults(found) == []
    assert "valueQuantity" not in found
    assert found["dataAbsentReason"]["coding"][0]["code"] == "error"


def test_a_blood_pressure_is_a_panel_without_a_value_of_its_own() -> None:
    found = blood_pressure(TAKEN, "nibp", {"nibp_sys_mmhg": 109.0, "nibp_dia_mmhg": None})
    assert faults(found) == []
    assert codes(found) == ["85354-9"]
    assert not [name for name in found if name.startswith("value")]
    systolic, diastolic = found["component"]
    assert systolic["code"]["coding"][0]["code"] == "8480-6"
    assert systolic["valueQuantity"] == {
        "value": 109, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"
    }  # fmt: skip
    assert diastolic["code"]["coding"][0]["code"] == "8462-4"
    assert diastolic["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_cuff_and_artery_are_two_panels_and_nothing_else_of_them_stands_alone() -> None:
    found = vital_signs(
        TAKEN, {"nibp_sys_mmhg": 109.0, "abp_sys_mmhg": 112.0, "abp_map_mmhg": 80.0, "hr_per_min": 70.0}
    )
    assert [codes(each)[0] for each in found] == ["8867-4", "85354-9", "85354-9"]
    assert [len(each["component"]) for each in found[1:]] == [2, 3]
    assert len({each["id"] for each in found}) == 3


def test_patients_are_identifiers_only() -> None:
    hidden = vital_sign(TAKEN, "hr_per_min", 70)["subject"]
    assert "4711" not in str(hidden)
    assert hidden["identifier"]["system"] == "urn:edgewise:pseudonym"
    shown = vital_sign(Taken(ABOUT, BY_NUMBER, START_UTC_S, "1"), "hr_per_min", 70)["subject"]
    assert shown == {
        "type": "Patient", "identifier": {"system": "https://hospital.example/mrn", "value": "4711"}
    }  # fmt: skip


def test_who_took_it_is_a_person_or_the_beds_monitor() -> None:
    assert vital_sign(TAKEN, "hr_per_min", 70)["device"]["display"] == "Monitor of Ward 7, bed 7"
    by_hand = vital_sign(Taken(ABOUT, NAMING, START_UTC_S, "1", author="Nurse 14"), "hr_per_min", 70)
    assert by_hand["performer"] == [{"type": "Practitioner", "display": "Nurse 14"}]
    assert "device" not in by_hand


def test_the_same_facts_have_the_same_id_and_others_another() -> None:
    first = vital_sign(TAKEN, "hr_per_min", 70)
    assert first["id"] == vital_sign(TAKEN, "hr_per_min", 70)["id"]
    assert first["id"] != vital_sign(TAKEN, "spo2_pct", 70)["id"]
    assert first["id"] != vital_sign(Taken(ABOUT, NAMING, START_UTC_S, "2"), "hr_per_min", 70)["id"]


def test_a_set_gives_each_sign_with_oxygen_beside_the_saturation() -> None:
    found = observation_set(TAKEN, FULL)
    assert [fault for each in found for fault in faults(each)] == []
    by_code = {codes(each)[0]: each for each in found}
    assert set(by_code) == {"9279-1", "2708-6", "8867-4", "8310-5", "85354-9", "67775-7"}
    [flow] = by_code["2708-6"]["component"]
    assert flow["code"]["coding"][0]["code"] == "3151-8"
    assert flow["valueQuantity"]["code"] == "L/min"
    assert by_code["67775-7"]["valueCodeableConcept"] == {"text": "Alert"}
    assert by_code["8310-5"]["valueQuantity"]["value"] == 38.4


def test_oxygen_without_a_saturation_stands_alone() -> None:
    found = observation_set(TAKEN, {"fio2_pct": 40.0})
    assert [fault for each in found for fault in faults(each)] == []
    assert [codes(each) for each in found] == [["3150-6"]]


def test_a_full_news2_has_its_sum_and_what_it_was_made_from() -> None:
    [event] = entered(FULL)
    members = observation_set(TAKEN, event.data["values"])
    found = early_warning(TAKEN, event.data["news2"], event.data["breakdown"], members)
    assert faults(found) == []
    assert found["code"]["coding"][0]["code"] == "1104051000000101"
    assert str(found["valueInteger"]) == event.data["news2"]["text"] == "10"
    assert [each["reference"] for each in found["derivedFrom"]] == [f"Observation/{each['id']}" for each in members]
    assert sum(part["valueInteger"] for part in found["component"]) == 10


def test_an_incomplete_news2_has_no_number_that_could_be_taken_for_the_score() -> None:
    [event] = entered({"rr_per_min": 24})
    found = early_warning(TAKEN, event.data["news2"], event.data["breakdown"], [])
    assert faults(found) == []
    assert "valueInteger" not in found
    assert found["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "at least 2" in found["note"][0]["text"]
