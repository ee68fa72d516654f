from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from healthcare import beat_labels
from healthcare.evaluation import Case, evaluate, find, score
from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat import Beat
from healthcare.signals.leads import LeadsState
from tests.healthcare.records.writing import Mark, write_record
from tests.healthcare.signals.ecg import ecg_mv, moments

RATE_HZ = 125.0
STATE = LeadsState("ii", {}, (), False, 0.0, 0.0, 1.0)


def _marks(beats_s: list[float], symbol: str = "N") -> list[Mark]:
    return [(round(at_s * RATE_HZ), symbol, "") for at_s in beats_s]


def _write(folder: Path, name: str, length_s: float = 60.0, marks: list[Mark] | None = None) -> Path:
    beats_s = moments(round(length_s / 0.8) - 1, 0.8)
    leads = {"MLII": ecg_mv(beats_s, length_s, RATE_HZ), "V1": ecg_mv(beats_s, length_s, RATE_HZ, 0.7, seed=2)}
    return write_record(folder, name, RATE_HZ, leads, _marks(beats_s) if marks is None else marks)


@pytest.fixture(autouse=True)
def no_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat_labels, "shipped", lambda: None)


def test_all_beats_found_of_a_short_record_are_scored_from_the_start(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    document = evaluate(tmp_path)
    assert document["gross"]["qrs"] == {"sensitivity": 1.0, "positive_predictivity": 1.0}
    assert document["average"]["qrs"] == document["gross"]["qrs"]
    assert document["gross"]["veb"] is None
    assert document["average"]["af"] is None
    assert document["learning_period_s"] == 300.0
    assert document["records"]["a"]["learning_period_s"] == 0.0
    assert document["records"]["a"]["qrs"]["right"] == 74
    assert document["records"]["a"]["leads"] == ["MLII", "V1"]


def test_gross_counts_beats_and_average_counts_records(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    _write(tmp_path, "b", 20.0, [])
    document = evaluate(tmp_path)
    assert document["gross"]["qrs"]["positive_predictivity"] == pytest.approx(74 / 98)
    assert document["average"]["qrs"] == {"sensitivity": 1.0, "positive_predictivity": 0.5}


def test_the_first_five_minutes_of_a_long_record_are_not_scored(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", 640.0)
    case = find("a", read_record(path), read_annotations(path.with_suffix(".atr")))
    counts = score(case, None, rhythm=False).qrs
    assert case.learning_s == 300.0
    assert counts.right == sum(at_s >= 300.0 for at_s in case.reference_s)


def test_flutter_is_left_out_and_rhythms_are_spans(tmp_path: Path) -> None:
    marks = [
        (0, "+", "(N"),
        (1250, "+", "(AFIB"),
        (2500, "[", ""),
        (3750, "]", ""),
        (5000, "+", "(N"),
        (6000, "+", "(AFIB"),
    ]
    path = _write(tmp_path, "a", 60.0, marks)
    case = find("a", read_record(path), read_annotations(path.with_suffix(".atr")))
    assert case.flutter == ((20.0, 30.0),)
    assert case.fibrillation == ((10.0, 40.0), (48.0, 60.0))
    assert score(case, None, rhythm=False).qrs.wrong == 74 - 13


def _case(found: list[float], true: list[tuple[float, str]]) -> Case:
    beats = tuple(Beat(at_s, round(at_s * 250), "ii", None, 1.0) for at_s in found)
    at_s, classes = tuple(at_s for at_s, _ in true), tuple(name for _, name in true)
    return Case("a", (), beats, STATE, at_s, classes, (), None, 100.0, 0.0)


def test_classes_are_counted_as_ec57_does() -> None:
    true = [(1.0, "V"), (2.0, "V"), (3.0, "V"), (4.0, "N"), (5.0, "F"), (6.0, "Q"), (7.0, "S")]
    case = _case([1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0], true)
    scores = score(case, lambda *_: ["V", "N", "V", "V", "V", "S", "V"], rhythm=False)
    assert scores.veb is not None
    assert (scores.veb.right, scores.veb.missed, scores.veb.wrong) == (1, 2, 2)
    assert scores.sveb is not None
    assert (scores.sveb.right, scores.sveb.missed, scores.sveb.wrong) == (1, 0, 0)


def test_fibrillation_is_scored_by_its_duration() -> None:
    rng = np.random.default_rng(5)
    steady, uneven = np.full(300, 0.8), rng.uniform(0.35, 1.2, 500)
    at_s = np.cumsum(np.concatenate([steady, uneven]))
    before = [None, *np.diff(at_s).tolist()]
    beats = tuple(
        Beat(when, round(when * 250), "ii", rr_s, 1.0) for when, rr_s in zip(at_s.tolist(), before, strict=True)
    )
    span = (float(at_s[300]), float(at_s[-1]))
    case = Case("a", (), beats, STATE, (), (), (), (span,), float(at_s[-1]), 0.0)
    scores = score(case, None, rhythm=True)
    assert scores.af is not None
    shares = scores.af.shares()
    assert (shares["sensitivity"] or 0) > 0.8
    assert (shares["positive_predictivity"] or 0) > 0.8


def test_a_folder_without_annotated_records_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no record with annotations"):
        evaluate(tmp_path)


def test_a_record_without_an_ecg_is_an_input_error(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", 20.0)
    path.write_text(path.read_text().replace("/mV", "/mmHg"))
    with pytest.raises(InputError, match="none of its signals"):
        evaluate(tmp_path)
