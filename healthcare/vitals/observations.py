"""A set of observations that a person took at the bed: what may be entered, by whom, and how it is struck out.

A set may be partial. It is never changed and never removed: a wrong one is struck out, with who and why, and stays
on record. Values are checked field by field, so that a form can say beside each what is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from core.clock import Instant, iso_utc
from core.errors import RefusedError
from healthcare.measures import MEASURES
from healthcare.vitals.ages import at_utc, kept_past, past_again
from healthcare.vitals.news2 import Acvpu, Item

LATEST_ENTRY_S = 12 * 3600.0
LATE_AFTER_S = 900.0
_CLOCK_TOLERANCE_S = 60.0

#: How oxygen is given, and what screens call it. `air` is none.
OXYGEN_DEVICES: Mapping[str, str] = MappingProxyType(
    {
        "air": "Air",
        "nasal-cannula": "Nasal cannula",
        "simple-mask": "Simple mask",
        "venturi-mask": "Venturi mask",
        "reservoir-mask": "Reservoir mask",
        "tracheostomy-mask": "Tracheostomy mask",
        "high-flow": "High-flow nasal oxygen",
        "cpap": "CPAP",
        "niv": "Non-invasive ventilation",
        "ventilator": "Ventilator",
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """A number of the form; `lowest` to `highest` is what can be entered at all."""

    label: str
    unit: str
    lowest: float
    highest: float


def _of_measure(name: str, lowest: float | None = None, highest: float | None = None) -> Field:
    measure = MEASURES[name]
    return Field(
        measure.label,
        measure.unit,
        measure.lowest if lowest is None else lowest,
        measure.highest if highest is None else highest,
    )


#: The numbers that a set may hold. A person may count a pulse that no monitor would report; the cuff is as measured.
FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "rr_per_min": _of_measure("rr_per_min"),
        "spo2_pct": _of_measure("spo2_pct"),
        "oxygen_l_per_min": Field("Oxygen flow", "l/min", 0.1, 80.0),
        "fio2_pct": Field("FiO₂", "%", 21.0, 100.0),
        "nibp_sys_mmhg": _of_measure("nibp_sys_mmhg"),
        "nibp_dia_mmhg": _of_measure("nibp_dia_mmhg"),
        "pulse_per_min": Field("Pulse", "/min", 15.0, 300.0),
        "temp_cel": _of_measure("temp_cel"),
    }
)
_TEXTS = ("consciousness", "oxygen_device", "note")
_LONGEST_NOTE = 500
_SCORED: Mapping[str, str] = MappingProxyType({"nibp_sys_mmhg": "sys_mmhg"})  # name in the set: NEWS2's parameter

Values = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Struck:
    who: str
    reason: str
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class ObservationSet:
    """`at` is when the values were taken, `entered_utc_s` when they were written down."""

    id: str
    at: Instant
    author: str
    values: Values
    entered_utc_s: float
    struck: Struck | None = None

    @property
    def late(self) -> bool:
        return self.entered_utc_s - self.at.utc_s > LATE_AFTER_S

    def items(self) -> list[Item]:
        """What NEWS2 takes from it; nothing from a set that was struck out."""
        if self.struck is not None:
            return []
        found: list[Item] = []
        for name, value in self.values.items():
            if name == "oxygen_device":
                found.append(Item("oxygen", value != "air", self.at, self.author))
            elif name in ("rr_per_min", "spo2_pct", "pulse_per_min", "temp_cel", "consciousness", *_SCORED):
                found.append(Item(_SCORED.get(name, name), value, self.at, self.author))
        return found

    def strike(self, who: str, reason: str, now: Instant) -> ObservationSet:
        """The same set, struck out. Raises RefusedError without a name or a reason, or when it is struck already."""
        if self.struck is not None:
            raise RefusedError(f"The set of {iso_utc(self.at.utc_s)} was struck out already by {self.struck.who}.")
        if not who.strip() or not reason.strip():
            raise RefusedError("A set is struck out with a name and a reason: say why it is wrong.")
        return replace(self, struck=Struck(who.strip(), reason.strip(), now.utc_s))

    def kept(self, now: Instant) -> dict[str, Any]:
        struck = self.struck
        return {
            "id": self.id,
            "at": kept_past(self.at, now),
            "author": self.author,
            "values": dict(self.values),
            "entered_utc_s": self.entered_utc_s,
            "struck": None if struck is None else [struck.who, struck.reason, struck.at_utc_s],
        }

    @staticmethod
    def again(kept: Mapping[str, Any], now: Instant) -> ObservationSet:
        return ObservationSet(
            id=str(kept["id"]),
            at=past_again(kept["at"], now),
            author=str(kept["author"]),
            values=MappingProxyType(dict(kept["values"])),
            entered_utc_s=float(kept["entered_utc_s"]),
            struck=Struck(*kept["struck"]) if kept["struck"] else None,
        )


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with what was entered, by field; empty when it can stand. Empty fields are left out."""
    found: dict[str, str] = {}
    for name, given in _filled(values).items():
        wrong = _wrong(name, given)
        if wrong:
            found[name] = wrong
    if not found:
        found = _together(_clean(values))
    if not found and not _clean(values):
        found[""] = "Nothing was entered: a set has at least one value."
    return found


