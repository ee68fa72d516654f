"""Ties the folder together: what retail is to the frame it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from retail.reading import kind_of
from retail.rfid.reader import RFID, ReaderStation
from retail.roles import ROLES
from retail.settings import STORE, RetailSettings
from retail.store import StoreStation
from verticals.contract import DeviceSpec, Event, Manifest, Sample, Station

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verticals.web import Panel

MANIFEST = Manifest(
    name="retail",
    title="Store inventory",
    settings=RetailSettings,
    roles=ROLES,
    device_kinds={
        "epcis-out": "retail.epcis.out:make",
        "pos-drop": "retail.pos.drop:make",
        "rfid": "retail.rfid.client:make",
    },
    jobs={"affinity": "retail.signage.learning:run"},
    migrations="retail.migrations",
    kiosk_role="associate",
)


#: What tills, people and programs bring; cameras and readers tell the desk by their own stations.
_FACTS = frozenset({"documents", "catalogue", "epcis", "signage", "count-lines", "receive-lines"})


class Retail:
    manifest = MANIFEST

    def stations(self, settings: RetailSettings) -> Sequence[Station]:
        return [StoreStation(settings), *map(ReaderStation, settings.readers)]

    def devices(self, settings: RetailSettings) -> Sequence[DeviceSpec]:
        readers = [DeviceSpec(each.station, "rfid", each.station, each) for each in settings.readers]
        drop = [] if settings.pos.drop is None else [DeviceSpec("pos-drop", "pos-drop", STORE, settings)]
        out = [] if settings.epcis.out is None else [DeviceSpec("epcis-out", "epcis-out", STORE, settings)]
        return [*drop, *out, *readers]

    def route(self, sample: Sample) -> str | None:
        if kind_of(sample) == RFID:
            return sample.source  # a reader's station has the name of its device
        return STORE if kind_of(sample) in _FACTS else None

    def project(self, event: Event, connection: Connection) -> Iterable[tuple[str, Sample]]:
        from retail import tables

        return tables.project(event, connection)

    def recall(self, connection: Connection) -> Iterable[tuple[str, Sample]]:
        from retail import tables

        return tables.recall(connection)

    def panel(self) -> Panel:
        from retail.panel import panel

        return panel()
