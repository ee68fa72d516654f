"""What is said in LLRP: requests to a reader, its answers and events, as far as an inventory needs them.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9 (capabilities), 10 (ROSpec), 12 (configuration),
14 (errors), 16.1 and 16.2 (types and layouts); LLRP 1.1 clause 8 (version).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from core.errors import InputError
from retail.rfid.wire import Parameter, fields, parameters, text, tlv


class Kind(IntEnum):
    """Message types."""

    GET_READER_CAPABILITIES = 1
    GET_READER_CONFIG = 2
    SET_READER_CONFIG = 3
    CLOSE_CONNECTION_RESPONSE = 4
    GET_READER_CAPABILITIES_RESPONSE = 11
    GET_READER_CONFIG_RESPONSE = 12
    SET_READER_CONFIG_RESPONSE = 13
    CLOSE_CONNECTION = 14
    ADD_ROSPEC = 20
    DELETE_ROSPEC = 21
    START_ROSPEC = 22
    STOP_ROSPEC = 23
    ENABLE_ROSPEC = 24
    ADD_ROSPEC_RESPONSE = 30
    DELETE_ROSPEC_RESPONSE = 31
    START_ROSPEC_RESPONSE = 32
    STOP_ROSPEC_RESPONSE = 33
    ENABLE_ROSPEC_RESPONSE = 34
    DELETE_ACCESSSPEC = 41
    GET_SUPPORTED_VERSION = 46
    SET_PROTOCOL_VERSION = 47
    DELETE_ACCESSSPEC_RESPONSE = 51
    GET_SUPPORTED_VERSION_RESPONSE = 56
    SET_PROTOCOL_VERSION_RESPONSE = 57
    GET_REPORT = 60
    RO_ACCESS_REPORT = 61
    KEEPALIVE = 62
    READER_EVENT_NOTIFICATION = 63
    ENABLE_EVENTS_AND_REPORTS = 64
    KEEPALIVE_ACK = 72
    ERROR_MESSAGE = 100


#: What answers what.
ANSWERS: Mapping[Kind, Kind] = {
    Kind.GET_READER_CAPABILITIES: Kind.GET_READER_CAPABILITIES_RESPONSE,
    Kind.GET_READER_CONFIG: Kind.GET_READER_CONFIG_RESPONSE,
    Kind.SET_READER_CONFIG: Kind.SET_READER_CONFIG_RESPONSE,
    Kind.CLOSE_CONNECTION: Kind.CLOSE_CONNECTION_RESPONSE,
    Kind.ADD_ROSPEC: Kind.ADD_ROSPEC_RESPONSE,
    Kind.DELETE_ROSPEC: Kind.DELETE_ROSPEC_RESPONSE,
    Kind.START_ROSPEC: Kind.START_ROSPEC_RESPONSE,
    Kind.STOP_ROSPEC: Kind.STOP_ROSPEC_RESPONSE,
    Kind.ENABLE_ROSPEC: Kind.ENABLE_ROSPEC_RESPONSE,
    Kind.DELETE_ACCESSSPEC: Kind.DELETE_ACCESSSPEC_RESPONSE,
    Kind.GET_SUPPORTED_VERSION: Kind.GET_SUPPORTED_VERSION_RESPONSE,
    Kind.SET_PROTOCOL_VERSION: Kind.SET_PROTOCOL_VERSION_RESPONSE,
}

UTC_TIMESTAMP, UPTIME = 128, 129
GENERAL_DEVICE_CAPABILITIES, RECEIVE_SENSITIVITY, AIR_PROTOCOL, GPIO_CAPABILITIES = 137, 139, 140, 141
KEEPALIVE_SPEC, ANTENNA_PROPERTIES = 220, 221
EVENT_NOTIFICATION_SPEC, EVENT_NOTIFICATION_STATE = 244, 245
ROSPEC_EVENT = 249
EVENT_NOTIFICATION_DATA, BUFFER_LEVEL, BUFFER_OVERFLOW, READER_EXCEPTION = 246, 250, 251, 252
ANTENNA_EVENT, CONNECTION_ATTEMPT, CONNECTION_CLOSE = 255, 256, 257
LLRP_STATUS, FIELD_ERROR, PARAMETER_ERROR = 287, 288, 289
SUCCESS, UNSUPPORTED_MESSAGE, UNSUPPORTED_VERSION = 0, 109, 110
EVERYTHING, ONLY_ANTENNAS = 0, 2  # requested data of capabilities and configuration
ALL_SPECS = 0  # an id of 0 names all of them
#: Events a reader is asked to send: ROSpec, buffer nearly full, reader exception, antenna (LLRP 1.0.1, 16.2.6.4).
WANTED_EVENTS = (2, 3, 4, 8)
ROSPEC_STARTED, ROSPEC_ENDED = 0, 1


class Attempt(IntEnum):
    """How a reader took the connection (ConnectionAttemptEvent)."""

    SUCCESS = 0
    READER_INITIATED_EXISTS = 1
    CLIENT_INITIATED_EXISTS = 2
    FAILED = 3
    ANOTHER_TRIED = 4


@dataclass(frozen=True, slots=True)
class Status:
    """How a request went; `code` 0 is success."""

    code: int
    words: str = ""

    @property
    def ok(self) -> bool:
        return self.code == SUCCESS


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`maker` is the number of the maker at IANA (25882 Impinj, 161 Motorola/Zebra), `model` the maker's own."""

    antennas: int
    has_utc_clock: bool
    maker: int
    model: int
    firmware: str


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """What a reader tells by itself. `timestamp_us`: its clock, `utc` or since its start."""

    timestamp_us: int = 0
    utc: bool = True
    attempt: int | None = None
    closed: bool = False
    rospec: int | None = None  # ROSPEC_STARTED, ROSPEC_ENDED: a cycle of the inventory
    antennas: Mapping[int, bool] = field(default_factory=dict)  # antenna -> connected
    buffer_pct: int | None = None
    overflow: bool = False
    exception: str = ""


