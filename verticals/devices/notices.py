"""What a camera process and its clients say to each other: one notice a packet, pixels never.

Little-endian: one byte of kind, the fixed fields, then text in UTF-8 to the end of the packet. Whatever
does not read as a notice raises InputError, so a strange peer costs its connection and nothing else.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from core.clock import Instant
from core.errors import InputError

MAX_PACKET_BYTES = 4096
MAX_TICKET_BYTES = 256
_MAX_TEXT_BYTES = 2048
_MOST = 1e12  # no camera counts so far

#: Of a camera while it runs: `exposure_us` (a number or "auto"), `gain`.
Settings = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class RingNotice:
    """A new ring; its memory comes with the packet as a file descriptor."""

    kind: ClassVar[int] = 1
    layout: ClassVar[struct.Struct] = struct.Struct("<IIQ")
    generation: int
    slots: int
    slot_bytes: int

    def fields(self) -> tuple[float, ...]:
        return self.generation, self.slots, self.slot_bytes


@dataclass(frozen=True, slots=True)
class FrameNotice:
    """A frame lies in the ring: `mark` says which writing of the slot. `request` 0: asked for by someone else."""

    kind: ClassVar[int] = 2
    layout: ClassVar[struct.Struct] = struct.Struct("<IIIQQIIdd")
    request: int
    generation: int
    slot: int
    mark: int
    index: int
    height: int
    width: int
    at: Instant
    ticket: str

    def fields(self) -> tuple[float, ...]:
        return (self.request, self.generation, self.slot, self.mark, self.index, self.height, self.width,
                self.at.mono_s, self.at.utc_s)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailedNotice:
    """The camera gave no frame for `request`."""

    kind: ClassVar[int] = 3
    layout: ClassVar[struct.Struct] = struct.Struct("<I")
    request: int
    text: str

    def fields(self) -> tuple[float, ...]:
        return (self.request,)


@dataclass(frozen=True, slots=True)
class TriggerNotice:
    """Take the picture of the moment `at`. Past `until_mono_s` nobody waits for it any more and none is taken."""

    kind: ClassVar[int] = 4
    layout: ClassVar[struct.Struct] = struct.Struct("<Iddd")
    request: int
    at: Instant
    until_mono_s: float
    ticket: str

    def fields(self) -> tuple[float, ...]:
        return self.request, self.at.mono_s, self.at.utc_s, self.until_mono_s


@dataclass(frozen=True, slots=True)
class PingNotice:
    kind: ClassVar[int] = 5
    layout: ClassVar[struct.Struct] = struct.Struct("<")

    def fields(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class PongNotice:
    kind: ClassVar[int] = 6
    layout: ClassVar[struct.Struct] = struct.Struct("<")

    def fields(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class BusyNotice:
    """The camera is about to grab and may be silent for `limit_s`."""

    kind: ClassVar[int] = 7
    layout: ClassVar[struct.Struct] = struct.Struct("<d")
    limit_s: float

    def fields(self) -> tuple[float, ...]:
        return (self.limit_s,)


@dataclass(frozen=True, slots=True)
class StateNotice:
    """Whether the camera behind the process is there, and why not. Without one it is."""

    kind: ClassVar[int] = 8
    layout: ClassVar[struct.Struct] = struct.Struct("<?")
    up: bool
    text: str

    def fields(self) -> tuple[float, ...]:
        return (self.up,)


@dataclass(frozen=True, slots=True)
class AdjustNotice:
    """Set these from now on. Answered by a SetNotice or a FailedNotice of the same request."""

    kind: ClassVar[int] = 9
    layout: ClassVar[struct.Struct] = struct.Struct("<I")
    request: int
    settings: Settings

    def fields(self) -> tuple[float, ...]:
        return (self.request,)


@dataclass(frozen=True, slots=True)
class SetNotice:
    """What was really set."""

    kind: ClassVar[int] = 10
    layout: ClassVar[struct.Struct] = struct.Struct("<I")
    request: int
    settings: Settings

    def fields(self) -> tuple[float, ...]:
        return (self.request,)


Notice = (
    RingNotice | FrameNotice | FailedNotice | TriggerNotice | PingNotice | PongNotice | BusyNotice
    | StateNotice | AdjustNotice | SetNotice
)  # fmt: skip
_WITH_SETTINGS = (AdjustNotice, SetNotice)
_WITH_TEXT = (FailedNotice, StateNotice)
_WITH_TICKET = (FrameNotice, TriggerNotice)


def pack(notice: Notice) -> bytes:
    """The packet. Raises InputError for a ticket that is too long; an error text is cut."""
    if isinstance(notice, _WITH_TICKET):
        text = notice.ticket.encode("utf-8")
        if len(text) > MAX_TICKET_BYTES:
            raise InputError(f"a ticket of {len(text)} bytes is too long", hint=f"At most {MAX_TICKET_BYTES} bytes.")
    elif isinstance(notice, _WITH_SETTINGS):
        text = _settings_text(notice.settings)
    elif isinstance(notice, _WITH_TEXT):
        text = notice.text.encode("utf-8")[:_MAX_TEXT_BYTES]
    else:
        text = b""
    return bytes((notice.kind,)) + notice.layout.pack(*notice.fields()) + text


def parse(packet: bytes) -> Notice:
    """The notice in `packet`. Raises InputError for anything else."""
    if not packet or len(packet) > MAX_PACKET_BYTES:
        raise InputError(f"a camera notice has {len(packet)} bytes, expected 1 to {MAX_PACKET_BYTES}")
    kind, body = packet[0], packet[1:]
    for fixed in (RingNotice, PingNotice, PongNotice, BusyNotice):
        if kind == fixed.kind:
            return _parse_fixed(fixed, body)
    if kind == FrameNotice.kind:
        fields, text = _split(FrameNotice.layout, body)
        request, generation, slot, mark, index, height, width, mono_s, utc_s = fields
        at = Instant(_finite(mono_s), _finite(utc_s))
        return FrameNotice(request, generation, slot, mark, index, height, width, at, _ticket(text))
    if kind == FailedNotice.kind:
        fields, text = _split(FailedNotice.layout, body)
        return FailedNotice(fields[0], text.decode("utf-8", "replace"))
    if kind == StateNotice.kind:
        fields, text = _split(StateNotice.layout, body)
        return StateNotice(bool(fields[0]), text.decode("utf-8", "replace"))
    for setting in _WITH_SETTINGS:
        if kind == setting.kind:
            fields, text = _split(setting.layout, body)
            return setting(fields[0], _settings(text))
    if kind == TriggerNotice.kind:
        fields, text = _split(TriggerNotice.layout, body)
        request, mono_s, utc_s, until_mono_s = fields
        at = Instant(_finite(mono_s), _finite(utc_s))
        return TriggerNotice(request, at, _finite(until_mono_s), _ticket(text))
    raise InputError(f"a camera notice of unknown kind {kind}")


def _parse_fixed(kind: type[RingNotice | PingNotice | PongNotice | BusyNotice], body: bytes) -> Notice:
    fields, rest = _split(kind.layout, body)
    if rest:
        raise InputError(f"a camera notice of kind {kind.kind} has {len(rest)} bytes too many")
    if kind is BusyNotice:
        return BusyNotice(_finite(fields[0]))
    return kind(*fields)


def _settings_text(settings: Settings) -> bytes:
    text = json.dumps(dict(settings)).encode("utf-8")
    if len(text) > _MAX_TEXT_BYTES:
        raise InputError(f"camera settings of {len(text)} bytes are too long", hint=f"At most {_MAX_TEXT_BYTES} bytes.")
    return text


def _settings(text: bytes) -> Settings:
    """Names to numbers or words, such as {"exposure_us": 1500, "gain": "auto"}."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"camera settings are not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError("camera settings are no table of names")
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InputError(f"the camera setting '{key}' is neither a number nor a word")
        if isinstance(value, int | float) and not -_MOST <= value <= _MOST:
            raise InputError(f"the camera setting '{key}' is {value}")
    return found


def _split(layout: struct.Struct, body: bytes) -> tuple[tuple[int, ...], bytes]:
    if len(body) < layout.size:
        raise InputError(f"a camera notice ends after {len(body)} of {layout.size} bytes")
    return layout.unpack_from(body), body[layout.size :]


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise InputError(f"a camera notice carries the time {seconds}")
    return seconds


def _ticket(text: bytes) -> str:
    try:
        return text.decode("utf-8") if len(text) <= MAX_TICKET_BYTES else _ticket_too_long(text)
    except UnicodeDecodeError as error:
        raise InputError("a camera notice carries a ticket that is not UTF-8") from error


def _ticket_too_long(text: bytes) -> str:
    raise InputError(f"a camera notice carries a ticket of {len(text)} bytes, at most {MAX_TICKET_BYTES}")
