"""The hash id of an EPCIS event: the same event has the same name, whoever wrote it down and in which order.

1. The fields in the canonical order, each name with its value, without anything between; lists sorted.
2. Times in UTC with milliseconds, numbers without needless zeros, vocabulary and GS1 keys as web URIs.
3. What stands in extension points and extensions follows, sorted, names with their namespace in braces.
4. SHA-256 of it, as a URI of RFC 6920.

Source: GS1 CBV 2.0, 8.9 (EPCIS event hash ID), as the reference implementation that GS1 names reads it. Not in the
hash: recordTime, eventID, errorDeclaration, certificationInfo.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.errors import InputError
from retail.epcis.document import prefixes
from retail.epcis.identity import canonical
from retail.epcis.shape import moment_ms, moment_text
from retail.epcis.vocabulary import CBV, GS1_VOC, OF_URN, WEB

Namespaces = Mapping[str, str]

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
#: Left out: by the standard, or because they explain the JSON and not the event.
_SILENT = frozenset(
    {"@context", "type", "recordTime", "eventID", "errorDeclaration", "certificationInfo", "comment", "rdfs:comment"}
)
_ELEMENT = ("epcClass", "quantity", "uom")
_METADATA = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism",
    "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue",
    "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem",
)  # fmt: skip
_ORDER = (
    "eventTime", "eventTimeZoneOffset", "epcList", "parentID", "inputEPCList", "childEPCs", "quantityList",
    "childQuantityList", "inputQuantityList", "outputEPCList", "outputQuantityList", "action", "transformationID",
    "bizStep", "disposition", "persistentDisposition", "readPoint", "bizLocation", "bizTransactionList", "sourceList",
    "destinationList", "sensorElementList",
)  # fmt: skip
_EPCS = frozenset({"epcList", "inputEPCList", "childEPCs", "outputEPCList"})
_QUANTITIES = frozenset({"quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"})
_TYPED = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}


def hash_id(event: Mapping[str, Any], context: Any = None) -> str:
    """`ni:///sha-256;...?ver=CBV2.0` of a checked event. `context` is the document's, where the event has none."""
    said = pre_hash(event, context)
    return f"ni:///sha-256;{hashlib.sha256(said.encode()).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any], context: Any = None) -> str:
    """The canonical text that is hashed."""
    names = prefixes(event.get("@context", context if context is not None else []))
    kind = _name(str(event["type"]), names, braces=False)
    fields = [_field(name, event[name], names) for name in _ORDER if name in event]
    rest = [_behind(name, event[name], names) for name in event if name not in _SILENT]
    return f"eventType={kind}" + "".join(fields) + "".join(sorted(filter(None, rest)))


def _field(name: str, value: Any, names: Namespaces) -> str:
    """A field of the standard; empty where it holds nothing."""
    if name in _EPCS:
        return _under(name, sorted(f"epc={_value('epc', one, names)}" for one in value))
    if name in _QUANTITIES:
        return _under(name, sorted(f"quantityElement{_pairs(one, _ELEMENT, names)}" for one in value))
    if name in _TYPED:
        inner = _TYPED[name]
        return _under(name, sorted(_typed(one, inner, names) for one in value))
    if name == "persistentDisposition":
        both = [f"{key}={_value('disposition', one, names)}" for key in ("set", "unset")
                for one in _sorted_values("disposition", value.get(key, ()), names)]  # fmt: skip
        return _under(name, both)
    if name in ("readPoint", "bizLocation"):
        return f"{name}id={_value('id', value['id'], names)}"
    if name == "sensorElementList":
        return "".join(sorted(_sensor(one, names) for one in value))  # CBV 2.0 leaves out the list's name
    return f"{name}={_value(name, value, names)}"


def _under(name: str, inner: Sequence[str]) -> str:
    return name + "".join(inner) if inner else ""


def _sorted_values(name: str, values: Sequence[Any], names: Namespaces) -> list[Any]:
    return sorted(values, key=lambda one: _value(name, one, names))


def _typed(said: Mapping[str, Any], name: str, names: Namespaces) -> str:
    kind = f"type={_value(name, said['type'], names, of_type=True)}" if "type" in said else ""
    return f"{kind}{name}={_value('id', said[name], names)}"


