"""How well beats are found on real records that were not all seen while the search was made, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from healthcare.evaluation import MATCH_S, Case, find, score
from healthcare.matching import Counts, match
from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.leads import EcgLeads, LeadsState
from healthcare.signals.qrs import QrsDetector
from healthcare.signals.quality import MUTED_BELOW

pytestmark = [pytest.mark.bench, pytest.mark.samples]

_SENSITIVITY, _POSITIVE_PREDICTIVITY = 0.9985, 0.9970
_UNMUTED_AT_6_DB = 0.95
_MOST_US = 500.0
_COSTED = ("203", "208", "119")


@pytest.fixture(scope="module")
def cases(samples: Path) -> list[Case]:
    return list(_cases(samples / "healthcare" / "mitdb"))


def _cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.hea")):
        yield find(path.stem, read_record(path), read_annotations(path.with_suffix(".atr")))


def _line(name: str, counts: Counts) -> str:
    shares = counts.shares()
    return (
        f"{name:>12}: Se {shares['sensitivity']:.4f} +P {shares['positive_predictivity']:.4f} "
        f"({counts.missed:.0f} missed, {counts.wrong:.0f} wrong of {counts.right + counts.missed:.0f})"
    )


def _scored(cases: Sequence[Case], what: str) -> dict[str, float | None]:
    total = Counts()
    for case in cases:
        counts = score(case, None, rhythm=False).qrs
        total += counts
        print(f"{_line(case.name, counts)}, muted {case.state.muted_total_s / case.state.watched_s:.1%}")
    print(f"{what}: {_line('gross', total)}")
    return total.shares()


def _alone(case: Case, lead: int) -> Case:
    """With one lead, by the detector of one lead."""
    chunk = case.leads[lead]
    return replace(case, beats=tuple(_beats(QrsDetector(chunk.rate_hz, chunk.channel), chunk)))


def _beats(detector: QrsDetector, lead: Chunk) -> list[Beat]:
    beats: list[Beat] = []
    for piece in _halves(lead):
        beats += detector.feed(piece)
    return beats + detector.finish()


def _halves(lead: Chunk) -> Iterator[Chunk]:
    size = round(lead.rate_hz / 2)
    for first in range(0, lead.samples.size, size):
        yield replace(lead, samples=lead.samples[first : first + size], start_s=first / lead.rate_hz)


def test_beats_of_the_records_with_both_leads(cases: list[Case]) -> None:
    shares = _scored(cases, "MIT-BIH, two leads")
    assert (shares["sensitivity"] or 0.0) >= _SENSITIVITY
    assert (shares["positive_predictivity"] or 0.0) >= _POSITIVE_PREDICTIVITY


def test_beats_of_the_records_with_the_first_lead_alone(cases: list[Case]) -> None:
    shares = _scored([_alone(case, 0) for case in cases], "MIT-BIH, first lead")
    assert (shares["sensitivity"] or 0.0) >= 0.997
    assert (shares["positive_predictivity"] or 0.0) >= 0.997


def test_beats_of_records_of_other_people_and_another_recorder(samples: Path) -> None:
    shares = _scored(list(_cases(samples / "healthcare" / "af")), "CPSC, 200 Hz, two leads")
    assert (shares["sensitivity"] or 0.0) >= 0.99
    assert (shares["positive_predictivity"] or 0.0) >= 0.99


def test_a_bedside_strip_against_another_detector(samples: Path) -> None:
    """No truth: gqrs, whose own annotations come with the record, is the other opinion."""
    path = samples / "healthcare" / "bedside" / "03700181"
    signal = read_record(path).signals[0]
    lead = Chunk("ecg", signal.rate_hz, signal.samples.astype(np.float32), 0.0)
    found_s = [beat.at_s for beat in _beats(QrsDetector(lead.rate_hz), lead)]
    for suffix in ("gqrsl", "gqrsh"):
        other = read_annotations(path.with_suffix(f".{suffix}"))
        counts = Counts()
        for one, two in match((other.samples / (other.rate_hz or 125.0)).tolist(), found_s, MATCH_S):
            counts.add(one is not None, two is not None)
        print(_line(f"03700181 {suffix}", counts))


@pytest.mark.parametrize("noise_db", ["24", "12", "06", "00"])
def test_what_is_left_at_noise_is_right_and_the_rest_is_told(samples: Path, noise_db: str) -> None:
    folder = samples / "healthcare" / "noise"
    wave = np.loadtxt(folder / f"118e{noise_db}.csv").astype(np.float32)
    true_s = (np.loadtxt(folder / f"118e{noise_db}_ann.csv") / 360.0).tolist()
    ecg, beats = EcgLeads(360.0), list[Beat]()
    for piece in _halves(Chunk("ii", 360.0, wave, 0.0)):
        beats += ecg.feed([piece])
    beats += ecg.finish()
    every, heard = Counts(), Counts()
    for one, two in match(true_s, [beat.at_s for beat in beats], MATCH_S):
        every.add(one is not None, two is not None)
        if two is not None and beats[two].quality >= MUTED_BELOW:
            heard.add(one is not None, True)
    state: LeadsState = ecg.state()
    share = heard.shares()["positive_predictivity"] or 0.0
    print(f"{_line(f'{noise_db} dB', every)}; not muted +P {share:.4f} of {heard.right + heard.wrong:.0f}, "
          f"muted {state.muted_total_s:.0f} of {state.watched_s:.0f} s")  # fmt: skip
    if noise_db != "00":
        assert share >= _UNMUTED_AT_6_DB


def test_what_a_second_of_a_lead_costs(cases: list[Case]) -> None:
    figures = []
    for case in cases:
        if case.name not in _COSTED:
            continue
        one = list(_halves(case.leads[0]))[:1200]
        both = [[piece, replace(piece, channel="other")] for piece in one]
        detector, ecg = QrsDetector(case.leads[0].rate_hz), EcgLeads(case.leads[0].rate_hz)
        began = time.process_time()
        for piece in one:
            detector.feed(piece)
        middle = time.process_time()
        for pieces in both:
            ecg.feed(pieces)
        seconds = len(one) * 0.5
        figures.append(((middle - began) / seconds * 1e6, (time.process_time() - middle) / seconds / 2 * 1e6))
        print(
            f"{case.name}: one lead {figures[-1][0]:.0f} us, of two leads each {figures[-1][1]:.0f} us a second of ECG"
        )
    assert min(one for one, _ in figures) <= _MOST_US
