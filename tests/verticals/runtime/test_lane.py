"""What a lane makes of an engine that gives no answer: lateness, never a mishap."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from core.inference.request import Answer, Ask
from tests.support.lines import AnsweringEngine, Plan, running_line, until
from tests.support.stations import ScriptedStation


async def test_an_engine_that_is_given_up_on_is_late_and_no_mishap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine, never = AnsweringEngine(), asyncio.Event()

    async def hang(ask: Ask, deadline_mono_s: float) -> Answer:
        await never.wait()
        raise AssertionError("unreachable")

    engine.answer = hang
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}), Ask("model", {})))
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        sample = await rig.see("place", "a")
        await until(lambda: len(engine.asked) == 2)
        await rig.advance(0.7)  # as after a process that stood still
        await sample.recorded
        assert rig.recorded("unjudged")[0].data["why"] == "late: the engine gave no answer"
        assert not rig.lane("place").mishaps.counts
    gc.collect()
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_inference_that_was_cancelled_is_late_and_no_mishap(tmp_path: Path) -> None:
    engine = AnsweringEngine()

    async def cancelled(ask: Ask, deadline_mono_s: float) -> Answer:
        raise asyncio.CancelledError

    engine.answer = cancelled
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}),))
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        await (await rig.see("place", "a")).recorded
        assert rig.recorded("unjudged")[0].data["why"].startswith("late")
        assert not rig.lane("place").mishaps.counts
