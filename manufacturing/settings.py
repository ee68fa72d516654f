"""What a site says about its lines. Read from `[manufacturing]` of edgewise.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.settings import STRICT_KEYS, Count, Lasting, Name, Port, Seconds, TimeZone


def _time_of_day(value: str) -> str:
    hours, _, minutes = value.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60):
        raise ValueError('a time of day such as "06:00"')
    return value


def _opc_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        unit = parts.path.strip("/")
        fine = bool(parts.hostname) and parts.port != 0
        if parts.scheme == _MODBUS:
            fine = fine and (not unit or (unit.isascii() and unit.isdigit() and int(unit) <= 255))
        elif parts.scheme != "opc.tcp":
            fine = False
    except ValueError:  # a port beyond 65535
        fine = False
    if not fine:
        raise ValueError(
            'the address of an OPC UA server, such as "opc.tcp://10.1.2.3:4840/", or "modbus://10.1.2.3:502/1"'
        )
    return value


_MODBUS = "modbus"
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
OpcUrl = Annotated[str, AfterValidator(_opc_url)]
#: Two at least: the one in force, and the one that comes.
RecipeCount = Annotated[int, Field(ge=2, le=64)]
#: Of a Modbus register or coil, 0-based.
Place = Annotated[int, Field(ge=0, le=65535)]

CameraKind = Literal["camera.folder", "camera.genicam", "camera.rtsp", "camera.usb", "camera.video"]
_LINE_TRIGGERED = ("camera.genicam",)
#: What takes exposure and gain while it runs.
_ADJUSTABLE = ("camera.genicam", "camera.usb")


@dataclass(frozen=True)
class PlcSettings:
    """The PLC's OPC UA server, or its Modbus server. A tag's node id is `tag_prefix` + its name, unless `tags` names
    another.

    `security` `none` is for commissioning and simulators: it is shown as long as it lasts. Who signs in: nobody, `user`
    with the password in `password_file`, or `user_certificate` with its key.
    """

    __pydantic_config__ = STRICT_KEYS
    url: OpcUrl
    tag_prefix: str = "ns=2;s=Cell."
    tags: Mapping[str, str] = field(default_factory=dict)
    mode: Literal["subscribe", "poll"] = "subscribe"
    publishing_interval: Lasting = 0.010
    ack_within: Lasting = 1.0
    heartbeat_within: Lasting = 2.0
    chooses_recipes: bool = False
    security: Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "none"] = "Basic256Sha256"
    security_mode: Literal["sign-and-encrypt", "sign"] = "sign-and-encrypt"
    user: str = ""
    password_file: str = ""
    user_certificate: str = ""
    user_key: str = ""

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password_file):
            raise ValueError("user and password_file together, or neither")
        if bool(self.user_certificate) != bool(self.user_key):
            raise ValueError("user_certificate and user_key together, or neither")
        if self.user and self.user_certificate:
            raise ValueError("either user or user_certificate")
        if self.security == "none" and (self.user or self.user_certificate):
            raise ValueError("a security where somebody signs in: no secret is sent in the open")
        if self.over_modbus and self.security != "none":
            raise ValueError('security = "none" with a PLC over Modbus, which has none')

    @property
    def over_modbus(self) -> bool:
        return self.url.startswith(f"{_MODBUS}:")


@dataclass(frozen=True)
class CameraSettings:
    """Where pictures come from: `kind` names a frame source of the catalog, `options` are that source's own.

    `trigger`: "software", the box asks for a picture when the PLC triggers; "hardware", the line triggers the
    camera, and the picture whose time lies within `trigger_window` of the PLC's trigger is the part's.
    """

    __pydantic_config__ = STRICT_KEYS
    kind: CameraKind = "camera.folder"
    options: Mapping[str, Any] = field(default_factory=dict)
    grab_within: Lasting = 0.150
    name: Name = "camera"
    trigger: Literal["software", "hardware"] = "software"
    trigger_window: Lasting = 0.050

    def __post_init__(self) -> None:
        if self.trigger == "hardware" and self.kind not in _LINE_TRIGGERED:
            raise ValueError(f'{self.kind} cannot be triggered by the line: trigger = "software"')
        if self.name == "cell":
            raise ValueError('the name "cell" is taken: another name for this camera')

    @property
    def adjustable(self) -> bool:
        """Whether a recipe may set its exposure and gain."""
        return self.kind in _ADJUSTABLE

    def source_options(self) -> Mapping[str, Any]:
        """What the frame source is opened with."""
        if self.trigger == "software":
            return self.options
        window = f"{self.trigger_window * 1e6:.0f}us"
        return {**self.options, "trigger": self.trigger, "trigger_window": window}


WordOrder = Literal["high-first", "low-first"]


@dataclass(frozen=True)
class ModbusMap:
    """Where a recipe wants things at the Modbus device; None: where the line has them."""

    __pydantic_config__ = STRICT_KEYS
    result_register: Place | None = None
    part_id_register: Place | None = None
    result_code_register: Place | None = None
    score_register: Place | None = None
    valid_coil: Place | None = None
    reject_coil: Place | None = None
    ready_coil: Place | None = None
    busy_coil: Place | None = None
    fault_coil: Place | None = None
    word_order: WordOrder | None = None


@dataclass(frozen=True)
class ModbusSettings:
    """A Modbus TCP device that gets each result: registers first, then the valid coil.

    From `result_register` on: part id (2), result code, score (2), each elsewhere where its own register is named.
    `reject_coil` set: the box drives the gate itself, by a pulse `reject_after` the capture. Leave it out where
    the PLC owns the gate.
    """

    __pydantic_config__ = STRICT_KEYS
    host: Annotated[str, Field(min_length=1)]
    port: Port = 502
    device_id: Annotated[int, Field(ge=0, le=255)] = 1
    result_register: Place = 0
    part_id_register: Place | None = None
    result_code_register: Place | None = None
    score_register: Place | None = None
    valid_coil: Place = 0
    reject_coil: Place | None = None
    ready_coil: Place | None = None
    busy_coil: Place | None = None
    fault_coil: Place | None = None
    word_order: WordOrder = "high-first"
    reject_after: Seconds = 0.0
    reject_window: Lasting = 0.100
    reject_pulse: Lasting = 0.050


@dataclass(frozen=True)
class ShiftSettings:
    __pydantic_config__ = STRICT_KEYS
    name: str
    start: TimeOfDay


@dataclass(frozen=True)
class LineSettings:
    """One inspected place. `inspect_window` is the PLC's: a result after it counts for nothing.

    Either one `camera` or several `cameras`, each with a name of its own; `every_camera` has them all.
    """

    __pydantic_config__ = STRICT_KEYS
    name: Name
    title: str
    recipe: Name
    plc: PlcSettings
    camera: CameraSettings | None = None
    modbus: ModbusSettings | None = None
    inspect_window: Lasting = 0.250
    faults_after_late: Count = 3
    bypass_limit: Lasting = 600.0
    recipes_loaded: RecipeCount = 6
    operators_choose: bool = False
    shifts: Annotated[Sequence[ShiftSettings], Field(min_length=1)] = (
        ShiftSettings("Day", "06:00"),
        ShiftSettings("Late", "14:00"),
        ShiftSettings("Night", "22:00"),
    )
    cameras: Sequence[CameraSettings] = ()

    def __post_init__(self) -> None:
        if (self.camera is None) == (not self.cameras):
            raise ValueError("either one table camera or a list of cameras")
        if len({camera.name for camera in self.cameras}) < len(self.cameras):
            raise ValueError("each of the cameras with a name of its own")

    @property
    def every_camera(self) -> tuple[CameraSettings, ...]:
        """All cameras of the line, in the order of the site file; one at least."""
        return (self.camera,) if self.camera is not None else tuple(self.cameras)

    @property
    def views(self) -> tuple[str, ...]:
        """What recipes name models for: the names of several cameras, or one empty name."""
        return tuple(camera.name for camera in self.cameras) or ("",)

    def camera_device(self, camera: CameraSettings) -> str:
        """The name of a camera's process and socket."""
        return f"{self.name}-{camera.name}"


@dataclass(frozen=True)
class ManufacturingSettings:
    __pydantic_config__ = STRICT_KEYS
    lines: Annotated[Sequence[LineSettings], Field(min_length=1)]
    simulated: bool = False
    time_zone: TimeZone = "UTC"
