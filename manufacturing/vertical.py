"""Ties the folder together: what manufacturing is to the frame it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from manufacturing.settings import LineSettings, ManufacturingSettings
from manufacturing.station import InspectionStation
from verticals.contract import DeviceSpec, Event, Manifest, Role, Sample, Station

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verticals.web import Panel

MANIFEST = Manifest(
    name="manufacturing",
    title="Defect inspection",
    settings=ManufacturingSettings,
    roles=(
        Role("operator", "Operator"),
        Role("engineer", "Engineer", includes=("operator",)),
        Role("admin", "Administrator", includes=("engineer",)),
    ),
    device_kinds={"cell": "manufacturing.cell:make"},
    jobs={"teach": "manufacturing.teaching:run", "browse-tags": "manufacturing.tag_browsing:run"},
    migrations="manufacturing.migrations",
    kiosk_role="operator",
)


class Manufacturing:
    manifest = MANIFEST

    def stations(self, settings: ManufacturingSettings) -> Sequence[Station]:
        return [
            InspectionStation(line, simulated=settings.simulated, time_zone=settings.time_zone)
            for line in settings.lines
        ]

    def devices(self, settings: ManufacturingSettings) -> Sequence[DeviceSpec]:
        return [spec for line in settings.lines for spec in _devices_of(line)]

    def route(self, sample: Sample) -> str | None:
        """The cell of a line is named after it; nothing else sends samples here."""
        name, mark, _ = sample.source.rpartition("-cell")
        return name if mark else None

    def project(self, event: Event, connection: Connection) -> None:
        from manufacturing import recipe_tables, tables

        tables.project(event, connection)
        recipe_tables.project(event, connection)

    def panel(self) -> Panel:
        from manufacturing.panel import panel

        return panel()


def _devices_of(line: LineSettings) -> list[DeviceSpec]:
    cell = DeviceSpec(f"{line.name}-cell", "cell", line.name, line)
    cameras = [
        DeviceSpec(line.camera_device(camera), camera.kind, line.name, camera.source_options())
        for camera in line.every_camera
    ]
    return [cell, *cameras]
