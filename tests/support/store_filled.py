"""A store in the middle of its day, as the designs show it: planogram, slots seen, stock, tasks, an order to make."""

from __future__ import annotations

from typing import Any

from retail.codes.gtin import check_digit
from tests.support.store_screens import NOW_MS, NOW_UTC_S, StoreRig

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NAMES = (
    "Kitchen bags tall, 45 pcs", "Oat milk, 1 l", "Vanilla yoghurt, 1 kg", "Vine tomatoes", "Medium fat milk, 1 l",
    "Trash bags 30 l, 20 pcs", "Apple juice, 1 l", "Orange juice, 1 l", "Avocado", "Pears", "Extra strong bags, 40 pcs",
    "Kitchen bags tall, 20 pcs", "Kitchen bags, 15 pcs", "Outdoor bags, 40 pcs", "Recycling bags, 68 pcs",
)  # fmt: skip
PRICES = (679, 229, 349, 399, 139, 499, 219, 249, 129, 349, 899, 429, 329, 759, 829)


def gtin_of(number: int) -> str:
    body = f"095201234{number:04d}"
    return f"{body}{check_digit(body)}"


GTINS = tuple(gtin_of(5604 + number) for number in range(len(NAMES)))
BAGS = GTINS[0]
SHOWN: dict[str, Any] = {
    "osa": 0.941, "osa_before": 0.935, "phantoms": 7, "expiring": 12, "expired": 0, "shrink": 0.013,
    "slots": {"planned": 412, "full": 341, "low": 38, "empty": 23, "wrong": 1, "blocked": 6, "unknown": 3},
    "tasks": {"refill": 5}, "value_cents_h": 6800, "sold_utc_s": NOW_UTC_S - 120, "suggestions": 1, "unknown_codes": 0,
}  # fmt: skip


def products() -> list[dict[str, Any]]:
    return [
        {"gtin": gtin, "name": name, "unit": "kg" if name in ("Vine tomatoes", "Pears") else "piece",
         "price_cents": price, "case_units": 12, "supplier": "Household Ltd" if "bags" in name else "Fresh Ltd",
         "lead_days": 1, "category": "Household" if "bags" in name else "Food", "codes": []}
        for gtin, name, price in zip(GTINS, NAMES, PRICES, strict=True)
    ]  # fmt: skip


def fixtures() -> list[str]:
    aisles = [f"A{aisle}.{bay}" for aisle in range(1, 9) for bay in range(1, 5)]
    cold = [f"C{aisle}.{bay}" for aisle in range(1, 5) for bay in (1, 2)]
    return [*aisles, *cold, "F1.1", "F1.2", "F2.1", "F2.2"]


def fill(store: StoreRig) -> None:
    """Everything that the pages show, at the moment of the tests."""
    slots = [
        _slot(fixture, shelf, slot, GTINS[1 + (index + shelf * 3 + slot) % (len(GTINS) - 1)])
        for index, fixture in enumerate(fixtures())
        for shelf in (1, 2)
        for slot in range(1, 6)
    ]
    slots = [one for one in slots if (one["fixture"], one["shelf"], one["slot"]) not in {("A7.2", 2, 4)}]
    slots.append(_slot("A7.2", 2, 8, BAGS))
    store.catalogue(products(), slots)
    _states(store, slots)
    _ledger(store)
    _tasks(store)
    store.insert("beliefs", *(
        {"gtin": BAGS, "place": place, "on_hand": amount, "low": low, "high": high, "confidence": 0.93, "empty": empty,
         "book": amount, "reason": "Probably 6 (5 to 7): book says 6.", "changed_ms": NOW_MS}
        for place, amount, low, high, empty in (("floor", 0, 0, 0, 0.97), ("backroom", 6000, 5000, 7000, 0.0))
    ))  # fmt: skip
    store.insert("suggestions", {
        "gtin": BAGS, "supplier": "Household Ltd", "thousandths": 24000, "cases": 2,
        "reason": "Sells 7.4 a day, 1 day lead, safety 3.5. Reorder at 11, fill to 18.",
        "facts": {"on_hand": 6, "on_order": 0, "rop": 11, "safety": 3.5, "per_day": 7.4, "lead_days": 1,
                  "order_up_to": 18, "case_units": 12}, "state": "open",
    })  # fmt: skip
    shares = (0.952, 0.948, 0.951, 0.949, 0.944, 0.945, 0.938, 0.936, 0.941, 0.946, 0.943, 0.939, 0.935)
    store.insert("store_days", *(
        {"day": f"2026-11-{10 + index:02d}", "osa": share, "slots": 412, "sales_cents": 1_204_000,
         "shrink_cents": 15_000}
        for index, share in enumerate(shares)
    ))  # fmt: skip


def _slot(fixture: str, shelf: int, slot: int, gtin: str) -> dict[str, Any]:
    return {"fixture": fixture, "shelf": shelf, "slot": slot, "gtin": gtin, "facings_wide": 2, "facings_high": 1,
            "facings_deep": 4, "min_presentation": 2, "capacity": 8, "place": "floor"}  # fmt: skip


