from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from core.clock import Instant
from core.inference.request import Answer, Ask
from healthcare.alarms.finding import Finding
from healthcare.alarms.table import ALARM_KINDS
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beats import BeatClassifier
from healthcare.signals.bedside import LOST_AFTER_S, BedSignals, SignalsFound
from healthcare.signals.confirmation import Veto
from healthcare.signals.rhythm import RhythmLimits
from tests.healthcare.signals.synthesis import Floats, breaths, fibrillation, heart, noise, pulses

ECG_HZ, PULSE_HZ, BREATH_HZ = 250.0, 125.0, 62.5


@dataclass
class Told:
    """Everything a bed told, findings with the end of the chunk that brought them."""

    findings: list[tuple[float, Finding]] = field(default_factory=list)
    vetoes: list[Veto] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    last: SignalsFound = field(default_factory=SignalsFound)
    muted: dict[str, str] = field(default_factory=dict)
    numerics: dict[str, float | None] = field(default_factory=dict)

    def codes(self) -> list[str]:
        """What came, in order; a changed text is no second one."""
        return list(dict.fromkeys(finding.code for _, finding in self.findings if finding.present))

    def first_s(self, code: str) -> float:
        return next(at_s for at_s, finding in self.findings if finding.code == code and finding.present)

    def over(self, code: str) -> bool:
        return [finding.present for _, finding in self.findings if finding.code == code][-1:] == [False]


def rustle(wave: Floats, rate_hz: float, size: float = 0.01, seed: int = 3) -> Floats:
    return wave + noise(len(wave) / rate_hz, rate_hz, size, np.random.default_rng(seed))


def bed_of(
    length_s: float,
    ecg_s: list[float],
    pulse_s: list[float] | None = None,
    *,
    wide_s: list[float] | None = None,
) -> dict[str, tuple[Floats, float]]:
    """Two leads, a pulse (by default with each beat) and breathing."""
    wide = wide_s or []
    channels = {}
    for lead, height, wide_height in (("ecg_ii_mv", 1.0, 1.3), ("ecg_v_mv", 0.7, -1.0)):
        wave = heart(length_s, ECG_HZ, ecg_s, height=height) + heart(
            length_s, ECG_HZ, wide, height=wide_height, wide=True
        )
        channels[lead] = (rustle(wave, ECG_HZ, seed=len(lead)), ECG_HZ)
    moments = ecg_s if pulse_s is None else pulse_s
    channels["pleth"] = (rustle(pulses(length_s, PULSE_HZ, [at + 0.25 for at in moments]), PULSE_HZ, 0.003), PULSE_HZ)
    channels["resp_ohm"] = (rustle(breaths(length_s, BREATH_HZ, 16.0), BREATH_HZ), BREATH_HZ)
    return channels


def every(gap_s: float, upto_s: float, first_s: float = 0.6) -> list[float]:
    return np.arange(first_s, upto_s, gap_s).tolist()


def watched(
    channels: dict[str, tuple[Floats, float]],
    chunk_s: float = 0.5,
    bed: BedSignals | None = None,
    start_s: float = 0.0,
    away: tuple[float, float] = (0.0, 0.0),
) -> Told:
    """`away`: what is sent from then until then arrives at the end of it, at once."""
    bed, told = bed or BedSignals(), Told()
    length_s = min(len(wave) / rate_hz for wave, rate_hz in channels.values())
    at_s = 0.0
    while at_s < length_s - 1e-9:
        end_s = min(at_s + chunk_s, length_s)
        for channel, (wave, rate_hz) in channels.items():
            part = wave[round(at_s * rate_hz) : round(end_s * rate_hz)].astype(np.float32)
            came_s = away[1] if away[0] < end_s < away[1] else end_s
            found = bed.take(Chunk(channel, rate_hz, part, start_s + at_s), Instant(start_s + came_s, 1e9 + came_s))
            told.findings += [(end_s, finding) for finding in found.findings]
            told.vetoes += found.vetoes
            told.beats += found.beats
            told.numerics.update(found.numerics)
            told.muted = dict(found.muted)
            told.last = found
        at_s = end_s
    return told


def test_a_quiet_bed_has_its_numbers_and_no_findings() -> None:
    told = watched(bed_of(60.0, every(0.75, 59.0)))
    assert told.codes() == []
    assert told.vetoes == []
    assert told.muted == {}
    assert told.numerics["hr_per_min"] == pytest.approx(80.0, abs=1.0)
    assert told.numerics["pr_per_min"] == pytest.approx(80.0, abs=1.5)
    assert told.numerics["rr_per_min"] == pytest.approx(16.0, abs=1.0)
    assert len(told.beats) == pytest.approx(78, abs=3)


@pytest.fixture(scope="module")
def standstill() -> tuple[dict[str, tuple[Floats, float]], Told]:
    """A minute with a heart that stands still in it, and what is told of it in chunks of half a second."""
    channels = bed_of(60.0, every(0.75, 30.0) + every(0.75, 59.0, 38.0))
    return channels, watched(channels, 0.5)


