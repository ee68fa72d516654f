"""What captured events would mean for the ledger: put before a person, never booked by itself.

Only receiving at the store and shipping to or from it; `proposal_rows` keeps those whose products the catalogue knows.
"""

from __future__ import annotations

from collections import Counter

from retail.epcis.event import Body
from retail.epcis.identity import canonical, gtin_of, lot_of, place_of
from retail.epcis.naming import Naming
from retail.epcis.shape import moment_ms
from retail.ledger.document import SUPPLIER, TRANSFER, Document, Line
from retail.ledger.quantity import thousandths
from retail.settings import RetailSettings

#: The source of such documents in the ledger.
SOURCE = "epcis"
_MOST_LINES = 1000


def naming_of(settings: RetailSettings, weighed: frozenset[str] = frozenset()) -> Naming:
    places = frozenset(settings.sales_places)
    return Naming(settings.store, settings.epcis.gln, settings.time_zone, places, weighed)


def proposal_of(event: Body, name: str, settings: RetailSettings) -> Document | None:
    """None where the event is no receiving or shipping of this store, or names no product."""
    accounts = _accounts(event, settings)
    amounts = _amounts(event)
    if accounts is None or not amounts or event.get("errorDeclaration") or event.get("action") == "DELETE":
        return None
    lines = [
        Line(number, amount, *accounts, gtin=gtin, lot=lot[:20])
        for number, ((gtin, lot), amount) in enumerate(sorted(amounts.items()), 1)
    ]
    kind = "receipt" if accounts[0] == SUPPLIER else "transfer"
    about = {"bizStep": event["bizStep"], "eventID": name}
    return Document(SOURCE, name[:200], kind, moment_ms(event["eventTime"]) / 1000, lines, about=about)


def _accounts(event: Body, settings: RetailSettings) -> tuple[str, str] | None:
    """From where to where, in the ledger's words."""
    naming = naming_of(settings)
    step = event.get("bizStep")
    back = settings.back_places[0]
    if step == "receiving":
        here = _place(event, "bizLocation", naming) or _place(event, "readPoint", naming)
        return (SUPPLIER, back if here == "*" else here) if here else None
    if step != "shipping":
        return None
    here = _place(event, "readPoint", naming) or _place(event, "bizLocation", naming)
    if here:
        return back if here == "*" else here, TRANSFER
    ours = {_plain(one["destination"]) for one in event.get("destinationList", ())}
    gln = settings.epcis.gln
    return (SUPPLIER, back) if gln and ours & {place_of(gln), f"https://id.gs1.org/417/{gln}"} else None


def _place(event: Body, name: str, naming: Naming) -> str:
    """A place of this store, `*` for the store as a whole, empty for elsewhere."""
    uri = _plain(event.get(name, {}).get("id", ""))
    if naming.gln and uri == place_of(naming.gln):
        return "*"
    return naming.place_called(uri)


def _plain(uri: str) -> str:
    return canonical(uri) or uri


def _amounts(event: Body) -> Counter[tuple[str, str]]:
    """Thousandths of each product and lot: classes with their quantity, and every single item."""
    found: Counter[tuple[str, str]] = Counter()
    for uri in event.get("epcList", ()):
        if gtin_of(uri):
            found[gtin_of(uri), ""] += 1000
    for one in event.get("quantityList", ()):
        amount = thousandths(one.get("quantity"))
        if gtin_of(one["epcClass"]) and amount is not None and amount > 0:
            found[gtin_of(one["epcClass"]), lot_of(one["epcClass"])] += amount
    return Counter(dict(found.most_common(_MOST_LINES)))