# Requests


def get_capabilities() -> bytes:
    return bytes([EVERYTHING])


def get_config(wanted: int = ONLY_ANTENNAS) -> bytes:
    """Of all antennas and ports."""
    return struct.pack("!HBHH", 0, wanted, 0, 0)


def set_config(keepalive_ms: int) -> bytes:
    """Keep-alives and the events that are wanted; nothing else of the reader is changed."""
    wanted = (tlv(EVENT_NOTIFICATION_STATE, struct.pack("!HB", event, 0x80)) for event in WANTED_EVENTS)
    periodic = struct.pack("!BI", 1, keepalive_ms)
    return b"\0" + tlv(EVENT_NOTIFICATION_SPEC, *wanted) + tlv(KEEPALIVE_SPEC, periodic)


def spec_id(number: int) -> bytes:
    """Of DELETE, ENABLE, START and STOP_ROSPEC, and of DELETE_ACCESSSPEC."""
    return struct.pack("!I", number)


# Answers and events


def read_status(body: bytes) -> Status:
    """The LLRPStatus of an answer. Raises InputError where there is none."""
    for parameter in parameters(body):
        if parameter.type == LLRP_STATUS:
            return _status(parameter.value)
    raise InputError("an answer of an LLRP reader without its status")


def read_error(body: bytes) -> Status:
    """An ERROR_MESSAGE; one without status is an error all the same."""
    try:
        return read_status(body)
    except InputError:
        return Status(-1, "a message could not be read")


def read_capabilities(body: bytes) -> Capabilities:
    """Raises InputError when the answer says nothing of the device."""
    for parameter in parameters(body):
        if parameter.type == GENERAL_DEVICE_CAPABILITIES:
            antennas, flags, maker, model = fields("HHII", parameter.value, "capabilities")
            firmware, _ = text(parameter.value, 12, "firmware version")
            return Capabilities(antennas, bool(flags & 0x4000), maker, model, firmware)
    raise InputError("the LLRP reader did not say what it is: its general capabilities are missing")


def read_antennas(body: bytes) -> dict[int, bool]:
    """Antenna to whether it is connected, from a GET_READER_CONFIG_RESPONSE."""
    found = (parameter.value for parameter in parameters(body) if parameter.type == ANTENNA_PROPERTIES)
    pairs = (fields("BH", value, "antenna properties") for value in found)
    return {antenna: bool(flags & 0x80) for flags, antenna in pairs}


def read_keepalive_ms(body: bytes) -> int | None:
    """Of a SET_READER_CONFIG: how often, 0 for never, None where it is not said."""
    for parameter in parameters(body, 1):
        if parameter.type == KEEPALIVE_SPEC:
            trigger, period_ms = fields("BI", parameter.value, "keep-alive")
            return period_ms if trigger else 0
    return None