@pytest.mark.parametrize("chunk_s", [0.1, 0.37, 2.0])
def test_findings_and_beats_are_the_same_for_any_size_of_the_chunks(
    standstill: tuple[dict[str, tuple[Floats, float]], Told], chunk_s: float
) -> None:
    channels, one = standstill
    other = watched(channels, chunk_s)
    assert "asystole" in one.codes()
    assert [finding for _, finding in one.findings] == [finding for _, finding in other.findings]
    count = min(len(one.beats), len(other.beats))
    assert count > 60
    assert one.beats[:count] == other.beats[:count]


def test_asystole_is_told_within_ten_seconds_and_over_when_the_heart_beats_again() -> None:
    told = watched(bed_of(60.0, every(0.75, 30.0) + every(0.75, 59.0, 42.0)))
    assert [code for code in told.codes() if code != "pause"] == ["asystole"]
    assert 4.0 < told.first_s("asystole") - 29.9 < 10.0
    assert told.over("asystole")


def test_a_pulse_that_goes_on_vetoes_asystole_and_the_veto_is_told_once() -> None:
    told = watched(bed_of(60.0, every(0.75, 30.0), every(0.75, 59.0)))
    assert "asystole" not in told.codes()
    assert [(veto.code, veto.by) for veto in told.vetoes if veto.code == "asystole"] == [("asystole", "pleth")]
    assert all(veto.quality >= 0.8 for veto in told.vetoes)


def test_a_lead_that_goes_on_beating_vetoes_asystole() -> None:
    channels = bed_of(60.0, every(0.75, 30.0), every(0.75, 30.0))
    channels["ecg_v_mv"] = bed_of(60.0, every(0.75, 59.0))["ecg_v_mv"]
    told = watched(channels)
    assert "asystole" not in told.codes()
    assert ("asystole", "ecg_v_mv") in [(veto.code, veto.by) for veto in told.vetoes]


def test_a_pulse_wave_that_has_stopped_coming_vetoes_nothing() -> None:
    channels = bed_of(60.0, every(0.75, 30.0), every(0.75, 59.0))
    wave, rate_hz = channels["pleth"]
    wave[round(29.0 * rate_hz) :] = np.nan
    told = watched(channels)
    assert "asystole" in told.codes()
    assert "probe-off" in told.codes()


def test_leads_that_fall_off_are_technical_and_never_asystole() -> None:
    channels = bed_of(60.0, every(0.75, 59.0))
    for lead in ("ecg_ii_mv", "ecg_v_mv"):
        channels[lead][0][round(30.0 * ECG_HZ) :] = np.nan if lead == "ecg_v_mv" else 0.0
    told = watched(channels)
    assert told.codes() == ["leads-off"]
    assert set(told.muted) >= {"ecg_ii_mv", "ecg_v_mv"}


@pytest.mark.parametrize("lost_s", [4.0, 20.0])
def test_samples_lost_on_the_way_are_no_lead_and_no_probe_that_is_off(lost_s: float) -> None:
    """They are missing in the backlog that comes at once; by then both are seen to be on."""
    channels = bed_of(60.0, every(0.75, 59.0))
    for wave, rate_hz in channels.values():
        wave[round(30.0 * rate_hz) : round((30.0 + lost_s) * rate_hz)] = np.nan
    told = watched(channels, away=(30.0, 31.0 + lost_s))
    assert not {"leads-off", "probe-off", "signal-poor"} & set(told.codes())


@pytest.mark.parametrize(("gap_s", "code"), [(1.8, "extreme-brady"), (0.36, "extreme-tachy")])
def test_extreme_rates_are_told_within_ten_seconds(gap_s: float, code: str) -> None:
    told = watched(bed_of(70.0, every(0.75, 30.0) + every(gap_s, 50.0, 30.0 + gap_s) + every(0.75, 69.0, 51.0)))
    assert [each for each in told.codes() if each in ALARM_KINDS and each not in ("hr-mismatch", "pause")] == [code]
    assert told.first_s(code) - 30.0 <= 10.0
    assert told.over(code)


def test_limits_of_the_patient_are_those_of_the_bed() -> None:
    channels = bed_of(60.0, every(0.75, 30.0) + every(1.8, 59.0, 32.0))
    athlete = BedSignals(RhythmLimits(brady_per_min=25.0))
    assert "extreme-brady" not in watched(channels, bed=athlete).codes()


def test_a_ventricular_run_is_told_and_over() -> None:
    wide = every(0.4, 34.0, 30.2)
    told = watched(bed_of(60.0, every(0.75, 30.0) + every(0.75, 59.0, 35.0), wide_s=wide))
    assert "vt" in told.codes()
    assert told.first_s("vt") - 30.0 <= 10.0
    assert told.over("vt")


def test_fibrillation_is_told_whatever_the_pulse_says() -> None:
    channels = bed_of(60.0, every(0.75, 30.0), every(0.75, 59.0))
    for seed, lead in enumerate(("ecg_ii_mv", "ecg_v_mv")):
        wave = channels[lead][0]
        wave[round(30.0 * ECG_HZ) :] += fibrillation(30.0, ECG_HZ, np.random.default_rng(seed))
    told = watched(channels)
    assert "vf" in told.codes()
    assert told.first_s("vf") - 30.0 <= 10.0
    assert not [veto for veto in told.vetoes if veto.code == "vf"]


