from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from retail.epcis.settings import EpcisSettings

READER = TypeAdapter(EpcisSettings)


def test_without_a_word_nobody_captures_and_nothing_is_sent_or_proposed() -> None:
    settings = READER.validate_python({})
    assert (settings.secret_file, settings.out, settings.propose, settings.gln) == ("", None, False, "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"gln": "4012345000116"}, "the check digit is 6, expected 5"), ({"gln": "12"}, "a GLN has 13"),
        ({"out": {"url": "ftp://x", "key_file": "k"}}, "the address of a receiver"),
        ({"out": {"url": "https://x.example/c"}}, "key_file"), ({"secret": "x"}, "Unexpected keyword"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(said: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        READER.validate_python(said)
