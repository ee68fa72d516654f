"""`scan`: what was scanned, typed or read from a tag, as one `Scanned`; for hand-held, counts and receiving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from core.errors import InputError
from retail.codes import digital_link, sgtin
from retail.codes.dates import read_date, read_minute
from retail.codes.elements import SEPARATOR, missing, read_brackets, read_elements
from retail.codes.gtin import expand_upce, gln, gtin14, is_digits, is_upce, shown, sscc
from retail.codes.restricted import RestrictedRule, is_restricted, read_restricted, scaled
from retail.codes.scanned import Kind, Scanned
from retail.codes.wedge import Typed, read_typed, separated

_DATES = {"11": "produced", "13": "packed", "15": "best_before", "16": "sell_by", "17": "expiry"}
_POUND_G = 453.59237
_MOST_CHARACTERS = 8192
_ADD_ONS = (2, 5)


@dataclass(frozen=True, slots=True)
class StoreCodes:
    """What a store says about its codes: the table of restricted numbers, and the decimals of its currency."""

    restricted: Sequence[RestrictedRule] = ()
    minor_digits: int = 2


_NO_TABLE = StoreCodes()


def scan(text: str, today: date, store: StoreCodes = _NO_TABLE) -> Scanned:
    """What `text` means: as a scanner types it, as a person types it, or a tag's EPC in hexadecimal digits or as URI.

    `today` decides which century a date means. Raises InputError, which says what is wrong and what was expected.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"{len(text)} characters were scanned at once; a code has up to {_MOST_CHARACTERS}")
    typed = read_typed(text)
    if not typed.body:
        raise InputError("nothing was scanned: the code is empty", hint="Scan again.")
    found = _read(typed, today, store)
    return replace(found, read=text, symbology=found.symbology or typed.symbology)


def _read(typed: Typed, today: date, store: StoreCodes) -> Scanned:
    body = typed.body
    if typed.gs1:
        return of_elements(read_elements(body), Kind.ELEMENTS, today, store)
    if digital_link.is_address(body):
        return of_elements(digital_link.read_link(body), Kind.DIGITAL_LINK, today, store)
    if body.lower().startswith("urn:epc:"):
        return of_epc(sgtin.from_uri(body), body)
    if body.startswith("("):
        return of_elements(read_brackets(body), Kind.ELEMENTS, today, store)
    if _is_epc(body) and not typed.aim:
        return of_epc(sgtin.from_hex(body), body)
    return _number(typed, today, store)


def _number(typed: Typed, today: date, store: StoreCodes) -> Scanned:
    """Digits alone, or element strings whose scanner says nothing of GS1."""
    body = typed.body
    if typed.aim == "]E3":
        body = _without_add_on(body)
    if is_digits(body):
        if len(body) == 8:
            return _eight(body, typed.aim, store)
        if len(body) in (12, 13, 14):
            return of_gtin(body, store)
        if len(body) == 18 and not typed.aim:
            return Scanned(body, Kind.SSCC, sscc=sscc(body))
    if typed.aim.startswith("]E"):
        return of_gtin(body, store)  # says what is wrong with it
    chained = separated(body)
    if chained[:2] in ("00", "01", "02") and len(chained) >= 16:
        return of_elements(read_elements(chained), Kind.ELEMENTS, today, store)
    if is_digits(body):
        return of_gtin(body, store)
    raise InputError(
        f"'{shown(body)}' is no product's code: neither a GTIN nor GS1 element strings nor a GS1 Digital Link",
        hint="Scan the barcode that has the product's number below it.",
    )


def _eight(body: str, aim: str, store: StoreCodes) -> Scanned:
    """A GTIN-8, or a UPC-E typed or sent unexpanded; where both may be, both are told."""
    if aim == "]E4" or not is_upce(body):
        return of_gtin(body, store)
    upce = of_gtin(expand_upce(body), store)
    if aim == "]E0":
        return replace(upce, symbology="upc-e")
    try:
        eight = of_gtin(body, store)
    except InputError:
        return upce
    remark = f"may be UPC-E {upce.gtin} or GTIN-8 {eight.gtin}: the item list decides"
    return replace(upce, other_gtin=eight.gtin, remarks=(*upce.remarks, remark))


