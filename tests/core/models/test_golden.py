from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import PackageError
from core.models.golden import Golden, GoldenCase, read_golden, write_golden
from tests.support.graphs import awkward_card, awkward_inputs, score_card, score_golden


def _npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    content = io.BytesIO()
    np.savez(content, allow_pickle=True, **arrays)
    return content.getvalue()


def test_golden_vectors_read_back_bit_for_bit_scalars_too() -> None:
    expected = {"score": np.array([np.nextafter(2.0, 3.0)], np.float32)}
    golden = Golden((GoldenCase("ein Fall", awkward_inputs(2.0, steps=3), expected),))
    found = read_golden(write_golden(golden), awkward_card())
    assert found.cases[0].name == "ein Fall"
    assert found.cases[0].inputs["steps"].shape == ()
    assert found.cases[0].expected["score"].tobytes() == expected["score"].tobytes()


def test_the_same_vectors_give_the_same_bytes() -> None:
    assert write_golden(score_golden()) == write_golden(score_golden())


def test_pickled_objects_are_refused() -> None:
    with pytest.raises(PackageError):
        read_golden(_npz({"a/input/x": np.array([{"a": 1}], dtype=object)}), score_card())


def test_a_header_that_promises_more_than_is_there_allocates_nothing() -> None:
    honest = _npz({"a/input/x": np.zeros(4, np.float32)})
    lying = honest.replace(b"(4,), }        ", b"(4000000000000,)", 1)
    assert lying != honest
    with pytest.raises(PackageError):
        read_golden(lying, score_card())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not readable"),
        (_npz({}), "holds 0 cases"),
        (_npz({"x": np.zeros(1, np.float32)}), "'x' is not <case>/input/<name>"),
        (_npz({"a/input/x": np.zeros(3, np.float32)}), r"outputs are \[\], expected \['score'\]"),
        (
            _npz({"a/input/x": np.zeros(3), "a/output/score": np.zeros(1, np.float32)}),
            "input 'x' is float64, expected float32",
        ),
    ],
)
def test_vectors_that_do_not_fit_say_why(content: bytes, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        read_golden(content, score_card())


def test_a_name_that_could_not_be_read_back_is_not_written() -> None:
    case = score_golden().cases[0]
    with pytest.raises(PackageError, match="cannot name"):
        write_golden(Golden((GoldenCase("a/b", case.inputs, case.expected),)))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_vectors_are_a_package_error_or_well_formed(data: st.DataObject) -> None:
    content = bytearray(write_golden(score_golden()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        golden = read_golden(bytes(content[: data.draw(st.integers(0, len(content)))]), score_card())
    except PackageError:
        return
    assert golden.cases
