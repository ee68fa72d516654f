"""Documents of the ledger: what moved, what was counted, what is taken back. Facts, as whoever tells them has them.

A document is named by its source and its reference there (`till-3`, `2026-11-30/17`); a line by its number in it. The
same line told again is the same line. Every line moves a positive quantity from one account to another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.errors import InputError
from retail.ledger.quantity import MOST_THOUSANDTHS

#: Accounts outside the store; every other account is a place in it.
SUPPLIER, CUSTOMER, WASTE, SHRINK, TRANSFER, VARIANCE = (
    "supplier", "customer", "waste", "shrink", "transfer", "variance",
)  # fmt: skip
OUTSIDE = frozenset({SUPPLIER, CUSTOMER, WASTE, SHRINK, TRANSFER, VARIANCE})
KINDS = frozenset(
    {"sale", "return", "receipt", "transfer", "move", "damage", "expiry", "adjustment", "opening", "count", "void"}
)
MOST_LINES = 10_000
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_GTIN = re.compile(r"[0-9]{14}")
_TEXTS = {"source": 64, "ref": 200, "who": 60, "reason": 40}


@dataclass(frozen=True, slots=True)
class Line:
    """`thousandths` (> 0) of a product from one account to another. `gtin` is 14 digits, or empty where only the
    `code` that was read is known: such a line waits until somebody says whose code it is. `at_utc_s` is the
    document's where it is None. `price_cents` is what the whole line cost the customer, where a till says so."""

    number: int
    thousandths: int
    from_account: str
    to_account: str
    gtin: str = ""
    code: str = ""
    lot: str = ""
    expiry: str = ""
    reason: str = ""
    price_cents: int | None = None
    at_utc_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        said = {"line": self.number, "thousandths": self.thousandths, "from": self.from_account, "to": self.to_account}
        more = {"gtin": self.gtin, "code": self.code, "lot": self.lot, "expiry": self.expiry, "reason": self.reason,
                "price_cents": self.price_cents, "at_utc_s": self.at_utc_s}  # fmt: skip
        return said | {name: value for name, value in more.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Count:
    """At the document's time there were `thousandths` of the product at `place`; with a lot, of that lot alone."""

    number: int
    gtin: str
    place: str
    thousandths: int
    lot: str = ""
    expiry: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Voided:
    """What a document takes back: another one of `source` named `ref`, whole or some `lines` of it."""

    source: str
    ref: str
    lines: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    source: str
    ref: str
    kind: str
    at_utc_s: float
    lines: Sequence[Line] = ()
    counts: Sequence[Count] = ()
    voids: Voided | None = None
    who: str = ""
    reason: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"source": self.source, "ref": self.ref, "kind": self.kind, "at_utc_s": self.at_utc_s}
        said |= {name: value for name, value in (("who", self.who), ("reason", self.reason)) if value}
        if self.lines:
            said["lines"] = [line.as_json() for line in self.lines]
        if self.counts:
            said["counts"] = [_count_json(count) for count in self.counts]
        if self.voids is not None:
            lines = None if self.voids.lines is None else list(self.voids.lines)
            said["voids"] = {"source": self.voids.source, "ref": self.voids.ref, "lines": lines}
        return said | ({"about": dict(self.about)} if self.about else {})


def _count_json(count: Count) -> dict[str, Any]:
    said = {"line": count.number, "gtin": count.gtin, "place": count.place, "thousandths": count.thousandths}
    more = {"lot": count.lot, "expiry": count.expiry, "reason": count.reason}
    return said | {name: value for name, value in more.items() if value}


def read_document(said: Any) -> Document:
    """The document that `as_json` wrote, or that somebody else did. Raises InputError, which names what is wrong."""
    if not isinstance(said, Mapping):
        raise InputError("a document is an object of JSON")
    texts = {name: _text(said, name, most) for name, most in _TEXTS.items()}
    where = f"document {texts['source']} {texts['ref']}"
    if not texts["source"] or not texts["ref"]:
        raise InputError(f"{where}: it needs a source and a ref")
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(
            f"{where}: '{str(kind)[:40]}' is no kind of document", hint=f"Known: {', '.join(sorted(KINDS))}."
        )
    lines = tuple(read_line(one, where) for one in _listed(said, "lines", where))
    counts = tuple(_read_count(one, where) for one in _listed(said, "counts", where))
    voids = _read_voids(said.get("voids"), where)
    if not (lines or counts or voids):
        raise InputError(f"{where}: it moves, counts and takes back nothing")
    for what, numbers in (("lines", [line.number for line in lines]), ("counts", [one.number for one in counts])):
        if len(set(numbers)) != len(numbers):
            raise InputError(f"{where}: two {what} have the same number")
    about = said.get("about")
    return Document(
        texts["source"], texts["ref"], str(kind), _moment(said.get("at_utc_s"), where), lines, counts, voids,
        texts["who"], texts["reason"], about if isinstance(about, Mapping) else {},
    )  # fmt: skip


