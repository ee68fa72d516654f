"""What the recipe of the shipped beat classifier reaches on records that it was not taught by; `-m slow`, an hour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat_examples import example_set, matched, record_leads, reference_beats
from healthcare.signals.beat_training import BeatSet, cross_validated, told_classes
from healthcare.signals.templates import Floats

#: EC57: the first five minutes are for learning.
_LEARNING_S = 300.0
_SEEDS = (0, 1, 2)


def _flutter(samples: Path, name: str) -> list[tuple[float, float]]:
    annotations = read_annotations(samples / f"{name}.atr")
    pairs = list(zip(annotations.samples.tolist(), annotations.symbols, strict=True))
    return list(zip([at / 360 for at, s in pairs if s == "["], [at / 360 for at, s in pairs if s == "]"], strict=True))


def _counts(samples: Path, one: BeatSet, found: Floats) -> dict[str, int]:
    """True, missed and false ventricular beats of one record; beats that were not found are missed."""
    record = read_record(samples / one.record, frames=1)
    reference, classes = reference_beats(read_annotations(samples / f"{one.record}.atr"), record.rate_hz, "x")
    flutter = _flutter(samples, one.record)
    pairs = matched(reference, one.beats)
    told = list(told_classes(one, found).values())
    counts = dict.fromkeys(("true", "missed", "false"), 0)
    for index, beat in enumerate(one.beats):
        if beat.at_s < _LEARNING_S or told[index] != "V" or any(a <= beat.at_s <= b for a, b in flutter):
            continue
        truth = classes[pairs[index]] if index in pairs else "none"
        counts["true"] += truth == "V"
        counts["false"] += truth in ("N", "S", "none")
    late = sum(beat.at_s >= _LEARNING_S and name == "V" for beat, name in zip(reference, classes, strict=True))
    counts["missed"] = late - counts["true"]
    return counts


@pytest.mark.slow
@pytest.mark.samples
def test_ventricular_beats_are_told_on_records_left_out(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = samples / "healthcare" / "mitdb"
    sets = [
        example_set(path.stem, read_record(path), read_annotations(path.with_suffix(".atr")))
        for path in sorted(folder.glob("*.hea"))
    ]
    assert record_leads(read_record(folder / "101", frames=1))[0].rate_hz == 360.0
    figures = []
    for seed in _SEEDS:
        found = cross_validated(sets, seed)
        counts = {one.record: _counts(folder, one, found[one.record]) for one in sets}
        total = {key: sum(one[key] for one in counts.values()) for key in ("true", "missed", "false")}
        figures.append(
            (total["true"] / (total["true"] + total["missed"]), total["true"] / (total["true"] + total["false"]))
        )
        with capsys.disabled():
            print(f"\nseed {seed}: VEB Se {figures[-1][0]:.4f} +P {figures[-1][1]:.4f}")  # noqa: T201
            for name, one in counts.items():
                print(f"  {name}: {one}")  # noqa: T201
    sensitivity, predictivity = np.mean(figures, axis=0)
    assert sensitivity >= 0.93
    assert predictivity >= 0.87
