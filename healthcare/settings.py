"""What a site says about its ward. Read from `[healthcare]` of edgewise.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.errors import SettingsError
from core.settings import STRICT_KEYS, Lasting, Name, TimeZone
from healthcare.alarms.policy import AlarmPolicy
from healthcare.hl7.settings import MllpSettings
from healthcare.out.settings import OutSettings
from healthcare.sdc.settings import SdcSettings
from healthcare.vitals.limits import Limits, SiteLimits
from healthcare.vitals.onset import Delays
from healthcare.waves.settings import WaveSettings

MOST_BEDS = 24
#: The app's desk station, and the device that calls people.
WARD, PAGER = "ward", "pager"
#: Who it was where nobody is signed in at the box's own screen.
NURSE_STATION = "nurse station"


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if value and not (parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError('an address such as "https://pager.example/alert"')
    return value


Label = Annotated[str, Field(min_length=1, max_length=6)]


@dataclass(frozen=True)
class BedSettings:
    """One bed. `location` as its monitor's feed names it (PV1-3: `unit^room^bed`); `devices` are monitors by EUI-64 or
    name. `telemetry_critical`: lost signals become high, not medium. `nurse` and `buddy` are called until the roster of
    a shift names others."""

    __pydantic_config__ = STRICT_KEYS
    name: Name
    label: Label
    location: str = ""
    devices: Sequence[str] = ()
    telemetry_critical: bool = False
    nurse: str = ""
    buddy: str = ""


@dataclass(frozen=True)
class LimitSettings:
    """The site's preset of one vital sign; a side that is left out is not alarmed."""

    __pydantic_config__ = STRICT_KEYS
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class AlarmSettings:
    """`delays` are onset delays by alarm code; `latching` overrides the alarm table by code."""

    __pydantic_config__ = STRICT_KEYS
    pause: Lasting = 120.0
    reminder: Literal["off", "120s", "180s"] = "180s"
    accepted_for: Lasting = 180.0
    bedside_silences: bool = False
    latching: Mapping[str, bool] = field(default_factory=dict)
    delays: Mapping[str, Lasting] = field(default_factory=dict)
    limits: Mapping[str, LimitSettings] = field(default_factory=dict)

    def policy(self, *, telemetry_critical: bool) -> AlarmPolicy:
        """Raises ValueError, as the checking of settings wants it."""
        reminder_s = None if self.reminder == "off" else float(self.reminder.removesuffix("s"))
        return AlarmPolicy(
            pause_s=self.pause,
            reminder_s=reminder_s,
            accepted_for_s=self.accepted_for,
            telemetry_critical=telemetry_critical,
            bedside_silences=self.bedside_silences,
            latching=self.latching,
        )

    def onset(self) -> Delays:
        return Delays(dict(self.delays))

    def site_limits(self) -> SiteLimits:
        usual = SiteLimits()
        own = {measure: Limits(wanted.low, wanted.high) for measure, wanted in self.limits.items()}
        return SiteLimits(defaults={**usual.defaults, **own})


@dataclass(frozen=True)
class PagerSettings:
    """The site's pager system: each call is one POST of JSON. Without `url` there is none."""

    __pydantic_config__ = STRICT_KEYS
    url: Annotated[str, AfterValidator(_web_address)] = ""
    token_file: str = ""
    within: Lasting = 5.0


@dataclass(frozen=True)
class HealthcareSettings:
    """The ward. `privacy`: screens show initials, a name only to who touches it.

    `own_score`: file of a deterioration score that won against NEWS2 on the site's own stays.
    """

    __pydantic_config__ = STRICT_KEYS
    ward: Annotated[str, Field(min_length=1, max_length=60)]
    beds: Annotated[Sequence[BedSettings], Field(min_length=1, max_length=MOST_BEDS)]
    time_zone: TimeZone = "UTC"
    privacy: bool = True
    simulated: bool = False
    silent_after: Lasting = 10.0
    monitors_name_patients: bool = True
    charge: str = ""
    on_shift: Sequence[str] = ()
    own_score: str = ""
    hl7: MllpSettings | None = None
    waves: WaveSettings | None = None
    sdc: SdcSettings | None = None
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    pager: PagerSettings = field(default_factory=PagerSettings)
    out: OutSettings = field(default_factory=OutSettings)

    def __post_init__(self) -> None:
        for what, found in (
            ("two beds are called", [bed.name for bed in self.beds]),
            ("two beds have the label", [bed.label for bed in self.beds]),
            ("two beds have the location", [bed.location for bed in self.beds if bed.location]),
            ("two beds have the device", [device for bed in self.beds for device in (*bed.devices, *self._at(bed))]),
        ):
            twice = next((name for name in found if found.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} {twice!r}")
        if any(bed.name == WARD for bed in self.beds):
            raise ValueError("no bed called 'ward': that is the ward's own desk")
        unknown = set(self._beds_of_devices()) - {bed.name for bed in self.beds}
        if unknown:
            raise ValueError(f"no SDC device at a bed that is not there: {min(unknown)!r}")
        try:
            self.alarms.policy(telemetry_critical=False)
            self.alarms.onset()
            self.alarms.site_limits()
        except SettingsError as error:
            raise ValueError(f"{error.message}. {error.hint}".strip()) from error

    def _beds_of_devices(self) -> list[str]:
        return [device.bed for device in self.sdc.devices] if self.sdc is not None else []

    def _at(self, bed: BedSettings) -> list[str]:
        return [device.name for device in self.sdc.devices if device.bed == bed.name] if self.sdc is not None else []

    @property
    def pause_s(self) -> float:
        return self.alarms.pause
