"""Where tags are: arrived, moved, departed, and what must change nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from retail.rfid.zones import Move, Movement, TagRead, ZoneRules, Zones

START = Instant(1000.0, 1_795_000_000.0)
RULES = ZoneRules({1: "floor", 2: "floor", 3: "backroom"})
BOTH = (1, 2, 3)


class _Reader:
    """Cycles of a second."""

    def __init__(self, rules: ZoneRules = RULES) -> None:
        self.zones = Zones(rules)
        self.now = START

    def cycle(self, *heard: tuple[str, int, float | None], working: tuple[int, ...] = BOTH) -> list[Move]:
        self.now = self.now.plus(1.0)
        reads = [TagRead(epc, antenna, rssi, self.now) for epc, antenna, rssi in heard]
        return self.zones.cycle(reads, working, self.now)

    def quiet(self, seconds: int, working: tuple[int, ...] = BOTH) -> list[Move]:
        return [move for _ in range(seconds) for move in self.cycle(working=working)]


def _words(moves: list[Move]) -> list[tuple[str, str, str, str]]:
    return [(str(move.movement), move.epc, move.before, move.zone) for move in moves]


def test_a_tag_arrives_with_its_first_read_above_the_gate() -> None:
    reader = _Reader()
    assert reader.cycle(("A", 1, -80.0)) == []
    assert reader.zones.ignored == 1
    assert _words(reader.cycle(("A", 1, -60.0))) == [("arrived", "A", "", "floor")]
    assert reader.cycle(("A", 1, -60.0)) == []
    assert list(reader.zones.present("floor")) == ["A"]


def test_a_tag_that_is_there_stays_a_little_below_the_gate() -> None:
    reader = _Reader()
    reader.cycle(("A", 1, -60.0))
    for _ in range(60):
        assert reader.cycle(("A", 1, -75.0)) == []
    assert reader.zones.zone_of("A") == "floor"


def test_it_departs_after_the_patience_and_not_before() -> None:
    reader = _Reader()
    reader.cycle(("A", 1, -60.0))
    assert reader.quiet(29) == []
    (move,) = reader.quiet(1)
    assert (move.movement, move.before, move.zone, move.at) == (Movement.DEPARTED, "floor", "", START.plus(1))
    assert reader.zones.zone_of("A") == ""


def test_a_reader_that_is_off_sends_no_tag_away() -> None:
    reader = _Reader()
    reader.cycle(("A", 1, -60.0))
    assert reader.quiet(3600, working=()) == []
    assert reader.quiet(29) == []
    assert len(reader.quiet(1)) == 1


def test_a_dead_antenna_sends_no_tag_of_its_zone_away() -> None:
    reader = _Reader()
    reader.cycle(("A", 3, -60.0), ("B", 1, -60.0))
    moves = reader.quiet(300, working=(1, 2))
    assert _words(moves) == [("departed", "B", "floor", "")]


def test_a_box_that_slept_counts_three_cycles_at_most() -> None:
    reader = _Reader()
    reader.cycle(("A", 1, -60.0))
    reader.now = reader.now.plus(3600.0)
    assert reader.cycle() == []
    assert reader.zones.listened_s("floor") == 3.0


def test_it_moves_when_another_zone_is_louder_twice() -> None:
    reader = _Reader()
    reader.cycle(("A", 1, -50.0))
    assert reader.cycle(("A", 1, -50.0), ("A", 3, -52.0)) == []
    found = [_words(reader.cycle(("A", 3, -45.0))) for _ in range(6)]
    moved = [words for words in found if words]
    assert moved == [[("moved", "A", "floor", "backroom")]]


def test_one_loud_read_elsewhere_moves_nothing() -> None:
    reader = _Reader()
    for _ in range(5):
        reader.cycle(("A", 1, -50.0))
    assert reader.cycle(("A", 3, -40.0), ("A", 1, -60.0)) == []
    for _ in range(20):
        assert reader.cycle(("A", 1, -50.0)) == []


def test_a_tag_between_two_zones_stays_where_it_is() -> None:
    """Equal at both, noise of 3 dB, one read in ten missed: no more than a move in an hour."""
    rng, reader = random.Random(4), _Reader()
    reader.cycle(("A", 1, -55.0))
    moves = []
    for _ in range(3600):
        heard = [("A", antenna, rng.gauss(-55.0, 3.0)) for antenna in (1, 3) if rng.random() > 0.1]
        moves += reader.cycle(*heard)
    assert len(moves) <= 1


def test_several_antennas_of_a_zone_are_one_zone() -> None:
    reader = _Reader()
    assert len(reader.cycle(("A", 1, -60.0), ("A", 2, -50.0))) == 1
    assert reader.cycle(("A", 2, -40.0)) == []


def test_reads_of_strange_antennas_are_counted_and_left_out() -> None:
    reader = _Reader()
    assert reader.cycle(("A", 9, -40.0)) == []
    assert reader.zones.ignored == 1


def test_a_reader_that_does_not_say_how_loud_is_believed() -> None:
    reader = _Reader()
    assert len(reader.cycle(("A", 1, None))) == 1
    assert reader.cycle(("A", 1, None)) == []


def test_the_patience_is_the_longer_of_time_and_cycles() -> None:
    assert ZoneRules({1: "x"}, gone_after_s=2.0, missed_cycles=3, cycle_s=5.0).patience_s == 15.0
    assert ZoneRules({1: "x"}, gone_after_s=30.0, missed_cycles=3, cycle_s=1.0).patience_s == 30.0


def test_a_tag_from_before_a_restart_has_its_patience_again() -> None:
    reader = _Reader()
    reader.quiet(100)
    reader.zones.put("A", "floor", reader.now)
    reader.zones.put("B", "cellar", reader.now)
    assert reader.zones.zone_of("B") == ""
    assert reader.quiet(29) == []
    assert len(reader.quiet(1)) == 1


READS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 4), st.integers(-100, -30)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.lists(READS, max_size=60), st.lists(st.sampled_from([BOTH, (1,), (3,), ()]), min_size=60, max_size=60))
def test_movements_always_tell_one_consistent_story(
    cycles: list[list[tuple[str, int, int]]], working: list[tuple[int, ...]]
) -> None:
    reader, known = _Reader(ZoneRules(RULES.zones, gone_after_s=5.0)), dict[str, str]()
    for heard, antennas in zip(cycles, working, strict=False):
        for move in reader.cycle(*((epc, antenna, float(rssi)) for epc, antenna, rssi in heard), working=antennas):
            assert move.before == known.get(move.epc, "")
            assert (move.movement is Movement.ARRIVED) == (move.before == "")
            assert (move.movement is Movement.DEPARTED) == (move.zone == "")
            assert move.zone != move.before
            known[move.epc] = move.zone
    for epc, zone in known.items():
        assert reader.zones.zone_of(epc) == zone
    assert sum(len(reader.zones.present(zone)) for zone in reader.zones.zones) == sum(map(bool, known.values()))
