"""The five kinds of EPCIS event in JSON, and events of other people's kinds: what each must and may hold.

Source: GS1 EPCIS 2.0, 7.4 (event types) and 9 (JSON binding), held against the schema of 2.0. An event is kept as it
came: extensions are keys with a namespace, and what stands in them is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from retail.epcis import vocabulary as words
from retail.epcis.shape import (
    Check,
    anything,
    fault,
    fields,
    flag,
    is_uri,
    listed,
    matching,
    missing,
    moment,
    number,
    offset,
    one_of,
    text,
    uri,
    word,
)

Body = Mapping[str, Any]

biz_step = word(words.BIZ_STEPS, "business step", words.OF_CBV)
disposition = word(words.DISPOSITIONS, "disposition", words.OF_CBV)
_quantity = fields(
    {"epcClass": uri, "quantity": number, "uom": matching("[A-Z0-9]{2,3}", "a unit code such as KGM")},
    ["epcClass"], what="a quantity of a class",
)  # fmt: skip
_quantities = listed(_quantity)
_epcs = listed(uri, unique=True)
_place = fields({"id": uri}, ["id"], open_to_others=True, what='a place such as {"id": "urn:epc:id:sgln:..."}')
_transaction = fields(
    {"type": word(words.TRANSACTION_TYPES, "transaction type", words.OF_CBV), "bizTransaction": uri},
    ["bizTransaction"], what="a business transaction",
)  # fmt: skip


def _party(name: str) -> Check:
    kind = word(words.PARTY_TYPES, "source or destination type", words.OF_CBV)
    return fields({"type": kind, name: uri}, ["type", name], what=f"a {name} with its type")


_sensor_metadata = fields(
    {
        "time": moment, "startTime": moment, "endTime": moment, "deviceID": uri, "deviceMetadata": uri, "rawData": uri,
        "dataProcessingMethod": uri, "bizRules": uri,
    }, open_to_others=True, what="metadata of a sensor",
)  # fmt: skip
_sensor_report = fields(
    {
        "type": word(words.MEASUREMENTS, "measurement", words.OF_GS1_VOC),
        "exception": word(words.ALERTS, "sensor alert", words.OF_GS1_VOC),
        "component": word(words.COMPONENTS, "component", words.OF_CBV), "time": moment,
        "stringValue": text, "booleanValue": flag, "uom": text,
        "hexBinaryValue": matching("[A-Fa-f0-9]+", "hexadecimal digits"),
        **dict.fromkeys(
            ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules", "microorganism",
             "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), uri,
        ),
        **dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), number),
    }, ["type"], open_to_others=True, what="a report of a sensor",
)  # fmt: skip
_sensors = listed(
    fields(
        {"sensorMetadata": _sensor_metadata, "sensorReport": listed(_sensor_report, least=1)},
        ["sensorReport"], open_to_others=True, what="a sensor element",
    )
)  # fmt: skip


def _persistent(value: Any, path: str) -> None:
    some = listed(disposition, least=1, unique=True)
    fields({"set": some, "unset": some}, what="persistent dispositions")(value, path)
    if not value:
        raise missing(path, ["set", "unset"])


def context(value: Any, path: str) -> None:
    """A JSON-LD context: an address, an object, or a list of both. It is never fetched."""
    for place, one in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(one, Mapping) and not is_uri(one):
            raise fault(f"{path}[{place}]", one, "the address of a context, or an object of prefixes")
    if isinstance(value, list) and any(one in value[:place] for place, one in enumerate(value)):
        raise fault(path, value, "contexts of which none stands twice")


_error = fields(
    {
        "declarationTime": moment, "correctiveEventIDs": listed(uri),
        "reason": word(words.ERROR_REASONS, "reason of an error", words.OF_CBV),
    }, ["declarationTime"], open_to_others=True, what="an error declaration",
)  # fmt: skip


def _certificates(value: Any, path: str) -> None:
    listed(uri)(value, path) if isinstance(value, list) else uri(value, path)


_COMMON: Mapping[str, Check] = {
    "@context": context, "type": text, "eventTime": moment, "recordTime": moment, "eventTimeZoneOffset": offset,
    "eventID": uri, "certificationInfo": _certificates, "errorDeclaration": _error,
}  # fmt: skip
_WHERE: Mapping[str, Check] = {
    "bizStep": biz_step, "disposition": disposition, "readPoint": _place, "bizLocation": _place,
    "bizTransactionList": listed(_transaction), "sourceList": listed(_party("source")),
    "destinationList": listed(_party("destination")), "sensorElementList": _sensors,
}  # fmt: skip
_ACTION: Mapping[str, Check] = {"action": one_of(words.ACTIONS)}
_CHILDREN: Mapping[str, Check] = {"parentID": uri, "childEPCs": listed(uri), "childQuantityList": _quantities}
_ILMD: Mapping[str, Check] = {
    "persistentDisposition": _persistent, "ilmd": fields({}, open_to_others=True, what="instance or lot data"),
}  # fmt: skip

_NEEDED = ("type", "eventTime", "eventTimeZoneOffset")
#: Event type to its fields and to those that it must have.
_KINDS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    "ObjectEvent": (
        {**_COMMON, **_ACTION, **_WHERE, **_ILMD, "epcList": _epcs, "quantityList": _quantities}, ("action",),
    ),
    "AggregationEvent": ({**_COMMON, **_ACTION, **_WHERE, **_CHILDREN}, ("action",)),
    "AssociationEvent": ({**_COMMON, **_ACTION, **_WHERE, **_CHILDREN}, ("action", "parentID")),
    "TransactionEvent": (
        {
            **_COMMON, **_ACTION, **_WHERE, "bizTransactionList": listed(_transaction, least=1), "parentID": uri,
            "epcList": listed(uri), "quantityList": _quantities,
        },
        ("action", "bizTransactionList"),
    ),
    "TransformationEvent": (
        {
            **_COMMON, **_WHERE, **_ILMD, "inputEPCList": _epcs, "inputQuantityList": _quantities,
            "outputEPCList": _epcs, "outputQuantityList": _quantities, "transformationID": uri,
        },
        (),
    ),
}  # fmt: skip
TYPES = frozenset(_KINDS)


def check_event(said: Any, path: str = "event") -> Body:
    """The event itself when it is one. Raises InputError, which names the field."""
    if not isinstance(said, Mapping):
        raise fault(path, said, "an EPCIS event, an object of JSON")
    kind = said.get("type")
    if not isinstance(kind, str) or (kind not in TYPES and not is_uri(kind)):
        raise fault(f"{path}.type", kind, f"{', '.join(sorted(TYPES))}, or a type with its namespace")
    if kind in TYPES:
        known, needed = _KINDS[kind]
        fields(known, (*_NEEDED, *needed), open_to_others=True)(said, path)
        _DEEPER[kind](said, path)
    else:
        bare = {name: anything for name in said if name not in _COMMON}  # its own kind, its own words
        fields({**_COMMON, **bare}, _NEEDED, open_to_others=True)(said, path)
    return said


def _object(said: Body, path: str) -> None:
    seen = said.get("sensorElementList") and "readPoint" in said
    if "epcList" not in said and not said.get("quantityList") and not seen:
        raise InputError(
            f"{path}: it needs an epcList, a quantityList, or sensors with a readPoint: what was observed?"
        )
    if "ilmd" in said and said["action"] != "ADD":
        raise InputError(f"{path}.ilmd: instance or lot data stands with action ADD alone, not with {said['action']}")


def _parent(said: Body, path: str) -> None:
    if said["action"] != "DELETE" and not (said.get("childEPCs") or said.get("childQuantityList")):
        raise InputError(f"{path}: it needs childEPCs or a childQuantityList, unless its action is DELETE")


def _transacted(said: Body, path: str) -> None:
    if said["action"] != "DELETE" and "epcList" not in said and not said.get("quantityList"):
        raise InputError(f"{path}: it needs an epcList or a quantityList, unless its action is DELETE")


def _transformed(said: Body, path: str) -> None:
    came = said.get("inputEPCList") or said.get("inputQuantityList")
    went = said.get("outputEPCList") or said.get("outputQuantityList")
    if not (came and went) and not ((came or went) and "transformationID" in said):
        raise InputError(f"{path}: it needs inputs and outputs, or one of them and a transformationID")


_DEEPER = {
    "ObjectEvent": _object, "AggregationEvent": _parent, "AssociationEvent": _parent,
    "TransactionEvent": _transacted, "TransformationEvent": _transformed,
}  # fmt: skip
