"""Ties the folder together: what retail is to the frame it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from retail.reading import kind_of
from retail.settings import STORE, RetailSettings
from retail.store import StoreStation
from verticals.contract import DeviceSpec, Event, Manifest, Role, Sample, Station

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verticals.web import Panel

MANIFEST = Manifest(
    name="retail",
    title="Store inventory",
    settings=RetailSettings,
    roles=(
        Role("viewer", "Viewer"),
        Role("associate", "Associate", includes=("viewer",)),
        Role("lead", "Lead", includes=("associate",)),
        Role("admin", "Administrator", includes=("lead",)),
    ),
    migrations="retail.migrations",
    kiosk_role="associate",
)


class Retail:
    manifest = MANIFEST

    def stations(self, settings: RetailSettings) -> Sequence[Station]:
        return [StoreStation(settings)]

    def devices(self, settings: RetailSettings) -> Sequence[DeviceSpec]:
        return ()

    def route(self, sample: Sample) -> str | None:
        return STORE if kind_of(sample) in ("documents", "catalogue") else None

    def project(self, event: Event, connection: Connection) -> Iterable[tuple[str, Sample]]:
        from retail import tables

        return tables.project(event, connection)

    def recall(self, connection: Connection) -> Iterable[tuple[str, Sample]]:
        from retail import tables

        return tables.recall(connection)

    def panel(self) -> Panel:
        from retail.panel import panel

        return panel()
