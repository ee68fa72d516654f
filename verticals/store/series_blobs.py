"""How the points of the series lie in the store's blobs, and how those are read that an earlier release wrote.

A blob of `series`, one channel and minute: two bytes FF FF, then zlib over a block of milliseconds within the minute
and values. Without the FF FF, which are no millisecond of a minute, it is a run of 10-byte records: milliseconds
(uint16) and value (float64). One of `series_tail`, all channels of one write: 01, then zlib over a JSON list of the
channels' names, a line's end, the first point's milliseconds since the epoch (int64), and a block of the names' places,
the milliseconds since the point before, and the values. Without the 01, and for few points still, it is zlib over the
names, a line's end, and a run of 18-byte records: place (uint16), milliseconds since the epoch (int64), value
(float64).

A block is how many points there are (uint32), then columns one after the other, each byte by byte of significance: what
a monitor tells is alike from second to second and so takes a third of its length. Values are hundredths (int32) where
that gives them exactly; the least number stands for NaN, the one above it for a value that follows as float64. All
numbers are little-endian.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[np.int64], NDArray[np.float64]]
#: Times and values of each channel.
Channels = dict[str, Arrays]

_RECORD = np.dtype([("ms", "<u2"), ("value", "<f8")])
_TAIL_RECORD = np.dtype([("name", "<u2"), ("at_ms", "<i8"), ("value", "<f8")])
_PACKED, _PACKED_TAIL = b"\xff\xff", b"\x01"
_NAN, _AS_FLOAT = -(2**31), -(2**31) + 1
_FEW = 64  # beyond them the columns are worth their work; a sender may wait for it
_LEVEL = 6


def pack_minute(ms: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
    """`ms` within the minute, in any order."""
    return _PACKED + zlib.compress(_block([(np.diff(ms, prepend=0), "<i4")], values), _LEVEL)


def unpack_minute(blob: bytes) -> Arrays:
    """Milliseconds within the minute and values, in the order packed."""
    if blob[:2] != _PACKED:
        records = np.frombuffer(blob, _RECORD)
        return records["ms"].astype(np.int64), records["value"].astype(np.float64)
    (steps,), values = _columns(zlib.decompress(blob[2:]), ["<i4"])
    return np.cumsum(steps), values


def pack_tail(names: Sequence[str], at_ms: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
    """One point each of the channels `names`, which come again: at most 65,535 different ones."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    head = json.dumps(list(places)).encode() + b"\n"
    mine = np.array([places[name] for name in names], np.int64)
    if len(names) < _FEW:
        records = np.empty(len(names), _TAIL_RECORD)
        records["name"], records["at_ms"], records["value"] = mine, at_ms, values
        return zlib.compress(head + records.tobytes(), 1)
    block = _block([(np.diff(mine, prepend=0), "<i4"), (np.diff(at_ms, prepend=at_ms[0]), "<i8")], values)
    return _PACKED_TAIL + zlib.compress(head + at_ms[:1].astype("<i8").tobytes() + block, _LEVEL)


def unpack_tails(blobs: Iterable[bytes]) -> Channels:
    """What several blobs hold, by channel, in the order packed."""
    numbers: dict[str, int] = {}
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for blob in blobs:
        names, places, at_ms, values = _tail(blob)
        of_place = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
        parts.append((of_place[places], at_ms, values))
    if not parts:
        return {}
    channel, at_ms, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(channel, kind="stable")
    ends = np.cumsum(np.bincount(channel, minlength=len(numbers)))[:-1]
    pairs = zip(np.split(at_ms[order], ends), np.split(values[order], ends), strict=True)
    return dict(zip(numbers, pairs, strict=True))


def _tail(blob: bytes) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    packed = blob[:1] == _PACKED_TAIL
    head, _, body = zlib.decompress(blob[1:] if packed else blob).partition(b"\n")
    names: list[str] = json.loads(head)
    if not packed:
        records = np.frombuffer(body, _TAIL_RECORD)
        return names, records["name"].astype(np.int64), records["at_ms"], records["value"]
    (places, steps_ms), values = _columns(body[8:], ["<i4", "<i8"])
    first_ms = np.frombuffer(body[:8], "<i8")[0]
    return names, np.cumsum(places), first_ms + np.cumsum(steps_ms), values


def _block(columns: Sequence[tuple[NDArray[np.int64], str]], values: NDArray[np.float64]) -> bytes:
    with np.errstate(invalid="ignore", over="ignore"):  # of what does not fit nothing comes back the same
        hundredths = np.round(values * 100).astype("<i4")
    exact = (hundredths / 100 == values) & ~np.signbit(np.where(values == 0, values, 1)) & (hundredths > _AS_FLOAT)
    whole = np.where(exact, hundredths, np.where(np.isnan(values), _NAN, _AS_FLOAT))
    parts = [_planes(column, kind) for column, kind in [*columns, (whole, "<i4")]]
    rest = values[whole == _AS_FLOAT]
    return b"".join([len(values).to_bytes(4, "little"), *parts, _planes(rest, "<f8")])


def _planes(column: NDArray[Any], kind: str) -> bytes:
    return column.astype(kind).view(np.uint8).reshape(-1, np.dtype(kind).itemsize).T.tobytes()


def _columns(block: bytes, kinds: Sequence[str]) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """The columns of whole numbers, and the values. Raises ValueError when the block is cut short."""
    count, at = int.from_bytes(block[:4], "little"), 4
    found: list[NDArray[np.int64]] = []
    for kind in [*kinds, "<i4"]:
        found.append(_from_planes(block, at, count, kind).astype(np.int64))
        at += count * np.dtype(kind).itemsize
    whole = found.pop()
    values = np.where(whole == _NAN, np.nan, whole / 100)
    values[whole == _AS_FLOAT] = _from_planes(block, at, int(np.sum(whole == _AS_FLOAT)), "<f8")
    return found, values


def _from_planes(block: bytes, at: int, count: int, kind: str) -> NDArray[Any]:
    size = np.dtype(kind).itemsize
    planes = np.frombuffer(block, np.uint8, count * size, at).reshape(size, count)
    return np.ascontiguousarray(planes.T).view(kind).reshape(count)
