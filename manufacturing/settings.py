"""What a site says about its lines. Read from `[manufacturing]` of edgewise.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from core.settings import STRICT_KEYS, Seconds


def _plain_name(value: str) -> str:
    if not value or not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
        raise ValueError("a short name of letters, digits, - and _")
    return value


def _time_of_day(value: str) -> str:
    hours, _, minutes = value.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60):
        raise ValueError('a time of day such as "06:00"')
    return value


Name = Annotated[str, AfterValidator(_plain_name)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


@dataclass(frozen=True)
class PlcSettings:
    """The PLC's OPC UA server. A tag's node id is `tag_prefix` + its name, unless `tags` names another."""

    __pydantic_config__ = STRICT_KEYS
    url: str
    tag_prefix: str = "ns=2;s=Cell."
    tags: Mapping[str, str] = field(default_factory=dict)
    mode: Literal["subscribe", "poll"] = "subscribe"
    publishing_interval: Seconds = 0.010
    ack_within: Seconds = 1.0
    heartbeat_within: Seconds = 2.0


@dataclass(frozen=True)
class CameraSettings:
    """Where pictures come from: `kind` names a frame source of the catalog, `options` are that source's own."""

    __pydantic_config__ = STRICT_KEYS
    kind: Literal["camera.folder", "camera.video"] = "camera.folder"
    options: Mapping[str, Any] = field(default_factory=dict)
    grab_within: Seconds = 0.150


@dataclass(frozen=True)
class ModbusSettings:
    """A Modbus TCP device that gets each result: registers first, then the valid coil.

    `reject_coil` set: the box drives the gate itself, by a pulse `reject_after` the capture. Leave it out where
    the PLC owns the gate.
    """

    __pydantic_config__ = STRICT_KEYS
    host: str
    port: int = 502
    device_id: int = 1
    result_register: int = 0
    valid_coil: int = 0
    reject_coil: int | None = None
    reject_after: Seconds = 0.0
    reject_window: Seconds = 0.100
    reject_pulse: Seconds = 0.050


@dataclass(frozen=True)
class ShiftSettings:
    __pydantic_config__ = STRICT_KEYS
    name: str
    start: TimeOfDay


@dataclass(frozen=True)
class LineSettings:
    """One inspected place. `inspect_window` is the PLC's: a result after it counts for nothing."""

    __pydantic_config__ = STRICT_KEYS
    name: Name
    title: str
    recipe: Name
    plc: PlcSettings
    camera: CameraSettings
    modbus: ModbusSettings | None = None
    inspect_window: Seconds = 0.250
    faults_after_late: int = 3
    bypass_limit: Seconds = 600.0
    shifts: Sequence[ShiftSettings] = (
        ShiftSettings("Day", "06:00"),
        ShiftSettings("Late", "14:00"),
        ShiftSettings("Night", "22:00"),
    )


@dataclass(frozen=True)
class ManufacturingSettings:
    __pydantic_config__ = STRICT_KEYS
    lines: Sequence[LineSettings]
    simulated: bool = False
    time_zone: str = "UTC"
