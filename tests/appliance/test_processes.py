from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from appliance.processes import ENTRY, Process, process_table
from appliance.restarts import Patience, Restarts
from tests.support.clocks import FakeClock

COMMON = ("--config", "site.toml", "--data", "var")


def table(**options: object) -> list[Process]:
    cameras = {"manufacturing": ["top", "side"], "retail": []}
    return process_table(cameras, config=Path("site.toml"), data=Path("var"), **options)  # type: ignore[arg-type]


def test_each_app_has_its_cameras_line_and_screen_and_the_box_its_jobs() -> None:
    assert [row.name for row in table()] == [
        "manufacturing:camera:top", "manufacturing:camera:side", "manufacturing:line", "manufacturing:web",
        "retail:line", "retail:web", "jobs",
    ]  # fmt: skip


def test_a_row_says_what_is_run() -> None:
    rows = {row.name: row for row in table()}
    assert rows["manufacturing:line"].module == ENTRY
    assert rows["manufacturing:line"].args == ("line", "manufacturing", *COMMON)
    assert rows["manufacturing:camera:top"].args == ("camera", "manufacturing", "top", *COMMON)
    assert rows["jobs"].args == ("jobs", *COMMON)


def test_decisions_go_before_screens_and_screens_before_jobs() -> None:
    rows = {row.name: row.nice for row in table()}
    assert rows["manufacturing:line"] < rows["manufacturing:web"] < rows["jobs"]


def test_what_a_machine_waits_for_is_prompt_and_keeps_its_memory() -> None:
    prompt = [row.name for row in table() if row.prompt]
    assert prompt == ["manufacturing:camera:top", "manufacturing:camera:side", "manufacturing:line", "retail:line"]
    assert all(("MALLOC_TRIM_THRESHOLD_" in row.environment) == row.prompt for row in table())


def test_all_but_the_cameras_are_watched_for_life_and_all_run_always_unless_said_otherwise() -> None:
    assert [row.name for row in table() if not row.beats_within_s] == [
        "manufacturing:camera:top", "manufacturing:camera:side",
    ]  # fmt: skip
    assert all(row.when() for row in table())
    assert not table(jobs=lambda: False)[-1].when()
    assert table(more=[Process("plant", "simulators.plant")])[-1].name == "plant"


def test_the_wait_doubles_from_a_fifth_of_a_second_to_half_a_minute() -> None:
    restarts = Restarts(Patience(), FakeClock())
    assert [restarts.ended(0.1) for _ in range(10)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]


def test_after_five_seconds_of_running_the_wait_is_short_again() -> None:
    restarts = Restarts(Patience(), FakeClock())
    for _ in range(9):
        restarts.ended(0.1)
    assert restarts.ended(4.9) == 30
    assert restarts.ended(5.0) == 0.2


def test_the_fifth_stop_within_a_minute_makes_it_restless_until_it_ran_for_a_minute() -> None:
    clock = FakeClock()
    restarts = Restarts(Patience(), clock)

    def restless_after(ran_s: float) -> bool:
        clock.advance(ran_s)
        restarts.ended(ran_s)
        return restarts.restless

    assert [restless_after(14) for _ in range(6)] == [False, False, False, False, True, True]
    assert restless_after(59)  # seldom now, and still never up for a minute
    assert not restless_after(60)
    assert restarts.count == 8


def test_four_stops_a_minute_are_not_restless() -> None:
    clock = FakeClock()
    restarts = Restarts(Patience(), clock)
    for _ in range(40):
        restarts.ended(15.1)
        clock.advance(15.1)
    assert not restarts.restless


@given(st.lists(st.floats(0, 100), max_size=40))
def test_no_history_of_stops_makes_it_give_up_or_wait_beyond_the_longest(runs_s: list[float]) -> None:
    restarts = Restarts(Patience(), FakeClock())
    for ran_s in runs_s:
        assert 0.2 <= restarts.ended(ran_s) <= 30
