"""A sender that is owed an acknowledgement gets it when its readings are on the disk; signals come after the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from core.errors import StoreError
from tests.support.lines import Plan, Rig, running_line, until
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Chunk, Decision, Reading, Recorded, Sample
from verticals.store.recorder import Recorder
from verticals.store.series import SeriesStore


def _reads(sample: Sample, answers: object) -> Decision:
    return Decision(series=[Reading("place.level", 2.5)])


async def _send(rig: Rig, **owed: bool) -> Sample:
    return await rig.give(Sample("place", rig.clock.now(), {}, "m-1", Recorded(**owed)))


async def test_an_urgent_sender_is_answered_at_once_and_its_reading_is_there(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=_reads)])) as rig:
        sample = await _send(rig, owed=True, urgent=True)
        assert await asyncio.wait_for(sample.recorded, 30) == 0
        at_utc_s = rig.clock.utc_s
        assert SeriesStore(rig.events.engine).read("place.level", at_utc_s - 1, at_utc_s + 1)[1].tolist() == [2.5]


async def test_others_wait_until_what_came_within_a_second_is_written_together(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=_reads)])) as rig:
        sample = await _send(rig, owed=True)
        waiting = asyncio.ensure_future(_await(sample))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        rig.clock.advance(1.0)
        assert await asyncio.wait_for(waiting, 30) == 0


async def _await(sample: Sample) -> int:
    return await sample.recorded


async def test_who_is_owed_nothing_waits_for_nothing(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=_reads)])) as rig:
        assert await asyncio.wait_for((await _send(rig)).recorded, 30) == 0


class _Refusing:
    """A recorder whose series find no room."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> object:
        return getattr(self._recorder, name)

    def note(self, points: object, *, owed: bool = False, urgent: bool = False) -> None:
        raise StoreError("no room")


async def test_a_reading_that_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=_reads)], wrap=_Refusing)) as rig:
        with pytest.raises(StoreError, match="no room"):
            await (await _send(rig, owed=True)).recorded


async def test_what_is_signalled_is_on_the_disk_before(tmp_path: Path) -> None:
    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(events=saw(sample).events, live={"now": 1}, signal={"alarm": 1})

    async with running_line(Plan(tmp_path, [ScriptedStation(decide=decide)])) as rig:
        await (await rig.see("place", "a")).recorded
        kinds = [
            next(iter(message.data["data"])) if message.topic == "live" else message.topic
            for message in rig.live.published
            if message.topic in ("live", "stored")
        ]
        assert kinds.index("now") < kinds.index("alarm")
        assert rig.recorded("seen")


async def test_waves_travel_as_bytes_beside_their_head(tmp_path: Path) -> None:
    wave = np.arange(3, dtype=np.float32)

    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(chunks=[Chunk({"channel": "ecg_ii_mv"}, wave)])

    async with running_line(Plan(tmp_path, [ScriptedStation(decide=decide)])) as rig:
        await (await rig.see("place", "a")).recorded
        await until(lambda: any(message.payload for message in rig.live.published))
        message = next(message for message in rig.live.published if message.payload)
        assert message.data == {"station": "place", "data": {"channel": "ecg_ii_mv"}}
        assert np.frombuffer(message.payload, "<f4").tolist() == [0, 1, 2]
