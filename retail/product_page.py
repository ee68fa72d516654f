"""The list of products, one product whole, and the search of bar and hand-held: a name, a slot or a code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection

from core.errors import InputError
from retail.blind import blinded, hidden_from
from retail.catalogue.item_code import resolve
from retail.codes.scan import StoreCodes, scan
from retail.figures_shown import expiry_text, local, money, quantity
from retail.hand_frame import hand
from retail.move_page import acts
from retail.office_frame import bar, zone_of
from retail.product_shown import product_shown
from retail.slot_names import canonical
from retail.tasks_shown import place_text
from retail.work_rows import Row, balances, rows
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

_PAGE = 100
_DONE = {"moved": "Booked."}


def products(desk: Desk, asked: Asked) -> Answered:
    """A page of the list, by name; `q` narrows it, `category` too."""
    settings = desk.settings
    searched, category = asked.query.get("q", "").strip()[:80], asked.query.get("category", "")[:60]
    first = _PAGE * _number(asked.query.get("page", "0"))
    wanted = {"like": f"%{_escaped(searched.lower())}%", "category": category}
    where = "WHERE (LOWER(name) LIKE :like ESCAPE '!' OR gtin LIKE :like ESCAPE '!')"
    where += " AND category = :category" if category else ""
    with desk.read() as connection:
        count = rows(connection, f"SELECT COUNT(*) AS n FROM products {where}", **wanted)[0]["n"]
        found = rows(
            connection, f"SELECT * FROM products {where} ORDER BY name, gtin LIMIT :most OFFSET :first",
            most=_PAGE, first=first, **wanted,
        )  # fmt: skip
        held = balances(connection, [row["gtin"] for row in found])
        beliefs = _believed(connection)
        hidden = hidden_from(connection, asked, [row["gtin"] for row in found])
        categories = rows(
            connection, "SELECT category, COUNT(*) AS n FROM products WHERE category <> '' GROUP BY category ORDER BY 1"
        )
    query = {name: value for name, value in (("q", searched), ("category", category)) if value}
    page = first // _PAGE
    values = {
        "products": [_hidden(row, settings) if row["gtin"] in hidden
                     else _row(row, held.get(row["gtin"], {}), beliefs, settings) for row in found],
        "count": count, "first": first + 1, "last": first + len(found), "searched": searched, "category": category,
        "categories": [(row["category"], row["n"], f"/products?{urlencode({'category': row['category']})}")
                       for row in categories[:8]],
        "before": f"/products?{urlencode({**query, 'page': page - 1})}" if page else "",
        "after": f"/products?{urlencode({**query, 'page': page + 1})}" if first + len(found) < count else "",
    }  # fmt: skip
    return Shown("retail/products.html", {**bar(desk, asked, "/products"), **values})


def _number(text: str) -> int:
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _believed(connection: Connection) -> dict[str, tuple[int, int]]:
    """On-hand and its width over all places, by product, where there is a belief."""
    found = rows(
        connection,
        "SELECT gtin, SUM(on_hand) AS on_hand, SUM(low) AS low, SUM(high) AS high FROM beliefs GROUP BY gtin",
    )
    return {
        row["gtin"]: (int(row["on_hand"]), int(max(row["on_hand"] - row["low"], row["high"] - row["on_hand"])))
        for row in found
    }


def _row(row: Row, held: dict[str, int], beliefs: dict[str, tuple[int, int]], settings: Any) -> dict[str, Any]:
    unit, book = row["unit"], sum(held.values())
    believed = beliefs.get(row["gtin"])
    return {
        **row,
        "code": row["gtin"].removeprefix("0"),
        "price": money(row["price_cents"], settings.currency) if row["price_cents"] else "",
        "on_hand": quantity(believed[0] if believed else book if held else None, unit),
        "sure": f"±{quantity(believed[1], unit)}" if believed else "by the ledger" if held else "nothing on record",
        "odd": believed is not None and abs(believed[0] - book) > max(believed[1], 0),
        "book": quantity(book if held else None, unit),
        "by_place": ", ".join(
            f"{place_text(place)} {quantity(amount, unit)}" for place, amount in held.items() if amount
        ),
    }


def _hidden(row: Row, settings: Any) -> dict[str, Any]:
    """A row without its stock."""
    return {**_row(row, {}, {}, settings), "sure": "being counted"}


def product(desk: Desk, asked: Asked) -> Answered:
    gtin, zone = asked.path["gtin"][:14], zone_of(desk)
    now_utc_s = desk.clock.now().utc_s
    with desk.read() as connection:
        found = product_shown(connection, gtin, desk.settings, now_utc_s, zone, most=200, forecast=True)
        if found is not None and hidden_from(connection, asked, [gtin]):
            found = blinded(found)
    if found is None:
        return _nothing(desk, asked, gtin)
    today = local(now_utc_s, zone).date().isoformat()
    lots = [{**lot, "over": bool(lot["expiry"]) and lot["expiry"] < today,
             "date": expiry_text(lot["expiry"]) if lot["expiry"] else "no date"} for lot in found["lots"]]  # fmt: skip
    return Shown("retail/product.html", {**bar(desk, asked, "/products"), "product": {**found, "lots": lots}})


@dataclass(frozen=True, slots=True)
class _Met:
    """What a text may mean: one product, one bay, or none of both."""

    gtin: str = ""
    bay: str = ""
    slot: str = ""
    why: str = ""


def _meant(connection: Connection, text: str, settings: Any, today: date) -> _Met:
    """A code, then a slot, then the one product of that name."""
    try:
        read = scan(text, today, StoreCodes(tuple(settings.restricted)))
        codes = [code for code in (read.gtin, read.other_gtin) if code]
        why = ""
    except InputError as error:
        codes, why = [], error.message
    known = resolve(connection, {text, *codes})
    if known:
        return _Met(gtin=next(known[code] for code in (text, *codes) if code in known))
    slot = canonical(text.replace(", ", "/").replace(" ", "/"))
    bay, _, name = slot.rpartition("/")
    for row in rows(connection, "SELECT * FROM planogram_slots WHERE fixture IN (:bay, :text)", bay=bay, text=text):
        if not bay or f"{row['shelf']}-{row['slot']}" == name:
            return _Met(bay=row["fixture"], slot=name if bay else "")
    named = rows(connection, "SELECT gtin FROM products WHERE LOWER(name) LIKE :like ESCAPE '!' LIMIT 2",
                 like=f"%{_escaped(text.lower())}%")  # fmt: skip
    if len(named) == 1:
        return _Met(gtin=named[0]["gtin"])
    return _Met(why="" if named else why)


def find(desk: Desk, asked: Asked) -> Answered:
    """Where the search of the bar leads."""
    text = asked.query.get("q", "").strip()[:200]
    if not text:
        return Go("/products")
    with desk.read() as connection:
        met = _meant(connection, text, desk.settings, _today(desk))
    if met.gtin:
        return Go(f"/product/{met.gtin}")
    if met.bay:
        return Go(f"/shelf/{quote(met.bay)}" + (f"?{urlencode({'slot': f'{met.bay}/{met.slot}'})}" if met.slot else ""))
    if met.why:
        return _nothing(desk, asked, text)
    return Go(f"/products?{urlencode({'q': text[:80]})}")


def _today(desk: Desk) -> date:
    return local(desk.clock.now().utc_s, zone_of(desk)).date()


def _nothing(desk: Desk, asked: Asked, text: str) -> Answered:
    values = {"searched": text[:80]}
    return Shown("retail/product-none.html", {**bar(desk, asked, "/products"), **values}, status=404)


def look(desk: Desk, asked: Asked) -> Answered:
    """One product on the hand-held, by scan or by name."""
    text = asked.query.get("q", "").strip()[:200]
    now_utc_s, zone = desk.clock.now().utc_s, zone_of(desk)
    fault = ""
    found, several, said = None, [], _DONE.get(asked.query.get("said", ""), "")
    with desk.read() as connection:
        met = _meant(connection, text, desk.settings, _today(desk)) if text else _Met()
        if met.gtin:
            found = product_shown(connection, met.gtin, desk.settings, now_utc_s, zone, most=8)
        elif text:
            like = f"%{_escaped(text.lower())}%"
            several = rows(
                connection,
                "SELECT gtin, name FROM products WHERE LOWER(name) LIKE :like ESCAPE '!' ORDER BY name LIMIT 30",
                like=like,
            )  # fmt: skip
            fault = "" if several else f"Nothing is called {text[:40]}, and it is no code that the store knows."
        counting = found is not None and bool(hidden_from(connection, asked, [met.gtin]))
        if found is not None and counting:
            found = blinded(found)
        slots = [] if found is None else rows(
            connection, "SELECT fixture, shelf, slot FROM planogram_slots WHERE gtin = :gtin", gtin=met.gtin,
        )  # fmt: skip
    values = {
        "title": "Find", "sub": "scan, or type a name", "look": "hand--list", "said": fault or said, "product": found,
        "several": several, "searched": text, "counting": counting, "acts": acts(desk.settings),
        "said_kind": "refused" if fault else "done",
        "slots": [f"{row['fixture']}, {row['shelf']}-{row['slot']:02d}" for row in slots[:6]],
    }  # fmt: skip
    return Shown("retail/look.html", {**hand(desk, asked, "/look"), **values}, status=404 if fault else 200)


PAGES = (
    Page("/products", products, "viewer", title="Products"),
    Page("/product/<gtin>", product, "viewer"),
    Page("/find", find, "viewer"),
    Page("/look", look, "associate", title="Find"),
)
