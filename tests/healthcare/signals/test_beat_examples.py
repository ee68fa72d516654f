from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from healthcare.records.wfdb import Annotations, Record, Signal, read_annotations, read_record
from healthcare.signals.beat import Beat
from healthcare.signals.beat_examples import (
    EC57_CLASS,
    detected_beats,
    example_set,
    matched,
    record_leads,
    reference_beats,
)
from healthcare.signals.beat_training import NO_CLASS
from tests.healthcare.signals.beat_cases import RATE_HZ, patient


def _beats(*at_s: float) -> list[Beat]:
    return [Beat(at, round(at * RATE_HZ), "ecg", None, 1.0) for at in at_s]


def test_a_found_beat_is_the_nearest_reference_beat_within_150_ms() -> None:
    assert matched(_beats(1.0, 2.0, 3.0), _beats(1.1, 2.2, 2.9)) == {0: 0, 2: 2}


def test_no_beat_is_matched_twice() -> None:
    assert matched(_beats(1.0), _beats(0.95, 1.01)) == {1: 0}
    assert matched(_beats(0.95, 1.05), _beats(1.0)) == {0: 0}


def test_annotations_that_are_no_beats_are_left_out() -> None:
    annotations = Annotations(np.array([5, 100, 200, 300]), ("+", "N", "~", "V"), ("",) * 4)
    beats, classes = reference_beats(annotations, 100.0, "ecg")
    assert [beat.at_s for beat in beats] == [1.0, 3.0]
    assert [beat.rr_s for beat in beats] == [None, 2.0]
    assert classes == ["N", "V"]


@pytest.mark.parametrize(("symbol", "name"), [("L", "N"), ("a", "S"), ("E", "V"), ("F", "F"), ("/", "Q")])
def test_the_classes_are_those_of_ec57(symbol: str, name: str) -> None:
    assert EC57_CLASS[symbol] == name


def test_a_synthetic_record_becomes_a_set_with_the_classes_of_its_annotations() -> None:
    one = patient(40.0)
    signals = tuple(Signal(lead.channel, "mV", lead.samples.astype(np.float64), RATE_HZ) for lead in one.leads)
    symbols = tuple("V" if wide else "N" for wide in one.wide)
    annotations = Annotations(np.array([beat.sample for beat in one.beats]), symbols, ("",) * len(symbols))
    found = example_set("p", Record("p", RATE_HZ, signals, None), annotations)
    assert len(found.classes) > len(one.beats) - 14
    truth = dict(zip([beat.sample for beat in one.beats], one.wide, strict=True))
    for beat, number in zip(found.beats, found.classes.tolist(), strict=True):
        nearest = min(truth, key=lambda sample: abs(sample - beat.sample))
        assert number == (2 if truth[nearest] else 0)


@pytest.mark.samples
def test_a_real_record_gives_nearly_every_beat_its_class(samples: Path) -> None:
    record = read_record(samples / "healthcare" / "mitdb" / "119", frames=60 * 360)
    annotations = read_annotations(samples / "healthcare" / "mitdb" / "119.atr")
    leads = record_leads(record)
    found = detected_beats(leads)
    reference, _ = reference_beats(annotations, record.rate_hz, "x")
    within = [beat for beat in reference if 2.0 < beat.at_s < 58.0]
    assert len(matched(within, found)) == len(within)
    examples = example_set("119", record, annotations)
    assert (examples.classes != NO_CLASS).mean() > 0.97
