"""Transactions as JSON, the format of the webhook (docs/retail/pos.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.codes.gtin import shown
from retail.ledger.quantity import thousandths
from retail.pos.transaction import KINDS, Item, Key, Read, Refused, Transaction, key_of

MOST_TRANSACTIONS = 5000
_MOST_SAID = 100_000
_HEAD = ("store", "workstation", "sequence", "business_date", "kind", "at")
_LINE = ("line", "item", "quantity", "amount", "type", "voided", "sellable")


def read_json(content: bytes, zone: ZoneInfo) -> Read:
    """Raises InputError where the whole is no list of transactions; one that is wrong is refused alone."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {shown(str(error))}") from error
    listed = said.get("transactions") if isinstance(said, Mapping) else said
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_TRANSACTIONS:
        raise InputError(f"'transactions' must be a list of 1 to {MOST_TRANSACTIONS}")
    return read_json_transactions(listed, zone)


def read_json_transactions(listed: Sequence[Any], zone: ZoneInfo) -> Read:
    """Each as an object of JSON; one that is wrong is refused alone."""
    good: list[Transaction] = []
    refused: list[Refused] = []
    for number, one in enumerate(listed, start=1):
        try:
            good.append(_transaction(one, zone))
        except InputError as error:
            refused.append(Refused(f"transaction {number}: {error.message}", json.dumps(_kept(one))[:_MOST_SAID]))
    return Read(good, refused)


def _kept(said: Any) -> Any:
    """What a person needs of a transaction that was refused; nothing of payment or customer."""
    if not isinstance(said, Mapping):
        return shown(str(said))
    kept = {name: said[name] for name in _HEAD if isinstance(said.get(name), str | int | float)}
    lines = said.get("lines")
    listed = [one for one in lines if isinstance(one, Mapping)] if isinstance(lines, list) else []
    return kept | {"lines": [{name: one[name] for name in _LINE if name in one} for one in listed[:500]]}


def _transaction(said: Any, zone: ZoneInfo) -> Transaction:
    if not isinstance(said, Mapping):
        raise InputError("an object is expected")
    key = _key(said)
    kind = said.get("kind", "sale")
    if kind not in KINDS:
        raise InputError(f"kind '{shown(str(kind))}' is not known; known are {', '.join(KINDS)}")
    lines = said.get("lines", [])
    if not isinstance(lines, list):
        raise InputError("'lines' must be a list")
    items = [_item(one, number) for number, one in enumerate(lines, start=1)]
    voids = said.get("voids")
    if kind == "void" and not isinstance(voids, Mapping):
        raise InputError("a void needs 'voids': workstation, sequence and business_date of what it takes back")
    if kind == "sale" and not items:
        raise InputError("a sale has at least one line")
    taken_back = _key({"store": key.store, **voids}) if isinstance(voids, Mapping) else None
    kept = [item for item in items if item is not None]
    return Transaction(key, kind, moment(said.get("at"), zone), kept if kind == "sale" else (), taken_back)


def _key(said: Mapping[str, Any]) -> Key:
    return key_of(*(text_of(said, name) for name in ("store", "workstation", "sequence", "business_date")))


def _item(said: Any, number: int) -> Item | None:
    """None for a line that was voided before the end."""
    if not isinstance(said, Mapping):
        raise InputError(f"line {number} must be an object")
    number = said.get("line", number)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 10**6:
        raise InputError(f"line '{shown(str(number))}': a whole number from 1 is expected")
    flags = {name: said.get(name, False) for name in ("voided", "sellable")}
    kind = said.get("type", "sale")
    wrong = next((name for name, value in flags.items() if not isinstance(value, bool)), None)
    if wrong is not None or kind not in ("sale", "return"):
        raise InputError(f"line {number}: '{wrong or 'type'}' is {shown(str(flags.get(wrong or '', kind)))}")
    code = text_of(said, "item")
    if not 0 < len(code) <= 80 or not code.isprintable():
        raise InputError(f"line {number}: 'item' must be a code of 1 to 80 characters")
    if flags["voided"]:
        return None
    amount = said.get("amount")
    return Item(
        number, code, quantity(said.get("quantity"), number), None if amount is None else cents(amount, number),
        kind == "return", flags["sellable"], text_of(said, "lot"), text_of(said, "expiry"),
    )  # fmt: skip


def quantity(value: Any, number: int) -> int | None:
    """Pieces or kilograms as thousandths; None where nothing is said."""
    if value is None or value == "":
        return None
    found = thousandths(value)
    if found is None or found <= 0:
        raise InputError(f"line {number}: quantity '{shown(str(value))}': above 0 with up to 3 decimals is expected")
    return found


def cents(value: Any, number: int) -> int:
    """An amount of money as hundredths."""
    found = thousandths(value)
    if found is None or found % 10:
        raise InputError(f"line {number}: amount '{shown(str(value))}': a number with up to 2 decimals is expected")
    return found // 10


def moment(value: Any, zone: ZoneInfo) -> float:
    """UTC seconds of an ISO date and time; of the store's zone where it names none."""
    try:
        at = datetime.fromisoformat(value)
        seconds = (at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        seconds = -1.0
    if not 0 < seconds < 1e11:
        raise InputError(f"time '{shown(str(value))}': a date and time such as 2026-11-30T09:00:00+01:00 is expected")
    return seconds


def text_of(said: Mapping[str, Any], name: str) -> str:
    """Numbers pass as text: many tills write them so."""
    value = said.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**30 else ""
    if not isinstance(value, str):
        raise InputError(f"'{name}' must be a text")
    return value.strip()
