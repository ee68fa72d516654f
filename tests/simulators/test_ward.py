"""The ward over real sockets for some seconds, and its log in no time at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import Instant, SystemClock
from healthcare.waves.proofs import make_secret
from healthcare.waves.server import WaveServer
from healthcare.waves.settings import WaveSettings
from simulators import ward as ward_module
from simulators.partlog import read_rows
from simulators.scenarios import make_episode
from simulators.ward import Ward
from simulators.ward_faults import parse_fault
from simulators.ward_settings import WardSettings
from tests.simulators.test_ward_sender import Acknowledger
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Port


class RushingClock:
    """Each look at it is a second later: whoever waits for a moment never has to."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> Instant:
        self._looks += 1
        return Instant(1000.0 + self._looks, 1_795_000_000.0 + self._looks)


async def rush(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[dict[str, Any]]:
    """The rows of a ward that was played as fast as it goes, to nobody."""
    monkeypatch.setattr(ward_module, "_DRAIN_WITHIN_S", 0.0)
    path = folder / "ward.jsonl"
    path.unlink(missing_ok=True)
    ward = Ward(WardSettings(hl7_port=9, log_path=path, **changes), RushingClock())
    await ward.run()
    ward.close()
    return [row for row in read_rows(path) if row["kind"] not in ("link", "account")]


def spans(rows: list[dict[str, Any]], kind: str, what: str) -> list[tuple[str, float]]:
    return [(row["phase"], row["at_s"]) for row in rows if row["kind"] == kind and row["what"] == what]


async def test_the_log_tells_each_episode_when_it_began_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await rush(tmp_path, monkeypatch, beds=3, lasts_s=125.0, chunk_s=0.5)
    assert spans(rows, "episode", "leads-off") == [("begin", 40.0), ("end", 115.0)]
    begin = next(at_s for phase, at_s in spans(rows, "alarm", "leads-off") if phase == "start")
    assert 41 < begin < 45
    assert [row["bed"] for row in rows if row["kind"] == "patient"] == [1, 2, 3]


async def test_the_same_seed_gives_the_same_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = (make_episode("af", 1, 3, 20), make_episode("vt", 2, 5, 12), make_episode("artefact", 2, 20, 9))

    async def truth(seed: int) -> list[str]:
        rows = await rush(tmp_path, monkeypatch, beds=2, script="calm", lasts_s=40.0, seed=seed, episodes=episodes)
        return [json.dumps({k: v for k, v in row.items() if k not in ("utc_s", "seed")}) for row in rows]

    assert await truth(1) == await truth(1)


async def test_patients_come_move_and_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = (
        make_episode("discharge", 1, 4), make_episode("transfer", 2, 6, amount=1), make_episode("admit", 2, 8),
        make_episode("transfer", 3, 9, amount=2),
    )  # fmt: skip
    rows = await rush(tmp_path, monkeypatch, beds=3, script="calm", lasts_s=12.0, episodes=episodes)
    moves = [(row["event"], row["bed"], row["at_s"]) for row in rows if row["kind"] == "patient" and "at_s" in row]
    assert moves == [("A03", 1, 4.0), ("A02", 1, 6.0), ("A01", 2, 8.0)]  # the last bed was taken


class Box:
    """A wave server and a plain acknowledger of HL7."""

    def __init__(self, folder: Path) -> None:
        self.hl7 = Acknowledger()
        self.secret = folder / "waves.secret"
        self.waves = WaveServer("waves", WaveSettings(str(self.secret), port=0), make_secret(self.secret))
        self.samples: list[Sample] = []
        self.port = Port(self._emit, lambda news: self.news.append(news), SystemClock())
        self.news: list[DeviceNews] = []

    async def _emit(self, sample: Sample) -> None:
        self.samples.append(sample)

    def of(self, kind: str) -> list[str]:
        return [frame.decode() for frame in self.hl7.frames if f"|{kind}^".encode() in frame]


@asynccontextmanager
async def box_in(folder: Path) -> AsyncIterator[Box]:
    box = Box(folder)
    await box.hl7.start()
    running = asyncio.create_task(box.waves.run(box.port))
    await asyncio.wait_for(box.waves.listening.wait(), 10)
    try:
        yield box
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await box.hl7.stop()


async def play(box: Box, folder: Path, **changes: Any) -> Ward:
    settings = WardSettings(
        hl7_port=box.hl7.port,
        waves_port=box.waves.port,
        waves_secret=box.secret,
        log_path=folder / "ward.jsonl",
        **changes,
    )
    ward = Ward(settings, SystemClock())
    await ward.run()
    ward.close()
    return ward


async def test_beds_send_numerics_waves_admissions_and_alarms(tmp_path: Path) -> None:
    episodes = (make_episode("standby", 2, 0.5, 60), make_episode("monitor-off", 3, 0, 60))
    async with box_in(tmp_path) as box:
        ward = await play(box, tmp_path, beds=3, script="calm", lasts_s=3.0, episodes=episodes, links=2)
    assert ward.links.waiting == 0
    assert len(box.of("ADT")) == 3
    assert len(box.of("ORU^R01")) == 6 and not box.of("ORU^R40")  # three seconds of two beds, one without values
    assert len(set(box.hl7.ids)) == len(box.hl7.ids) == 9
    heart_rates = [message for message in box.of("ORU^R01") if "147842^MDC_ECG_HEART_RATE" in message]
    assert {message.split("PV1||I|")[1].split("\r")[0] for message in heart_rates} == {"W7^R1^B1"}
    waves = [sample for sample in box.samples if sample.values["location"] == "W7^R1^B1"]
    by_channel: dict[str, int] = {}
    for sample in waves:
        channel = str(sample.values["channel"])
        by_channel[channel] = by_channel.get(channel, 0) + len(np.asarray(sample.values["samples"]))
    assert by_channel == {"ecg_ii_mv": 750, "ecg_v_mv": 750, "pleth": 750, "resp_ohm": 150}
    last = waves[-1].values
    assert float(str(last["start_utc_s"])) < box.port.clock.now().utc_s
    assert not [news for news in box.news if news.code == "waves-clock"]
    account = [row for row in read_rows(tmp_path / "ward.jsonl") if row["kind"] == "account"][-1]
    assert sum(link["acknowledged"] for link in account["links"].values()) == 9


async def test_network_faults_lose_and_double_nothing_that_counts(tmp_path: Path) -> None:
    words = "duplicate@0.5 link-drop@0.75:0.5 wave-drop@1:0.5 garbage@2 half-frame@2.25 late-ack@2.5 clock@3:-7200"
    faults = tuple(parse_fault(word) for word in words.split())
    async with box_in(tmp_path) as box:
        ward = await play(box, tmp_path, beds=2, script="calm", lasts_s=4.0, faults=faults)
    assert ward.links.waiting == 0
    assert len(set(box.hl7.ids)) == 2 + 2 * 4  # every one came
    assert len(box.hl7.ids) > 10  # and at least the duplicate came again
    lead = [s for s in box.samples if s.values["channel"] == "ecg_ii_mv" and s.values["location"] == "W7^R1^B1"]
    gap = sum(int(str(sample.values["gap_samples"])) for sample in lead)
    assert gap == pytest.approx(125, abs=63)
    assert {news.ok for news in box.news if news.code == "waves-clock"} == {False}
    struck = [row["what"] for row in read_rows(tmp_path / "ward.jsonl") if row["kind"] == "fault"]
    assert len(struck) == 7