def of_gtin(digits: str, store: StoreCodes = _NO_TABLE) -> Scanned:
    """A product's number alone, 8, 12, 13 or 14 digits. Raises InputError."""
    gtin = gtin14(digits)
    if not is_restricted(gtin):
        return Scanned(digits, Kind.GTIN, gtin=gtin)
    own = read_restricted(gtin, store.restricted, store.minor_digits)
    return Scanned(
        digits,
        Kind.RESTRICTED,
        gtin=own.gtin,
        price_minor=own.price_minor,
        weight_g=own.weight_g,
        remarks=(own.remark,) if own.remark else (),
    )


def of_epc(tag: sgtin.Sgtin, read: str = "") -> Scanned:
    """A tag: one item, with its serial number."""
    return Scanned(read or tag.uri, Kind.EPC, symbology=f"sgtin-{tag.bits}", gtin=tag.gtin, serial=tag.serial)


def of_elements(found: Mapping[str, str], kind: Kind, today: date, store: StoreCodes = _NO_TABLE) -> Scanned:
    """Application identifiers with their values, from wherever they come. Raises InputError for a wrong value."""
    values: dict[str, Any] = {
        "lot": found.get("10", ""),
        "serial": found.get("21", ""),
        "variant": found.get("20", ""),
        "sscc": sscc(found["00"]) if "00" in found else "",
        "location": gln(found["414"]) if "414" in found else "",
        "contained": "02" in found and "01" not in found,
    }
    for ai, name in _DATES.items():
        if ai in found:
            values[name] = read_date(found[ai], today)
    if "7003" in found:
        values |= _minute(found["7003"], today)
    remarks = list(missing(found))
    values |= _item(found, store, remarks)
    values |= _measures(found, store)
    return Scanned("", kind, elements=dict(found), remarks=tuple(remarks), **values)


def _minute(text: str, today: date) -> dict[str, date | datetime]:
    minute = read_minute(text, today)
    return {"expiry_minute": minute, "expiry": minute.date()}


def _item(found: Mapping[str, str], store: StoreCodes, remarks: list[str]) -> dict[str, Any]:
    number = found.get("01") or found.get("02") or found.get("8006", "")[:14]
    if not number:
        return {}
    own = of_gtin(number, store)
    remarks.extend(own.remarks)
    return {"gtin": own.gtin, "weight_g": own.weight_g, "price_minor": own.price_minor}


def _measures(found: Mapping[str, str], store: StoreCodes) -> dict[str, Any]:
    """Count, weight and price; the fourth digit of their identifiers says the decimals."""
    values: dict[str, Any] = {}
    for ai, value in found.items():
        if ai in ("30", "37"):
            values["count"] = int(value)
        elif len(ai) != 4:
            continue
        elif ai.startswith("310"):
            values["weight_g"] = scaled(value, int(ai[3]), 3)
        elif ai.startswith("320"):
            values["weight_g"] = round(int(value) / 10 ** int(ai[3]) * _POUND_G)
        elif ai.startswith("392"):
            values["price_minor"] = scaled(value, int(ai[3]), store.minor_digits)
        elif ai.startswith("393"):
            values |= {"currency": value[:3], "price_minor": scaled(value[3:], int(ai[3]), store.minor_digits)}
    return values


def _is_epc(body: str) -> bool:
    """24 hexadecimal digits of an SGTIN-96, 50 or more of an SGTIN-198."""
    if SEPARATOR in body or not all(letter in "0123456789abcdefABCDEF" for letter in body):
        return False
    return (len(body) == 24 and body.startswith("30")) or (50 <= len(body) <= 64 and body.startswith("36"))


def _without_add_on(body: str) -> str:
    """An EAN-13 without the two or five digits of its add-on symbol."""
    return next((body[:-more] for more in _ADD_ONS if len(body) == 13 + more), body)
