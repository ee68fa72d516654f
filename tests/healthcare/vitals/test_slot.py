"""How long a value is fresh, and what a screen gets of it."""

from __future__ import annotations

import json

import pytest

from core.clock import Instant
from healthcare.vitals.slot import Slot, State

START = Instant(1_000.0, 1_780_000_000.0)


def fed(measure: str, every_s: float, count: int = 6, site_s: float | None = None) -> tuple[Slot, Instant]:
    slot = Slot(measure, every_s=site_s)
    for place in range(count):
        now = START.plus(place * every_s)
        slot.put(80.0 + place, now, now.utc_s)
    return slot, now


@pytest.mark.parametrize(
    ("measure", "every_s", "fresh_s"),
    [("spo2_pct", 1, 10), ("spo2_pct", 5, 12.5), ("spo2_pct", 60, 150), ("hr_per_min", 15, 37.5),
     ("nibp_sys_mmhg", 300, 600), ("nibp_sys_mmhg", 900, 1800), ("nibp_sys_mmhg", 7000, 7200), ("temp_cel", 2, 600)],
)  # fmt: skip
def test_a_value_is_fresh_for_as_long_as_its_spacing_asks(measure: str, every_s: float, fresh_s: float) -> None:
    slot, now = fed(measure, every_s)
    assert slot.fresh_s == fresh_s
    assert slot.state(now.plus(fresh_s - 0.01)) is State.OK
    assert slot.state(now.plus(fresh_s)) is State.STALE
    assert slot.stale_at() == now.plus(fresh_s)


def test_before_the_spacing_is_known_the_measures_own_time_holds_or_the_sites() -> None:
    assert fed("spo2_pct", 60, count=1)[0].fresh_s == 10
    assert fed("spo2_pct", 60, count=1, site_s=60.0)[0].fresh_s == 150
    assert fed("nibp_sys_mmhg", 60, count=1)[0].fresh_s == 3600


def test_an_outage_is_no_spacing() -> None:
    slot, now = fed("spo2_pct", 1)
    for gap in range(1, 6):
        slot.put(95.0, now.plus(gap * 200.0), None)
    assert slot.fresh_s == 10


def test_the_same_measurement_sent_again_is_not_a_new_one() -> None:
    slot = Slot("nibp_sys_mmhg")
    assert slot.put(120.0, START, START.utc_s)
    assert not slot.put(120.0, START.plus(60), START.utc_s)
    assert slot.at == START
    assert slot.put(120.0, START.plus(300), START.utc_s + 300)
    assert slot.put(118.0, START.plus(301), START.utc_s + 300)


def test_a_screen_gets_a_number_only_while_it_is_ok_or_stale() -> None:
    slot, now = fed("spo2_pct", 1)
    assert slot.shown(now, now.utc_s) == {"text": "85", "state": "ok", "why": "", "at_utc_s": now.utc_s}
    assert slot.shown(now.plus(45), 0.0) | {"at_utc_s": 0} == {
        "text": "85", "state": "stale", "why": "none for 45 s", "at_utc_s": 0,
    }  # fmt: skip
    assert slot.shown(now.plus(700), 0.0)["text"] == ""
    assert slot.shown(now.plus(700), 0.0)["why"] == "none for 12 min"
    slot.reject(20.0, now.plus(1), None, "outside 40 to 100 %")
    assert slot.shown(now.plus(1), 0.0) | {"at_utc_s": 0} == {
        "text": "", "state": "invalid", "why": "outside 40 to 100 %", "at_utc_s": 0,
    }  # fmt: skip
    slot.miss(now.plus(2), "probe off")
    assert (slot.shown(now.plus(2), 0.0)["state"], slot.shown(now.plus(2), 0.0)["why"]) == ("absent", "probe off")
    assert Slot("spo2_pct").shown(now, None)["state"] == "absent"


def test_over_a_restart_a_value_only_gets_older() -> None:
    slot, now = fed("spo2_pct", 60)
    kept = json.loads(json.dumps(slot.kept(now.plus(100))))
    for utc_s, age_s in [(now.utc_s + 130, 130), (now.utc_s - 5_000, 100), (now.utc_s + 5_000, 5_000)]:
        started = Instant(2.0, utc_s)
        again = Slot("spo2_pct")
        again.restore(kept, started)
        assert again.at is not None
        assert started.since(again.at) == age_s
        assert again.fresh_s == 150
        assert again.state(started) is (State.OK if age_s < 150 else State.ABSENT)
