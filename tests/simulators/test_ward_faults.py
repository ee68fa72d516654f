from __future__ import annotations

import pytest

from core.errors import InputError
from simulators.ward_faults import KINDS, WardFault, parse_fault


def test_a_fault_has_its_usual_amount_unless_said() -> None:
    assert parse_fault("link-drop@60") == WardFault("link-drop", 60, KINDS["link-drop"][1])
    assert parse_fault("clock@5.5:-7200") == WardFault("clock", 5.5, -7200)


@pytest.mark.parametrize("text", ["link-drop", "link-drop@", "flood@1", "garbage@x", "garbage@-1", "clock@1:nan"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_fault(text)