def test_an_apnoea_needs_a_wave_that_is_there() -> None:
    channels = bed_of(90.0, every(0.75, 89.0))
    wave = channels["resp_ohm"][0]
    wave[round(40.0 * BREATH_HZ) :] = wave[round(40.0 * BREATH_HZ)]
    still = {**channels, "resp_ohm": (rustle(wave, BREATH_HZ, seed=8), BREATH_HZ)}
    told = watched(still)
    assert told.codes() == ["apnoea"]
    assert 56.0 < told.first_s("apnoea") < 64.0
    assert watched(channels).codes() == []


def test_heart_and_pulse_rates_apart_for_half_a_minute_are_told() -> None:
    told = watched(bed_of(80.0, every(0.6, 79.0), every(1.1, 79.0)))
    assert "hr-mismatch" in told.codes()


def test_without_a_breathing_wave_the_rate_is_derived_and_says_so() -> None:
    beats = every(0.75, 119.0)
    channels = bed_of(120.0, beats)
    del channels["resp_ohm"]
    for lead in ("ecg_ii_mv", "ecg_v_mv"):
        wave = channels[lead][0]
        wave *= 1.0 + 0.15 * np.sin(2 * np.pi * np.arange(len(wave)) / ECG_HZ * 14.0 / 60.0)
    told = watched(channels)
    assert told.last.sources.get("rr_per_min") == "ECG-derived" or told.numerics["rr_per_min"] is not None
    assert told.numerics["rr_per_min"] == pytest.approx(14.0, abs=2.0)
    assert "apnoea" not in told.codes()


def test_a_channel_that_stops_is_lost_by_time_alone_and_back_with_its_next_chunk() -> None:
    bed = BedSignals()
    watched(bed_of(20.0, every(0.75, 19.0)), bed=bed)
    due = bed.due()
    assert due is not None
    assert due.mono_s == pytest.approx(20.0 + LOST_AFTER_S)
    assert bed.tick(Instant(20.0 + LOST_AFTER_S - 0.1, 1e9)).findings == []
    lost = bed.tick(Instant(20.0 + LOST_AFTER_S, 1e9))
    assert {(finding.code, finding.channel) for finding in lost.findings} == {
        ("wave-lost", channel) for channel in ("ecg_ii_mv", "ecg_v_mv", "pleth", "resp_ohm")
    }
    assert {finding.text for finding in lost.findings} == {"ECG II", "ECG V", "Pleth", "Resp"}, "as people call them"
    assert lost.muted["pleth"] == "lost"
    assert bed.due() is None
    found = bed.take(Chunk("pleth", PULSE_HZ, np.zeros(60, np.float32), 30.0), Instant(30.0, 1e9))
    assert ("wave-lost", False) in [(finding.code, finding.present) for finding in found.findings]
    assert "leads-off" not in [finding.code for finding in found.findings]


def test_no_time_without_samples_ever_makes_an_asystole() -> None:
    bed = BedSignals()
    watched(bed_of(20.0, every(0.75, 19.5)), bed=bed)
    for second in range(60):
        assert not [f for f in bed.tick(Instant(20.0 + second, 1e9)).findings if f.code != "wave-lost"]
    told = watched(bed_of(20.0, every(0.75, 19.5)), bed=bed, start_s=400.0)
    assert [code for code in told.codes() if code != "wave-lost"] == []


def test_a_condition_that_was_told_before_a_restart_ends_after_it() -> None:
    before, now = BedSignals(), Instant(40.0, 1e9 + 40.0)
    watched(bed_of(40.0, every(0.75, 30.0)), bed=before)
    assert before.state(now)["rhythm"] == ["asystole"]
    after = BedSignals()
    after.restore(before.state(now), now)
    told = watched(bed_of(30.0, every(0.75, 29.0)), bed=after)
    assert told.over("asystole")


class Labels(BeatClassifier):
    """A classifier that asks for every chunk; its answers are not looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.took = 0

    def take(self, chunks: object, beats: object) -> Ask | None:
        self.took += 1
        return Ask("beats", {})

    def labels(self, answers: object) -> list[object]:  # type: ignore[override]
        return []


def test_a_classifier_is_asked_and_answered_through_the_bed() -> None:
    bed = BedSignals(classifier=Labels())
    watched(bed_of(10.0, every(0.75, 9.0)), bed=bed)
    asks = bed.asks()
    assert asks
    assert bed.asks() == []
    answers: list[Answer] = []
    assert bed.labelled(answers) == []
    assert BedSignals().asks() == []
    assert BedSignals().labelled(answers) == []


def test_every_code_told_is_in_the_alarm_table() -> None:
    codes = {"asystole", "pause", "extreme-brady", "extreme-tachy", "vt", "vf", "af", "apnoea"}
    codes |= {"leads-off", "signal-poor", "probe-off", "wave-lost", "hr-mismatch"}
    assert codes <= set(ALARM_KINDS)