def recorded_document(said: Mapping[str, Any]) -> Document:
    """What `as_json` wrote, read back from the record: it was checked when it came, and is not checked again."""
    voids, lines = said.get("voids"), said.get("lines", ())
    taken_back = None
    if voids is not None:
        taken_back = Voided(voids["source"], voids["ref"], None if voids["lines"] is None else tuple(voids["lines"]))
    counts = tuple(
        Count(one["line"], one["gtin"], one["place"], one["thousandths"], one.get("lot", ""), one.get("expiry", ""),
              one.get("reason", ""))
        for one in said.get("counts", ())
    )  # fmt: skip
    return Document(
        said["source"], said["ref"], said["kind"], said["at_utc_s"], tuple(recorded_line(one) for one in lines), counts,
        taken_back, said.get("who", ""), said.get("reason", ""), said.get("about", {}),
    )  # fmt: skip


def recorded_line(said: Mapping[str, Any]) -> Line:
    """As `recorded_document`, of one line."""
    more = said.get
    return Line(
        said["line"], said["thousandths"], said["from"], said["to"], more("gtin", ""), more("code", ""),
        more("lot", ""), more("expiry", ""), more("reason", ""), more("price_cents"), more("at_utc_s"),
    )  # fmt: skip


def _listed(said: Mapping[str, Any], name: str, where: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_LINES:
        raise InputError(f"{where}: '{name}' must be a list of at most {MOST_LINES}")
    return found


def read_line(said: Any, where: str = "a document") -> Line:
    """One line of a document, as `Line.as_json` wrote it. Raises InputError."""
    if not isinstance(said, Mapping):
        raise InputError(f"{where}: a line is an object of JSON")
    number = _number(said, "line", where)
    where = f"{where}, line {number}"
    amount = said.get("thousandths")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= MOST_THOUSANDTHS:
        raise InputError(f"{where}: 'thousandths' is {str(amount)[:40]!r}, expected: a whole number above 0")
    gtin, code = _text(said, "gtin", 14), _text(said, "code", 80)
    if (gtin and not _GTIN.fullmatch(gtin)) or not (gtin or code):
        raise InputError(f"{where}: '{gtin or code}' is no GTIN of 14 digits, and no other code is given")
    accounts = [_account(said, name, where) for name in ("from", "to")]
    if accounts[0] == accounts[1]:
        raise InputError(f"{where}: from {accounts[0]} to {accounts[1]} moves nothing")
    price = said.get("price_cents")
    at = said.get("at_utc_s")
    return Line(
        number, amount, accounts[0], accounts[1], gtin, code, _text(said, "lot", 20), _expiry(said, where),
        _text(said, "reason", 40), price if isinstance(price, int) and not isinstance(price, bool) else None,
        None if at is None else _moment(at, where),
    )  # fmt: skip


def _read_count(said: Any, where: str) -> Count:
    if not isinstance(said, Mapping):
        raise InputError(f"{where}: a count is an object of JSON")
    number = _number(said, "line", where)
    where = f"{where}, count {number}"
    amount, gtin = said.get("thousandths"), _text(said, "gtin", 14)
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MOST_THOUSANDTHS:
        raise InputError(f"{where}: 'thousandths' is {str(amount)[:40]!r}, expected: a whole number, 0 or more")
    if not _GTIN.fullmatch(gtin):
        raise InputError(f"{where}: '{gtin}' is no GTIN of 14 digits")
    place = _account(said, "place", where)
    if place in OUTSIDE:
        raise InputError(f"{where}: '{place}' is no place in this store")
    lot, reason = _text(said, "lot", 20), _text(said, "reason", 40)
    return Count(number, gtin, place, amount, lot, _expiry(said, where), reason)


def _read_voids(said: Any, where: str) -> Voided | None:
    if said is None:
        return None
    if not isinstance(said, Mapping):
        raise InputError(f"{where}: 'voids' must name a source and a ref")
    source, ref = _text(said, "source", _TEXTS["source"]), _text(said, "ref", _TEXTS["ref"])
    lines = said.get("lines")
    if not source or not ref:
        raise InputError(f"{where}: 'voids' must name a source and a ref")
    if lines is not None and not (
        isinstance(lines, list) and lines and all(isinstance(one, int) and not isinstance(one, bool) for one in lines)
    ):
        raise InputError(f"{where}: the lines that it takes back must be a list of numbers")
    return Voided(source, ref, None if lines is None else tuple(sorted(set(lines))))


def _number(said: Mapping[str, Any], name: str, where: str) -> int:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InputError(f"{where}: '{name}' is {str(value)[:40]!r}, expected: a whole number")
    return value


def _text(said: Mapping[str, Any], name: str, most: int) -> str:
    value = said.get(name, "")
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise InputError(f"a document's '{name}' must be a text of at most {most} printable characters")
    return value


def _account(said: Mapping[str, Any], name: str, where: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise InputError(f"{where}: '{name}' is {str(value)[:40]!r}, expected: an account such as floor or supplier")
    return value


def _expiry(said: Mapping[str, Any], where: str) -> str:
    value = _text(said, "expiry", 10)
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError as error:
        raise InputError(f"{where}: '{value}' is no date such as 2026-12-01") from error


def _moment(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise InputError(f"{where}: 'at_utc_s' is {str(value)[:40]!r}, expected: seconds since 1970")
    return float(value)
