"""A bay as its camera keeps it: the masked picture, each slot's rectangle and word, and what needs a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from retail.bay_record import HEIGHT, Sight
from retail.figures_shown import age, local
from retail.slot_names import canonical, planned_name, within_bay
from retail.work_rows import Row, products_of, rows

#: Slot words as the parts of the shell call them.
LOOKS: Mapping[str, str] = {"full": "", "low": "low", "empty": "out", "wrong": "wrong", "blocked": "blocked",
                            "unknown": "unknown"}  # fmt: skip
_ORDER = ("empty", "low", "wrong", "blocked", "unknown", "full")
_WORDS = {"empty": "Out", "low": "Low", "wrong": "Wrong item", "blocked": "View blocked", "unknown": "Unknown",
          "full": "In order"}  # fmt: skip


def slots_of(connection: Connection, bay: str, sight: Sight, now_utc_s: float, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every slot of the bay that the planogram or its camera knows, by name."""
    planned = rows(connection, "SELECT * FROM planogram_slots WHERE fixture = :bay ORDER BY shelf, slot", bay=bay)
    states = {canonical(row["slot"]): row
              for row in rows(connection, "SELECT * FROM slot_states WHERE bay = :bay", bay=bay)}  # fmt: skip
    plan = {canonical(planned_name(row)): row for row in planned}
    names = list(dict.fromkeys([*plan, *sight.boxes, *states]))
    gtins = {name: _gtin(plan.get(name), states.get(name)) for name in names}
    known = products_of(connection, [*gtins.values(), *(row["found"] for row in states.values())])
    return [_slot(name, plan.get(name), states.get(name), known, gtins[name], sight, now_utc_s, zone) for name in names]


def _gtin(planned: Row | None, state: Row | None) -> str:
    return str((planned or {}).get("gtin") or (state or {}).get("gtin") or "")


def _slot(
    name: str, planned: Row | None, state: Row | None, known: Mapping[str, Row], gtin: str, sight: Sight,
    now_utc_s: float, zone: ZoneInfo,
) -> dict[str, Any]:  # fmt: skip
    word = str(state["state"]) if state else "unknown"
    box = sight.boxes.get(name)
    facings = f"{state['facings']} of {state['facings_of']}" if state and state["facings_of"] else ""
    since = age(now_utc_s - state["since_ms"] / 1000) if state else ""
    found = str(known.get(state["found"], {}).get("name") or state["found"]) if state and state["found"] else ""
    product = known.get(gtin, {})
    shown = {
        "name": name, "short": within_bay(name), "gtin": gtin, "state": word, "look": LOOKS.get(word, "unknown"),
        "mark": LOOKS.get(word, "unknown") or "ok", "word": _WORDS.get(word, word),
        "title": str(product.get("name") or ("" if planned or gtin else "not in the plan")) or gtin,
        "facings": facings, "since": since, "found": found, "sure": f"{state['confidence']:.2f}" if state else "– –",
        "planned": planned is not None, "tag": _tag(word, state),
        "last": local(state["since_ms"] / 1000, zone).strftime("%H:%M") if state else "",
    }  # fmt: skip
    if box is not None:
        x, y, width, height = box
        shown["box"] = {"x": round(x * sight.width), "y": round(y * HEIGHT), "width": round(width * sight.width),
                        "height": round(height * HEIGHT)}  # fmt: skip
    shown["side"] = facings if word == "low" else "misplaced" if word == "wrong" else since
    shown["line"] = f"{found} in it" if word == "wrong" and found else shown["title"]
    if word in ("blocked", "unknown") and state:
        shown["line"] = f"{shown['title']}, status unknown" if shown["title"] else "status unknown"
    return shown


def _tag(word: str, state: Row | None) -> str:
    if word == "low" and state and state["facings_of"]:
        return f"{state['facings']} of {state['facings_of']}"
    return {"empty": "✕ out", "low": "low", "wrong": "↔", "blocked": "⊘", "unknown": "?"}.get(word, "")


def counted(slots: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many slots are in each state, those that need a look first; `mark` as the shell draws it."""
    states = [slot["state"] for slot in slots]
    return [
        {"state": state, "word": _WORDS[state], "mark": LOOKS[state] or "ok", "count": states.count(state)}
        for state in _ORDER
    ]


def availability(slots: Iterable[Mapping[str, Any]]) -> tuple[float | None, int, int]:
    """The share of seen slots that are in stock, how many are seen, and how many there are."""
    states = [slot["state"] for slot in slots]
    seen = sum(state in ("full", "low", "empty", "wrong") for state in states)
    there = sum(state in ("full", "low") for state in states)
    return (there / seen if seen else None), seen, len(states)


def needing(slots: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What needs a look, the worst first."""
    return sorted((slot for slot in slots if slot["state"] != "full"), key=lambda slot: _ORDER.index(slot["state"]))
