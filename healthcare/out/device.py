"""The ward's device that sends records on: what is sent to whom; how is the frame's (`verticals/outgoing`)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine

from core.errors import SettingsError
from healthcare.out.feed import Feed
from healthcare.out.messages import FHIR, PCD04
from healthcare.out.push import FhirTarget, MllpTarget
from healthcare.out.settings import OutSettings
from healthcare.out.subject import About, Naming
from healthcare.settings import HealthcareSettings
from verticals.contract import DeviceSpec
from verticals.devices.base import Surroundings
from verticals.devices.opcua_certificates import write_owner_only
from verticals.outgoing.cursor import Cursor
from verticals.outgoing.delivery import Target
from verticals.outgoing.device import BEHIND, Feeding, Outgoing, Sending
from verticals.store.outbox import Outbox

__all__ = ["BEHIND", "make", "naming_of"]

_KEY_BYTES = 32


def _targets(settings: OutSettings, surroundings: Surroundings) -> Mapping[str, Target]:
    """By stream. Raises SettingsError for a token or an authority that cannot be used."""
    data, found = surroundings.places.data, dict[str, Target]()
    if settings.fhir is not None:
        found[FHIR] = FhirTarget(settings.fhir, data)
    if settings.pcd04 is not None:
        found[PCD04] = MllpTarget(settings.pcd04, data, surroundings.clock)
    return found


def naming_of(settings: OutSettings, keys: Path) -> Naming:
    """Record numbers where the site says so; else pseudonyms by a key that is made once, for its owner alone.

    Raises SettingsError when the key can be neither read nor made.
    """
    if settings.identity == "record-number":
        return Naming(record_system=settings.record_system)
    file = keys / "out" / "pseudonym.key"
    try:
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_owner_only(file, secrets.token_bytes(_KEY_BYTES))
        key = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: the key of pseudonyms cannot be read or made: {error.strerror}") from error
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"{file}: not the key of pseudonyms", hint="Put it back from a backup.")
    return Naming(key=key)


def make(spec: DeviceSpec, surroundings: Surroundings) -> Outgoing:
    """`spec.options` are the ward's settings: messages say its name and its beds."""
    ward: HealthcareSettings = spec.options
    beds = {bed.name: About(ward.ward, bed.name, bed.label, bed.location) for bed in ward.beds}
    whole = About(ward.ward)
    naming = naming_of(ward.out, surroundings.places.keys)

    def feed(engine: Engine, outbox: Outbox) -> Feeding:
        cursor = Cursor(surroundings.places.app(surroundings.app) / "out.json")
        fed = Feed(engine, outbox, cursor, ward.out, naming, lambda station: beds.get(station, whole))
        return lambda now_utc_s: fed.work(now_utc_s, beds)

    sending = Sending(_targets(ward.out, surroundings), feed, ward.out.keep, ward.out.set_aside_after)
    return Outgoing(spec.name, surroundings, sending)
