"""What every page of the hand-held stands in, and how facts that it brings are handed to the line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InputError
from retail.figures_shown import local
from retail.office_frame import is_lead, zone_of
from verticals.web import Asked, Data, Desk

WAYS = (
    ("/tasks", "To do", "check"),
    ("/count", "Count", "count"),
    ("/receive", "Receive", "refill"),
    ("/look", "Find", "search"),
)
_SOURCE = "hand-held"
_MOST_LINES, _MOST_TEXT = 1000, 200


def hand(desk: Desk, asked: Asked, here: str) -> dict[str, Any]:
    now_utc_s = desk.clock.now().utc_s
    return {
        "store": desk.settings.store,
        "ways": WAYS,
        "here": here,
        "who": asked.who,
        "lead": is_lead(asked),
        "simulated": bool(desk.settings.simulated),
        "clock": f"{local(now_utc_s, zone_of(desk)):%H:%M}",
        "now_utc_s": now_utc_s,
        "currency": desk.settings.currency,
    }


def bring_lines(desk: Desk, asked: Asked, kind: str, about: Mapping[str, str]) -> Data:
    """Lines of a hand-held into the inbox: on the disk when this returns, once however often they come.

    Raises InputError for what is no list of lines with a key each.
    """
    lines = _lines(asked.body)
    names = "\n".join([kind, *(f"{name}={value}" for name, value in sorted(about.items())),
                       *sorted(str(line["key"]) for line in lines)])  # fmt: skip
    key = hashlib.sha256(names.encode()).hexdigest()
    payload = {"kind": kind, **about, "lines": lines, "who": asked.who}
    number = desk.bring(_SOURCE, key, payload)
    return Data({"accepted": True, "id": number, "lines": len(lines)})


def _lines(body: Any) -> Sequence[Mapping[str, Any]]:
    lines = body.get("lines") if isinstance(body, Mapping) else None
    if not isinstance(lines, list) or not 0 < len(lines) <= _MOST_LINES:
        raise InputError(f"a hand-held sends 1 to {_MOST_LINES} lines at once", hint="Load the page anew.")
    for line in lines:
        key = line.get("key") if isinstance(line, Mapping) else None
        if not isinstance(key, str) or not 8 <= len(key) <= 64 or not key.isprintable():
            raise InputError("each line of a hand-held has a key of its own, 8 to 64 characters")
        if any(isinstance(value, str) and len(value) > _MOST_TEXT for value in line.values()):
            raise InputError(f"line {key[:20]}: a text in it is longer than {_MOST_TEXT} characters")
    return lines
