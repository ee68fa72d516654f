"""What FHIR R4 demands of the resources that are sent: required elements, cardinality, types, code systems.

From https://hl7.org/fhir/R4/observation.html, observation-vitalsigns.html and communication.html. `faults` says
every departure; an element that is not in the tables is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_DATE_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
Check = Callable[[Any], bool]


def _keys(value: Any, *known: str) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= set(known)


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def date_time(value: Any) -> bool:
    return isinstance(value, str) and _DATE_TIME.fullmatch(value) is not None


def coding(value: Any) -> bool:
    return _keys(value, "system", "code", "display", "version") and text(value.get("code")) and ":" in value["system"]


def concept(value: Any) -> bool:
    return _keys(value, "coding", "text") and all(coding(each) for each in value.get("coding", []))


def quantity(value: Any) -> bool:
    known = _keys(value, "value", "unit", "system", "code", "comparator") and number(value.get("value"))
    return known and value.get("system") == "http://unitsofmeasure.org" and text(value.get("code"))


def identifier(value: Any) -> bool:
    return _keys(value, "system", "value", "type", "use") and text(value.get("value"))


def reference(value: Any) -> bool:
    known = _keys(value, "reference", "type", "identifier", "display")
    return known and ("identifier" not in value or identifier(value["identifier"]))


def meta(value: Any) -> bool:
    return _keys(value, "profile") and all(text(each) for each in value["profile"])


def note(value: Any) -> bool:
    return _keys(value, "text", "time") and text(value.get("text"))


def payload(value: Any) -> bool:
    return _keys(value, "contentString") and text(value.get("contentString"))


def reference_range(value: Any) -> bool:
    return _keys(value, "low", "high", "text")


def component(value: Any) -> bool:
    known = _keys(value, "code", "valueQuantity", "valueInteger", "dataAbsentReason", "interpretation")
    one = sum(name in value for name in ("valueQuantity", "valueInteger", "dataAbsentReason")) == 1
    return known and one and concept(value.get("code")) and all(
        check(value[name])
        for name, check in (("valueQuantity", quantity), ("valueInteger", whole), ("dataAbsentReason", concept))
        if name in value
    )  # fmt: skip


def one_of(*words: str) -> Check:
    return lambda value: value in words


#: Element: (check, least, most); most None is `*`, and then it is a list.
Table = dict[str, tuple[Check, int, int | None]]
_ANY: Table = {
    "resourceType": (text, 1, 1),
    "id": (lambda value: isinstance(value, str) and _ID.fullmatch(value) is not None, 0, 1),
    "meta": (meta, 0, 1),
    "text": (lambda value: isinstance(value, dict), 0, 1),
    "identifier": (identifier, 0, None),
    "note": (note, 0, None),
}
OBSERVATION: Table = _ANY | {
    "status": (one_of("registered", "preliminary", "final", "amended", "corrected", "entered-in-error"), 1, 1),
    "category": (concept, 1, None),
    "code": (concept, 1, 1),
    "subject": (reference, 1, 1),
    "encounter": (reference, 0, 1),
    "effectiveDateTime": (date_time, 1, 1),
    "performer": (reference, 0, None),
    "valueQuantity": (quantity, 0, 1),
    "valueInteger": (whole, 0, 1),
    "valueCodeableConcept": (concept, 0, 1),
    "dataAbsentReason": (concept, 0, 1),
    "interpretation": (concept, 0, None),
    "method": (concept, 0, 1),
    "device": (reference, 0, 1),
    "referenceRange": (reference_range, 0, None),
    "derivedFrom": (reference, 0, None),
    "hasMember": (reference, 0, None),
    "component": (component, 0, None),
}
COMMUNICATION: Table = _ANY | {
    "status": (one_of("preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"), 1, 1),
    "category": (concept, 0, None),
    "priority": (one_of("routine", "urgent", "asap", "stat"), 0, 1),
    "subject": (reference, 0, 1),
    "inResponseTo": (reference, 0, None),
    "sent": (date_time, 0, 1),
    "received": (date_time, 0, 1),
    "recipient": (reference, 0, None),
    "sender": (reference, 0, 1),
    "reasonCode": (concept, 0, None),
    "payload": (payload, 0, None),
}


def faults(resource: Mapping[str, Any]) -> list[str]:
    """Nothing for a resource that is as it must be."""
    table = OBSERVATION if resource.get("resourceType") == "Observation" else COMMUNICATION
    found = [f"{name} is no element" for name in resource if name not in table]
    for name, (check, least, most) in table.items():
        if name not in resource:
            found += [f"{name} is missing"] if least else []
            continue
        values = resource[name] if most is None else [resource[name]]
        if not isinstance(values, list) or not values or not all(check(each) for each in values):
            found.append(f"{name} is not as it must be: {resource[name]!r}")
    if table is OBSERVATION:
        found += _value_faults(resource)
    return found


def _value_faults(resource: Mapping[str, Any]) -> list[str]:
    """vs-2 and obs-6: a value, or why there is none, or parts that have one; never a value and its absence."""
    values = [name for name in resource if name.startswith("value")]
    if len(values) > 1 or (values and "dataAbsentReason" in resource):
        return [f"has {values} and dataAbsentReason"]
    if not values and not {"dataAbsentReason", "component", "hasMember"} & set(resource):
        return ["says neither a value nor why there is none"]
    return []
