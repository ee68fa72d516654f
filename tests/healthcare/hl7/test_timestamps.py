from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.hl7.faults import MessageError
from healthcare.hl7.message import parse
from healthcare.hl7.timestamps import read_stamp, stamp_in, written

BERLIN = ZoneInfo("Europe/Berlin")
NOON_UTC_S = datetime(2026, 7, 26, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "after_noon_s", "assumed", "precision"),
    [
        ("20260726120000+0000", 0, False, "second"),
        ("20260726140000+0200", 0, False, "second"),
        ("20260726053000-0630", 0, False, "second"),
        ("20260726140000", 0, True, "second"),
        ("20260726140000.25", 0.25, True, "second"),
        ("20260726120000.1234+0000", 0.1234, False, "second"),
        ("20260726120000275+0000", 0.275, False, "second"),
        ("202607261401", 60, True, "minute"),
        ("2026072614", 0, True, "hour"),
        ("2026072612+0000", 0, False, "hour"),
        ("20260726", -14 * 3600, True, "day"),
        ("202607+0000", -25.5 * 86400, False, "month"),
        ("2026+0000", -(206 + 0.5) * 86400, False, "year"),
        ("20260726115960+0000", 0, False, "second"),
    ],
)
def test_time_stamps(text: str, after_noon_s: float, assumed: bool, precision: str) -> None:
    stamp = read_stamp(text, BERLIN)
    assert stamp.utc_s - NOON_UTC_S == pytest.approx(after_noon_s, abs=1e-3)
    assert (stamp.zone_assumed, stamp.precision) == (assumed, precision)


def test_the_hour_that_comes_twice_is_its_first() -> None:
    assert read_stamp("20261025023000", BERLIN).utc_s == read_stamp("20261025023000+0200", BERLIN).utc_s


@pytest.mark.parametrize(
    "text",
    ["", "now", "202", "20261301", "20260230", "2026072625", "20260726120000+2500", "20260726120000+0099",
     "20260726120000.", "20260726120000+00", " 20260726", "00010101+1400", "99991231235959-1400", "２０２６"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_stamp(text, BERLIN)


@given(st.floats(0, 4e9))
def test_what_was_written_is_read(utc_s: float) -> None:
    assert read_stamp(written(utc_s), BERLIN).utc_s == pytest.approx(utc_s, abs=6e-4)


def test_a_fault_names_the_field_but_not_a_birthday() -> None:
    message = parse(b"MSH|^~\\&|A|||||||||\rPID|||||||12.3.1958\rOBX||||||||||||||yesterday\r")
    with pytest.raises(MessageError, match=r"OBX-14 holds no time stamp: 'yesterday'"):
        stamp_in(message.required("OBX"), 14, BERLIN)
    with pytest.raises(MessageError) as caught:
        stamp_in(message.required("PID"), 7, BERLIN)
    assert "1958" not in str(caught.value)
    assert stamp_in(message.required("PID"), 8, BERLIN) is None
