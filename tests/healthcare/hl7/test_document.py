"""The page about HL7 and the code say the same."""

from __future__ import annotations

import dataclasses
import re

from healthcare.hl7.header import ACCEPTED
from healthcare.hl7.nomenclature import METRICS, WAVES
from healthcare.hl7.settings import MllpSettings
from tests.support.repository import ROOT

PAGE = (ROOT / "docs" / "healthcare" / "hl7.md").read_text("utf-8")


def test_every_code_of_the_page_is_in_the_code_and_the_other_way_round() -> None:
    rows = re.findall(r"^\| (\d{6}) \| ([A-Z0-9_, ]+) \| `(\w+)` \|$", PAGE, re.MULTILINE)
    known = [(str(m.code), ", ".join(m.ref_ids), m.measure) for m in METRICS.values()]
    known += [(str(w.code), ", ".join(w.ref_ids), w.channel) for w in WAVES.values()]
    assert rows == known


def test_every_key_of_a_feed_is_on_the_page() -> None:
    table = PAGE.partition("## `[healthcare.hl7]`")[2].partition("`tls` has")[0]
    keys = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert keys == [field.name for field in dataclasses.fields(MllpSettings)]


def test_every_accepted_event_is_on_the_page() -> None:
    table = PAGE.partition("## Messages")[2].partition("Everything else")[0]
    for kind, events in ACCEPTED.items():
        assert kind in table
        assert all(event in table for event in events)
