"""Rhythm alarms over the real records: what is found, what is false, what was contradicted, and what it costs.

`pytest -m "bench and samples" tests/bench/test_rhythm.py -s`, with EDGEWISE_SAMPLES set. Records are cut into chunks of
a second; every figure is of the whole way through `BedSignals`, without a beat classifier.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from core.clock import Instant
from healthcare.records.annotations import Annotations
from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat import Chunk
from healthcare.signals.bedside import BedSignals
from tests.healthcare.signals.synthesis import Floats, fibrillation, heart, noise, pulses

pytestmark = [pytest.mark.bench, pytest.mark.samples]

RHYTHMS = ("asystole", "extreme-brady", "extreme-tachy", "vt", "vf")
LEADS = ("ecg_ii_mv", "ecg_v_mv")
ONSET_S = 60.0
EPISODE_S = 15.0
AFTER_S = 30.0
EPISODES = 20
#: Records without ventricular runs or pauses of their own in the stretch used.
HOSTS = ("101", "106", "112", "114", "115", "116", "118", "119", "122", "124", "205", "215", "220", "223", "230")

Wave = tuple[Floats, float]


@dataclass
class Heard:
    """What a bed told: code -> moments at which it came; vetoes; and how long it took."""

    came_s: dict[str, list[float]] = field(default_factory=dict)
    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    vetoes: Counter[str] = field(default_factory=Counter)
    length_s: float = 0.0
    cpu_s: float = 0.0

    def first_s(self, code: str, from_s: float) -> float | None:
        return next((at_s for at_s in self.came_s.get(code, ()) if at_s >= from_s), None)


def listened(waves: Mapping[str, Wave], chunk_s: float = 1.0) -> Heard:
    bed, heard = BedSignals(), Heard()
    heard.length_s = min(len(wave) / rate_hz for wave, rate_hz in waves.values())
    began, open_s = time.process_time(), dict[str, float]()
    at_s = 0.0
    while at_s < heard.length_s - 1e-9:
        end_s = min(at_s + chunk_s, heard.length_s)
        for channel, (wave, rate_hz) in waves.items():
            part = wave[round(at_s * rate_hz) : round(end_s * rate_hz)].astype(np.float32)
            found = bed.take(Chunk(channel, rate_hz, part, at_s), Instant(end_s, 1e9 + end_s))
            heard.vetoes.update(veto.code for veto in found.vetoes)
            for finding in found.findings:
                if finding.present and finding.code not in open_s:
                    open_s[finding.code] = end_s
                    heard.came_s.setdefault(finding.code, []).append(end_s)
                elif not finding.present and finding.code in open_s:
                    heard.spans.setdefault(finding.code, []).append((open_s.pop(finding.code), end_s))
        at_s = end_s
    for code, since_s in open_s.items():
        heard.spans.setdefault(code, []).append((since_s, heard.length_s))
    heard.cpu_s = time.process_time() - began
    return heard


def leads_of(path: Path) -> dict[str, Wave]:
    signals = read_record(path).signals[:2]
    return {lead: (signal.samples, signal.rate_hz) for lead, signal in zip(LEADS, signals, strict=False)}


ECTOPIC = "AaJSVFejE!f[]"
SLOW_PER_MIN = (38.0, 33.0, 28.0, 22.0)
FAST_PER_MIN = (150.0, 165.0, 180.0, 200.0)
BEDSIDE = {
    "PLETH": "pleth",
    "ABP": "abp_mmhg",
    "RESP": "resp_ohm",
    "II": "ecg_ii_mv",
    "V": "ecg_v_mv",
    "MCL1": "ecg_v_mv",
}


def bed_of(path: Path) -> dict[str, Wave]:
    return {
        BEDSIDE[signal.name]: (signal.samples, signal.rate_hz)
        for signal in read_record(path).signals
        if signal.name in BEDSIDE
    }


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's, 95 %."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, 1.96**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = 1.96 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


# -- false alarms that are known to be false --------------------------------------------------------------------


@pytest.mark.parametrize("record", ["a103l", "v102s"])
def test_alarms_known_to_be_false_are_not_raised(samples: Path, record: str) -> None:
    heard = listened(bed_of(samples / "healthcare/bedside" / record))
    print(f"\n{record}: alarms {dict(heard.came_s)}, vetoes {dict(heard.vetoes)}")
    assert not [code for code in heard.came_s if code in (*RHYTHMS, "af", "pause", "apnoea")]


# -- injected episodes ------------------------------------------------------------------------------------------


def spliced(host: Mapping[str, Wave], episode: Mapping[str, Floats], start_s: float) -> dict[str, Wave]:
    """A minute of the host, the episode, half a minute of the host again, without jumps of the base line."""
    joined = {}
    for lead, (wave, rate_hz) in host.items():
        first = round(start_s * rate_hz)
        before = wave[first : first + round(ONSET_S * rate_hz)]
        after = wave[first + len(before) : first + len(before) + round(AFTER_S * rate_hz)]
        part = episode[lead]
        level = float(np.median(before[-round(rate_hz) :]))
        part = part - float(np.median(part)) + level
        joined[lead] = (np.concatenate((before, part, after)), rate_hz)
    return joined


def beats_of(annotations: Annotations, rate_hz: float) -> list[tuple[float, str]]:
    return [(int(s) / rate_hz, symbol) for s, symbol in zip(annotations.samples, annotations.symbols, strict=True)]


def resampled(wave: Floats, rate_hz: float, start_s: float, length_s: float, speed: float) -> Floats:
    """`length_s` of the wave from `start_s` on, played `speed` times as fast."""
    at = (start_s + np.arange(round(length_s * rate_hz)) / rate_hz * speed) * rate_hz
    stretched: Floats = np.interp(at, np.arange(len(wave)), wave)
    return stretched


def paced(wave: Floats, rate_hz: float, beats_s: list[float], per_min: float, rng: np.random.Generator) -> Floats:
    """Real beats of the host, as wide as they are, one after the other at `per_min`."""
    gap_s = 60.0 / per_min
    gap, total = round(gap_s * rate_hz), round(EPISODE_S * rate_hz)
    before, after = round(min(0.3, 0.4 * gap_s) * rate_hz), round(min(0.45, 0.6 * gap_s) * rate_hz)
    level = float(np.median(wave))
    out = level + rng.normal(scale=0.01, size=total + 4 * gap)
    for number in range(total // gap + 1):
        centre = round(beats_s[number % len(beats_s)] * rate_hz)
        beat = wave[centre - before : centre + after]
        start = number * gap + gap // 2
        out[start : start + len(beat)] += (beat - level) * np.sin(
            np.pi * (np.arange(len(beat)) + 0.5) / len(beat)
        ) ** 0.5
    return out[:total]


class Injector:
    """Makes episodes from real records, a different host and seed for each number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[str, dict[str, Wave]] = {}

    def record(self, name: str) -> dict[str, Wave]:
        if name not in self._cache:
            self._cache.clear()
            self._cache[name] = leads_of(self._folder / name)
        return self._cache[name]

    def build(self, rhythm: str, number: int) -> dict[str, Wave]:
        rng = np.random.default_rng(1000 * RHYTHMS.index(rhythm) + number)
        name = HOSTS[number % len(HOSTS)]
        start_s = 300.0 + 37.0 * number
        episode = self.episode(rhythm, number, name, start_s + ONSET_S, rng)
        return spliced(self.record(name), episode, start_s)

    def episode(self, rhythm: str, number: int, name: str, at_s: float, rng: np.random.Generator) -> dict[str, Floats]:
        if rhythm == "vt":
            return self._run(number, rng)
        host = self.record(name)
        marks = beats_of(read_annotations(self._folder / f"{name}.atr"), 360.0)
        beats = [s for s, symbol in marks if symbol in "NLR"]
        others = [s for s, symbol in marks if symbol in ECTOPIC]
        while any(at_s - 1.0 < s < at_s + 3.0 * EPISODE_S for s in others) and at_s < 1700.0:
            at_s += 10.0  # a stretch of normal beats
        near = [s for s in beats if at_s < s < at_s + 20.0]
        if rhythm == "vf" and number % 2 == 0:
            return self._flutter(number, rng)
        parts = {}
        for lead, (wave, rate_hz) in host.items():
            if rhythm == "asystole":
                parts[lead] = noise(EPISODE_S, rate_hz, rng.uniform(0.005, 0.02), rng)
            elif rhythm == "extreme-brady":
                parts[lead] = paced(wave, rate_hz, near, SLOW_PER_MIN[number % 4], rng)
            elif rhythm == "extreme-tachy":
                parts[lead] = paced(wave, rate_hz, near, FAST_PER_MIN[number % 4], rng)
            else:
                parts[lead] = fibrillation(EPISODE_S, rate_hz, rng, height_mv=float(rng.uniform(0.2, 0.9)))
        return parts

    def _flutter(self, number: int, rng: np.random.Generator) -> dict[str, Floats]:
        """Ventricular flutter of record 207, at another height and speed."""
        source = self.record("207")
        start_s, speed, height = 1542.0 + 4.0 * number, rng.uniform(0.9, 1.4), rng.uniform(0.5, 1.2)
        return {lead: height * resampled(w, hz, start_s, EPISODE_S, speed) for lead, (w, hz) in source.items()}

    def _run(self, number: int, rng: np.random.Generator) -> dict[str, Floats]:
        """Real ventricular runs of 205 and 223, repeated to fifteen seconds, at another height and speed."""
        name, start_s, stop_s = (("205", 1460.5, 1464.6), ("223", 580.0, 612.0), ("223", 1046.0, 1080.0))[number % 3]
        source, speed, height = self.record(name), rng.uniform(1.0, 1.5), rng.uniform(0.8, 1.2)
        parts = {}
        for lead, (wave, rate_hz) in source.items():
            piece = wave[round(start_s * rate_hz) : round(stop_s * rate_hz)]
            parts[lead] = height * resampled(np.tile(piece, 8), rate_hz, 0.0, EPISODE_S, speed)
        return parts


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_injected_episodes_are_all_told_within_ten_seconds(samples: Path, rhythm: str) -> None:
    injector, delays, missed, elsewhere = Injector(samples / "healthcare/mitdb"), [], [], Counter[str]()
    accepted = {"vt": ("vt", "vf"), "vf": ("vf", "vt")}.get(rhythm, (rhythm,))
    for number in range(EPISODES):
        heard = listened(injector.build(rhythm, number))
        first = [at_s for code in accepted if (at_s := heard.first_s(code, ONSET_S)) is not None]
        if first and min(first) - ONSET_S <= 10.0:
            delays.append(min(first) - ONSET_S)
        else:
            missed.append((number, HOSTS[number % len(HOSTS)], dict(heard.came_s)))
        for code, times in heard.came_s.items():
            if code in RHYTHMS:
                elsewhere[code] += sum(not ONSET_S <= at_s <= ONSET_S + EPISODE_S + 6.0 for at_s in times)
    line = f"{len(delays)}/{EPISODES}, delay median {np.median(delays):.1f} s, longest {max(delays):.1f} s"
    print(f"\n{rhythm}: {line}; elsewhere {dict(elsewhere)}; missed {missed}")
    assert len(delays) == EPISODES
    assert sum(elsewhere.values()) == 0