def _states(store: StoreRig, slots: list[dict[str, Any]]) -> None:
    out = {("C2.1", 1, 1): 3, ("C4.1", 1, 1): 3, ("A1.4", 1, 1): 1, ("A2.3", 1, 2): 1, ("A3.2", 1, 1): 3,
           ("A5.4", 1, 1): 2, ("A8.1", 1, 2): 1, ("F1.1", 1, 1): 1}  # fmt: skip
    empty = {(fixture, shelf, slot + more) for (fixture, shelf, slot), count in out.items() for more in range(count)}
    empty |= {("A7.2", 2, 8), ("A7.2", 1, 2), ("A7.2", 1, 5)}
    rows = []
    for one in slots:
        key = (one["fixture"], one["shelf"], one["slot"])
        state = "empty" if key in empty else "full"
        if one["fixture"] in ("A4.4", "A6.1"):
            state = "blocked"
        elif key in {("A7.2", 1, 4), ("A3.2", 2, 1)}:
            state = "low"
        facings = {"full": 2, "low": 1}.get(state, 0)
        rows.append({
            "slot": f"{one['fixture']}/{one['shelf']}-{one['slot']:02d}", "bay": one["fixture"], "gtin": one["gtin"],
            "state": state, "facings": facings, "facings_of": 2,
            "since_ms": NOW_MS - (43 if state == "empty" else 18) * MINUTE_MS,
        })  # fmt: skip
    store.insert("slot_states", *rows)


def _ledger(store: StoreRig) -> None:
    """Fourteen days of the bags: counted, sold each day, a receipt, a move to the shelf."""

    def at(days: int, hour: float) -> float:
        return NOW_UTC_S - 14 * 3600 - 307 - days * 86_400 + hour * 3600

    def line(number: int, amount: int, from_: str, to: str, gtin: str = BAGS, **more: Any) -> dict[str, Any]:
        return {"line": number, "thousandths": amount * 1000, "from": from_, "to": to, "gtin": gtin, **more}

    sold = (6, 7, 8, 9, 7, 0, 6, 7, 8, 7, 8, 7, 9, 8)
    documents: list[dict[str, Any]] = [
        {"source": "opening", "ref": "1", "kind": "opening", "at_utc_s": at(20, 8),
         "lines": [line(1, 120, "supplier", "floor"), line(2, 30, "supplier", "cold-room", GTINS[1])]},
        {"source": "hand", "ref": "c1", "kind": "count", "at_utc_s": at(3, 20), "who": "Operator 22",
         "counts": [{"line": 1, "gtin": BAGS, "place": "floor", "thousandths": 18000}]},
        {"source": "delivery", "ref": "d1", "kind": "receipt", "at_utc_s": at(2, 9.5), "who": "Operator 22",
         "lines": [line(1, 12, "supplier", "backroom")]},
        {"source": "work", "ref": "m1", "kind": "move", "at_utc_s": at(2, 9.8),
         "lines": [line(1, 6, "backroom", "floor")]},
    ]  # fmt: skip
    for days, amount in enumerate(reversed(sold)):
        for number in range(amount):
            moment = at(days, 8.5 + number * 0.6)
            documents.append({"source": f"till-{number % 4 + 1}", "ref": f"{days}-{number}", "kind": "sale",
                              "at_utc_s": moment,
                              "lines": [line(1, 1, "floor", "customer", price_cents=679)]})  # fmt: skip
    store.documents(*documents)


def _tasks(store: StoreRig) -> None:
    def task(number: int, kind: str, product: int, slot: str, value: int, **facts: Any) -> dict[str, Any]:
        return {"id": f"t-{number}", "kind": kind, "gtin": GTINS[product], "slot": slot, "place": "floor",
                "value_cents_h": value, "reason": facts.pop("reason", ""), "facts": facts,
                "opened_ms": NOW_MS - HOUR_MS}  # fmt: skip

    since = NOW_MS - 43 * MINUTE_MS
    out = {"camera_state": "empty", "since_ms": since, "camera": 0, "camera_of": 2}
    store.insert(
        "tasks",
        task(1, "refill", 0, "A7.2/2-08", 883, back=6, back_place="backroom", system=6, shelf=0, capacity=8, **out),
        task(2, "refill", 1, "C2.1/1-02", 792, back=24, back_place="cold-room", system=24, **out),
        task(3, "check", 2, "C4.1/1-05", 630, reason="system 9, camera 0: no sale for 6 h"),
        task(4, "refill", 3, "F1.1/1-03", 575, back=12, back_place="cold-room", camera=1, camera_of=8, unit="kg"),
        task(5, "markdown", 4, "C1.2/2-01", 490, reason="14 expire Wed 25 Nov, try −30 %"),
        task(6, "count", 5, "A7.2/1-03", 420, reason="nobody knows well enough how many there are"),
        task(7, "refill", 6, "A3.2/2-05", 385, back=18, back_place="backroom", camera=2, camera_of=12),
        task(8, "label", 7, "A3.2/1-04", 310, reason="label €2.49, till €2.79"),
        task(9, "check", 8, "F1.2/2-02", 275, reason="system 32, camera 1: low for 5 h"),
        task(10, "refill", 9, "F2.1/1-01", 240, back=4, back_place="cold-room", camera=1, camera_of=6, unit="kg"),
        task(11, "markdown", 2, "C4.1/1-05", 120, reason="3 expired 2026-11-22: take them off the shelf"),
    )  # fmt: skip


def count_sheet(store: StoreRig, *, sheet: str = "c-3", state: str = "open", round_: int = 1) -> None:
    """A sheet of five products on the floor, being counted."""
    store.insert("count_sheets", {"id": sheet, "title": "Count A7.2, shelf 2", "state": state, "round": round_,
                                  "items": 5, "counters": ["Operator 22"], "opened_ms": NOW_MS - HOUR_MS})  # fmt: skip
    store.insert("count_items", *(
        {"sheet": sheet, "number": number, "gtin": GTINS[product], "place": "floor", "slot": f"A7.2/2-{number + 5:02d}",
         "expected": 99000, "verdict": "recount" if state == "recount" and number == 1 else ""}
        for number, product in enumerate((0, 10, 11, 12, 3), start=1)
    ))  # fmt: skip
