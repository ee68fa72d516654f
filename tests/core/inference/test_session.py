from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import EngineError
from core.inference.providers import Provider, runtime
from core.inference.session import Session
from core.models.card import TensorSpec
from tests.support.graphs import awkward_card, awkward_graph, awkward_inputs, score_card, score_graph


@pytest.fixture
def session() -> Session:
    return Session(score_graph(), score_card())


def test_a_run_gives_every_output_by_its_name(session: Session) -> None:
    outputs = session.run({"x": np.array([1, 2, 3, 6], np.float32)})
    assert list(outputs) == ["score"]
    assert outputs["score"].tolist() == [3.0]


def test_an_array_that_is_a_view_of_another_gives_its_own_numbers(session: Session) -> None:
    every_other = np.arange(16, dtype=np.float32)[::2]
    assert session.run({"x": every_other})["score"].tolist() == [7.0]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"the inputs are {}, expected arrays for \['x'\]"),
        ({"y": np.zeros(4, np.float32)}, "the inputs are {'y': 'ndarray'}"),
        ({"x": [1.0, 2.0]}, "the inputs are {'x': 'list'}"),
        ({"x": np.zeros(4)}, "input 'x' is float64, expected float32"),
        ({"x": np.zeros((2, 2), np.float32)}, r"input 'x' has the shape \[2, 2\], expected \[-1\]"),
        ({"x": np.zeros(4, np.float32), "y": np.zeros(4, np.float32)}, "the inputs are"),
    ],
)
def test_inputs_that_the_card_does_not_allow_say_why(session: Session, inputs: dict[str, object], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        session.run(inputs)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_finite_number_is_a_failed_run(session: Session, value: float) -> None:
    with pytest.raises(EngineError, match="output 'score' is not a finite number"):
        session.run({"x": np.array([1, value], np.float32)})


def test_a_failing_graph_gives_one_plain_line() -> None:
    session = Session(awkward_graph(), awkward_card())
    with pytest.raises(EngineError, match=r"model awkward 1: the run failed: .*Gather") as caught:
        session.run(awkward_inputs(fails=True))
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", [b"", b"no graph", score_graph()[:-20]])
def test_a_graph_that_does_not_load_is_an_engine_error(content: bytes) -> None:
    with pytest.raises(EngineError, match="cannot be loaded on cpu"):
        Session(content, score_card())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (TensorSpec("y", "float32", (-1,)), r"the graph's inputs are \['x'\], its card says \['y'\]"),
        (TensorSpec("x", "float64", (-1,)), r"input 'x' of the graph is tensor\(float\) \[-1\], its card says float64"),
        (TensorSpec("x", "float32", (-1, 3)), r"its card says float32 \[-1, 3\]"),
    ],
)
def test_a_graph_that_is_not_what_its_card_says_is_refused(spec: TensorSpec, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        Session(score_graph(), replace(score_card(), inputs=(spec,)))


def test_a_provider_that_the_library_lacks_is_named() -> None:
    with pytest.raises(EngineError, match="cannot run on tpu"):
        Session(score_graph(), score_card(), provider=Provider("tpu", "TPUExecutionProvider"))


def test_a_provider_that_is_listed_and_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime(), "get_available_providers", lambda: ["TPUExecutionProvider"])
    with pytest.raises(EngineError, match="cannot be loaded on tpu: "):
        Session(score_graph(), score_card(), provider=Provider("tpu", "TPUExecutionProvider"))


def test_a_provider_that_the_library_leaves_out_without_a_word_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    make = runtime().InferenceSession

    def leave_out(*given: Any, **more: Any) -> Any:
        return make(*given, **{**more, "providers": ["CPUExecutionProvider"]})

    monkeypatch.setattr(runtime(), "get_available_providers", lambda: ["TPUExecutionProvider"])
    monkeypatch.setattr(runtime(), "InferenceSession", leave_out)
    with pytest.raises(EngineError, match="instead of tpu"):
        Session(score_graph(), score_card(), provider=Provider("tpu", "TPUExecutionProvider"))
