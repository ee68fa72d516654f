"""What the ledger puts before a person: deliveries that partners announced, facts that were told twice and differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from retail.epcis.proposal_rows import waiting
from retail.figures_shown import expiry_text, money, quantity, when
from retail.ledger.document import OUTSIDE, SUPPLIER
from retail.ledger_shown import account_text
from retail.work_rows import products_of

_MOST_LINES = 12
_TOLD_S = 7 * 86400.0
_MOVING = frozenset({"gtin", "thousandths", "from", "to"})
_WORDS: Sequence[tuple[str, str]] = (("lot", "lot"), ("expiry", "date"), ("price_cents", "price"))


def announced(connection: Connection, now_utc_s: float, zone: ZoneInfo) -> list[dict[str, Any]]:
    """EPCIS events that would be a receipt or a transfer and wait for an answer, the oldest first."""
    found = list(waiting(connection))
    known = products_of(connection, [line["gtin"] for one in found for line in one["document"]["lines"]])
    shown = []
    for one in found:
        lines, document = one["document"]["lines"], one["document"]
        first = lines[0]
        comes = first["from"] == SUPPLIER
        shown.append({
            "ref": one["ref"], "what": "Delivery" if comes else "Sent away",
            "where": account_text(first["to"] if comes else first["from"]),
            "when": when(float(document["at_utc_s"]), now_utc_s, zone),
            "lines": [_line(line, known) for line in lines[:_MOST_LINES]], "more": max(0, len(lines) - _MOST_LINES),
        })  # fmt: skip
    return shown


def _line(line: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    product = known.get(line["gtin"], {})
    amount = quantity(int(line["thousandths"]), str(product.get("unit", "piece")))
    lot = f", lot {line['lot']}" if line.get("lot") else ""
    return {"gtin": line["gtin"], "name": str(product.get("name") or line["gtin"]), "amount": f"{amount}{lot}"}


def clashes(
    found: Iterable[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]], currency: str, now_utc_s: float,
    zone: ZoneInfo,
) -> list[dict[str, Any]]:  # fmt: skip
    """Conflicts of the ledger in words: what counts, and what was told later under the same name and line. One that
    leaves the stock as it is asks for nothing and is told for a week.
    """
    shown = []
    for one in found:
        gtin = str(one["stands"]["gtin"] or one["said"]["gtin"])
        product = known.get(gtin, {})
        stands, said = one["stands"], one["said"]
        differs = [name for name in stands if stands[name] != said[name]]
        moves = any(name in _MOVING for name in differs)
        if not moves and now_utc_s - one["at_ms"] / 1000 > _TOLD_S:
            continue
        shown.append({
            "gtin": gtin, "name": str(product.get("name") or gtin or stands["code"]),
            "document": f"{one['source']} {one['ref']}", "line": one["line"], "who": one["who"],
            "when": when(one["at_ms"] / 1000, now_utc_s, zone),
            "stands": _words(stands, differs, known, currency), "said": _words(said, differs, known, currency),
            "place": _place(stands), "moves": moves,
        })  # fmt: skip
    return shown


def _words(
    line: Mapping[str, Any], differs: Sequence[str], known: Mapping[str, Mapping[str, Any]], currency: str
) -> str:
    """The amount and its way, then whatever else differs."""
    product = known.get(str(line["gtin"]), {})
    text = quantity(int(line["thousandths"]), str(product.get("unit", "piece")))
    if "gtin" in differs or "code" in differs:
        text += f" of {product.get('name') or line['gtin'] or line['code'] or 'no product'}"
    text += f", {account_text(str(line['from']))} to {account_text(str(line['to']))}"
    for name, word in _WORDS:
        if name in differs:
            text += f", {word} {_plain(name, line[name], currency)}"
    return text


def _plain(name: str, value: Any, currency: str) -> str:
    if value in (None, ""):
        return "none"
    return money(int(value), currency) if name == "price_cents" else expiry_text(str(value))


def _place(line: Mapping[str, Any]) -> str:
    """The place in the store that the line is about; empty where it names none."""
    return next((str(line[way]) for way in ("to", "from") if line[way] and line[way] not in OUTSIDE), "")
