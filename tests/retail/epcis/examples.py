"""Events as tests write them: one of each kind, small, and the document around them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema

from retail.epcis.document import CONTEXT

EXAMPLE = {"example": "http://ns.example.com/epcis/"}
HEAD = {"type": "ObjectEvent", "eventTime": "2026-11-23T08:00:00.000Z", "eventTimeZoneOffset": "+01:00"}
PLACE = {"id": "urn:epc:id:sgln:0614141.07346.1234"}
TAG = "urn:epc:id:sgtin:0614141.812345.6789"
LOT = {"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.5, "uom": "KGM"}

OBJECT: Mapping[str, Any] = {
    **HEAD, "action": "OBSERVE", "epcList": [TAG], "bizStep": "shipping", "disposition": "in_transit",
    "readPoint": PLACE, "bizTransactionList": [{"type": "po", "bizTransaction": "http://example.com/po/12"}],
    "example:note": {"example:of": ["a", 1, True, None]},
}  # fmt: skip
MADE: Mapping[str, Any] = {
    **HEAD, "action": "ADD", "quantityList": [LOT], "bizStep": "commissioning",
    "persistentDisposition": {"set": ["available"]}, "ilmd": {"example:bestBefore": "2026-12-01"},
}  # fmt: skip
SENSED: Mapping[str, Any] = {
    **HEAD, "action": "OBSERVE", "bizStep": "sensor_reporting", "readPoint": PLACE,
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-11-23T07:59:00Z", "deviceID": "urn:epc:id:giai:4000001.111"},
            "sensorReport": [{"type": "Temperature", "value": 4.1, "uom": "CEL", "example:raw": "41"}],
        }
    ],
}  # fmt: skip
PACKED: Mapping[str, Any] = {
    **HEAD, "type": "AggregationEvent", "action": "ADD", "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "childEPCs": [TAG], "bizStep": "packing", "bizLocation": PLACE,
}  # fmt: skip
JOINED: Mapping[str, Any] = {
    **HEAD, "type": "AssociationEvent", "action": "ADD", "parentID": "urn:epc:id:grai:4012345.55555.987",
    "childEPCs": ["urn:epc:id:giai:4000001.12345"], "bizStep": "assembling",
}  # fmt: skip
ORDERED: Mapping[str, Any] = {
    **HEAD, "type": "TransactionEvent", "action": "ADD", "epcList": [TAG], "quantityList": [LOT],
    "bizTransactionList": [{"bizTransaction": "http://example.com/po/12"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00225"}],
    "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:0614141.00777.0"}],
}  # fmt: skip
TURNED: Mapping[str, Any] = {
    **HEAD, "type": "TransformationEvent", "inputQuantityList": [LOT], "outputEPCList": [TAG],
    "transformationID": "urn:epc:id:gdti:4012345.55555.98", "bizStep": "commissioning",
}  # fmt: skip
WRONG: Mapping[str, Any] = {
    **OBJECT, "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
    "errorDeclaration": {"declarationTime": "2026-11-24T08:00:00Z", "reason": "incorrect_data",
                         "correctiveEventIDs": ["urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"]},
}  # fmt: skip
EVENTS = (OBJECT, MADE, SENSED, PACKED, JOINED, ORDERED, TURNED, WRONG)


def document(*events: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A fresh copy each time."""
    head = {"@context": [CONTEXT, EXAMPLE], "type": "EPCISDocument", "schemaVersion": "2.0"}
    body = {"eventList": list(events or EVENTS)}
    return copy.deepcopy({**head, "creationDate": "2026-11-23T09:00:00Z", "epcisBody": body, **more})


def given(folder: Path) -> list[Path]:
    """The published examples, without the schemas that lie beside them."""
    files = sorted((folder / "retail" / "epcis").glob("*.json*"))
    return [one for one in files if "Schema" not in one.name and not one.name.startswith("sch")]


class Schema:
    """The published schema, with the formats that it names held too: `uri` and `date-time`."""

    def __init__(self, folder: Path) -> None:
        schema = json.loads((folder / "retail" / "epcis" / "EPCIS-JSON-Schema.json").read_text())
        formats = jsonschema.FormatChecker()
        formats.checks("uri")(_is_uri)
        formats.checks("date-time", ValueError)(_is_moment)
        self._validator = jsonschema.Draft7Validator(schema, format_checker=formats)

    def accepts(self, said: Any) -> bool:
        return bool(self._validator.is_valid(said))


def _is_uri(value: object) -> bool:
    """By its generic syntax alone, so that it cannot repeat a mistake of the reader's."""
    return not isinstance(value, str) or re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$", value) is not None


def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    text = value.upper().replace("Z", "+00:00")
    return "T" in text and datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).tzinfo is not None


WRONG_VALUES: tuple[Any, ...] = (None, 0, -1.5, "", "x y", "unknown_word", True, [], {}, [{}], {"bare": 1})


def mutants(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a document left out, renamed, or replaced by what does not belong there: place and document."""
    for where in _places(said):
        holder, key = where[:-1], where[-1]
        made = copy.deepcopy(said)
        inner = _at(made, holder)
        del inner[key]
        yield (*where, "left out"), made
        if isinstance(inner, dict):
            made = copy.deepcopy(said)
            inner = _at(made, holder)
            inner["renamed"] = inner.pop(key)
            yield (*where, "renamed"), made
        for value in WRONG_VALUES:
            made = copy.deepcopy(said)
            _at(made, holder)[key] = value
            yield (*where, value), made


def _places(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _at(said: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        said = said[key]
    return said
