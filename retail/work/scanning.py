"""One scan of a hand-held, for counts and receiving: product, lot, expiry and quantity; or a code nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import InputError
from retail.catalogue.product import KILOGRAM
from retail.codes.scan import StoreCodes, scan
from retail.known import Known
from retail.ledger.quantity import THOUSANDTHS, thousandths

_MOST_KEY, _MOST_CODE, _MOST_LOT = 64, 80, 20


@dataclass(frozen=True, slots=True)
class Scan:
    """`gtin` is empty where nobody knows the `code`. `at_utc_s`: by the hand-held's clock, never later than now."""

    key: str
    gtin: str
    code: str
    lot: str
    expiry: str
    thousandths: int
    at_utc_s: float


def read_scan(said: Any, known: Known, now_utc_s: float, today: date) -> Scan:
    """Raises InputError for what is no scan: no key, a quantity that is none."""
    if not isinstance(said, Mapping):
        raise InputError("a line of a hand-held is an object of JSON")
    key = _text(said, "key", _MOST_KEY)
    if not key:
        raise InputError("a line of a hand-held needs a key of its own", hint="The page makes one for each scan.")
    code = _text(said, "code", _MOST_CODE) or _text(said, "gtin", 14)
    if not code:
        raise InputError(f"line {key}: neither a code nor a gtin")
    found = _found(code, known, today)
    lot, expiry = _text(said, "lot", _MOST_LOT) or found[1], _date(said) or found[2]
    amount = thousandths(said.get("quantity")) if said.get("quantity") is not None else found[3]
    if amount is None:
        raise InputError(f"line {key}: the quantity is {str(said.get('quantity'))[:20]!r}, expected: a number of units")
    at = said.get("at_utc_s")
    fits = isinstance(at, int | float) and not isinstance(at, bool) and 0 < at <= now_utc_s
    return Scan(key, found[0], code, lot, expiry, amount, float(at) if fits else now_utc_s)  # type: ignore[arg-type]


def _found(code: str, known: Known, today: date) -> tuple[str, str, str, int]:
    """GTIN (empty: unknown), lot, expiry and thousandths that a code itself tells."""
    gtin = known.find(code)
    if gtin:
        return gtin, "", "", THOUSANDTHS
    settings = known.settings
    try:
        read = scan(code, today, StoreCodes(settings.restricted))
    except InputError:
        return "", "", "", THOUSANDTHS
    gtin = read.in_list(known.products) or next((known.find(one) for one in (read.gtin, read.other_gtin) if one), "")
    expires = read.expiry or read.best_before or read.sell_by
    amount = THOUSANDTHS
    product = known.products.get(gtin)
    if product is not None and product.unit == KILOGRAM and read.weight_g is not None:
        amount = read.weight_g
    elif read.contained and read.count:
        amount = read.count * THOUSANDTHS
    return gtin, read.lot[:_MOST_LOT], expires.isoformat() if expires else "", amount


def _text(said: Mapping[str, Any], name: str, most: int) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or (name == "key" and not value.isprintable()):
        raise InputError(f"a line's '{name}' must be a text of at most {most} characters")
    return value


def _date(said: Mapping[str, Any]) -> str:
    value = _text(said, "expiry", 10)
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError as error:
        raise InputError(f"'{value}' is no date such as 2026-12-01") from error
