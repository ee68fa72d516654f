"""Figures of the pages that look back, over a store with a million parts: what a person waits for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from manufacturing import tables
from tests.support.kiosks import KioskRig
from tests.support.screens import Visitor

pytestmark = pytest.mark.bench

PARTS = 1_000_000
RATE_PER_S = 2.0
ANSWER_LIMIT_S = 1.0
#: A week of 1.2 million parts is counted from an index, yet it is a million entries.
WEEK_LIMIT_S = 2.0


def fill(kiosk: KioskRig, newest_utc_s: float) -> None:
    """A million parts of six days, one in fifty a reject; as rows, for a million commits take an hour."""
    begin = newest_utc_s - PARTS / RATE_PER_S
    with kiosk.store.engine.begin() as connection:
        for first in range(0, PARTS, 20_000):
            rows = [_row(number, begin + number / RATE_PER_S) for number in range(first, first + 20_000)]
            connection.execute(insert(tables.parts), rows)


def _row(number: int, at_utc_s: float) -> dict[str, object]:
    bad = number % 50 == 7
    return {
        "sequence": number + 1, "station": "line-3", "part_id": str(number), "at_utc_s": at_utc_s, "shift": "-",
        "verdict": "reject" if bad else "accept", "code": int(bad), "score": 6.0 if bad else 2.0, "threshold": 5.0,
        "model": "flange 3.0.0", "model_sha256": "a" * 64, "simulated": False,
        "label": "right" if bad and number % 100 == 7 else None,
    }  # fmt: skip


def waited_s(name: str, visitor: Visitor, path: str) -> float:
    """The slowest of five."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        answer = visitor.get(path, timeout=60)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
    print(f"\n{name}: slowest {1000 * max(took):.0f} ms, fastest {1000 * min(took):.0f} ms (n = 5, {PARTS:,} parts)")
    return max(took)


def test_a_part_among_a_million_is_found_within_a_second(tmp_path: Path) -> None:
    with KioskRig(tmp_path) as kiosk:
        now = kiosk.clock.now().utc_s
        fill(kiosk, now)
        visitor = kiosk.client()
        here = "/line/line-3"
        assert waited_s("record of a part", visitor, f"{here}/serial?id=500007") < ANSWER_LIMIT_S
        assert waited_s("review, 10 000 waiting", visitor, f"{here}/review") < ANSWER_LIMIT_S
        assert waited_s("review, its last page", visitor, f"{here}/review?page=99999") < ANSWER_LIMIT_S
        assert waited_s("quality of a shift", visitor, f"{here}/quality") < ANSWER_LIMIT_S
        assert waited_s("quality of a week", visitor, f"{here}/quality?of=week") < WEEK_LIMIT_S
