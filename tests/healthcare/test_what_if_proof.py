"""What counts as acted on, as still alarming, and whose alarms a change never takes away."""

from __future__ import annotations

from typing import Any

from healthcare.what_if import Span
from healthcare.what_if_proof import Proof, acted_on

LOW = ("spo2-low",)


def alarm(began: float = 100.0, lasts: float | None = 60.0, source: str = "own", **more: Any) -> dict[str, Any]:
    return {
        "bed": "bed-7", "code": "spo2-low", "text": "86 < 88 %", "source": source, "owner": "", "step": 1,
        "began_utc_s": began, "ended_utc_s": None if lasts is None else began + lasts, "acknowledged_utc_s": None,
    } | more  # fmt: skip


def proved(alarms: list[dict[str, Any]], now: list[Span], after: list[Span]) -> dict[str, Any]:
    proof = Proof()
    proof.add(alarms, now, after, LOW, lambda one: True)
    return proof.as_json()


def low(begin: float, end: float, code: str = "spo2-low") -> Span:
    return Span(code, begin, end)


def test_acknowledging_accepting_passing_on_and_what_staff_did_soon_after_are_acting() -> None:
    assert acted_on(alarm(acknowledged_utc_s=130.0), [])
    assert acted_on(alarm(owner="Nurse 14"), [])
    assert acted_on(alarm(step=2), [])
    assert acted_on(alarm(), [700.0])
    assert not acted_on(alarm(), [99.0, 701.0])


def test_an_alarm_that_a_monitor_gave_too_stays_whatever_is_tried() -> None:
    found = proved([alarm(source="monitor + own"), alarm(300.0)], [low(100, 160), low(300, 360)], [])
    assert found["codes"]["spo2-low"] == {"recorded": 2, "found": 2, "now": 2, "after": 1}
    assert (found["acted"], found["kept"]) == (1, 0)


def test_a_desaturation_speaks_for_a_low_saturation_that_would_come_too_late() -> None:
    found = proved([alarm()], [low(100, 160)], [low(112, 160, "spo2-desat")])
    assert (found["kept"], found["later_most_s"], found["lost"]) == (1, 12.0, [])


def test_later_is_never_less_than_nothing_and_the_median_is_of_those_that_still_alarm() -> None:
    alarms = [alarm(100.0), alarm(300.0), alarm(500.0)]
    found = proved(alarms, [low(100, 160), low(300, 360), low(500, 560)], [low(90, 160), low(320, 360)])
    assert (found["later_median_s"], found["later_most_s"], found["kept"]) == (10.0, 20.0, 2)
    assert [one["began_utc_s"] for one in found["lost"]] == [500.0]


def test_what_todays_rules_do_not_give_again_is_not_judged() -> None:
    found = proved([alarm(), alarm(900.0)], [low(100, 160)], [low(110, 160)])
    assert (found["acted"], found["not_judged"]) == (1, 1)
    assert found["codes"]["spo2-low"]["found"] == 1


def test_an_alarm_that_goes_on_is_met_by_what_goes_on() -> None:
    assert proved([alarm(lasts=None)], [low(5000, 5060)], [low(5000, 5060)])["kept"] == 1
