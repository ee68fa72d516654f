"""Transactions as POSLog XML (OMG/ARTS POSLog 2.2 and later): what of it moves goods.

Read are: Transaction with RetailStoreID, WorkstationID, SequenceNumber, BusinessDayDate, BeginDateTime or EndDateTime,
the attributes CancelFlag and TrainingModeFlag; in RetailTransaction the attribute TransactionStatus, LineItem with its
VoidFlag and SequenceNumber, Sale or Return with POSIdentity/POSItemID or ItemID, Quantity (UnitOfMeasureCode), amount,
Disposal; TransactionLink, whose ReasonCode says that it takes another transaction back. Other transactions (control,
tender, log-on) move nothing and are counted as ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from core.errors import InputError
from retail.ledger.quantity import THOUSANDTHS
from retail.pos.json_read import cents, moment, quantity
from retail.pos.safe_xml import Node, parse
from retail.pos.transaction import Item, Key, Read, Refused, Transaction, key_of

_TRUE = frozenset({"true", "1", "yes"})
_VOIDS = frozenset({"postvoid", "postvoided", "void", "voided", "voidedtransaction", "posttransactionvoid"})
_TO_STOCK = frozenset({"returntostock", "sellable", "resell", "resalable"})
_IGNORED = {"voided": "cancelled", "cancelled": "cancelled", "canceled": "cancelled", "failed": "cancelled",
            "suspended": "suspended", "inprocess": "suspended"}  # fmt: skip
#: A quantity in grams is told in thousandths of a kilogram as it stands.
_GRAMS = frozenset({"GRM", "G", "GR"})
_MOST_SAID = 100_000


def read_poslog(content: bytes, zone: ZoneInfo) -> Read:
    """Raises InputError where the whole is no POSLog; a transaction that is wrong is refused alone."""
    root = parse(content)
    found = [root] if root.name == "Transaction" else list(root.all("Transaction"))
    if root.name not in ("POSLog", "Transaction") or not found:
        raise InputError(f"'{root.name[:40]}' is no POSLog with transactions")
    good: list[Transaction] = []
    refused: list[Refused] = []
    for number, node in enumerate(found, start=1):
        try:
            good.append(_transaction(node, zone))
        except InputError as error:
            refused.append(Refused(f"transaction {number}: {error.message}", _as_text(node)[:_MOST_SAID]))
    return Read(good, refused)


def _transaction(node: Node, zone: ZoneInfo) -> Transaction:
    key = _key(node)
    at = moment(node.value("EndDateTime", "BeginDateTime", "POSLogDateTime"), zone)
    retail = node.first("RetailTransaction")
    if _flag(node, "TrainingModeFlag"):
        return Transaction(key, "training", at)
    if retail is None or _flag(node, "CancelFlag"):
        return Transaction(key, "cancelled", at)
    status = (retail.attributes.get("TransactionStatus") or retail.value("TransactionStatus")).lower()
    if status in _IGNORED:
        return Transaction(key, _IGNORED[status], at)
    items = [item for line in retail.all("LineItem") if (item := _item(line)) is not None]
    voids = next((_link(link, key) for link in _links(node, retail)), None)
    if voids is not None:
        return Transaction(key, "void", at, voids=voids)
    return Transaction(key, "sale", at, items, voided=status == "postvoided")


def _key(node: Node) -> Key:
    day = node.value("BusinessDayDate")[:10]
    store = node.value("RetailStoreID") or node.value("UnitID")
    return key_of(store, node.value("WorkstationID"), node.value("SequenceNumber"), day)


def _links(node: Node, retail: Node) -> Iterator[Node]:
    """Those that say that this transaction takes another one back."""
    for link in (*node.all("TransactionLink"), *retail.all("TransactionLink")):
        if (link.attributes.get("ReasonCode") or link.value("ReasonCode")).replace(" ", "").lower() in _VOIDS:
            yield link


def _link(link: Node, key: Key) -> Key:
    return key_of(
        link.value("RetailStoreID") or key.store,
        link.value("WorkstationID") or key.workstation,
        link.value("SequenceNumber"),
        link.value("BusinessDayDate")[:10] or key.business_date,
    )


def _item(line: Node) -> Item | None:
    """None for a line that is voided, or that sells and returns nothing (tender, tax, discount)."""
    sold, returned = line.first("Sale"), line.first("Return")
    thing = sold if sold is not None else returned
    if thing is None or _flag(line, "VoidFlag") or _flag(line, "CancelFlag"):
        return None
    number = line.value("SequenceNumber")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 7 and int(number) > 0):
        raise InputError(f"LineItem: SequenceNumber '{number[:40]}' is no number from 1")
    code = _code(thing)
    if not 0 < len(code) <= 80 or not code.isprintable():
        raise InputError(f"line {number}: neither POSItemID nor ItemID names the item")
    amount = thing.value("ExtendedAmount", "ActualSalesUnitPrice")
    return Item(
        int(number), code, _quantity(thing, int(number)), cents(amount, int(number)) if amount else None,
        returned=sold is None, sellable=sold is None and _sellable(thing),
    )  # fmt: skip


def _code(thing: Node) -> str:
    identities = (identity.value("POSItemID") for identity in thing.all("POSIdentity"))
    return next((code for code in identities if code), "") or thing.value("ItemID")


def _quantity(thing: Node, number: int) -> int | None:
    node = thing.first("Quantity")
    if node is None:
        return THOUSANDTHS
    unit = node.attributes.get("UnitOfMeasureCode", "").upper()
    text = node.text.strip()
    sign = text.removeprefix("-") if thing.name == "Return" else text  # some tills write what comes back below zero
    found = quantity(sign, number)
    if found is not None and unit in _GRAMS:
        if found % THOUSANDTHS:
            raise InputError(f"line {number}: {text} {unit} is finer than a gram")
        return found // THOUSANDTHS
    return found


def _sellable(thing: Node) -> bool:
    """Whether the till says that it goes back to stock; where it says nothing, it does not."""
    disposal = thing.first("Disposal", "ItemCondition", "Condition")
    if disposal is None:
        return False
    said = disposal.attributes.get("Method") or disposal.value("Method") or disposal.text
    return said.replace(" ", "").strip().lower() in _TO_STOCK


def _flag(node: Node, name: str) -> bool:
    return node.attributes.get(name, "").strip().lower() in _TRUE


def _as_text(node: Node) -> str:
    """What a person needs of a transaction that was refused: its names and texts, no payment, no customer."""
    kept = ("RetailStoreID", "WorkstationID", "SequenceNumber", "BusinessDayDate", "BeginDateTime", "EndDateTime")
    head = ", ".join(f"{name} {node.value(name)[:60]}" for name in kept)
    retail = node.first("RetailTransaction")
    lines = list(retail.all("LineItem")) if retail is not None else []
    return "; ".join([head, *(_line_text(line) for line in lines)])


def _line_text(line: Node) -> str:
    thing = line.first("Sale", "Return")
    if thing is None:
        return f"line {line.value('SequenceNumber')[:20]}"
    what = f"{thing.name} {_code(thing)[:80]} x {thing.value('Quantity')[:20]}"
    return f"line {line.value('SequenceNumber')[:20]}: {what}, {thing.value('ExtendedAmount')[:20]}"
