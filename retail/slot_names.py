"""Slots by name, as cameras and the planogram call them alike: `A7.2/2-08`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SLOT = re.compile(r"(?P<shelf>\d+)-(?P<slot>\d+)")
_FIXTURE = re.compile(r"(?P<zone>[A-Za-z]*)[ _-]?(?P<aisle>\d+)(?:[._-](?P<bay>\d+))?")


def planned_name(row: Mapping[str, Any]) -> str:
    """The name of a slot of the planogram: `A7.2/2-8`."""
    return f"{row['fixture']}/{row['shelf']}-{row['slot']}"


def said(name: str) -> str:
    """As people say it: `A7.2, 2-08`; a slot that has only a name keeps it."""
    bay, _, slot = name.rpartition("/")
    found = _SLOT.fullmatch(slot)
    text = f"{found['shelf']}-{int(found['slot']):02d}" if found else slot
    return f"{bay}, {text}" if bay else text


def bay_of(name: str) -> str:
    return name.rpartition("/")[0]


def within_bay(name: str) -> str:
    """`2-08` of `A7.2/2-8`."""
    return said(name.rpartition("/")[2])


def canonical(name: str) -> str:
    """One spelling for both: `A7.2/2-08` and `A7.2/2-8` are the same slot."""
    bay, _, slot = name.rpartition("/")
    found = _SLOT.fullmatch(slot)
    return f"{bay}/{int(found['shelf'])}-{int(found['slot'])}" if found else name


def fixture_parts(name: str) -> tuple[str, int, int]:
    """Zone, aisle and bay of a fixture: `A7.2` is ("A", 7, 2); one that says nothing of them is (its name, 0, 0)."""
    found = _FIXTURE.fullmatch(name.strip())
    return (found["zone"], int(found["aisle"]), int(found["bay"] or 0)) if found else (name, 0, 0)


def bay_text(name: str) -> str:
    """`Aisle A7, bay 2`, or the fixture's own name."""
    zone, aisle, bay = fixture_parts(name)
    if not aisle:
        return name
    return f"Aisle {zone}{aisle}, bay {bay}" if bay else f"Aisle {zone}{aisle}"