# -- all records ------------------------------------------------------------------------------------------------


def reference_spans(annotations: Annotations, rate_hz: float) -> dict[str, list[tuple[float, float]]]:
    """What the reference beats say: pauses, extreme rates, runs of ventricular beats, flutter."""
    beats = [(at_s, s) for at_s, s in beats_of(annotations, rate_hz) if s in "NLRBAaJSVrFejnE/fQ"]
    flutter = [(at_s, s) for at_s, s in beats_of(annotations, rate_hz) if s in "[]"]
    spans: dict[str, list[tuple[float, float]]] = {code: [] for code in (*RHYTHMS, "pause")}
    spans["vf"] = [(a, b) for (a, _), (b, _) in zip(flutter[::2], flutter[1::2], strict=False)]
    times = np.array([at_s for at_s, _ in beats])
    for first, last in pairwise(times.tolist()):
        if last - first >= 3.0:
            spans["pause"].append((first, last))
        if last - first >= 4.0:
            spans["asystole"].append((first, last))
    for count, code, slow in ((5, "extreme-brady", True), (17, "extreme-tachy", False)):
        for place in range(len(times) - count + 1):
            rate = 60.0 * (count - 1) / (times[place + count - 1] - times[place])
            if rate < 40.0 if slow else rate > 140.0:
                spans[code].append((times[place], times[place + count - 1]))
    place = 0
    while place < len(beats):
        stop = place
        while stop < len(beats) and beats[stop][1] == "V":
            stop += 1
        if stop - place >= 5 and 60.0 * (stop - place - 1) / (beats[stop - 1][0] - beats[place][0]) > 100.0:
            spans["vt"].append((beats[place][0], beats[stop - 1][0]))
        place = max(stop, place + 1)
    return spans


