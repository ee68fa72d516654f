"""Ours beside the R4 examples of HL7: the same elements, the same types, the same code systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.settings import environment
from healthcare.out.observation import Taken, blood_pressure, observation_set, vital_sign
from tests.healthcare.out.records import ABOUT, NAMING
from tests.healthcare.out.structure import faults
from tests.support.clocks import START_UTC_S

pytestmark = pytest.mark.samples
TAKEN = Taken(ABOUT, NAMING, START_UTC_S, "1", author="Nurse 14")


def given(name: str) -> dict[str, Any]:
    folder = Path(environment("EDGEWISE_SAMPLES") or "") / "healthcare" / "fhir"
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return found


def loinc(resource: dict[str, Any]) -> list[str]:
    return [each["code"] for each in resource["code"]["coding"] if each["system"] == "http://loinc.org"]


def ours(name: str) -> dict[str, Any]:
    if name.startswith(("bp", "blood")):
        diastolic = None if name == "bp-data-absent" else 60.0
        return blood_pressure(TAKEN, "nibp", {"nibp_sys_mmhg": 109.0, "nibp_dia_mmhg": diastolic})
    if name == "observation-satO2-fiO2":
        return observation_set(TAKEN, {"spo2_pct": 95.0, "oxygen_l_per_min": 6.0})[0]
    measure = {
        "heart-rate": "hr_per_min", "respiratory-rate": "rr_per_min",
        "oxygen-saturation": "spo2_pct", "temperature": "temp_cel",
    }[name]  # fmt: skip
    return vital_sign(TAKEN, measure, 44.0)


NAMES = (
    "heart-rate", "respiratory-rate", "oxygen-saturation", "temperature",
    "blood-pressure", "bp-data-absent", "observation-satO2-fiO2",
)  # fmt: skip
#: What examples have and a bedside box has not: their narrative, the visit, the reading of the value, normal ranges.
_THEIRS = {"text", "encounter", "interpretation", "referenceRange", "device", "performer"}


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_of_the_tests_hold_for_the_given_examples(name: str) -> None:
    assert faults(given(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_an_example_says_ours_says_by_the_same_elements(name: str) -> None:
    theirs, made = given(name), ours(name)
    assert set(theirs) - _THEIRS <= set(made)
    assert set(loinc(theirs)) <= set(loinc(made))
    assert theirs["category"] == made["category"]
    assert theirs["status"] == made["status"]
    for element in ("valueQuantity", "component", "dataAbsentReason"):
        assert (element in theirs) == (element in made)
        assert _shape(theirs.get(element)) == _shape(made.get(element))


def _shape(value: Any) -> Any:
    """Names and types, with systems, codes of LOINC and of UCUM; of MDC and of texts nothing."""
    if isinstance(value, list):
        return [_shape(each) for each in value]
    if isinstance(value, dict):
        codings = [each for each in value.get("coding", []) if each["system"] == "http://loinc.org"]
        if codings:
            return {"codes": [each["code"] for each in codings]}
        return {name: _shape(each) for name, each in sorted(value.items()) if name != "text"} | {
            name: value[name] for name in ("system", "code") if isinstance(value.get(name), str)
        }
    return "number" if isinstance(value, int | float) else "text"