def _pairs(said: Mapping[str, Any], order: Sequence[str], names: Namespaces) -> str:
    return "".join(f"{name}={_value(name, said[name], names)}" for name in order if name in said)


def _sensor(said: Mapping[str, Any], names: Namespaces) -> str:
    metadata = _pairs(said.get("sensorMetadata", {}), _METADATA, names)
    reports = []
    for one in said["sensorReport"]:
        kind = f"type={_value('sensorReport', one['type'], names, of_type=True)}"
        reports.append(f"sensorReport{kind}{_pairs(one, _REPORT[1:], names)}")
    return "sensorElement" + (f"sensorMetadata{metadata}" if metadata else "") + "".join(sorted(reports))


# What follows the fields: extension points with what stands in them, instance and lot data, extensions


def _behind(name: str, value: Any, names: Namespaces) -> str:
    if name in ("readPoint", "bizLocation"):
        return _under(name, _extensions(value, names))
    if name == "sensorElementList":
        return _under(name, sorted(filter(None, (_sensor_extensions(one, names) for one in value))))
    if name == "ilmd":
        return _under(name, _extensions(value, names))
    return "" if name in _ORDER else _extension(name, value, names)


def _sensor_extensions(said: Mapping[str, Any], names: Namespaces) -> str:
    parts = [_under("sensorMetadata", _extensions(said.get("sensorMetadata", {}), names))]
    parts += [_under("sensorReport", _extensions(one, names)) for one in said["sensorReport"]]
    own = _extensions({name: value for name, value in said.items() if name not in ("sensorMetadata", "sensorReport")},
                      names)  # fmt: skip
    return _under("sensorElement", [*sorted(filter(None, parts)), *own])


def _extensions(said: Mapping[str, Any], names: Namespaces) -> list[str]:
    return sorted(_extension(name, value, names) for name, value in said.items() if ":" in name)


def _extension(name: str, value: Any, names: Namespaces) -> str:
    """A list is its name once for each of it, as XML would have it."""
    if name in _SILENT:
        return ""
    if isinstance(value, list):
        return "".join(sorted(_extension(name, one, names) for one in value))
    written = _name(name, names, braces=True)
    if isinstance(value, Mapping):
        return written + "".join(sorted(_extension(str(key), one, names) for key, one in value.items()))
    said = _value("", value, names)
    return f"{written}={said}" if said else written


def _name(name: str, names: Namespaces, *, braces: bool) -> str:
    """`example:myField` with its namespace; what has no known prefix stays as it is."""
    prefix, colon, local = name.partition(":")
    if not colon or prefix not in names:
        return name
    return f"{{{names[prefix]}}}{local}" if braces else f"{names[prefix]}{local}"


def _value(name: str, value: Any, names: Namespaces, *, of_type: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    said = str(value).strip() if isinstance(value, str) else _decimal(str(value))
    if name in _TIMES:
        try:
            return moment_text(moment_ms(said))
        except InputError:
            return said
    if (
        name in WEB
        and said in WEB[name][0]
        and (of_type or name in ("bizStep", "disposition", "component", "exception"))
    ):
        return WEB[name][1] + said
    return _written(_web(said, names))


def _web(said: str, names: Namespaces) -> str:
    """URNs of the vocabulary and short forms as the web URIs that they stand for."""
    for urn, web in OF_URN.items():
        if said.startswith(urn):
            return web + said[len(urn) :]
    prefix, colon, local = said.partition(":")
    known = {"gs1": GS1_VOC, "cbv": CBV, **names}
    return known[prefix] + local if colon and prefix in known and not local.startswith("//") else said


def _written(said: str) -> str:
    return _decimal(said) if _NUMBER.fullmatch(said) else canonical(said) or said


def _decimal(digits: str) -> str:
    """`200.50` is 200.5, `1e3` is 1000, `-0.0` is 0."""
    value = Decimal(digits)
    if not value.is_finite():
        return digits
    plain = f"{value:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return f"{Decimal(plain):f}" if Decimal(plain) else "0"
