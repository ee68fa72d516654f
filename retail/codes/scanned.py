"""What one scan means: the one result type of hand-held, counts, receiving, cameras and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What sort of code it was."""

    GTIN = "gtin"  # a product's number alone
    RESTRICTED = "restricted"  # the store's own number, maybe with a price or a weight in it
    ELEMENTS = "elements"  # GS1 element strings
    DIGITAL_LINK = "digital-link"
    EPC = "epc"  # a tag
    SSCC = "sscc"


@dataclass(frozen=True, slots=True)
class Scanned:
    """`read` is what came in, as it came. Texts that the code does not hold are empty, figures and dates None.

    `gtin` is a GTIN-14; with `contained` True it is that of the `count` items in a logistic unit. `other_gtin`: eight
    digits may be a GTIN-8 and a UPC-E: then the item list decides. `price_minor` is in minor units of `currency`, which
    is the store's unless the code names one (ISO 4217 number). `elements` are all application identifiers with their
    values. `remarks` are sentences for the person who scanned.
    """

    read: str
    kind: Kind
    symbology: str = ""
    gtin: str = ""
    other_gtin: str = ""
    contained: bool = False
    lot: str = ""
    serial: str = ""
    variant: str = ""
    produced: date | None = None
    packed: date | None = None
    best_before: date | None = None
    sell_by: date | None = None
    expiry: date | None = None
    expiry_minute: datetime | None = None
    count: int | None = None
    weight_g: int | None = None
    price_minor: int | None = None
    currency: str = ""
    sscc: str = ""
    location: str = ""
    elements: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def in_list(self, items: Mapping[str, object] | frozenset[str] | set[str]) -> str:
        """The GTIN-14 that the item list knows, or empty: nothing that is not in the list is believed of a camera."""
        return next((gtin for gtin in (self.gtin, self.other_gtin) if gtin and gtin in items), "")
