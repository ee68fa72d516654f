from __future__ import annotations

import json

import pytest

from core.errors import RefusedError
from healthcare.set_aside import MOST, SetAside

SAID = {"event": "A01", "location": "W7^R1^B1", "prior_location": ""}
WHO = {"id": "4712", "family": "Ng", "given": "Bo"}


def test_it_is_the_same_after_a_restart_and_shows_no_name() -> None:
    kept = SetAside()
    kept.put(SAID, WHO, 1000.0, "bed-1 holds another patient.")
    again = SetAside()
    again.restore(json.loads(json.dumps(kept.state())))
    assert again.shown() == kept.shown()
    assert "Ng" not in str(again.shown()) and "4712" not in str(again.shown())
    assert again.shown()[0]["initials"] == "B.N."
    assert again.of("1").read().family == "Ng"
    assert again.put(SAID, WHO, 1001.0, "").number == 2


def test_the_oldest_give_way_and_what_is_done_is_gone() -> None:
    kept = SetAside()
    for number in range(MOST + 5):
        kept.put(SAID, WHO, float(number), "")
    assert len(kept) == MOST and kept.shown()[0]["number"] == 6
    kept.done(6)
    unknown: tuple[object, ...] = (6, 1, 9999, "x", None, "")
    for wrong in unknown:
        with pytest.raises(RefusedError):
            kept.of(wrong)
