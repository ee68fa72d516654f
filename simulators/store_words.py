"""What happens in a simulated store in the words of the box: transactions of tills, documents of hand-helds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.store_calendar import Calendar
from simulators.store_facts import PLACES, Count, Document, Line
from simulators.store_hands import STAFF
from simulators.store_products import Product

STORE = "014"
TILL = "pos-"
_KINDS = {"receipt": "receipt", "move": "move"}
_STAFF = {"associate-1": STAFF[0], "associate-2": STAFF[1]}


class Words:
    """`prices` of the products in cents, for the amounts on the receipts."""

    def __init__(self, calendar: Calendar, products: Mapping[str, Product]) -> None:
        self._calendar = calendar
        self._products = products

    def transaction(self, said: Document) -> dict[str, Any]:
        """As the webhook takes it (docs/retail/pos.md)."""
        at = self._calendar.local(self._calendar.to_real(said.at_utc_s))
        head = {
            "store": STORE, "workstation": said.source.removeprefix(TILL), "sequence": sequence(said.doc_ref),
            "business_date": self._calendar.business_day(said.at_utc_s).isoformat(),
            "at": at.isoformat(timespec="milliseconds"),
        }  # fmt: skip
        if said.kind == "void":  # at once, and so of the same business day
            taken_back = {name: head[name] for name in ("workstation", "business_date")}
            return {**head, "kind": "void", "voids": {**taken_back, "sequence": sequence(said.reverses)}}
        return {**head, "kind": "sale", "lines": [self._item(said, line) for line in said.lines]}

    def _item(self, said: Document, line: Line) -> dict[str, Any]:
        back = said.kind == "return"
        cents = self._products[line.gtin].price_cents * line.quantity * (-1 if back else 1)
        item = {"line": line.line, "item": line.gtin[1:], "quantity": line.quantity, "amount": f"{cents / 100:.2f}"}
        return item | ({"type": "return", "sellable": line.to_account in PLACES} if back else {})

    def document(self, said: Document | Count) -> dict[str, Any]:
        """As the ledger takes it (docs/retail/ledger.md)."""
        head = {"source": said.source, "ref": said.doc_ref, "at_utc_s": round(self._calendar.to_real(said.at_utc_s), 3)}
        if isinstance(said, Count):
            count = {"line": 1, "gtin": said.gtin, "place": said.place, "thousandths": said.quantity * 1000}
            return {**head, "kind": "count", "who": _STAFF.get(said.by, said.by), "counts": [count]}
        kind = _KINDS.get(said.kind) or self._written_off(said)
        lines = [self._line(line, kind) for line in said.lines]
        return {**head, "kind": kind, "who": _STAFF["associate-1"], "lines": lines}

    def _line(self, line: Line, kind: str) -> dict[str, Any]:
        found = {
            "line": line.line, "gtin": line.gtin, "thousandths": line.quantity * 1000,
            "from": line.from_account, "to": line.to_account,
        }  # fmt: skip
        life_days = self._products[line.gtin].life_days
        if kind == "receipt" and life_days:
            expires_s = self._calendar.begin_s + int(line.expiry.removeprefix("day ")) * 86_400.0
            found |= {"lot": line.lot, "expiry": self._calendar.day(expires_s).isoformat()}
        return found

    def _written_off(self, said: Document) -> str:
        """A single piece of what keeps cannot have expired."""
        kept = all(self._products[line.gtin].life_days == 0 for line in said.lines)
        early = said.at_utc_s % 86_400.0 < 8 * 3600.0
        return "damage" if kept or not early else "expiry"


def sequence(doc_ref: str) -> str:
    """`pos-1-0000017` is the till's seventeenth."""
    return str(int(doc_ref.rpartition("-")[2]))