def observation_set(
    set_id: str, values: Mapping[str, Any], *, author: str, now: Instant, taken_utc_s: float | None = None
) -> ObservationSet:
    """A checked set; `values` may hold numbers or what was typed (`37,4`).

    Raises RefusedError with everything that is wrong: who, when (up to 12 h ago, never to come), and each field.
    """
    wrong = [f"{_label(name)}: {text}" if name else text for name, text in problems(values).items()]
    taken_s = now.utc_s if taken_utc_s is None else float(taken_utc_s)
    wrong += _wrong_time(taken_s, now)
    if not author.strip():
        wrong.append("Nobody is named: a set has an author.")
    if wrong:
        raise RefusedError(" ".join(wrong))
    at = at_utc(min(taken_s, now.utc_s), now)
    return ObservationSet(set_id, at, author.strip(), MappingProxyType(_clean(values)), now.utc_s)


def _wrong_time(taken_s: float, now: Instant) -> list[str]:
    if not math.isfinite(taken_s):
        return ["The time is no time."]
    if taken_s > now.utc_s + _CLOCK_TOLERANCE_S:
        return ["The time is still to come: enter when the values were taken."]
    if now.utc_s - taken_s > LATEST_ENTRY_S:
        return [f"The time is more than {LATEST_ENTRY_S / 3600:.0f} h ago: such a set belongs into the paper record."]
    return []


def _label(name: str) -> str:
    words = {"consciousness": "ACVPU", "oxygen_device": "Oxygen device", "note": "Note"}
    return FIELDS[name].label if name in FIELDS else words.get(name, name)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given for name, given in values.items() if given is not None and str(given).strip()}


def _number(given: Any) -> float | None:
    if isinstance(given, bool):
        return None
    try:
        value = float(str(given).strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _wrong(name: str, given: Any) -> str:
    if name in FIELDS:
        field, value = FIELDS[name], _number(given)
        if value is None:
            return f"{given!s:.20} is no number."
        if not field.lowest <= value <= field.highest:
            return f"{value:g} is outside {field.lowest:g} to {field.highest:g} {field.unit}."
        return ""
    if name not in _TEXTS:
        return "There is no such field."
    return _wrong_text(name, str(given).strip())


def _wrong_text(name: str, given: str) -> str:
    if name == "consciousness" and given.upper() not in list(Acvpu):
        return f"{given:.20} is not one of A, C, V, P, U."
    if name == "oxygen_device" and given not in OXYGEN_DEVICES:
        return f"{given:.20} is not known: one of {', '.join(OXYGEN_DEVICES)}."
    if name == "note" and len(given) > _LONGEST_NOTE:
        return f"{len(given)} letters are too many: {_LONGEST_NOTE} at most."
    return ""


def _clean(values: Mapping[str, Any]) -> dict[str, float | str]:
    """Numbers as numbers, letters as the table has them."""
    cleaned: dict[str, float | str] = {}
    for name, given in _filled(values).items():
        number = _number(given) if name in FIELDS else None
        text = str(given).strip()
        cleaned[name] = number if number is not None else text.upper() if name == "consciousness" else text
    return cleaned


def _together(values: Values) -> dict[str, str]:
    """What cannot be true of several fields at once."""
    found: dict[str, str] = {}
    flows = [name for name in ("oxygen_l_per_min", "fio2_pct") if name in values]
    device = values.get("oxygen_device")
    if flows and device is None:
        found["oxygen_device"] = "A flow or FiO₂ was entered: say how oxygen is given."
    if device == "air" and ("oxygen_l_per_min" in values or values.get("fio2_pct", 21.0) != 21.0):
        found["oxygen_device"] = "Air has no flow and an FiO₂ of 21 %: say which is right."
    sys_mmhg, dia_mmhg = values.get("nibp_sys_mmhg"), values.get("nibp_dia_mmhg")
    if sys_mmhg is not None and dia_mmhg is not None and float(dia_mmhg) >= float(sys_mmhg):
        found["nibp_dia_mmhg"] = f"{float(dia_mmhg):g} is not below the systolic {float(sys_mmhg):g} mmHg."
    return found
