from __future__ import annotations

from typing import Any

import pytest

from core.clock import Instant
from retail.signage.log import logged, payload
from tests.support.ledgers import MORNING, TEA
from verticals.contract import NOTHING, Sample


def sample(**values: Any) -> Sample:
    return Sample("signage", Instant(0.0, MORNING), values, "k")


def test_a_slot_is_logged_by_content_rule_and_bucket_and_nothing_else() -> None:
    said = payload(1_795_420_800_000, f"markdown/{TEA}", "markdown", "morning/weekday", True)
    [event] = logged(sample(**said, who="somebody", note="in a red coat")).events
    assert dict(event.data) == {
        "slot_ms": 1_795_420_800_000, "content": f"markdown/{TEA}", "rule": "markdown", "bucket": "morning/weekday",
        "held_out": True,
    }  # fmt: skip
    assert event.who == ""


@pytest.mark.parametrize(
    "change",
    [{"content": "customer 17"}, {"content": "markdown/17"}, {"rule": "wish for Mallory"}, {"bucket": "morning"},
     {"slot_ms": "now"}, {"slot_ms": -1}, {"content": 5}],
)  # fmt: skip
def test_what_is_not_made_of_those_words_is_not_logged(change: dict[str, Any]) -> None:
    said = payload(0, "welcome", "welcome", "morning/weekday", False)
    assert logged(sample(**(said | change))) == NOTHING
