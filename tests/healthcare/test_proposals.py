"""Who may propose other limits and delays, with what, and what stands on record of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import Instant
from healthcare.proposals import keep, propose, site_lines
from healthcare.what_if import Tried
from verticals.contract import Command, Decision

NOW = Instant(10.0, 1_795_000_000.0)
GIVEN: dict[str, Any] = {
    "reason": "most end by themselves",
    "tried": {"delays": {"spo2-low": 15.0}, "limits": {"spo2-low": 86.0}},
    "figures": {"total": 100, "removed": 40, "acted": 5, "kept": 5, "lost": [], "anything": "else"},
}


def order(role: str = "charge", **changed: Any) -> Command:
    return Command("propose", NOW, GIVEN | changed, who="Charge nurse 03", role=role)


def refusal(decision: Decision) -> str:
    assert decision.reply is not None and not decision.reply.accepted and not decision.events
    return decision.reply.reason


def test_a_proposal_is_on_record_with_who_why_what_and_the_figures() -> None:
    decision = propose(order())
    assert decision.reply is not None and decision.reply.accepted
    [event] = decision.events
    assert (event.kind, event.subject, event.who, event.at_utc_s) == ("proposal", "ward", "Charge nurse 03", NOW.utc_s)
    assert event.data["reason"] == "most end by themselves"
    assert event.data["tried"] == GIVEN["tried"]
    assert event.data["figures"] == {"total": 100, "removed": 40, "acted": 5, "kept": 5}


def test_it_needs_a_reason_and_a_nurse_in_charge_and_saving_needs_no_reason() -> None:
    assert "Say why" in refusal(propose(order(reason="  ")))
    assert "in charge" in refusal(propose(order(role="nurse")))
    assert [event.kind for event in keep(order(reason="")).events] == ["what-if"]


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        ({"delays": {}, "limits": {}}, "Nothing was changed"),
        ({"delays": {"spo2-desat": 10.0}, "limits": {}}, "spo2-desat"),
        ({"delays": {"spo2-low": "long"}, "limits": {}}, "names the delays"),
        ("everything", "names the delays"),
    ],
)
def test_what_may_not_be_tried_may_not_be_proposed(tried: Any, why: str) -> None:
    assert why in refusal(propose(order(tried=tried)))


def test_the_site_file_would_say_it_in_its_own_words() -> None:
    said = site_lines(Tried({"rr-high": 30.0}, {"spo2-low": 88.0, "hr-high": 130.0}))
    assert said.splitlines() == [
        "[healthcare.alarms.delays]", 'rr-high = "30s"', "[healthcare.alarms.limits.spo2_pct]", "low = 88",
        "[healthcare.alarms.limits.hr_per_min]", "high = 130",
    ]  # fmt: skip
