from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PackageError
from core.models.card import Card, Step, TensorSpec, Tolerance, Verdict, parse_card, write_card
from tests.support.graphs import score_card

GOOD = """
name = "line-3"
version = "1.2"
kind = "anomaly-map"
intended_use = "Inspection of cookies"
licence = "Apache-2.0"

[[inputs]]
name = "image"
dtype = "uint8"
shape = [-1, 256, 256, 3]
unit = "RGB"

[[outputs]]
name = "score"
dtype = "float32"
shape = [-1]

[limits]
threshold = 3

[verdict]
output = "score"
limit = "threshold"
"""

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = texts | numbers | st.integers(-(2**62), 2**62) | st.booleans()
options = st.dictionaries(names.filter(lambda name: name not in ("name", "when")), scalars, max_size=3)
tensors = st.builds(
    TensorSpec,
    name=texts,
    dtype=st.sampled_from(["uint8", "float32", "int64"]),
    shape=st.lists(st.integers(1, 5000) | st.just(-1), max_size=4).map(tuple),
    unit=st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
some_tensors = st.lists(tensors, min_size=1, max_size=3, unique_by=lambda spec: spec.name).map(tuple)
cards = st.builds(
    Card,
    name=names,
    version=names,
    kind=names,
    inputs=some_tensors,
    outputs=some_tensors,
    intended_use=texts,
    licence=texts,
    labels=st.lists(texts, max_size=3).map(tuple),
    limits=st.dictionaries(names, numbers, max_size=3),
    verdict=st.none(),
    tolerance=st.builds(Tolerance, absolute=st.floats(0, 1), relative=st.floats(0, 1)),
    steps=st.lists(st.builds(Step, texts, st.sampled_from(["before", "after"]), options), max_size=3).map(tuple),
    provenance=st.dictionaries(names, scalars, max_size=3),
)


def test_a_card_gives_what_it_says() -> None:
    card = parse_card(GOOD)
    assert card.inputs == (TensorSpec("image", "uint8", (-1, 256, 256, 3), "RGB"),)
    assert card.limits == {"threshold": 3.0}
    assert card.verdict == Verdict("score", "threshold")


@given(cards)
def test_a_written_card_reads_back_the_same(card: Card) -> None:
    assert parse_card(write_card(card)) == card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "line-3"', 'name = "../line"'), r"key 'name' is '../line'"),
        (('name = "line-3"', ""), r"key 'name' is missing"),
        (('version = "1.2"', "version = 1.2"), r"key 'version' is 1.2"),
        (('kind = "anomaly-map"', 'kind = "anomaly-map"\ncolour = "red"'), r"key 'colour' is not known"),
        (('dtype = "uint8"', 'dtype = "object"'), r"inputs\[0\]: key 'dtype' is 'object', expected: one of bool"),
        (("shape = [-1, 256, 256, 3]", "shape = [0]"), r"inputs\[0\]: key 'shape' is \[0\]"),
        (("shape = [-1, 256, 256, 3]", "shape = [true]"), r"key 'shape' is \[True\]"),
        (("threshold = 3", "threshold = nan"), r"key 'limits'"),
        (("threshold = 3", "threshold = true"), r"key 'limits'"),
        (('limit = "threshold"', 'limit = "other"'), r"'verdict.limit' is 'other'.*\['threshold'\]"),
        (('output = "score"', 'output = "map"'), r"'verdict.output' is 'map'"),
        (('licence = "Apache-2.0"', 'licence = " "'), r"key 'licence' is ' '"),
        (("[[outputs]]", "[[inputs]]"), r"key 'outputs' is missing"),
        (("[verdict]", "[verdict"), r"not readable as TOML"),
        (("[limits]", "[limits]\n[steps]"), r"key 'threshold' is not known|expected: an array of tables"),
    ],
)
def test_a_wrong_key_is_named_with_what_was_expected(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(PackageError, match=message):
        parse_card(GOOD.replace(change[0], change[1], 1))


def test_an_argmax_verdict_needs_no_limit() -> None:
    card = replace(score_card(), verdict=Verdict("score", rule="argmax"))
    assert parse_card(write_card(card)).verdict == card.verdict


def test_numpy_numbers_are_written_as_plain_ones() -> None:
    card = replace(score_card(), limits={"threshold": np.float64(0.5)}, provenance={"images": np.int64(3)})  # type: ignore[dict-item]
    assert parse_card(write_card(card)).provenance == {"images": 3}


def test_a_card_that_breaks_its_own_format_is_not_written() -> None:
    with pytest.raises(PackageError, match="key 'limits'"):
        write_card(score_card(threshold=float("nan")))
    with pytest.raises(PackageError, match="not Unicode"):
        write_card(replace(score_card(), intended_use="\ud800"))


@given(st.text(max_size=200))
def test_any_text_is_a_card_or_a_package_error(text: str) -> None:
    try:
        parse_card(text)
    except PackageError:
        return


tree: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["name", "inputs", "limits", "verdict", "steps", "provenance", "labels", "tolerance"]), tree)
def test_any_value_under_a_key_is_taken_or_a_package_error(key: str, value: Any) -> None:
    import tomllib

    from core.models import card as card_module

    values = tomllib.loads(GOOD) | {key: value}
    try:
        card_module._card(card_module._Table(values, "card.toml"))
    except PackageError:
        return
