"""Vital signs and NEWS2 as FHIR R4 Observations.

Profiles: https://hl7.org/fhir/R4/observation-vitalsigns.html. A blood pressure is a panel without a value of its own;
what was not measured has a dataAbsentReason. An incomplete NEWS2 has no value: its sum is a lower bound, said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from healthcare.measures import MEASURES
from healthcare.out.codes import LOINC, MDC, PANELS, SIGNS, Sign
from healthcare.out.fhir import Resource, absent, began, concept, linked, moment, person, quantity, quantity_of, subject
from healthcare.out.subject import About, Naming, identity
from healthcare.vitals.news2 import PARAMETERS

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_VITAL_SIGNS = concept((_CATEGORY, "vital-signs", "Vital Signs"), text="Vital Signs")
_SURVEY = concept((_CATEGORY, "survey", "Survey"), text="Survey")
_PROFILE = "http://hl7.org/fhir/StructureDefinition/"
_SNOMED = "http://snomed.info/sct"
_NEWS2 = (_SNOMED, "1104051000000101", "Royal College of Physicians NEWS2 (National Early Warning Score 2) total score")
_PANEL = (LOINC, "85354-9", "Blood pressure panel with all children optional")
_RESPONSIVENESS = (LOINC, "67775-7", "Level of responsiveness")
_FLOW, _FIO2 = (LOINC, "3151-8", "Inhaled oxygen flow rate"), (LOINC, "3150-6", "Inhaled oxygen concentration")
_ACVPU = {"A": "Alert", "C": "New confusion", "V": "Responds to voice", "P": "Responds to pain", "U": "Unresponsive"}
#: Names in a set of observations that are not those of a measure.
_IN_A_SET = {"pulse_per_min": "hr_per_min"}


@dataclass(frozen=True, slots=True)
class Taken:
    """When, by whom and of whom something was observed. `key`: what tells this occasion from every other.

    `author` is a person; empty: the bed's monitor said it. `struck`: it was entered in error.
    """

    about: About
    naming: Naming
    at_utc_s: float
    key: str
    author: str = ""
    struck: bool = False

    def number(self, what: str) -> str:
        return identity("observation", self.about.ward, self.about.bed, self.key, what)


def vital_sign(taken: Taken, measure: str, value: float | None, *, why_absent: str = "unknown") -> Resource:
    """One value, or why there is none. Raises KeyError for what is no vital sign."""
    sign, known = SIGNS[measure], MEASURES[measure]
    found = _observation(taken, measure, _code(sign), sign.profile)
    if value is None:
        return found | {"dataAbsentReason": absent(why_absent)}
    return found | {"valueQuantity": quantity_of(known, value)}


def blood_pressure(taken: Taken, panel: str, values: Mapping[str, float | None]) -> Resource:
    """`panel` is `nibp` or `abp`. Systolic and diastolic always stand there; the mean where there is one."""
    number, ref_id, parts = PANELS[panel]
    found = _observation(taken, panel, concept(_PANEL, (MDC, str(number), ref_id), text="Blood pressure"), "bp")
    systolic, diastolic, mean = parts
    shown = [systolic, diastolic] + ([mean] if values.get(mean) is not None else [])
    found["component"] = [_part(measure, values.get(measure)) for measure in shown]
    return found


def _part(measure: str, value: float | None) -> dict[str, Any]:
    part: dict[str, Any] = {"code": _code(SIGNS[measure])}
    if value is None:
        return part | {"dataAbsentReason": absent("unknown")}
    return part | {"valueQuantity": quantity_of(MEASURES[measure], value)}


def vital_signs(taken: Taken, values: Mapping[str, float | None]) -> list[Resource]:
    """By measure; pressures of one place become one panel, and what is no vital sign is left out."""
    found: list[Resource] = []
    for measure, value in values.items():
        if measure in SIGNS and _panel_of(measure) is None:
            found.append(vital_sign(taken, measure, value))
    for panel, (_, _, parts) in PANELS.items():
        if any(values.get(part) is not None for part in parts):
            found.append(blood_pressure(taken, panel, values))
    return found


def observation_set(taken: Taken, entered: Mapping[str, Any]) -> list[Resource]:
    """What a person wrote down at the bed: each sign, oxygen with the saturation, and consciousness."""
    values = {
        _IN_A_SET.get(name, name): float(value) for name, value in entered.items() if isinstance(value, int | float)
    }
    found = vital_signs(taken, values)
    oxygen = _oxygen(entered)
    saturation = next((each for each in found if each["id"] == taken.number("spo2_pct")), None)
    if saturation is not None and oxygen:
        saturation["component"] = oxygen
    if saturation is None:
        for part in oxygen:
            what = part["code"]["coding"][0]["code"]
            found.append({**_observation(taken, what, part["code"]), "valueQuantity": part["valueQuantity"]})
    if entered.get("consciousness") in _ACVPU:
        state = _observation(taken, "consciousness", concept(_RESPONSIVENESS, text="ACVPU"))
        found.append(state | {"valueCodeableConcept": {"text": _ACVPU[entered["consciousness"]]}})
    if entered.get("note") and found:
        found[0]["note"] = [{"text": str(entered["note"])}]
    return found


def _oxygen(entered: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, coding, unit, ucum in (
        ("oxygen_l_per_min", _FLOW, "L/min", "L/min"),
        ("fio2_pct", _FIO2, "%", "%"),
    ):
        if isinstance(entered.get(name), int | float):
            value = quantity(float(entered[name]), unit, ucum)
            found.append({"code": concept(coding, text=coding[2]), "valueQuantity": value})
    return found


def early_warning(
    taken: Taken, shown: Mapping[str, Any], breakdown: Sequence[Mapping[str, Any]], of: Sequence[Resource]
) -> Resource:
    """NEWS2. `shown` and `breakdown` are the score's own; `of` are the Observations that it was made from."""
    points = [line["points"] for line in breakdown if line.get("points") is not None]
    found = _observation(taken, "news2", concept(_NEWS2, text="NEWS2"), "", category=_SURVEY)
    applies = shown["text"] != "n/a"
    whole = applies and len(points) == len(PARAMETERS)
    if whole:
        found["valueInteger"] = sum(points)
    else:
        found["dataAbsentReason"] = absent("not-performed" if applies else "not-applicable")
    if not whole or shown["text"] == str(sum(points)):  # a set entered late is not what the patient's score is now
        found["note"] = [{"text": str(shown["words"])}]
        if whole:
            found["interpretation"] = [{"text": f"risk {shown['risk']}"}]
    found["method"] = {"text": f"NEWS2, SpO2 scale {shown['scale']}"}
    if of:
        found["derivedFrom"] = [linked("Observation", each["id"]) for each in of]
    parts = [
        {"code": {"text": str(line.get("label") or line["parameter"])}, "valueInteger": int(line["points"])}
        for line in breakdown
        if line.get("points") is not None
    ]
    if parts:
        found["component"] = parts
    return found


def _panel_of(measure: str) -> str | None:
    return next((panel for panel, (_, _, parts) in PANELS.items() if measure in parts), None)


def _code(sign: Sign) -> dict[str, Any]:
    codings = [(LOINC, code, display) for code, display in sign.loinc]
    return concept(*codings, (MDC, str(sign.mdc), sign.mdc_name), text=MEASURES[sign.measure].label)


def _observation(
    taken: Taken,
    what: str,
    code: Mapping[str, Any],
    profile: str = "vitalsigns",
    *,
    category: Mapping[str, Any] = _VITAL_SIGNS,
) -> Resource:
    found = began("Observation", taken.number(what), "entered-in-error" if taken.struck else "final")
    if profile:
        found["meta"] = {"profile": [f"{_PROFILE}{profile}"]}
    found |= {
        "category": [dict(category)],
        "code": dict(code),
        "subject": subject(taken.about, taken.naming),
        "effectiveDateTime": moment(taken.at_utc_s),
    }
    if taken.author:
        found["performer"] = [person(taken.author)]
    else:
        found["device"] = {"type": "Device", "display": f"Monitor of {taken.about.place}"}
    return found
