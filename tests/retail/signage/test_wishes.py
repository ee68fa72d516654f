from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from retail.signage.wishes import MARK, read_token, write_token
from tests.support.ledgers import TEA


def code(said: object) -> str:
    return MARK + base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def test_a_code_holds_a_list_and_categories() -> None:
    wishes = read_token(write_token([TEA, "4006381333931", "7"], ["Fruit"]))
    assert wishes.gtins == {TEA}
    assert wishes.categories == {"fruit"}


@pytest.mark.parametrize(
    "said",
    [{"customer": 17}, {"list": [], "id": "x"}, {"list": "x"}, {"list": [1]}, {"categories": ["x"] * 21},
     {"categories": ["x" * 41]}, [], 5, None],
)  # fmt: skip
def test_what_could_name_a_person_is_refused(said: object) -> None:
    with pytest.raises(InputError):
        read_token(code(said))


def test_a_refusal_repeats_nothing_of_the_code() -> None:
    with pytest.raises(InputError) as caught:
        read_token(code({"customer": "Mallory-17"}))
    assert "Mallory" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text(max_size=200) | st.text(max_size=200).map(lambda text: MARK + text))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        wishes = read_token(text)
    except InputError as error:
        assert error.message
    else:
        assert len(wishes.gtins) <= 20
