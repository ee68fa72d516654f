from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import GoldenError
from core.models.card import Card, Tolerance, Verdict
from core.models.gate import Gate, difference
from core.models.golden import Golden, GoldenCase
from core.models.package import write_package
from core.models.trust import SigningKey
from tests.support.graphs import score_card, score_golden, score_graph, score_package

KEY = SigningKey.new()


def _case(*scores: float) -> GoldenCase:
    return GoldenCase("one", {}, {"score": np.array(scores, np.float32)})


def _got(*scores: float) -> dict[str, NDArray[np.float32]]:
    return {"score": np.array(scores, np.float32)}


def _card(rule: str = "above", tolerance: float = 0.0) -> Card:
    verdict = Verdict("score", "threshold" if rule == "above" else "", rule)
    return replace(score_card(threshold=0.5), verdict=verdict, tolerance=Tolerance(tolerance, 0.0))


def test_a_package_that_gives_its_golden_answers_passes(tmp_path: Path) -> None:
    Gate().check(score_package(tmp_path / "p", KEY))


def test_a_package_that_answers_otherwise_is_named_with_case_expected_and_got(tmp_path: Path) -> None:
    package = write_package(tmp_path / "p", score_card(), score_graph(1.01), score_golden(1.0), KEY)
    with pytest.raises(GoldenError, match=r"tiny 1: golden case 'good' on cpu.*expected 0\.1.*, got 0\.101") as caught:
        Gate().check(package)
    assert caught.value.code == "package-golden"


def test_a_flipped_verdict_is_seen_though_the_number_is_within_tolerance() -> None:
    reason = difference(_card(tolerance=0.1), _case(0.499), _got(0.501))
    assert reason.startswith("verdict flipped: 'score' expected 0.499")
    assert "limit 'threshold' 0.5" in reason


def test_a_number_out_of_tolerance_is_seen_though_the_verdict_stands() -> None:
    reason = difference(_card(tolerance=0.01), _case(0.6, 0.7), _got(0.6, 0.8))
    assert "got 0.8" in reason
    assert "at 1" in reason
    assert "1 of 2 numbers are out" in reason


@pytest.mark.parametrize("rule", ["above", "argmax"])
def test_the_same_answer_is_no_difference(rule: str) -> None:
    assert difference(_card(rule), _case(0.1, 0.9), _got(0.1, 0.9)) == ""


def test_another_largest_number_is_a_flipped_verdict() -> None:
    assert "verdict flipped" in difference(_card("argmax", 1.0), _case(0.1, 0.9), _got(0.9, 0.1))


def test_numbers_that_are_none_never_pass() -> None:
    card = replace(_card(tolerance=1e9), verdict=None)
    assert difference(card, _case(0.1, 0.9), _got(0.1, np.nan))
    assert difference(card, _case(0.1, np.nan), _got(0.1, 0.9))


def test_another_shape_is_a_difference() -> None:
    assert "expected the shape [2], got [1]" in difference(_card(), _case(0.1, 0.9), _got(0.1))


def test_a_graph_that_does_not_load_or_run_does_not_pass(tmp_path: Path) -> None:
    with pytest.raises(GoldenError, match="cannot be loaded"):
        Gate().check(write_package(tmp_path / "a", score_card(), b"junk", score_golden(), KEY))
    nan = Golden((GoldenCase("n", {"x": np.array([np.nan], np.float32)}, {"score": np.zeros(1, np.float32)}),))
    with pytest.raises(GoldenError, match=r"golden case 'n': .*not a finite number"):
        Gate().check(write_package(tmp_path / "b", score_card(), score_graph(), nan, KEY))
