"""Purchase orders by supplier: drafted from suggestions or by hand, sent, received. Pure; its events restore it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import RefusedError
from retail.catalogue.item_code import gtin_of
from retail.known import Known
from retail.ledger.quantity import thousandths
from retail.work.outcome import LEADS, Outcome, need, text_of
from verticals.contract import Command, Event

DRAFT, SENT, PART, RECEIVED, CANCELLED = "draft", "sent", "part", "received", "cancelled"
_OVER = frozenset({RECEIVED, CANCELLED})
#: What of it the supplier still owes counts in the position.
_UNDER_WAY = frozenset({SENT, PART})
_DAY_S = 86_400.0
_KEPT_OVER, _MOST_LINES = 50, 1000
NOBODY = "no supplier named"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Thousandths ordered, and received so far."""

    gtin: str
    thousandths: int
    received: int = 0
    reason: str = ""


@dataclass(slots=True)
class Order:
    id: str
    supplier: str
    state: str
    made_by: str
    made_utc_s: float
    sent_by: str = ""
    sent_utc_s: float | None = None
    expected_utc_s: float | None = None
    lines: dict[str, OrderLine] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in Order.__dataclass_fields__ if name != "lines"}
        return {**said, "lines": [asdict(line) for line in self.lines.values()]}


class OrderDesk:
    """All orders that are not over, and the newest of those that are."""

    def __init__(self, known: Known, lead_days: float) -> None:
        self._known = known
        self._lead_days = lead_days
        self.orders: dict[str, Order] = {}
        self._number = 0

    # Looking

    def on_order(self, gtin: str) -> int:
        """Thousandths that suppliers owe."""
        lines = (one.lines.get(gtin) for one in self.orders.values() if one.state in _UNDER_WAY)
        return sum(max(0, line.thousandths - line.received) for line in lines if line is not None)

    def drafted(self, gtin: str) -> str:
        """The draft that holds it, or empty."""
        return next((one.id for one in self.orders.values() if one.state == DRAFT and gtin in one.lines), "")

    def expected(self, order_id: str) -> Order:
        """One that is under way. Raises RefusedError."""
        order = self.orders.get(order_id)
        if order is None or order.state not in _UNDER_WAY:
            raise RefusedError("No delivery is expected of this order.", hint="It must be sent, and not yet received.")
        return order

    # Orders of people

    def add(self, command: Command, suggested: Mapping[str, tuple[int, str]]) -> Outcome:
        """Into the draft of the product's supplier; `suggested`: thousandths and reason by GTIN."""
        who = need(command, LEADS)
        gtin = gtin_of(text_of(command.args, "gtin", 14))
        product = self._known.products.get(gtin)
        if product is None:
            raise RefusedError("This product is not in the catalogue.")
        amount, reason = suggested.get(gtin, (0, "by hand"))
        if command.args.get("quantity") is not None:
            amount = _quantity(command)
        if amount <= 0:
            raise RefusedError("Nothing is suggested of this product.", hint="Say how many are to be ordered.")
        supplier = product.supplier or NOBODY
        order = next((one for one in self.orders.values() if (one.state, one.supplier) == (DRAFT, supplier)), None)
        if order is None:
            self._number += 1
            order = Order(f"o-{self._number}", supplier, DRAFT, who, command.at.utc_s)
        if len(order.lines) >= _MOST_LINES:
            raise RefusedError(f"This order holds {_MOST_LINES} products already.", hint="Send it first.")
        lines = {**order.lines, gtin: OrderLine(gtin, amount, 0, reason[:300])}
        return self._told("added", replace(order, lines=lines), command, who)

    def quantity(self, command: Command) -> Outcome:
        who = need(command, LEADS)
        order, line = self._draft_line(command)
        amount = _quantity(command)
        if amount <= 0:
            raise RefusedError("An order is of more than nothing.", hint="Take the product out of the order.")
        lines = {**order.lines, line.gtin: replace(line, thousandths=amount)}
        return self._told("quantity", replace(order, lines=lines), command, who)

    def remove(self, command: Command) -> Outcome:
        who = need(command, LEADS)
        order, line = self._draft_line(command)
        lines = {gtin: one for gtin, one in order.lines.items() if gtin != line.gtin}
        state = DRAFT if lines else CANCELLED
        return self._told("removed", replace(order, lines=lines, state=state), command, who)

    def send(self, command: Command) -> Outcome:
        """Marks it as sent; expected after the longest lead time in it."""
        who = need(command, LEADS)
        order = self._find(command)
        if order.state != DRAFT or not order.lines:
            raise RefusedError(f"Only a draft can be sent; this order is {order.state}.")
        products = [self._known.products.get(gtin) for gtin in order.lines]
        days = max((one.lead_days or self._lead_days for one in products if one is not None), default=self._lead_days)
        now = command.at.utc_s
        sent = replace(order, state=SENT, sent_by=who, sent_utc_s=now, expected_utc_s=now + days * _DAY_S)
        return self._told("sent", sent, command, who)

    def cancel(self, command: Command) -> Outcome:
        who = need(command, LEADS)
        order = self._find(command)
        if order.state in _OVER:
            raise RefusedError(f"This order is over: {order.state}.")
        return self._told("cancelled", replace(order, state=CANCELLED), command, who)

    def received(self, order_id: str, came: Mapping[str, int], who: str, now_utc_s: float) -> Event | None:
        """Goods of an order came (thousandths by GTIN); what came beyond it is in the receipt alone."""
        order = self.orders.get(order_id)
        if order is None or order.state not in _UNDER_WAY:
            return None
        lines = {gtin: replace(line, received=line.received + came.get(gtin, 0)) for gtin, line in order.lines.items()}
        whole = all(line.received >= line.thousandths for line in lines.values())
        return self._tell("received", replace(order, lines=lines, state=RECEIVED if whole else PART), now_utc_s, who)

    # Its record

    def apply(self, said: Mapping[str, Any]) -> None:
        """What an event `purchase-order` tells."""
        order = _read(said["order"])
        self.orders[order.id] = order
        self._number = max(self._number, int(order.id.removeprefix("o-")))
        over = [one.id for one in self.orders.values() if one.state in _OVER]
        for old in over[: max(0, len(over) - _KEPT_OVER)]:
            del self.orders[old]

    def state(self) -> dict[str, Any]:
        return {"number": self._number, "orders": [order.as_json() for order in self.orders.values()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        for said in state["orders"]:
            self.apply({"order": said})
        self._number = int(state["number"])

    def _told(self, act: str, order: Order, command: Command, who: str) -> Outcome:
        return Outcome((self._tell(act, order, command.at.utc_s, who),), data={"order": order.id})

    def _tell(self, act: str, order: Order, now_utc_s: float, who: str) -> Event:
        data = {"act": act, "order": order.as_json()}
        self.apply(data)
        return Event("purchase-order", order.id, now_utc_s, data, who=who[:60])

    def _find(self, command: Command) -> Order:
        order = self.orders.get(text_of(command.args, "order", 20))
        if order is None:
            raise RefusedError("There is no such order, or it is over.")
        return order

    def _draft_line(self, command: Command) -> tuple[Order, OrderLine]:
        order = self._find(command)
        line = order.lines.get(gtin_of(text_of(command.args, "gtin", 14)))
        if order.state != DRAFT or line is None:
            raise RefusedError("This product is in no draft of that name.")
        return order, line


def _quantity(command: Command) -> int:
    amount = thousandths(command.args.get("quantity"))
    if amount is None or amount < 0:
        raise RefusedError("The quantity must be a number of units, such as 24 or 1.5.")
    return amount


def _read(said: Mapping[str, Any]) -> Order:
    lines = [OrderLine(**{name: one[name] for name in OrderLine.__dataclass_fields__}) for one in said["lines"]]
    rest = {name: said[name] for name in Order.__dataclass_fields__ if name != "lines"}
    return Order(**rest, lines={line.gtin: line for line in lines})
