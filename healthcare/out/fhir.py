"""FHIR R4 in plain dictionaries: references, codings, and how a group of resources is sent so that twice is once.

Every resource of ours has an id that the same facts always give, and carries it as an identifier too. Sent by `put`
it is written under that id; by `post` the server makes it unless it has one with that identifier (conditional
create, https://hl7.org/fhir/R4/http.html#ccreate), and what we take back is a conditional update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import iso_utc
from healthcare.measures import Measure
from healthcare.out.codes import UCUM
from healthcare.out.subject import About, Naming

Resource = dict[str, Any]

_URI = "urn:ietf:rfc:3986"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
#: Of the code system data-absent-reason, those that we say.
ABSENT: Mapping[str, str] = {
    "unknown": "Unknown",
    "not-performed": "Not Performed",
    "not-applicable": "Not Applicable",
    "error": "Error",
}


def began(kind: str, number: str, status: str) -> Resource:
    """A resource with its id, its identifier and its status."""
    return {
        "resourceType": kind,
        "id": number,
        "identifier": [{"system": _URI, "value": f"urn:uuid:{number}"}],
        "status": status,
    }


def concept(*codings: tuple[str, str, str], text: str = "") -> dict[str, Any]:
    """A CodeableConcept of (system, code, display)."""
    made: dict[str, Any] = {}
    if codings:
        made["coding"] = [{"system": system, "code": code, "display": display} for system, code, display in codings]
    if text:
        made["text"] = text
    return made


def absent(reason: str) -> dict[str, Any]:
    """A dataAbsentReason. Raises KeyError for a reason that is none of ABSENT."""
    return concept((_ABSENT, reason, ABSENT[reason]))


def quantity(value: float, unit: str, ucum: str, digits: int = 6) -> dict[str, Any]:
    """A Quantity in UCUM; a whole number is written as one."""
    rounded = round(value, digits)
    return {
        "value": int(rounded) if rounded == int(rounded) else rounded,
        "unit": unit,
        "system": UCUM,
        "code": ucum,
    }


def quantity_of(measure: Measure, value: float) -> dict[str, Any]:
    return quantity(value, measure.unit, measure.ucum, measure.digits)


def linked(kind: str, number: str) -> dict[str, str]:
    return {"reference": f"{kind}/{number}"}


def person(name: str) -> dict[str, str]:
    """Somebody of the staff, by the name that the ward's roster has."""
    return {"type": "Practitioner", "display": name}


def subject(about: About, naming: Naming) -> dict[str, Any]:
    """The patient, by identifier alone: never a name, never a birth date."""
    return {"type": "Patient", "identifier": naming.identifier(about.record_number)}


def moment(utc_s: float) -> str:
    """A FHIR dateTime with its zone."""
    return iso_utc(utc_s)


def transaction(resources: Sequence[Resource], *, method: str) -> Resource:
    """The Bundle that writes these all or none (https://hl7.org/fhir/R4/http.html#transaction)."""
    if method == "put":
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in resources
        ]
    else:
        here = frozenset(each["id"] for each in resources)
        entries = [_made_once(each, here) for each in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _made_once(resource: Resource, here: frozenset[str]) -> dict[str, Any]:
    kind, number = resource["resourceType"], resource["id"]
    by_identifier = f"identifier={_URI}|urn:uuid:{number}"
    content = {name: _by_identifier(value, here) for name, value in resource.items() if name != "id"}
    request = {"method": "POST", "url": kind, "ifNoneExist": by_identifier}
    if resource["status"] == "entered-in-error":
        request = {"method": "PUT", "url": f"{kind}?{by_identifier}"}
    return {"fullUrl": f"urn:uuid:{number}", "resource": content, "request": request}


def _by_identifier(value: Any, here: frozenset[str]) -> Any:
    """With references that hold where the server gives ids: to what is sent along, or by identifier."""
    if isinstance(value, list):
        return [_by_identifier(each, here) for each in value]
    if not isinstance(value, dict):
        return value
    if "reference" not in value:
        return {name: _by_identifier(each, here) for name, each in value.items()}
    kind, _, number = str(value["reference"]).partition("/")
    if number in here:
        return {"reference": f"urn:uuid:{number}"}
    return {"type": kind, "identifier": {"system": _URI, "value": f"urn:uuid:{number}"}}
