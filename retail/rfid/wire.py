"""Bytes of LLRP: messages cut from a stream, parameters cut from a message. No meaning yet.

Source: EPCglobal Low Level Reader Protocol 1.0.1 and 1.1, clause 16 (binary encoding): header of 10 bytes (3 bits
reserved, 3 bits version, 10 bits type, length, id); TLV parameters (6 bits reserved, 10 bits type, length) and TV
parameters (one bit set, 7 bits type, fixed length).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import InputError

HEADER_BYTES = 10
VERSION_1_0_1, VERSION_1_1 = 1, 2
#: A reader that holds 100,000 tags sends a report of about 3 MB; more is a fault or an attack.
MOST_BYTES = 8 * 1024 * 1024
#: Bytes of each TV parameter, its type among them (LLRP 1.0.1 clause 16.2.7; 15, 19 and 20 since 1.1).
TV_BYTES = {
    1: 3, 2: 9, 3: 9, 4: 9, 5: 9, 6: 2, 7: 3, 8: 3, 9: 5, 10: 3,
    11: 3, 12: 3, 13: 13, 14: 3, 15: 3, 16: 5, 17: 3, 18: 5, 19: 3, 20: 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is chosen by who asks and comes back in the answer."""

    type: int
    id: int
    body: bytes = b""
    version: int = VERSION_1_0_1

    def encoded(self) -> bytes:
        head = struct.pack("!HII", self.version << 10 | self.type, HEADER_BYTES + len(self.body), self.id)
        return head + self.body


@dataclass(frozen=True, slots=True)
class Parameter:
    """`value` is what stands behind type and length."""

    type: int
    value: bytes


class MessageCutter:
    """Cuts a stream into messages. After an InputError the stream is lost: nobody knows where the next begins."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()

    def cut(self, data: bytes) -> list[Message]:
        """The messages that are whole by now. Raises InputError for bytes that are no LLRP."""
        self._buffer += data
        found: list[Message] = []
        while len(self._buffer) >= HEADER_BYTES:
            first, length, number = struct.unpack_from("!HII", self._buffer)
            version = first >> 10 & 0x7
            if first >> 13 or version not in (VERSION_1_0_1, VERSION_1_1):
                raise InputError(f"no LLRP: the first bytes are {bytes(self._buffer[:4]).hex()}")
            if not HEADER_BYTES <= length <= self._most_bytes:
                raise InputError(f"no LLRP: a message of {length} bytes")
            if len(self._buffer) < length:
                break
            found.append(Message(first & 0x3FF, number, bytes(self._buffer[HEADER_BYTES:length]), version))
            del self._buffer[:length]
        return found


def parameters(data: bytes, begin: int = 0) -> Iterator[Parameter]:
    """The parameters from `begin` on, one level. Raises InputError for one that runs over the end."""
    place = begin
    while place < len(data):
        if data[place] & 0x80:
            kind = data[place] & 0x7F
            length = TV_BYTES.get(kind, 0)
            head = 1
        else:
            if place + 4 > len(data):
                raise InputError("an LLRP parameter is cut off")
            kind, length = struct.unpack_from("!HH", data, place)
            kind, head = kind & 0x3FF, 4
        if length < head or place + length > len(data):
            raise InputError(f"an LLRP parameter of type {kind} says it has {length} bytes")
        yield Parameter(kind, data[place + head : place + length])
        place += length


def tlv(kind: int, *parts: bytes) -> bytes:
    """A parameter with its length before it; `parts` are its fields and the parameters in it."""
    value = b"".join(parts)
    return struct.pack("!HH", kind, 4 + len(value)) + value


def tv(kind: int, value: bytes) -> bytes:
    """A parameter of fixed length."""
    if 1 + len(value) != TV_BYTES[kind]:
        raise ValueError(f"TV parameter {kind} has {TV_BYTES[kind] - 1} bytes, not {len(value)}")
    return bytes([0x80 | kind]) + value


def fields(layout: str, data: bytes, what: str) -> tuple[int, ...]:
    """Numbers at the begin of `data`, by a `struct` layout without byte order. Raises InputError if it is shorter."""
    try:
        return struct.unpack_from(f"!{layout}", data)
    except struct.error as error:
        raise InputError(f"LLRP {what}: {len(data)} bytes are too few") from error


def text(data: bytes, begin: int, what: str) -> tuple[str, int]:
    """UTF-8 with its length in two bytes before it, and where it ends. Raises InputError."""
    (length,) = fields("H", data[begin:], what)
    end = begin + 2 + length
    if end > len(data):
        raise InputError(f"LLRP {what}: a text of {length} bytes runs over the end")
    return data[begin + 2 : end].decode("utf-8", errors="replace"), end
