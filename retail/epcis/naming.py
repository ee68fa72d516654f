"""How this store is called in EPCIS: its places, documents, products and events, as URIs.

With a GLN places are Digital Links of it; without one everything that GS1 does not name is named under
`urn:x-edgewise:`, which means something to nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from retail.catalogue.product import KILOGRAM
from retail.epcis.identity import class_of_gtin, place_of

PREFIX = "edgewise"
NAMESPACE = "urn:x-edgewise:epcis:"
#: What explains our own extensions in a document's context.
OWN_CONTEXT: Mapping[str, str] = {PREFIX: NAMESPACE}
_EVENT = "urn:x-edgewise:event:"
_OWN_EVENT = re.compile(re.escape(_EVENT) + r"([^:]+):([^:]+):(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Naming:
    """`gln` is empty where the store has none. `weighed` are the products that are sold by kilogram."""

    store: str
    gln: str = ""
    time_zone: str = "UTC"
    sales_places: Collection[str] = ("floor",)
    weighed: Collection[str] = field(default_factory=frozenset)

    def place(self, name: str) -> str:
        return place_of(self.gln, name) if self.gln else f"urn:x-edgewise:place:{_part(self.store)}:{_part(name)}"

    def place_called(self, uri: str) -> str:
        """The place of this store that a URI names; empty for anything else, the store itself included."""
        begin = self.place("x")[:-1]
        return unquote(uri[len(begin) :]) if uri.startswith(begin) else ""

    def transaction(self, source: str, ref: str) -> str:
        """CBV 8.5.2 where there is a GLN."""
        if self.gln:
            return f"urn:epcglobal:cbv:bt:{self.gln}:{_part(f'{source}/{ref}')}"
        return f"urn:x-edgewise:document:{_part(source)}:{_part(ref)}"

    def event(self, source: str, ref: str, number: int) -> str:
        return f"{_EVENT}{_part(source)}:{_part(ref)}:{number}"

    def quantity(self, gtin: str, lot: str, thousandths: int) -> dict[str, object]:
        """An element of a quantityList: pieces as a number, kilograms with their unit."""
        amount: float = thousandths // 1000 if thousandths % 1000 == 0 else thousandths / 1000
        said: dict[str, object] = {"epcClass": class_of_gtin(gtin, lot), "quantity": amount}
        return said | ({"uom": "KGM"} if gtin in self.weighed else {})

    def offset(self, at_utc_s: float) -> str:
        """The store's offset from UTC then, such as `+01:00`."""
        at = datetime.fromtimestamp(at_utc_s, UTC).astimezone(ZoneInfo(self.time_zone))
        text = f"{at:%z}"
        return f"{text[:3]}:{text[3:5]}"


def own_event(event_id: str) -> tuple[str, str] | None:
    """Source and reference of the document that an event of ours speaks of; None for anybody else's."""
    found = _OWN_EVENT.fullmatch(event_id)
    return None if found is None else (unquote(found[1]), unquote(found[2]))


def is_weighed(unit: str) -> bool:
    return unit == KILOGRAM


def _part(text: str) -> str:
    return quote(text, safe="") or "-"
