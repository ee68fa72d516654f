"""What a simulated reader could hear."""

from __future__ import annotations

import random

import pytest

from simulators.llrp_reader_field import Hearing, Shop, heard

LEVELS = {"floor": {1: -50.0, 2: -65.0}, "backroom": {2: -50.0}}
CLEAR = Hearing(noise_db=0.0, missed=0.0)


def test_a_tag_is_where_it_was_put_last() -> None:
    shop = Shop(LEVELS)
    shop.put(b"a", "floor", 10.0)
    shop.put(b"a", "", 30.0)
    shop.put(b"a", "backroom", 20.0)  # told late
    assert [shop.place_of(b"a", utc_s) for utc_s in (5, 10, 20, 30)] == ["", "floor", "backroom", ""]
    assert shop(15.0) == [(b"a", LEVELS["floor"])]
    assert shop(35.0) == []


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(KeyError):
        Shop(LEVELS).put(b"a", "cellar")


def test_a_reader_hears_its_antennas_alone() -> None:
    reads = heard([(b"a", LEVELS["floor"])], [1], 1000, 2000, CLEAR, random.Random(0))
    assert [(read.antenna, read.rssi_dbm) for read in reads] == [(1, -50)]
    assert reads[0].first_seen_us is not None
    assert reads[0].last_seen_us is not None
    assert 1000 <= reads[0].first_seen_us <= reads[0].last_seen_us <= 2000


def test_noise_and_misses_are_those_that_were_asked_for() -> None:
    rng, hearing = random.Random(0), Hearing(noise_db=3.0, missed=0.2)
    reads = [heard([(b"a", {1: -60.0})], [1], 0, 1, hearing, rng) for _ in range(2000)]
    levels = [read.rssi_dbm for cycle in reads for read in cycle if read.rssi_dbm is not None]
    assert len(levels) / 2000 == pytest.approx(0.8, abs=0.03)
    mean = sum(levels) / len(levels)
    assert mean == pytest.approx(-60.0, abs=0.3)
    assert (sum((level - mean) ** 2 for level in levels) / len(levels)) ** 0.5 == pytest.approx(3.0, abs=0.3)


def test_what_is_weaker_than_the_reader_hears_is_not_read() -> None:
    assert heard([(b"a", {1: -90.0})], [1], 0, 1, CLEAR, random.Random(0)) == []