def meets(span: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any(span[0] <= end + 10.0 and start <= span[1] + 2.0 for start, end in others)


def test_rhythm_alarms_over_all_records_true_and_false_by_kind(samples: Path) -> None:
    true, false, missed, vetoes, hours, cpu_s = Counter[str](), Counter[str](), Counter[str](), Counter[str](), 0.0, 0.0
    where: dict[str, list[str]] = {}
    for header in sorted((samples / "healthcare/mitdb").glob("*.hea")):
        waves = leads_of(header.with_suffix(""))
        spans = reference_spans(read_annotations(header.with_suffix(".atr")), 360.0)
        heard = listened(waves)
        hours, cpu_s = hours + heard.length_s / 3600.0, cpu_s + heard.cpu_s
        vetoes.update(heard.vetoes)
        severe = [span for code in RHYTHMS for span in spans[code]]
        for code in (*RHYTHMS, "pause"):
            for span in heard.spans.get(code, ()):
                real = meets(span, spans[code]) or (code in ("vt", "vf", "extreme-tachy") and meets(span, severe))
                (true if real else false)[code] += 1
                if not real:
                    where.setdefault(code, []).append(f"{header.stem}@{span[0]:.0f}s")
            told = heard.spans.get(code, []) + (heard.spans.get("vt", []) if code == "vf" else [])
            told = told + (heard.spans.get("vf", []) if code == "vt" else [])
            missed[code] += sum(not meets(span, told) for span in spans[code])
    print(f"\n{hours:.1f} h of 22 records: true {dict(true)}, missed spans {dict(missed)}, vetoes {dict(vetoes)}")
    print(f"false {dict(false)}: {sum(false.values()) / hours:.2f} an hour; {where}")
    print(f"CPU {1e6 * cpu_s / (hours * 3600):.0f} us per second of two leads")
    assert false["asystole"] == 0
    assert missed["vt"] == 0


# -- atrial fibrillation ----------------------------------------------------------------------------------------


def af_spans(annotations: Annotations, length_s: float, rate_hz: float) -> list[tuple[float, float]]:
    spans, since = [], None
    for sample, note in zip(annotations.samples, annotations.aux, strict=True):
        if note == "(AFIB":
            since = int(sample) / rate_hz
        elif note == "(N" and since is not None:
            spans.append((since, int(sample) / rate_hz))
            since = None
    return spans if since is None else [*spans, (since, length_s)]


def test_atrial_fibrillation_by_patient(samples: Path) -> None:
    patients: dict[str, list[tuple[bool, bool]]] = {}
    for header in sorted((samples / "healthcare/af").glob("*.hea")):
        waves = leads_of(header.with_suffix(""))
        heard = listened(waves)
        spans = af_spans(read_annotations(header.with_suffix(".atr")), heard.length_s, 200.0)
        has = sum(stop - start for start, stop in spans)
        told = heard.spans.get("af", [])
        patients.setdefault(header.stem.split("_")[1], []).append((has > 0, bool(told)))
        print(f"\n{header.stem}: {heard.length_s:.0f} s, fibrillation {has:.0f} s, told {told}", end="")
    verdicts = [(any(a for a, _ in rows), any(b for _, b in rows)) for rows in patients.values()]
    hits = sum(a and b for a, b in verdicts)
    false, lost = sum(b and not a for a, b in verdicts), sum(a and not b for a, b in verdicts)
    f1 = 2 * hits / max(2 * hits + false + lost, 1)
    low, high = interval(hits, hits + false + lost)
    print(f"\n{len(verdicts)} patients: F1 {f1:.2f} (from {2 * low / (1 + low):.2f} to {2 * high / (1 + high):.2f})")
    assert false == 0


# -- cost -------------------------------------------------------------------------------------------------------


def test_cost_of_a_bed_second() -> None:
    """Two leads and a pulse wave at 250 Hz, heart rate 75, chunks of half a second."""
    length_s, rng = 120.0, np.random.default_rng(1)
    beats = np.arange(0.6, length_s, 0.8)
    waves: dict[str, Wave] = {
        lead: (heart(length_s, 250.0, beats, height=height) + noise(length_s, 250.0, 0.01, rng), 250.0)
        for lead, height in zip(LEADS, (1.0, 0.7), strict=True)
    }
    waves["pleth"] = (pulses(length_s, 250.0, beats + 0.25), 250.0)
    best = min(listened(waves, 0.5).cpu_s for _ in range(3))
    print(f"\nCPU {1e6 * best / length_s:.0f} us per bed and second")
    assert best / length_s <= 0.0025
