"""The plan of one bay: which slots lie where in its reference still, what belongs there and how many facings.

A TOML file, written by the page where slots are drawn over the still, or by hand:

    bay = "drinks"
    [[slots]]
    name = "left"
    product = "04006381333931"
    box = [0.05, 0.26, 0.19, 0.65]   # x, y, width, height in shares of the still
    facings = 1
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError

Box = tuple[float, float, float, float]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MOST_SLOTS, _MOST_FACINGS = 400, 40
#: A slot smaller than this share of the still, in either direction, cannot be judged.
_LEAST_SIDE = 0.01
_LONGEST_FILE_BYTES = 1_000_000
_HINT = "docs/examples/bottle-shelf.toml shows a plan."


@dataclass(frozen=True, slots=True)
class Slot:
    """`box` is x, y, width, height in shares of the still. From `low` facings down the slot is low; `full` says that
    it was full when the still was taken."""

    name: str
    product: str
    box: Box
    facings: int = 1
    low: int = 1
    full: bool = True

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in a picture of that size; at least two pixels either way."""
        x, y, w, h = self.box
        left, top = min(round(x * width), width - 2), min(round(y * height), height - 2)
        right, bottom = min(max(round((x + w) * width), left + 2), width), max(round((y + h) * height), top + 2)
        return left, top, right, min(bottom, height)


@dataclass(frozen=True, slots=True)
class Plan:
    """`bay` names the bay; slots do not overlap."""

    bay: str
    slots: tuple[Slot, ...]


def slots_json(plan: Plan) -> list[dict[str, Any]]:
    """What `plan_of` reads again."""
    return [
        {"name": slot.name, "product": slot.product, "box": list(slot.box), "facings": slot.facings, "low": slot.low,
         "full": slot.full}
        for slot in plan.slots
    ]  # fmt: skip


def read_plan(path: Path) -> Plan:
    """Raises InputError naming file, key and what was expected."""
    try:
        if path.stat().st_size > _LONGEST_FILE_BYTES:
            raise InputError(f"{path}: is larger than {_LONGEST_FILE_BYTES // 1000} kB: no plan", hint=_HINT)
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the plan cannot be read: {error.strerror}", hint=_HINT) from error
    return parse_plan(content, str(path))


def parse_plan(content: bytes, where: str) -> Plan:
    """Like `read_plan`, of bytes; `where` begins every fault."""
    try:
        values = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{where}: not readable as TOML: {error}", hint=_HINT) from error
    return plan_of(values, where)


def plan_of(values: Mapping[str, Any], where: str) -> Plan:
    """The plan that a table says. Raises InputError."""
    unknown = set(values) - {"bay", "slots"}
    if unknown:
        raise _fault(where, min(unknown), "is not known")
    bay, slots = values.get("bay"), values.get("slots")
    if not isinstance(bay, str) or not _NAME.fullmatch(bay):
        raise _fault(where, "bay", f"is {_short(bay)}, expected a name of up to 40 letters, digits, '.', '_', '-'")
    if not isinstance(slots, list) or not 0 < len(slots) <= _MOST_SLOTS:
        raise _fault(where, "slots", f"expected 1 to {_MOST_SLOTS} tables [[slots]]")
    found = tuple(_slot(slot, f"{where}: slots[{index}]") for index, slot in enumerate(slots))
    for index, slot in enumerate(found):
        for other in found[:index]:
            if other.name == slot.name:
                raise _fault(where, f"slots[{index}].name", f"'{slot.name}' is there twice")
            if _overlap(slot.box, other.box):
                raise _fault(where, f"slots[{index}].box", f"'{slot.name}' lies over '{other.name}'")
    return Plan(bay, found)


def _slot(values: object, where: str) -> Slot:
    if not isinstance(values, dict):
        raise InputError(f"{where}: is no table", hint=_HINT)
    unknown = set(values) - {"name", "product", "box", "facings", "low", "full"}
    if unknown:
        raise _fault(where, min(unknown), "is not known")
    name, product, full = values.get("name"), values.get("product", ""), values.get("full", True)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _fault(where, "name", f"is {_short(name)}, expected up to 40 letters, digits, '.', '_', '-'")
    if not isinstance(product, str) or len(product) > 100 or not product.isprintable():
        raise _fault(where, "product", f"is {_short(product)}, expected a product's number or name")
    if not isinstance(full, bool):
        raise _fault(where, "full", f"is {_short(full)}, expected true or false")
    facings = _count(values, "facings", 1, _MOST_FACINGS, where)
    low = _count(values, "low", max(1, facings // 3), facings, where)
    return Slot(name, product, _box(values.get("box"), where), facings, low, full)


def _count(values: Mapping[str, Any], key: str, usual: int, most: int, where: str) -> int:
    value = values.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise _fault(where, key, f"is {_short(value)}, expected a whole number from 1 to {most}")
    return value


def _box(value: object, where: str) -> Box:
    if isinstance(value, list) and len(value) == 4 and all(_is_share(item) for item in value):
        x, y, width, height = map(float, value)
        if min(width, height) >= _LEAST_SIDE and x + width <= 1 + 1e-6 and y + height <= 1 + 1e-6:
            return x, y, width, height
    raise _fault(where, "box", f"is {_short(value)}, expected x, y, width, height in shares of the still, inside it")


def _is_share(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= 1


def _overlap(one: Box, other: Box) -> bool:
    """Beyond what rounding of drawn edges makes."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return across > 0.002 and down > 0.002


def _fault(where: str, key: str, text: str) -> InputError:
    return InputError(f"{where}: key '{key}' {text}", hint=_HINT)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
