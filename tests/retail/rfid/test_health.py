"""How a reader fares."""

from __future__ import annotations

from core.clock import Instant
from retail.rfid.health import ANTENNA_LOST, ANTENNA_QUIET, CLOCK_OFF, FALLING, NO_READS, ReaderHealth

START = Instant(0.0, 1_795_000_000.0)


class _Hours:
    """Minutes of six samples each."""

    def __init__(self, quiet_after_s: float = 600.0) -> None:
        self.health = ReaderHealth(quiet_after_s)
        self.now = START
        self.health.hear({}, self.now, listening=True)

    def minutes(self, count: int, reads: dict[int, int], *, listening: bool = True) -> dict[str, str]:
        for _ in range(count * 6):
            self.now = self.now.plus(10.0)
            self.health.hear({antenna: each // 6 for antenna, each in reads.items()}, self.now, listening=listening)
        return self.health.faults()


def test_a_steady_reader_has_no_faults() -> None:
    hours = _Hours()
    assert hours.health.per_minute is None
    assert hours.minutes(180, {1: 600, 2: 300}) == {}
    assert hours.health.per_minute == 900.0


def test_no_reads_is_told_after_a_while() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 600})
    assert hours.minutes(9, {}).keys() <= {FALLING}
    assert NO_READS in hours.minutes(2, {})
    assert hours.minutes(11, {1: 600}).keys() <= {FALLING}


def test_an_antenna_that_falls_silent_is_named() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 600, 2: 300})
    faults = hours.minutes(11, {1: 600})
    assert set(faults) == {ANTENNA_QUIET}
    assert "antenna 2 without a read for 10 min" in faults[ANTENNA_QUIET]


def test_reads_that_halve_are_told() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 600})
    faults = hours.minutes(6, {1: 240})
    assert faults == {FALLING: "240 reads a minute, 600 before"}


def test_an_antenna_that_is_pulled_out_is_named_and_not_quiet_too() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 600, 2: 600})
    hours.health.connected = {1: True, 2: False}
    faults = hours.minutes(11, {1: 1200})
    assert set(faults) == {ANTENNA_LOST}
    assert "antenna 2 not connected" in faults[ANTENNA_LOST]


def test_time_without_listening_does_not_count() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 600})
    assert hours.minutes(60, {}, listening=False) == {}


def test_a_reader_that_is_new_has_nothing_to_compare_with() -> None:
    hours = _Hours()
    hours.minutes(5, {1: 600})
    assert hours.minutes(12, {}) == {}


def test_few_reads_say_nothing_when_they_stop() -> None:
    hours = _Hours()
    hours.minutes(60, {1: 6})
    assert hours.minutes(15, {}) == {}


def test_a_clock_that_is_off_is_told_with_its_side() -> None:
    health = ReaderHealth(600.0, clock_behind_s=30.0)
    assert "30 s behind" in health.faults()[CLOCK_OFF]
    health.clock_behind_s = -5.0
    assert "5 s ahead" in health.faults()[CLOCK_OFF]
