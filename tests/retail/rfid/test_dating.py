"""A reader's clock against ours."""

from __future__ import annotations

import pytest

from core.clock import Instant
from retail.rfid.dating import ReaderClock
from retail.rfid.reports import TagReport

AT = Instant(500.0, 1_795_000_000.0)


def _us(instant: Instant, behind_s: float = 0.0) -> int:
    return round((instant.utc_s - behind_s) * 1e6)


def _tag(last: Instant, behind_s: float = 0.0) -> TagReport:
    return TagReport(b"tag", 1, -50, last_seen_us=_us(last, behind_s))


@pytest.mark.parametrize("behind_s", [0.0, 3600.0, -3600.0, 1_790_000_000.0])
def test_reads_are_dated_by_our_clock_whatever_the_readers_is(behind_s: float) -> None:
    clock = ReaderClock()
    clock.hear(_us(AT, behind_s), AT)
    (when,) = clock.dated([_tag(AT.plus(8.0), behind_s)], AT.plus(10.0))
    assert when.utc_s == pytest.approx(AT.utc_s + 8.0, abs=1e-3)
    assert when.mono_s == pytest.approx(508.0, abs=1e-3)
    assert clock.difference_s == pytest.approx(behind_s, abs=1e-3)


def test_a_report_that_was_held_back_is_dated_as_it_was_read() -> None:
    clock = ReaderClock()
    clock.hear(_us(AT), AT)
    old, new = clock.dated([_tag(AT.plus(1)), _tag(AT.plus(60))], AT.plus(600))
    assert (round(old.mono_s), round(new.mono_s)) == (501, 560)


def test_without_an_event_the_newest_read_is_now() -> None:
    old, new = ReaderClock().dated([_tag(AT.plus(-3), 50.0), _tag(AT, 50.0)], AT)
    assert (round(old.mono_s), round(new.mono_s)) == (497, 500)


def test_time_since_the_readers_start_is_as_good() -> None:
    clock = ReaderClock()
    clock.hear(5_000_000, AT, utc=False)
    tag = TagReport(b"tag", last_seen_us=7_000_000, utc=False)
    assert clock.dated([tag], AT.plus(3.0))[0].mono_s == pytest.approx(502.0)
    assert clock.difference_s is None


def test_a_tag_without_a_time_was_read_at_receipt() -> None:
    assert ReaderClock().dated([TagReport(b"tag")], AT) == [AT]


def test_a_clock_that_is_set_is_followed() -> None:
    clock = ReaderClock()
    clock.hear(_us(AT), AT)
    for second in range(200):
        clock.hear(_us(AT.plus(second), 30.0), AT.plus(second))
    assert clock.difference_s == pytest.approx(30.0, abs=1e-3)


def test_a_read_is_never_in_the_future_and_never_older_than_a_day() -> None:
    clock = ReaderClock()
    clock.hear(_us(AT), AT)
    assert clock.dated([TagReport(b"t", last_seen_us=1)], AT)[0].mono_s == 500.0 - 86_400.0
    assert clock.dated([TagReport(b"t", last_seen_us=2**63)], AT)[0] == AT
