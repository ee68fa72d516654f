"""Ties the folder together: what healthcare is to the frame it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from healthcare.bed import BedStation
from healthcare.deterioration.score import read_score
from healthcare.reading import kind_of, text
from healthcare.settings import PAGER, WARD, HealthcareSettings
from healthcare.ward import WardStation
from verticals.contract import DeviceSpec, Event, Manifest, Role, Sample, Station

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verticals.web import Panel

MANIFEST = Manifest(
    name="healthcare",
    title="Patient alerts",
    settings=HealthcareSettings,
    roles=(
        Role("viewer", "Viewer"),
        Role("nurse", "Nurse", includes=("viewer",)),
        Role("charge", "Charge nurse", includes=("nurse",)),
        Role("clinician", "Clinician", includes=("charge",)),
        Role("biomed", "Biomedical engineer", includes=("viewer",)),
        Role("admin", "Administrator", includes=("clinician", "biomed")),
    ),
    device_kinds={
        "hl7": "healthcare.hl7.mllp:make",
        "waves": "healthcare.waves.server:make",
        "sdc": "healthcare.sdc.consumer:make",
        "pager": "healthcare.pager:make",
        "out": "healthcare.out.device:make",
    },
    jobs={"what-if": "healthcare.what_if_job:run"},
    migrations="healthcare.migrations",
    models="healthcare:models",
    kiosk_role="nurse",
)


class Healthcare:
    manifest = MANIFEST

    def __init__(self) -> None:
        self._by_location: dict[str, str] = {}
        self._by_device: dict[str, str] = {}

    def stations(self, settings: HealthcareSettings) -> Sequence[Station]:
        self._by_location = {bed.location: bed.name for bed in settings.beds if bed.location}
        self._by_device = {device: bed.name for bed in settings.beds for device in bed.devices}
        if settings.sdc is not None:
            self._by_device |= {device.name: device.bed for device in settings.sdc.devices}
        score = read_score(Path(settings.own_score)) if settings.own_score else None
        return [WardStation(settings), *(BedStation(bed, settings, score) for bed in settings.beds)]

    def devices(self, settings: HealthcareSettings) -> Sequence[DeviceSpec]:
        specs: list[DeviceSpec] = []
        if settings.hl7 is not None:
            specs.append(DeviceSpec("hl7", "hl7", WARD, settings.hl7))
        if settings.waves is not None:
            specs.append(DeviceSpec("waves", "waves", WARD, settings.waves))
        if settings.sdc is not None:
            specs.append(DeviceSpec("sdc", "sdc", WARD, settings.sdc))
        if settings.pager.url:
            specs.append(DeviceSpec(PAGER, "pager", WARD, settings.pager))
        if settings.out.fhir is not None or settings.out.pcd04 is not None:
            specs.append(DeviceSpec("out", "out", WARD, settings))
        return specs

    def route(self, sample: Sample) -> str | None:
        """A monitor is known by its device first: it keeps its bed when a message names another place."""
        if kind_of(sample) == "patient" or text(sample, "feed"):
            return WARD
        return self._by_device.get(text(sample, "device")) or self._by_location.get(text(sample, "location"))

    def project(self, event: Event, connection: Connection) -> None:
        from healthcare import tables

        tables.project(event, connection)

    def recall(self, connection: Connection) -> Iterable[tuple[str, Sample]]:
        """The beds' past is in their own state; what they need for waves is loaded here, before the first one comes."""
        from healthcare.signals import filters

        filters.load()
        return ()

    def panel(self) -> Panel:
        from healthcare.panel import panel

        return panel()
