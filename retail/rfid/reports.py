"""Reads of tags as a reader reports them: RO_ACCESS_REPORT with its TagReportData.

Source: LLRP 1.0.1, 13.2 (TagReportData and its parameters), 16.2.7.3.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from retail.rfid.wire import Parameter, fields, parameters, tlv, tv

TAG_REPORT_DATA, EPC_DATA = 240, 241
ANTENNA_ID, FIRST_SEEN_UTC, FIRST_SEEN_UPTIME, LAST_SEEN_UTC, LAST_SEEN_UPTIME = 1, 2, 3, 4, 5
PEAK_RSSI, CHANNEL_INDEX, SEEN_COUNT, ROSPEC_ID, EPC_96 = 6, 7, 8, 9, 13
MOST_EPC_BITS = 496  # of a Gen2 tag: 31 words (EPC Gen2 2.1, 6.3.2.1.2.2)


@dataclass(frozen=True, slots=True)
class TagReport:
    """One tag at one antenna since the last report. What the reader did not say is None; times are of its clock."""

    epc: bytes
    antenna: int | None = None
    rssi_dbm: int | None = None  # the strongest of the reads, -128 to 127
    first_seen_us: int | None = None
    last_seen_us: int | None = None
    utc: bool = True  # else since the reader's start
    count: int = 1

    def encoded(self) -> bytes:
        """TagReportData; an EPC of 96 bits in its short form."""
        parts = [self._encoded_epc()]
        for kind, layout, value in (
            (ANTENNA_ID, "H", self.antenna),
            (PEAK_RSSI, "b", self.rssi_dbm),
            (FIRST_SEEN_UTC if self.utc else FIRST_SEEN_UPTIME, "Q", self.first_seen_us),
            (LAST_SEEN_UTC if self.utc else LAST_SEEN_UPTIME, "Q", self.last_seen_us),
            (SEEN_COUNT, "H", min(self.count, 0xFFFF)),
        ):
            if value is not None:
                parts.append(tv(kind, struct.pack(f"!{layout}", value)))
        return tlv(TAG_REPORT_DATA, *parts)

    def _encoded_epc(self) -> bytes:
        if len(self.epc) == 12:
            return tv(EPC_96, self.epc)
        return tlv(EPC_DATA, struct.pack("!H", 8 * len(self.epc)), self.epc)


def report(tags: Iterable[TagReport]) -> bytes:
    """The body of an RO_ACCESS_REPORT."""
    return b"".join(tag.encoded() for tag in tags)


def read_report(body: bytes) -> list[TagReport]:
    """The tags of a report; results of survey and access are left out. Raises InputError."""
    found = (parameter.value for parameter in parameters(body) if parameter.type == TAG_REPORT_DATA)
    return [_tag(value) for value in found]


def _tag(data: bytes) -> TagReport:
    values: dict[str, Any] = {}
    for parameter in parameters(data):
        read = _READERS.get(parameter.type)
        if read is not None:
            values |= read(parameter)
    if "epc" not in values:
        raise InputError("an LLRP reader reports a tag without its EPC")
    return TagReport(**values)


def _epc(parameter: Parameter) -> dict[str, Any]:
    (bits,) = fields("H", parameter.value, "EPC")
    size = (bits + 7) // 8
    if bits > MOST_EPC_BITS or len(parameter.value) < 2 + size:
        raise InputError(f"an LLRP reader reports an EPC of {bits} bits in {len(parameter.value) - 2} bytes")
    return {"epc": parameter.value[2 : 2 + size]}


def _number(name: str, layout: str, **more: Any) -> Callable[[Parameter], dict[str, Any]]:
    return lambda parameter: {name: fields(layout, parameter.value, name)[0], **more}


_READERS: Mapping[int, Callable[[Parameter], dict[str, Any]]] = {
    EPC_DATA: _epc,
    EPC_96: lambda parameter: {"epc": parameter.value},
    ANTENNA_ID: _number("antenna", "H"),
    PEAK_RSSI: _number("rssi_dbm", "b"),
    FIRST_SEEN_UTC: _number("first_seen_us", "Q", utc=True),
    FIRST_SEEN_UPTIME: _number("first_seen_us", "Q", utc=False),
    LAST_SEEN_UTC: _number("last_seen_us", "Q", utc=True),
    LAST_SEEN_UPTIME: _number("last_seen_us", "Q", utc=False),
    SEEN_COUNT: _number("count", "H"),
}
