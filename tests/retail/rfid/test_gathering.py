"""Reads of a cycle become one for each tag and antenna."""

from __future__ import annotations

import pytest

from core.clock import Instant
from retail.rfid import gathering
from retail.rfid.gathering import Gathered, Gathering
from retail.rfid.reports import TagReport

AT = Instant(5.0, 100.0)


def test_the_loudest_the_last_and_all_of_them() -> None:
    found = Gathering()
    found.add([(TagReport(b"\xab", 1, -60, count=2), AT), (TagReport(b"\xab", 1, -50), AT.plus(2))])
    found.add([(TagReport(b"\xab", 1, None), AT.plus(1)), (TagReport(b"\xab", 2, -70), AT)])
    assert found.take() == [Gathered("AB", 1, -50, AT.plus(2), 4), Gathered("AB", 2, -70, AT, 1)]
    assert found.take() == []


def test_a_level_that_was_not_said_is_said_later() -> None:
    found = Gathering()
    found.add([(TagReport(b"\x01", None, None), AT), (TagReport(b"\x01", None, -50), AT)])
    assert found.take() == [Gathered("01", 0, -50, AT, 2)]


def test_a_flood_is_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_TAGS", 3)
    found = Gathering()
    found.add((TagReport(bytes([number]), 1), AT) for number in range(10))
    assert (len(found.take()), found.left_out) == (3, 7)
