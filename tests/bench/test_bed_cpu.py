"""How many beds a core carries: two leads and a pulse wave at 250 Hz, numerics each second, beat classes by the shipped
model through the engine. CPU time of this process with all its threads, from a bed's chunk to its decision; what the
frame around it does (queues, the store, the screens) is not in it.

`pytest -m bench tests/bench/test_bed_cpu.py -s`
"""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import Instant
from core.inference.engine import LocalEngine
from core.inference.request import Answer, Outcome
from core.models.package import sign_package
from core.models.trust import SigningKey
from healthcare.alarms.escalation import Roster
from healthcare.beat_labels import MODEL
from healthcare.bed import BedStation
from healthcare.settings import BedSettings, HealthcareSettings
from healthcare.signals.beats import MODEL as SLOT
from tests.healthcare.signals.synthesis import Floats, heart, moments, noise, pulses
from verticals.contract import Sample, Value

pytestmark = pytest.mark.bench

_BEDS_PER_CORE = 200
_BEDS = 8
_RATE_HZ = 250.0
_WARM_S, _STRETCH_S, _STRETCHES = 24, 4, 10
_BEGUN_UTC_S = 1_795_000_000.0
_NUMERICS = {"hr_per_min": 75.0, "spo2_pct": 97.0, "rr_per_min": 15.0, "pr_per_min": 75.0, "temp_cel": 36.8}
_NEVER_S = 1e12


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    """With the beat model of this installation."""
    shutil.copytree(MODEL, tmp_path / "beats", copy_function=shutil.copyfile)
    engine = LocalEngine(1)
    engine.load(SLOT, sign_package(tmp_path / "beats", SigningKey.new()))
    yield engine
    engine.close()


def _waves(bed: int) -> dict[str, Floats]:
    length_s = float(_WARM_S + _STRETCH_S * _STRETCHES + 1)
    rng = np.random.default_rng(bed)
    beats_s = moments(length_s, 0.7 + 0.03 * bed) + rng.normal(
        scale=0.015, size=len(moments(length_s, 0.7 + 0.03 * bed))
    )
    clean = heart(length_s, _RATE_HZ, beats_s)
    return {
        "ecg_ii_mv": clean + noise(length_s, _RATE_HZ, 0.02, rng),
        "ecg_v_mv": -0.6 * clean + noise(length_s, _RATE_HZ, 0.02, rng),
        "pleth": pulses(length_s, _RATE_HZ, beats_s) + noise(length_s, _RATE_HZ, 0.01, rng),
    }


class Ward:
    """Beds one after the other, as a lane takes them. `spent_s`: CPU seconds by part."""

    def __init__(self, engine: LocalEngine, chunk_s: float) -> None:
        self._engine = engine
        self._chunk_s = chunk_s
        settings = HealthcareSettings("W", [BedSettings(f"bed-{n + 1}", str(n + 1), f"W{n}") for n in range(_BEDS)])
        self._stations = [BedStation(bed, settings) for bed in settings.beds]
        self._waves = [_waves(bed) for bed in range(_BEDS)]
        self._chunks = self._sent = 0
        self.spent_s: defaultdict[str, float] = defaultdict(float)
        self.classed = 0

    async def admit(self) -> None:
        for station in self._stations:
            await self._give(station, self._admission())

    async def play(self, seconds: int) -> None:
        for _ in range(round(seconds / self._chunk_s)):
            self._chunks += 1
            at_s = self._chunks * self._chunk_s
            first, self._sent = self._sent, round(at_s * _RATE_HZ)
            now = Instant(at_s, _BEGUN_UTC_S + at_s)
            for station, waves in zip(self._stations, self._waves, strict=True):
                for channel, wave in waves.items():
                    part = wave[first : self._sent].astype(np.float32)
                    await self._give(station, self._chunk(channel, part, first, now))
                if at_s == int(at_s):
                    await self._give(station, self._numerics(now))

    async def _give(self, station: BedStation, sample: Sample) -> None:
        marks = [time.process_time()]
        asks = station.prepare(sample)
        marks.append(time.process_time())
        answers: list[Answer] = []
        for ask in asks or ():
            answers.append(await self._engine.infer(ask, deadline_mono_s=_NEVER_S))
        marks.append(time.process_time())
        station.decide(sample, answers)
        marks.append(time.process_time())
        station.due()
        marks.append(time.process_time())
        parts = ("signals", "engine", f"decisions on {sample.values['kind']}", "when it is due next")
        for part, begun_s, ended_s in zip(parts, marks, marks[1:], strict=False):
            self.spent_s[part] += ended_s - begun_s
        self.classed += sum(len(one.outputs["probabilities"]) for one in answers if one.outcome is Outcome.ANSWERED)

    def _chunk(self, channel: str, samples: np.ndarray, first: int, now: Instant) -> Sample:
        head: dict[str, Value] = {"kind": "wave", "location": "W", "channel": channel, "rate_hz": _RATE_HZ}
        return Sample("waves", now, {**head, "start_utc_s": _BEGUN_UTC_S + first / _RATE_HZ, "samples": samples})

    def _numerics(self, now: Instant) -> Sample:
        readings = [
            {"measure": measure, "instance": "1", "value": value, "at_utc_s": now.utc_s}
            for measure, value in _NUMERICS.items()
        ]
        return Sample("hl7", now, {"kind": "numerics", "location": "W", "readings": json.dumps(readings)})

    def _admission(self) -> Sample:
        patient = json.dumps({"id": "P1", "family": "A", "given": "B"})
        values: dict[str, Value] = {"kind": "bed", "patient": patient, "since_utc_s": _BEGUN_UTC_S}
        return Sample("ward", Instant(0.0, _BEGUN_UTC_S), {**values, "roster": json.dumps(Roster().to_json())})


@pytest.mark.parametrize("chunk_s", [0.25, 0.5])
async def test_beds_per_core(engine: LocalEngine, chunk_s: float) -> None:
    """The quietest of ten stretches: what else the machine does is not the beds'."""
    ward = Ward(engine, chunk_s)
    await ward.admit()
    await ward.play(_WARM_S)
    stretches = []
    for _ in range(_STRETCHES):
        ward.spent_s.clear()
        ward.classed = 0
        await ward.play(_STRETCH_S)
        stretches.append({part: spent_s / _STRETCH_S / _BEDS * 1e3 for part, spent_s in ward.spent_s.items()})
        assert ward.classed / _STRETCH_S / _BEDS > 0.8  # beats
    totals = sorted(sum(one.values()) for one in stretches)
    least = min(stretches, key=lambda one: sum(one.values()))
    middle_ms = totals[len(totals) // 2]
    print(
        f"\nchunks of {chunk_s} s: {totals[0]:.2f} ms CPU per bed-second (middle of ten stretches {middle_ms:.2f}), "
        f"{1e3 / totals[0]:.0f} beds per core"
    )
    for part, spent_ms in least.items():
        print(f"  {part}: {spent_ms:.2f} ms")
    assert 1e3 / totals[0] >= _BEDS_PER_CORE
