"""The counts of the proofs are what a person asks for."""

from __future__ import annotations

import argparse

import pytest

from tests.proof.scale import FULL, SHORT, scale_of


def test_any_count_is_changed_by_name() -> None:
    assert (scale_of("short"), scale_of("full")) == (SHORT, FULL)
    changed = scale_of("full,kills=3,rate_per_s=0.5")
    assert (changed.kills, changed.rate_per_s, changed.parts) == (3, 0.5, FULL.parts)


@pytest.mark.parametrize("text", ["long", "short,wishes=3", "short,kills=many"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        scale_of(text)
