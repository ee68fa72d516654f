from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as pick

from core.errors import InputError, SettingsError
from healthcare.deterioration.score import LearntScore, learnt, parse_score, read_score
from healthcare.deterioration.trial import tried
from healthcare.vitals.news2 import PARAMETERS
from tests.healthcare.deterioration.wards_past import hours, rising, stays


@pytest.fixture(scope="module")
def score() -> LearntScore:
    past = stays(60, 40, 0, hidden=True)
    return learnt(past, tried(past, 1.0, seed=0))


@pytest.fixture
def kept(score: LearntScore) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(score.as_json()))
    return document


def test_a_patient_who_goes_down_is_told_with_the_reason(score: LearntScore) -> None:
    well = hours(28, np.random.default_rng(5))
    calm, ill = score.judge(well), score.judge(rising(well, "sys_mmhg", -20.0, 20))
    assert calm is not None and ill is not None
    assert ill.probability > calm.probability + 0.3
    assert ill.why[0] == "Systolic BP"
    assert ill.words().startswith(f"Own score {ill.probability:.0%} within 24 h: Systolic BP")


def test_nothing_known_is_not_judged(score: LearntScore) -> None:
    assert score.judge(np.full((3, len(PARAMETERS)), np.nan)) is None
    assert score.judge(np.empty((0, len(PARAMETERS)))) is None


def test_a_score_is_the_same_after_it_was_kept(tmp_path: Path, score: LearntScore, kept: dict[str, Any]) -> None:
    kept["trial"]["won"] = True
    (tmp_path / "own.json").write_text(json.dumps(kept))
    again = read_score(tmp_path / "own.json")
    values = hours(28, np.random.default_rng(6))
    assert again.judge(values) == score.judge(values)


def test_a_score_that_lost_stays_off(tmp_path: Path, kept: dict[str, Any]) -> None:
    assert kept["trial"]["won"] is False  # 40 events are too few
    (tmp_path / "own.json").write_text(json.dumps(kept))
    with pytest.raises(SettingsError, match="has not won against NEWS2 and stays off"):
        read_score(tmp_path / "own.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"own\.json: cannot be read"):
        read_score(tmp_path / "own.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"form": 2}, "another version"),
        ({"features": ["x"]}, "another version"),
        ({"weights": [1.0]}, "weights: 30 numbers"),
        ({"scales": [0.0] * 30}, "scales: must be above 0"),
        ({"means": [True] * 30}, "means: 30 numbers"),
        ({"intercept": "high"}, "intercept: 1 numbers"),
        ({"threshold": 1e12}, "threshold: a number is out of range"),
        ({"trial": []}, "is no score"),
        ({"more": 1}, "is no score"),
    ],
)
def test_another_file_is_refused_with_what_is_wrong(kept: dict[str, Any], change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_score(json.dumps(kept | change).encode())


_JSON = pick.recursive(
    pick.none() | pick.booleans() | pick.floats() | pick.integers() | pick.text(max_size=5),
    lambda inner: pick.lists(inner, max_size=3) | pick.dictionaries(pick.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(content=pick.binary(max_size=100) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(InputError):
        parse_score(content)


@settings(max_examples=100, deadline=None)
@given(key=pick.sampled_from(["form", "features", "intercept", "weights", "means", "scales", "threshold", "trial"]),
       value=_JSON)  # fmt: skip
def test_one_strange_value_is_refused_or_does_no_harm(score: LearntScore, key: str, value: Any) -> None:
    try:
        found = parse_score(json.dumps(score.as_json() | {key: value}).encode())
    except InputError:
        return
    judged = found.judge(hours(4, np.random.default_rng(0)))
    assert judged is not None and 0.0 <= judged.probability <= 1.0


def test_a_long_file_is_not_read() -> None:
    with pytest.raises(InputError, match="no more than"):
        parse_score(b" " * (1 << 17))