def read_versions(body: bytes) -> tuple[int, int]:
    """Current and highest version, of a GET_SUPPORTED_VERSION_RESPONSE."""
    current, supported = fields("BB", body, "versions")
    return current, supported


def read_event(body: bytes) -> ReaderEvent:
    """A READER_EVENT_NOTIFICATION; events that are not known are left out. Raises InputError."""
    values: dict[str, Any] = {}
    for parameter in parameters(body):
        if parameter.type == EVENT_NOTIFICATION_DATA:
            for inner in parameters(parameter.value):
                _note_event(inner, values)
            return ReaderEvent(**values)
    raise InputError("an event of an LLRP reader that says nothing")


def _note_event(inner: Parameter, values: dict[str, Any]) -> None:
    value = inner.value
    if inner.type in (UTC_TIMESTAMP, UPTIME):
        values["timestamp_us"], values["utc"] = fields("Q", value, "timestamp")[0], inner.type == UTC_TIMESTAMP
    elif inner.type in _NUMBERS:
        name, layout = _NUMBERS[inner.type]
        values[name] = fields(layout, value, name)[0]
    elif inner.type in _FLAGS:
        values[_FLAGS[inner.type]] = True
    elif inner.type == ANTENNA_EVENT:
        connected, antenna = fields("BH", value, "antenna event")
        values["antennas"] = {antenna: bool(connected)}
    elif inner.type == READER_EXCEPTION:
        values["exception"] = text(value, 0, "reader exception")[0] or "reader exception"


_NUMBERS = {CONNECTION_ATTEMPT: ("attempt", "H"), BUFFER_LEVEL: ("buffer_pct", "B"), ROSPEC_EVENT: ("rospec", "B")}
_FLAGS = {CONNECTION_CLOSE: "closed", BUFFER_OVERFLOW: "overflow"}


def _status(value: bytes) -> Status:
    (code,) = fields("H", value, "status")
    words, _ = text(value, 2, "status")
    return Status(code, words)


# What a reader says (the simulated one)


def status(code: int = SUCCESS, words: str = "") -> bytes:
    encoded = words.encode()
    return tlv(LLRP_STATUS, struct.pack("!HH", code, len(encoded)), encoded)


def capabilities(found: Capabilities) -> bytes:
    firmware = found.firmware.encode()
    flags = 0x4000 if found.has_utc_clock else 0
    head = struct.pack("!HHIIH", found.antennas, flags, found.maker, found.model, len(firmware))
    tables = [tlv(RECEIVE_SENSITIVITY, struct.pack("!HH", 1, 0)), tlv(GPIO_CAPABILITIES, b"\0\0\0\0")]
    gen2 = (struct.pack("!HHB", antenna, 1, 1) for antenna in range(1, found.antennas + 1))
    tables.extend(tlv(AIR_PROTOCOL, each) for each in gen2)
    return status() + tlv(GENERAL_DEVICE_CAPABILITIES, head, firmware, *tables)


def antennas(connected: Mapping[int, bool]) -> bytes:
    pairs = (struct.pack("!BHh", 0x80 if ok else 0, antenna, 600) for antenna, ok in sorted(connected.items()))
    return status() + b"".join(tlv(ANTENNA_PROPERTIES, pair) for pair in pairs)


def event(found: ReaderEvent) -> bytes:
    """Of several things that may be told at once, all that are set."""
    parts = [tlv(UTC_TIMESTAMP if found.utc else UPTIME, struct.pack("!Q", found.timestamp_us))]
    if found.rospec is not None:
        parts.append(tlv(ROSPEC_EVENT, struct.pack("!BII", found.rospec, 1, 0)))
    if found.buffer_pct is not None:
        parts.append(tlv(BUFFER_LEVEL, bytes([found.buffer_pct])))
    if found.overflow:
        parts.append(tlv(BUFFER_OVERFLOW))
    if found.exception:
        words = found.exception.encode()
        parts.append(tlv(READER_EXCEPTION, struct.pack("!H", len(words)), words))
    for antenna, ok in found.antennas.items():
        parts.append(tlv(ANTENNA_EVENT, struct.pack("!BH", ok, antenna)))
    if found.attempt is not None:
        parts.append(tlv(CONNECTION_ATTEMPT, struct.pack("!H", found.attempt)))
    if found.closed:
        parts.append(tlv(CONNECTION_CLOSE))
    return tlv(EVENT_NOTIFICATION_DATA, *parts)
