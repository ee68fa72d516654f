"""The classes of a record's beats, by the shipped classifier or by one that never saw the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beat_training import FOLDS

#: Where the shipped model package lies.
MODEL = Path(__file__).with_name("models") / "beats"
_INPUTS = ("wave", "template", "shape", "rhythm", "present")
_LETTERS = ("N", "S", "V")

Labels = Callable[[str, Sequence[Chunk], Sequence[Beat]], list[str]]
Tell = Callable[[float, str], None]


def shipped() -> Labels | None:
    """By the model of this installation; None where it has none."""
    if not (MODEL / "model.onnx").is_file():
        return None
    from core.inference.session import Session
    from core.models.card import parse_card

    session = Session((MODEL / "model.onnx").read_bytes(), parse_card((MODEL / "card.toml").read_text("utf-8")))
    training: Any = import_module("healthcare.signals.beat_training")

    def classify(name: str, leads: Sequence[Chunk], beats: Sequence[Beat]) -> list[str]:
        judged = training.beat_set(name, leads, beats)
        batch = judged.batch(np.arange(len(judged.classes)))
        inputs = {key: np.asarray(getattr(batch, key), np.float32) for key in _INPUTS}
        return _in_order(beats, judged.beats, session.run(inputs)["probabilities"].argmax(axis=1).tolist())

    return classify


def taught_by_the_others(folder: Path, seed: int, tell: Tell) -> Labels:
    """Taught anew in parts, by the recipe of the shipped model: no record is judged by what it taught."""
    training: Any = import_module("healthcare.signals.beat_training")
    examples: Any = import_module("healthcare.signals.beat_examples")
    sets = {
        path.stem: examples.example_set(path.stem, read_record(path), read_annotations(path.with_suffix(".atr")))
        for path in sorted(folder.glob("*.hea"))
        if path.with_suffix(".atr").is_file()
    }
    names = sorted(sets)
    networks: dict[int, Any] = {}

    def classify(name: str, leads: Sequence[Chunk], beats: Sequence[Beat]) -> list[str]:
        fold = names.index(name) % FOLDS
        if fold not in networks:
            tell(len(networks) / FOLDS, f"teaching without part {fold + 1} of {FOLDS}")
            others = [sets[other] for other in names if other not in names[fold::FOLDS]]
            networks[fold] = training.teach(others, seed * FOLDS + fold)
        judged = training.beat_set(name, leads, beats)
        best = training.probabilities(networks[fold], judged).argmax(axis=1).tolist()
        return _in_order(beats, judged.beats, best)

    return classify


def _in_order(beats: Sequence[Beat], judged: Sequence[Beat], best: Sequence[int]) -> list[str]:
    """A letter for each beat; none where its surroundings were not there to judge."""
    letters = {beat.sample: _LETTERS[number] for beat, number in zip(judged, best, strict=True)}
    return [letters.get(beat.sample, "") for beat in beats]
