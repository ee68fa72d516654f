"""The station of a reader: what it tells the desk, what it records, how it fares."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from retail.codes.sgtin import Sgtin
from retail.rfid.reader import MOVES, TAGS, TAGS_MOVED, ReaderStation
from retail.rfid.settings import ReaderSettings
from verticals.contract import Command, Decision, DeviceNews, Event, Level, Sample

SETTINGS = ReaderSettings("dock", "10.1.2.3", {"floor": (1,), "backroom": (2,)}, gone_after=10.0)
START = Instant(100.0, 1_795_000_000.0)
MILK = [Sgtin("0952123", "400001", str(serial)).encoded().hex().upper() for serial in (1, 2, 3)]
MILK_GTIN = Sgtin("0952123", "400001", "1").gtin
STRANGE = "E28011606000020612345678"


class _Line:
    """Feeds a station a sample a second and keeps what came out."""

    def __init__(self, station: ReaderStation | None = None) -> None:
        self.station = station or ReaderStation(SETTINGS)
        self.now = START
        self.events: list[Event] = []

    def second(self, *tags: tuple[str, int, float | None], listening: bool = True, **values: Any) -> Decision:
        self.now = self.now.plus(1.0)
        rows = [[epc, antenna, rssi, 0.25, 3] for epc, antenna, rssi in tags]
        plain: dict[str, Any] = {
            "kind": "rfid",
            "listening": listening,
            "tags": json.dumps(rows),
            "antennas": '{"1": true, "2": true}',
        }
        sample = Sample("reader-dock", self.now, {**plain, **values})
        assert self.station.prepare(sample) == ()
        decision = self.station.decide(sample, ())
        self.events.extend(decision.events)
        return decision


def _told(decision: Decision, kind: str) -> list[Sample]:
    assert all(station == "store" for station, _ in decision.tell)
    return [sample for _, sample in decision.tell if sample.values["kind"] == kind]


def test_what_arrives_is_told_with_product_serial_and_zone() -> None:
    decision = _Line().second((MILK[0], 1, -50.0), (STRANGE, 2, -50.0))
    (sample,) = _told(decision, MOVES)
    moves = json.loads(str(sample.values["moves"]))
    assert moves[0] == {
        "movement": "arrived", "epc": MILK[0], "gtin": MILK_GTIN, "serial": "1", "zone": "floor", "before": "",
        "at_utc_s": pytest.approx(START.utc_s + 0.75),
    }  # fmt: skip
    assert (moves[1]["gtin"], moves[1]["zone"]) == ("", "backroom")
    (event,) = decision.events
    assert (event.kind, event.subject, event.data["moves"]) == (TAGS_MOVED, "reader-dock", moves)


def _counts(decision: Decision) -> dict[str, dict[str, int]]:
    """Place to GTIN to items."""
    found = {}
    for sample in _told(decision, TAGS):
        rows = json.loads(str(sample.values["counts"]))
        found[str(sample.values["place"])] = {row["gtin"]: row["tags"] for row in rows}
    return found


def test_how_many_there_are_is_told_by_place_and_product() -> None:
    line = _Line()
    tags = [(MILK[0], 1, -50.0), (MILK[1], 1, -50.0), (MILK[2], 2, -50.0), (STRANGE, 2, -50.0)]
    decisions = [line.second(*tags) for _ in range(7)]
    assert [_counts(decision) for decision in decisions[:5]] == [{}] * 5  # not before it was heard for 5 s
    assert _counts(decisions[5]) == {"floor": {MILK_GTIN: 2}, "backroom": {MILK_GTIN: 1}}
    values = {sample.values["place"]: sample.values for sample in _told(decisions[5], TAGS)}
    assert (values["floor"]["others"], values["backroom"]["others"]) == (0, 1)
    assert values["floor"]["reader"] == "dock"


def test_it_is_told_soon_after_a_change_and_else_once_a_minute() -> None:
    line = _Line()
    heard = [(MILK[0], 1, -50.0)]
    told = []
    for second in range(1, 131):
        if second == 20:
            heard.append((MILK[1], 1, -50.0))
        if "floor" in _counts(line.second(*heard)):
            told.append(second)
    assert told == [6, 20, 80]


def test_what_is_there_no_more_is_told_as_none() -> None:
    line = _Line()
    for _ in range(8):
        line.second((MILK[0], 1, -50.0))
    counts = [found["floor"] for _ in range(80) if "floor" in (found := _counts(line.second()))]
    assert counts[0] == {MILK_GTIN: 0}
    assert counts[1:] == [{}]


def test_what_went_while_the_box_was_off_is_told_as_none() -> None:
    line = _Line()
    for _ in range(8):
        line.second((MILK[0], 1, -50.0))
    later = _Line(ReaderStation(SETTINGS))
    later.station.restore(line.station.state(line.now), [], line.now)
    counts = [found["floor"] for _ in range(80) if "floor" in (found := _counts(later.second()))]
    assert counts[:2] == [{MILK_GTIN: 1}, {MILK_GTIN: 0}]  # it has its patience first


def test_a_place_with_a_dead_antenna_tells_nothing() -> None:
    line = _Line()
    for _ in range(70):
        counts = _counts(line.second((MILK[0], 1, -50.0), (MILK[1], 2, -50.0), antennas='{"1": true, "2": false}'))
        assert "backroom" not in counts


def test_what_departs_is_told_with_the_time_of_its_last_read() -> None:
    line = _Line()
    line.second((MILK[0], 1, -50.0))
    decisions = [line.second() for _ in range(10)]
    (sample,) = _told(decisions[-1], MOVES)
    (move,) = json.loads(str(sample.values["moves"]))
    assert (move["movement"], move["before"], move["at_utc_s"]) == (
        "departed",
        "floor",
        pytest.approx(START.utc_s + 0.75),
    )
    assert line.station.state(line.now)["tags"] == []


def test_a_reader_that_does_not_listen_says_nothing() -> None:
    line = _Line()
    line.second((MILK[0], 1, -50.0))
    for _ in range(200):
        assert line.second(listening=False).tell == []
    assert line.station.health().state == "waiting"


def test_the_desk_never_hears_of_stock() -> None:
    """Evidence alone: nothing that the station tells is a document, a line or a count."""
    line = _Line()
    kinds = {sample.values["kind"] for _ in range(30) for _, sample in line.second((MILK[0], 1, -50.0)).tell}
    assert kinds == {MOVES, TAGS}


def test_after_a_restart_the_tags_are_where_they_were() -> None:
    line = _Line()
    line.second((MILK[0], 1, -50.0), (MILK[1], 2, -50.0))
    state, before = line.station.state(line.now), len(line.events)
    for _ in range(11):
        line.second((MILK[2], 2, -50.0), (MILK[1], 2, -50.0))
    later = _Line(ReaderStation(SETTINGS))
    later.station.restore(state, line.events[before:], line.now)
    assert sorted(map(tuple, later.station.state(line.now)["tags"])) == sorted(
        [(MILK[1], "backroom"), (MILK[2], "backroom")]
    )
    decisions = [later.second((MILK[1], 2, -50.0)) for _ in range(6)]
    assert later.events == []
    assert _counts(decisions[-1]) == {"floor": {}, "backroom": {MILK_GTIN: 2}}


def test_an_arrival_of_thousands_is_several_events() -> None:
    tags = [(Sgtin("0952123", "400001", str(serial)).encoded().hex().upper(), 1, -50.0) for serial in range(1200)]
    decision = _Line().second(*tags)
    assert [len(event.data["moves"]) for event in decision.events] == [500, 500, 200]


def test_health_says_what_is_wrong() -> None:
    line = _Line()
    assert line.station.health().state == "waiting"
    line.second((MILK[0], 1, -50.0), antennas='{"1": true, "2": false}', clock_behind_s=40.0)
    health = line.station.health()
    assert (health.level, health.state) == (Level.ATTENTION, "listening")
    assert set(health.faults) == {"antenna-lost", "reader-clock"}
    line.second((MILK[0], 1, -50.0))
    assert line.station.health().level is Level.GOOD


def test_a_lost_reader_is_a_fault_until_it_is_back() -> None:
    line = _Line()
    line.second((MILK[0], 1, -50.0))
    decision = line.station.device_changed(DeviceNews("reader-dock", False, line.now, "reader-gone", "no answer"))
    assert decision.live["listening"] is False
    assert line.station.health().level is Level.FAULT
    assert line.station.health().faults == {"reader-gone": "no answer"}
    line.station.device_changed(DeviceNews("reader-dock", True, line.now, "reader-gone"))
    line.second((MILK[0], 1, -50.0))
    assert line.station.health().level is Level.GOOD


def test_it_takes_no_orders() -> None:
    reply = ReaderStation(SETTINGS).command(Command("stop", START)).reply
    assert reply is not None
    assert not reply.accepted


def test_other_samples_are_absorbed() -> None:
    assert ReaderStation(SETTINGS).prepare(Sample("x", START, {"kind": "link"})) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(JSON, JSON, st.sampled_from(["reader", 5, None, float("nan"), "[]"]))
def test_whatever_a_sample_carries_decides_something(tags: object, antennas: object, strange: object) -> None:
    line = _Line()
    rows = [tags, ["AB", 1, -50, float("nan"), 1], ["AB", 1, float("inf"), 0, 1], [MILK[0], 1, -50, 0.0, 1]]
    decision = line.second(tags=json.dumps(rows), antennas=json.dumps(antennas), model=strange, clock_behind_s=strange)
    assert [move["epc"] for event in decision.events for move in event.data["moves"]].count(MILK[0]) == 1
