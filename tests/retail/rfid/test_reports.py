"""Reports of tags."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.rfid.reports import MOST_EPC_BITS, TagReport, read_report, report
from retail.rfid.wire import MessageCutter, tlv
from tests.retail.rfid.vectors import EMPTY_REPORT, REPORT

U64 = st.none() | st.integers(0, 2**64 - 1)
TAGS = st.builds(
    TagReport,
    epc=st.sampled_from([12, 16, 26, 2]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    antenna=st.none() | st.integers(1, 255),
    rssi_dbm=st.none() | st.integers(-128, 0),
    first_seen_us=U64,
    last_seen_us=st.integers(0, 2**64 - 1),
    utc=st.booleans(),
    count=st.integers(1, 65535),
)


def _body(data: str) -> bytes:
    (message,) = MessageCutter().cut(bytes.fromhex(data))
    return message.body


def test_the_recorded_report_is_read() -> None:
    (tag,) = read_report(_body(REPORT))
    assert tag.epc.hex() == "0b7f00000000000000510238"
    assert (tag.antenna, tag.rssi_dbm, tag.first_seen_us, tag.last_seen_us) == (1, -68, 1557458645133781, None)
    assert read_report(_body(EMPTY_REPORT)) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(TAGS, max_size=5))
def test_reports_go_there_and_back(tags: list[TagReport]) -> None:
    assert read_report(report(tags)) == tags


def test_a_count_that_is_too_large_for_the_wire_is_the_largest() -> None:
    assert read_report(report([TagReport(bytes(12), count=70_000)]))[0].count == 65535


def test_parameters_of_makers_and_of_the_air_are_left_out() -> None:
    more = tlv(1023, b"\0\0\x65\x1a\0\0\0\x38phase") + bytes([0x80 | 12, 0x30, 0x00]) + bytes([0x80 | 11, 1, 2])
    (tag,) = read_report(tlv(240, bytes([0x8D]), bytes(12), more) + tlv(242))
    assert tag.epc == bytes(12)


@pytest.mark.parametrize(
    "body",
    [tlv(240), tlv(240, tlv(241, b"\x01\x00" + bytes(4))), tlv(240, tlv(241, b"\xff\xff" + bytes(9000))), b"\0\xf0\0"],
)
def test_a_tag_without_its_epc_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read_report(body)
    assert MOST_EPC_BITS == 31 * 16


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_whatever_a_report_holds_is_read_or_refused(data: bytes) -> None:
    for body in (data, tlv(240, data), tlv(240, b"\x8d" + bytes(12) + data)):
        try:
            read_report(body)
        except InputError:
            continue


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.binary(min_size=1, max_size=3))
def test_a_spoilt_report_is_read_or_refused(place: int, junk: bytes) -> None:
    body = _body(REPORT)
    place = min(place, len(body))
    try:
        read_report(body[:place] + junk + body[place + len(junk) :])
    except InputError:
        return
