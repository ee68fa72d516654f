from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference import governor
from core.inference.governor import Box, Demand, decides, plan, this_box

GB = 2**30


def demand(cost_ms: float, per_s: float = 5.0, within_ms: float = 250.0, model: str = "flange") -> Demand:
    return Demand(model, cost_ms / 1000, per_s, within_ms / 1000)


def words(cores: int, *demands: Demand) -> Sequence[str]:
    return plan(Box(cores, 4 * GB), demands).words


def test_what_fits_is_said_with_its_share() -> None:
    assert words(1, demand(14)) == ["flange: 5 a second at 14 ms on 1 core: 7 %; fits"]


def test_a_run_has_one_thread_and_every_core_a_runner() -> None:
    found = plan(Box(4, 4 * GB), [demand(14), demand(200, model="tile")])
    assert (found.runners, found.threads, found.fits) == (4, {"flange": 1, "tile": 1}, True)


def test_more_than_four_fifths_of_the_cores_do_not_fit() -> None:
    assert plan(Box(2, 4 * GB), [demand(14, 100)]).fits
    found = plan(Box(2, 4 * GB), [demand(14, 100), demand(14, 20, model="tile")])
    assert not found.fits
    assert found.words[0] == "flange: 100 a second at 14 ms on 2 cores: 70 %; does not fit"
    assert found.words[-1] == "all models together need 1.7 of 2 cores, 80 % is full"


def test_a_model_that_alone_outlasts_its_deadline_gets_the_threads_it_needs() -> None:
    found = plan(Box(4, 4 * GB), [demand(300, 1)])
    assert (found.threads["flange"], found.runners, found.fits) == (2, 2, True)
    assert found.words == ["flange: 1 a second at 300 ms on 4 cores, 2 threads a run: 8 %; fits"]


def test_a_model_that_no_number_of_threads_makes_fast_enough_is_said() -> None:
    found = plan(Box(2, 4 * GB), [demand(600, 1)])
    assert not found.fits
    assert found.words[0].endswith("does not fit: a run takes 330 ms, which is more than the 250 ms it has")
    assert "1 core: 60 %; does not fit: a run takes 600 ms" in words(1, demand(600, 1))[0]


def test_nothing_asked_is_nothing_busy() -> None:
    found = plan(Box(2, 4 * GB), [])
    assert (found.runners, found.share, found.fits, list(found.words)) == (2, 0.0, True, [])


@given(
    st.integers(1, 64),
    st.lists(st.builds(demand, st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0.1, 1e5), st.text()), max_size=8),
)
def test_there_is_always_a_runner_and_never_more_threads_than_cores(cores: int, demands: list[Demand]) -> None:
    found = plan(Box(cores, GB), demands)
    assert 1 <= found.runners <= cores
    assert all(1 <= threads <= cores for threads in found.threads.values())
    assert found.runners * max([1, *found.threads.values()]) <= cores


def test_the_first_app_steps_back_for_nobody_and_none_behind_a_screen() -> None:
    ranks = [decides(rank).nice for rank in range(5)]
    assert ranks[0] == 0
    assert ranks == sorted(ranks)
    assert ranks[2] > ranks[1] > ranks[0]
    assert ranks[-1] < governor.SHOWS.nice < governor.WORKS.nice
    assert governor.WORKS.environment["OPENBLAS_NUM_THREADS"] == "1"


def test_the_box_is_what_this_process_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    from pathlib import Path

    box = this_box()
    assert box.cores == len(os.sched_getaffinity(0))
    group = Path(str(tmp_path)) / "memory.max"
    monkeypatch.setattr(governor, "_CGROUP_MEMORY", group)
    group.write_text("max\n")
    whole = this_box().memory_bytes
    assert box.memory_bytes <= whole
    group.write_text("1000000\n")
    assert this_box().arena_bytes == 500_000
