"""Products and slots of the planogram as events and tables hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import InputError

PIECE, KILOGRAM = "piece", "kg"


@dataclass(frozen=True, slots=True)
class Product:
    """`codes` are further item codes; `case_units` and `lead_days` 0 where nobody said."""

    gtin: str
    name: str
    unit: str = PIECE
    price_cents: int = 0
    case_units: int = 0
    supplier: str = ""
    lead_days: int = 0
    category: str = ""
    codes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "codes": list(self.codes)}


@dataclass(frozen=True, slots=True)
class Slot:
    """One place on a shelf. `min_presentation` and `capacity` in units of the product."""

    fixture: str
    shelf: int
    slot: int
    gtin: str
    facings_wide: int = 1
    facings_high: int = 1
    facings_deep: int = 1
    min_presentation: int = 0
    capacity: int = 0
    place: str = "floor"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_product(said: Any) -> Product:
    """What `as_json` wrote. Raises InputError."""
    found = _fields(said, Product, "product")
    codes = found.pop("codes", [])
    if not isinstance(codes, Sequence) or not all(isinstance(code, str) for code in codes):
        raise InputError("a product's codes must be a list of texts")
    return Product(**found, codes=tuple(codes))


def read_slot(said: Any) -> Slot:
    """What `as_json` wrote. Raises InputError."""
    return Slot(**_fields(said, Slot, "slot"))


def _fields(said: Any, kind: type[Product] | type[Slot], what: str) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        raise InputError(f"a {what} is an object of JSON")
    wanted = {"str": str, "int": int}
    found: dict[str, Any] = {}
    for name, field in kind.__dataclass_fields__.items():
        if name not in said:
            continue
        expected = wanted.get(str(field.type))
        if expected is not None and (not isinstance(said[name], expected) or isinstance(said[name], bool)):
            raise InputError(f"a {what}'s '{name}' is {str(said[name])[:40]!r}, expected: {field.type}")
        found[name] = said[name]
    missing = [name for name in ("gtin",) if not found.get(name)]
    if missing or (kind is Slot and not {"fixture", "shelf", "slot"} <= set(found)):
        raise InputError(f"a {what} needs its gtin, a slot its fixture, shelf and number too")
    if kind is Product:
        found.setdefault("name", "")
    return found
