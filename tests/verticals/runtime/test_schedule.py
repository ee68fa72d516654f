from __future__ import annotations

import asyncio
import logging

import pytest

from core.clock import SystemClock
from tests.support.clocks import FakeClock
from verticals.runtime.schedule import Schedule


async def test_timers_fire_in_order_of_time_and_not_before() -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    fired: list[str] = []
    schedule.after(2.0, lambda: fired.append("second"))
    schedule.after(1.0, lambda: fired.append("first"))
    schedule.after(3.0, lambda: fired.append("third"))
    schedule.poke()
    assert fired == []
    clock.advance(2.5)
    schedule.poke()
    assert fired == ["first", "second"]
    schedule.stop()


async def test_a_cancelled_timer_stays_silent_also_when_another_cancels_it_at_the_same_moment() -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    fired: list[str] = []
    schedule.after(1.0, lambda: later.cancel())
    later = schedule.after(1.0, lambda: fired.append("never"))
    schedule.after(1.0, lambda: fired.append("kept"))
    clock.advance(1.0)
    schedule.poke()
    assert fired == ["kept"]


async def test_a_timer_that_sets_itself_again_in_the_past_does_not_hold_up_the_loop() -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    rounds: list[int] = []

    def again() -> None:
        rounds.append(len(rounds))
        schedule.at(0.0, again)

    schedule.at(0.0, again)
    schedule.poke()
    assert len(rounds) == 1
    schedule.stop()


async def test_it_wakes_by_itself_when_real_time_passes() -> None:
    schedule = Schedule(SystemClock())
    woken = asyncio.Event()
    schedule.after(0.01, woken.set)
    await asyncio.wait_for(woken.wait(), 5)
    await schedule.sleep(0.001)
    await schedule.sleep_until(0.0)


async def test_a_failing_call_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    fired: list[str] = []

    def fail() -> None:
        raise ValueError("broken")

    schedule.at(0.0, fail)
    schedule.at(0.0, lambda: fired.append("kept"))
    with caplog.at_level(logging.ERROR):
        schedule.poke()
    assert fired == ["kept"] and "a timed call failed" in caplog.text


async def test_a_cancelled_sleeper_leaves_no_timer_and_a_stopped_schedule_is_silent() -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    sleeper = asyncio.create_task(schedule.sleep(10))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)
    fired: list[str] = []
    schedule.after(1, lambda: fired.append("never"))
    schedule.stop()
    clock.advance(60)
    schedule.poke()
    assert fired == []
