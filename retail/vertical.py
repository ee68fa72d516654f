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
        "bay": "retail.shelf.bay_camera:make",
        "epcis-out": "retail.epcis.out:make",
        "pos-drop": "retail.pos.drop:make",
        "rfid": "retail.rfid.client:make",
    },
    jobs={"affinity": "retail.signage.learning:run"},
    migrations="retail.migrations",
    models="retail:models",
    models_made={"products": "retail.shelf.products:shipped_files"},
    kiosk_role="associate",
)


#: What tills, people and programs bring; cameras and readers tell the desk by their own stations.
_FACTS = frozenset({"documents", "catalogue", "epcis", "signage", "count-lines", "receive-lines"})

#: A reader's reads; a bay's frames and what it is set up with (retail/shelf/bay.py).
_BY_DEVICE = frozenset({RFID, "view", "bay-setup", "bay-gallery"})


class Retail:
    manifest = MANIFEST

    def stations(self, settings: RetailSettings) -> Sequence[Station]:
        return [StoreStation(settings), *map(ReaderStation, settings.readers), *_bays(settings)]

    def devices(self, settings: RetailSettings) -> Sequence[DeviceSpec]:
        readers = [DeviceSpec(each.station, "rfid", each.station, each) for each in settings.readers]
        drop = [] if settings.pos.drop is None else [DeviceSpec("pos-drop", "pos-drop", STORE, settings)]
        out = [] if settings.epcis.out is None else [DeviceSpec("epcis-out", "epcis-out", STORE, settings)]
        bays = [DeviceSpec(each.station, "bay", each.station, each) for each in settings.bays]
        cameras = [DeviceSpec(each.camera_device, each.camera, each.station, each.options) for each in settings.bays]
        return [*drop, *out, *readers, *bays, *cameras]

    def route(self, sample: Sample) -> str | None:
        if kind_of(sample) in _BY_DEVICE:
            return sample.source  # the station of a reader or a bay has the name of its device
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


def _bays(settings: RetailSettings) -> list[Station]:
    if not settings.bays:
        return []
    from retail.shelf.bay import BayStation  # loaded late: what looks at pictures weighs much

    return [BayStation(bay) for bay in settings.bays]
