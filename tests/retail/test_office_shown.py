"""The six figures and the sentences of what is wrong."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retail.office_shown import kpis, nothing_to_do, notices, spark_path, work_of
from retail.settings import RetailSettings
from retail.work.settings import WorkSettings
from tests.support.store_filled import SHOWN
from tests.support.store_screens import NOW_MS, NOW_UTC_S

ZONE = ZoneInfo("Europe/Berlin")
WORK = WorkSettings()


def figures(told: dict[str, Any], planned: int = 412) -> list[tuple[str, str]]:
    return [(one["value"], one["small"]) for one in kpis(told, [], 3, planned)]


def said(told: dict[str, Any] | None = None, **more: Any) -> list[str]:
    given: dict[str, Any] = {"stations": {}, "states": [], "planned": 5, "now_utc_s": NOW_UTC_S} | more
    told = {"sold_utc_s": NOW_UTC_S} if told is None else told
    return [one["text"] for one in notices(told, zone=ZONE, work=WORK, **given)]


def test_every_figure_has_its_denominator() -> None:
    assert figures(SHOWN) == [
        ("94.1 %", "0.6 up on yesterday"), ("23", "of 412 slots"), ("7", "products"), ("12", "lots"),
        ("1.3 %", "of sales"), ("6", "slots, unknown"),
    ]  # fmt: skip


def test_what_is_not_known_says_why_and_is_never_nought() -> None:
    assert figures({}, planned=0) == [
        ("– –", "no shelf was seen today"), ("– –", "no planogram"), ("– –", "nothing compared yet"),
        ("– –", "no dates known"), ("– –", "no counts and sales yet"), ("– –", "no camera yet"),
    ]  # fmt: skip


def test_shrink_of_hardly_any_sales_is_no_figure() -> None:
    shown = kpis({**SHOWN, "shrink": -6.914}, [], 3, 412)[4]
    assert (shown["value"], shown["small"]) == ("– –", "too few sales to tell")


def test_a_store_whose_slots_nobody_sees_has_no_stock_out_figure() -> None:
    told = {"slots": {"blocked": 412}}
    assert figures(told)[1] == ("– –", "no shelf seen")
    assert figures(told)[5] == ("412", "slots, unknown")


def test_goods_over_their_date_are_red() -> None:
    one = kpis({"expiring": 12, "expired": 2}, [], 3, 1)[3]
    assert (one["small"], one["bad"]) == ("lots, 2 over date", True)


def test_a_line_of_days_needs_two_of_them() -> None:
    assert spark_path([0.9]) == {}
    assert spark_path([0.9, 0.95]) == {"d": "M0.0 20.0L80.0 4.0", "y": "4.0"}


def test_all_well_is_quiet() -> None:
    assert said() == []


def test_a_store_without_a_planogram_says_what_to_do() -> None:
    [text] = said(planned=0)
    assert text.startswith("No planogram yet") and "Import one" in text


@pytest.mark.parametrize(("silent_s", "late"), [(1700, False), (2280, True)])
def test_a_till_feed_is_late_after_half_an_hour_of_opening_time(silent_s: float, late: bool) -> None:
    told = {"sold_utc_s": NOW_UTC_S - silent_s}
    assert said(told) == (["Till feed 38 min late. Forecasts are frozen until it is back."] if late else [])


def test_a_closed_store_sells_nothing_and_that_is_no_fault() -> None:
    night = NOW_UTC_S - 14 * 3600 + 2 * 3600  # two in the morning
    assert said({"sold_utc_s": night - 7 * 3600}, now_utc_s=night) == []
    early = NOW_UTC_S - 14 * 3600 + 8 * 3600  # just after eight
    assert said({"sold_utc_s": early - 12 * 3600}, now_utc_s=early) == []


def test_a_view_that_is_blocked_is_not_out() -> None:
    state = {"slot": "A7.2/2-06", "bay": "A7.2", "state": "blocked", "since_ms": NOW_MS - 18 * 60_000}
    assert said(states=[state]) == [
        "View blocked for 18 min at Aisle A7, bay 2: status unknown, not counted as out."
    ]  # fmt: skip


def test_a_reader_and_a_camera_that_are_down_are_named() -> None:
    stations = {
        "reader-b3": {"level": "fault", "faults": {"lost": "no connection since 13:10"}},
        "bay-A7.2": {"level": "attention", "faults": {"lost": "no picture since 14:02"}},
        "bay-A7.3": {"level": "good", "faults": {}},
    }
    assert said(stations=stations) == [
        "RFID reader b3: no connection since 13:10. Its counts are old.",
        "Camera of Aisle A7, bay 2: no picture since 14:02",
    ]


def test_an_empty_list_says_what_was_checked() -> None:
    states = [{"state": "full"}, {"state": "empty"}, {"state": "blocked"}]
    told = {"checked_utc_s": NOW_UTC_S - 180}
    assert nothing_to_do(states, told, NOW_UTC_S, "") == "Nothing to do. All 2 slots checked 3 min ago."
    assert nothing_to_do([], {}, NOW_UTC_S, "").startswith("Nothing to do. No shelf is seen yet")
    assert nothing_to_do(states, told, NOW_UTC_S, "refill") == "Nothing of this kind to do."


def test_a_site_that_says_nothing_of_its_work_has_the_usual() -> None:
    assert work_of(RetailSettings(store="Store 014")) == WorkSettings()
