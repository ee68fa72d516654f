"""One product as the back office shows it: how many, how sure, who says what, what happened, what to order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from retail.coming_shown import coming_shown
from retail.figures_shown import NONE, age, money, number_of, quantity, when
from retail.ledger import past
from retail.ledger.lots import remaining
from retail.ledger_shown import entries, sold_days
from retail.slot_names import bay_text, canonical, fixture_parts, planned_name, said
from retail.tasks_shown import place_text
from retail.work.coming import coming
from retail.work.tag_rows import tag_moves
from retail.work_rows import (
    Row,
    balances,
    beliefs_of,
    newest,
    of_keys,
    products_of,
    rows,
    slots_of_product,
    suggestion_of,
    unfolded,
)

_TAGS = re.compile(r"(\d+) tags? read")
_DAYS = 14
_DAY_MS = 86_400_000


def product_shown(
    connection: Connection,
    gtin: str,
    settings: Any,
    now_utc_s: float,
    zone: ZoneInfo,
    *,
    slot: str = "",
    most: int = 40,
    forecast: bool = False,
) -> dict[str, Any] | None:
    """None for a product that nobody knows."""
    product = products_of(connection, [gtin]).get(gtin)
    if product is None:
        return None
    unit = product["unit"]
    places = [*settings.sales_places, *settings.back_places]
    held = balances(connection, [gtin]).get(gtin, {})
    planned = slots_of_product(connection, gtin)
    states = _states(connection, gtin, slot)
    now_ms = int(now_utc_s * 1000)
    ledger = sum(held.values())
    timeline = past.timeline(connection, gtin, most=400)
    spans = _out_spans(connection, gtin, now_ms)
    short = rows(connection, "SELECT day FROM product_exposures WHERE gtin = :gtin AND exposure < 0.9", gtin=gtin)
    sales = rows(
        connection,
        "SELECT at_ms, thousandths, from_account, to_account FROM ledger_lines WHERE gtin = :gtin AND at_ms >= :since "
        "AND (to_account = 'customer' OR from_account = 'customer')",
        gtin=gtin, since=now_ms - (_DAYS + 1) * _DAY_MS,
    )  # fmt: skip
    happened = entries(timeline, ledger, unit, now_utc_s, zone)
    return {
        "gtin": gtin,
        "name": product["name"],
        "code": gtin.lstrip("0").zfill(8) if len(gtin.lstrip("0")) <= 8 else gtin.lstrip("0").zfill(13),
        "where": _where(planned, slot, product, settings.currency),
        **_on_hand(connection, gtin, held, places, unit),
        "sources": _sources(connection, product, ledger, states, now_utc_s),
        "entries": _with_evidence(happened, [*_sights(states), *_tag_moves(connection, gtin)], now_utc_s, zone)[:most],
        "coming": coming_shown(coming(connection, gtin, zone, now_utc_s)) if forecast else None,
        "blind": False,
        "sold": sold_days(sales, spans, now_utc_s, zone, _DAYS, {row["day"] for row in short}),
        "order": _order(suggestion_of(connection, gtin), product),
        "conflict": _conflict(connection, gtin, unit),
        "lots": _lots(connection, gtin, unit),
        "product": product,
    }


def _where(planned: Sequence[Row], slot: str, product: Row, currency: str) -> str:
    """`A7.2, shelf 2, slot 08, two facings, €6.79`: of the slot that is looked at, else of the first."""
    price = money(product["price_cents"], currency) if product["price_cents"] else "no price"
    if not planned:
        return f"{said(slot)}, {price}" if slot else f"In no planogram, {price}"
    one = next((row for row in planned if canonical(planned_name(row)) == canonical(slot)), planned[0])
    facings = one["facings_wide"] * one["facings_high"]
    more = f", and {len(planned) - 1} more" if len(planned) > 1 else ""
    zone, aisle, _ = fixture_parts(one["fixture"])
    fixture = one["fixture"] if zone and aisle else bay_text(one["fixture"])
    return (
        f"{fixture}, shelf {one['shelf']}, slot {one['slot']:02d}, "
        f"{facings} facing{'' if facings == 1 else 's'}{more}, {price}"
    )


def _on_hand(
    connection: Connection, gtin: str, held: Mapping[str, int], places: Sequence[str], unit: str
) -> dict[str, Any]:
    """The belief with its width where there is one, else the book, which says so."""
    beliefs = beliefs_of(connection, gtin)
    if not beliefs:
        total = sum(held.values())
        parts = [f"{place_text(place)} {quantity(held[place], unit)}" for place in places if held.get(place)]
        sure = "by the ledger alone" if held else "nothing on record yet"
        return {"on_hand": quantity(total, unit) if held else NONE, "sure": sure, "by_place": ", ".join(parts),
                "reason": "", "disagree": []}  # fmt: skip
    total = sum(int(one["on_hand"]) for one in beliefs.values())
    low, high = (sum(int(one[name]) for one in beliefs.values()) for name in ("low", "high"))
    off = max(total - low, high - total)
    order = [*(place for place in places if place in beliefs), *(place for place in beliefs if place not in places)]
    parts = [f"{place_text(place)} {quantity(int(beliefs[place]['on_hand']), unit)}" for place in order]
    disagree = list(dict.fromkeys(str(word) for place in order for word in beliefs[place]["disagree"]))
    return {
        "on_hand": quantity(total, unit),
        "sure": f"on hand, sure to ±{quantity(off, unit)}" if off else "on hand, sure",
        "by_place": ", ".join(parts),
        "reason": " ".join(str(beliefs[place]["reason"]) for place in order if beliefs[place]["disagree"]),
        "disagree": disagree,
    }


def _states(connection: Connection, gtin: str, slot: str) -> list[Row]:
    """What the cameras say of its slots: that of the one that is looked at first, then the newest."""
    found = rows(connection, "SELECT * FROM slot_states WHERE gtin = :gtin ORDER BY since_ms DESC", gtin=gtin)
    return sorted(found, key=lambda row: canonical(row["slot"]) != canonical(slot))


def _sources(
    connection: Connection, product: Row, ledger: int, states: Sequence[Row], now_utc_s: float
) -> list[dict[str, Any]]:
    gtin, unit = product["gtin"], product["unit"]
    counts = rows(
        connection, "SELECT at_ms FROM ledger_counts WHERE gtin = :gtin AND voided = :no", gtin=gtin, no=False
    )
    counted = newest(counts, "at_ms")
    ago = age(now_utc_s - counted / 1000) if counted is not None else "never"
    disagree = {str(word).lower() for one in beliefs_of(connection, gtin).values() for word in one["disagree"]}
    camera, small = _camera(states)
    tags = _tags(connection, gtin)
    return [
        {"name": "Ledger", "value": quantity(ledger, unit), "small": "", "odd": "book" in disagree},
        {"name": "Camera", "value": camera, "small": small, "odd": "camera" in disagree},
        {"name": "RFID", "value": tags, "small": "", "odd": "rfid" in disagree},
        {"name": "Counted", "value": ago, "small": "ago" if counted is not None else "", "odd": False},
    ]  # fmt: skip


def _camera(states: Sequence[Row]) -> tuple[str, str]:
    """Facings that the cameras see of the product, or why none."""
    if not states:
        return "none", ""
    seen = [row for row in states if row["state"] in ("full", "low", "empty")]
    if not seen:
        return NONE, str(states[0]["state"])
    return str(sum(int(row["facings"] or 0) for row in seen)), f"of {sum(int(row['facings_of'] or 0) for row in seen)}"


def _tags(connection: Connection, gtin: str) -> str:
    """What the belief says that readers read; none where no reader has heard a tag of it."""
    found = [_TAGS.search(str(one["reason"])) for one in beliefs_of(connection, gtin).values()]
    tags = [int(match[1]) for match in found if match is not None]
    return str(sum(tags)) if tags else "none"


_SIGHTS = {"empty": "Camera: slot empty", "low": "Camera: slot low", "full": "Camera: slot full",
           "wrong": "Camera: another item there", "blocked": "Camera: view blocked"}  # fmt: skip


_MOVED = {"arrived": "came to", "moved": "moved to", "departed": "left"}


def _sights(states: Sequence[Row]) -> list[tuple[int, str]]:
    """The newest word of the camera: when, and what."""
    newest_word = states[:1]
    found = [(int(row["since_ms"] or 0), _SIGHTS.get(str(row["state"]), "")) for row in newest_word]
    return [(at_ms, text) for at_ms, text in found if at_ms and text]


def _tag_moves(connection: Connection, gtin: str) -> list[tuple[int, str]]:
    """What RFID readers saw move."""
    found = []
    for row in tag_moves(connection, gtin, most=20):
        tags = int(row["tags"])
        where = row["before"] if row["movement"] == "departed" else row["zone"]
        many = f"{tags} tag{'' if tags == 1 else 's'}"
        found.append((int(row["at_ms"]), f"RFID: {many} {_MOVED[row['movement']]} {place_text(str(where))}"))
    return found


def _with_evidence(
    happened: list[dict[str, Any]], evidence: Sequence[tuple[int, str]], now_utc_s: float, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """What sensors said stands among the entries at its time: it moves nothing."""
    for at_ms, text in evidence:
        behind = next((index for index, one in enumerate(happened) if one["at_ms"] <= at_ms), len(happened))
        on_hand = happened[behind]["on_hand"] if behind < len(happened) else ""
        sight = {"when": when(at_ms / 1000, now_utc_s, zone), "text": text, "change": "", "on_hand": on_hand,
                 "at_ms": at_ms, "evidence": True, "who": "", "document": ""}  # fmt: skip
        happened.insert(behind, sight)
    return happened


def _out_spans(connection: Connection, gtin: str, now_ms: int) -> list[tuple[float, float]]:
    """When its shelf was out, as the refill tasks have it (UTC seconds)."""
    since = now_ms - (_DAYS + 1) * _DAY_MS
    query = ("SELECT facts, opened_ms, ended_ms FROM tasks WHERE kind = 'refill' AND gtin = :gtin "
             "AND (ended_ms IS NULL OR ended_ms >= :since)")  # fmt: skip
    spans = []
    for row in rows(connection, query, gtin=gtin, since=since):
        facts = unfolded(row["facts"], {})
        if facts.get("camera_state") == "empty":
            began = number_of(facts.get("since_ms")) or row["opened_ms"]
            spans.append((began / 1000, (row["ended_ms"] or now_ms) / 1000))
    return spans


def _order(suggestion: Row | None, product: Row) -> dict[str, Any] | None:
    if suggestion is None:
        return None
    facts, unit = suggestion["facts"], product["unit"]
    cases = int(suggestion["cases"] or 0)
    position = (number_of(facts.get("on_hand")) or 0.0) + (number_of(facts.get("on_order")) or 0.0)
    point = number_of(facts.get("rop"))
    return {
        "quantity": quantity(int(suggestion["thousandths"]), unit),
        "cases": f"{cases} case{'' if cases == 1 else 's'}" if cases else "",
        "side": "" if point is None else f"{position:g} {'under' if position < point else 'at'} {point:g}",
        "reason": suggestion["reason"],
        "ordered": suggestion["state"] == "ordered",
        "supplier": suggestion["supplier"],
    }


def _conflict(connection: Connection, gtin: str, unit: str) -> dict[str, str] | None:
    """A count that differs so much that a lead must approve it."""
    query = ("SELECT i.sheet, i.counted, i.expected FROM count_items i JOIN count_sheets s ON s.id = i.sheet "
             "WHERE i.gtin = :gtin AND i.verdict = 'approval' AND s.state = 'approval'")  # fmt: skip
    found = rows(connection, query, gtin=gtin)
    if not found:
        return None
    one = found[0]
    text = f"System {quantity(one['expected'], unit)}, count {quantity(one['counted'], unit)}: needs approval"
    return {"sheet": str(one["sheet"]), "text": text}


def _lots(connection: Connection, gtin: str, unit: str) -> list[dict[str, str]]:
    """What is left of each lot, the first to expire first; none where no lot is known."""
    amounts: dict[str, int] = {}
    for row in rows(connection, "SELECT lot, thousandths FROM ledger_balances WHERE gtin = :gtin", gtin=gtin):
        amounts[row["lot"]] = amounts.get(row["lot"], 0) + int(row["thousandths"])
    if not any(lot for lot in amounts):
        return []
    dates = of_keys(connection, "SELECT lot, expiry FROM ledger_lots WHERE gtin IN :keys", [gtin])
    left = remaining(amounts, {row["lot"]: row["expiry"] for row in dates})
    return [
        {"lot": one.lot if one.lot and not one.lot.startswith("@") else "no lot number", "expiry": one.expiry,
         "amount": quantity(one.thousandths, unit)}
        for one in left
    ]  # fmt: skip
