"""What a site says about its store. Read from `[retail]` of edgewise.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, Field

from core.settings import STRICT_KEYS, TimeZone
from retail.codes.restricted import RestrictedRule
from retail.epcis.settings import EpcisSettings
from retail.ledger.document import OUTSIDE
from retail.pos.settings import PosSettings
from retail.rfid.settings import ReaderSettings
from retail.shelf.settings import BaySettings
from retail.signage.settings import SignageSettings
from retail.work.settings import WorkSettings

#: The app's desk station: it takes the facts and keeps the work list.
STORE = "store"


def _place(value: str) -> str:
    plain = value.replace("-", "").replace("_", "")
    if not (plain.isalnum() and plain.isascii() and value == value.lower() and len(value) <= 40) or value in OUTSIDE:
        raise ValueError(f"a place of 1 to 40 small letters, digits, - and _, and none of {', '.join(sorted(OUTSIDE))}")
    return value


Place = Annotated[str, AfterValidator(_place)]


@dataclass(frozen=True)
class RetailSettings:
    """The store. `sales_places` are where customers take goods from, `back_places` where stock waits; tills sell from
    the first sales place, deliveries go to the first back place, unless they say otherwise. `restricted`: what the
    store's own numbers (02, 20 to 29) mean."""

    __pydantic_config__ = STRICT_KEYS
    store: Annotated[str, Field(min_length=1, max_length=60)]
    time_zone: TimeZone = "UTC"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    sales_places: Annotated[Sequence[Place], Field(min_length=1)] = ("floor",)
    back_places: Annotated[Sequence[Place], Field(min_length=1)] = ("backroom",)
    restricted: Sequence[RestrictedRule] = ()
    readers: Sequence[ReaderSettings] = ()
    bays: Sequence[BaySettings] = ()
    epcis: EpcisSettings = field(default_factory=EpcisSettings)
    work: WorkSettings = field(default_factory=WorkSettings)
    pos: PosSettings = field(default_factory=PosSettings)
    signage: SignageSettings = field(default_factory=SignageSettings)
    simulated: bool = False

    def __post_init__(self) -> None:
        places = [*self.sales_places, *self.back_places]
        twice = next((place for place in places if places.count(place) > 1), None)
        if twice is not None:
            raise ValueError(f"two places are called {twice!r}")
        names = [reader.name for reader in self.readers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two readers are called {twice!r}")
        bays = [bay.name for bay in self.bays]
        twice = next((name for name in bays if bays.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two bays are called {twice!r}")
        strange = next((zone for reader in self.readers for zone in reader.zones if zone not in places), None)
        if strange is not None:
            raise ValueError(f"a reader's zone {strange!r} is none of the places {', '.join(places)}")
