"""An industrial camera over GenICam (GigE Vision, USB3 Vision). Wraps harvesters, an extra; imported when opened.

The maker's GenTL producer (a .cti file) speaks with the camera. It sends only when triggered: by the box at the
PLC's word, or by the line through an input of the camera. An incomplete buffer is no picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from core.settings import STRICT_KEYS, Count, Lasting, checked
from verticals.devices.dating import FrameDating
from verticals.devices.notices import Settings
from verticals.devices.pictures import MAX_PIXELS
from verticals.devices.stream import StreamRules, StreamSource

PixelFormat = Literal["Mono8", "BayerRG8", "RGB8"]
_CHANNELS = {"Mono8": 1, "BayerRG8": 1, "RGB8": 3}
_FETCH_S = 0.2
_ASK_S = 1.0  # between two questions to a camera that sends nothing
_DRIFT_S = 0.002  # two clocks apart within what FrameDating looks back; a frame of another part is further away
_NODES = {"exposure_us": ("ExposureTime", "ExposureAuto"), "gain": ("Gain", "GainAuto")}


@dataclass(frozen=True, slots=True)
class GenicamSettings:
    """`producer` is the maker's GenTL producer. `trigger`, `trigger_window` come from the camera's own table."""

    __pydantic_config__ = STRICT_KEYS
    producer: Path
    serial: str
    pixel_format: PixelFormat = "Mono8"
    exposure: Lasting | None = None
    gain: float | None = None
    trigger_source: str = "Line1"
    trigger: Literal["software", "hardware"] = "software"
    trigger_window: Lasting = 0.050
    wait: Lasting = 0.3
    max_pixels: Count = MAX_PIXELS


def open_genicam(options: Mapping[str, Any], clock: Clock) -> StreamSource:
    """Raises SettingsError for wrong options; a camera that is not there, or the extra, is told as lost."""
    settings = checked(GenicamSettings, options, "camera.genicam")
    window_s = settings.trigger_window if settings.trigger == "hardware" else 0.0
    rules = StreamRules(settings.wait, window_s=window_s)
    return StreamSource(f"GenICam camera {settings.serial}", lambda: GenicamDriver(settings, clock), rules, clock)


class GenicamDriver:
    """One camera; `acquirer` is harvesters' ImageAcquirer. Raises DeviceError when it is not there."""

    def __init__(self, settings: GenicamSettings, clock: Clock, acquirer: Any = None) -> None:
        self._settings = settings
        self._clock = clock
        self._dating = FrameDating()
        self._buffer: Any = None
        self._heard = clock.now()
        self._harvester: Any = None
        if acquirer is None:
            self._harvester, acquirer = _harvested(settings)
        self._acquirer = acquirer
        self._nodes = acquirer.remote_device.node_map
        try:
            self._prepare()
        except (DeviceError, InputError):
            self.close()
            raise

    def next(self) -> Instant | None:
        self._give_back()
        try:
            self._buffer = self._acquirer.try_fetch(timeout=_FETCH_S)
            if self._buffer is None:
                self._ask()
                return None
            stamp_s = self._buffer.timestamp / self._buffer.timestamp_frequency
        except _faults() as error:
            raise DeviceError(f"camera {self._settings.serial} is gone: {error}") from error
        self._heard = self._clock.now()
        dated = self._dating.date(stamp_s, self._heard)
        return min(self._heard, dated.plus(_DRIFT_S)) if self._settings.trigger == "software" else dated

    def image(self) -> NDArray[np.uint8]:
        components = self._buffer.payload.components
        if len(components) != 1:
            raise InputError(f"the buffer holds {len(components)} parts, expected one picture")
        found = components[0]
        if found.width * found.height > self._settings.max_pixels:
            raise InputError(f"{found.width} x {found.height} pixels are more than {self._settings.max_pixels}")
        return rgb_of(found.data, found.data_format, found.height, found.width)

    def set(self, wanted: Settings) -> Settings:
        """`exposure_us`, `gain`: a number or "auto", as far as the camera has them."""
        for key, value in wanted.items():
            if key not in _NODES or (isinstance(value, str) and value != "auto"):
                raise InputError(
                    f"a GenICam camera has no setting {key} = {value}", hint=f"It has: {', '.join(_NODES)}."
                )
        return {key: self._adjust(*_NODES[key], value) for key, value in wanted.items()}

    def fire(self) -> None:
        if self._settings.trigger == "software":
            try:
                self._nodes.TriggerSoftware.execute()
            except _faults() as error:
                raise DeviceError(f"camera {self._settings.serial} cannot be triggered: {error}") from error

    def close(self) -> None:
        with suppress(*_faults()):  # it may be gone already
            self._give_back()
            self._acquirer.stop()
        with suppress(*_faults()):
            self._acquirer.destroy()
        if self._harvester is not None:
            self._harvester.reset()

    def _prepare(self) -> None:
        given = self._settings
        self._put("PixelFormat", given.pixel_format)
        self._put("AcquisitionMode", "Continuous")
        self._put("TriggerSelector", "FrameStart")
        self._put("TriggerMode", "On")
        self._put("TriggerSource", "Software" if given.trigger == "software" else given.trigger_source)
        if given.exposure is not None:
            self._adjust(*_NODES["exposure_us"], given.exposure * 1e6)
        if given.gain is not None:
            self._adjust(*_NODES["gain"], given.gain)
        try:
            self._acquirer.timeout_period_on_update_event_data_call = int(_FETCH_S * 1e3)
            self._acquirer.start()
        except _faults() as error:
            raise DeviceError(f"camera {given.serial} does not start: {error}") from error

    def _adjust(self, name: str, automatic: str, value: float | str) -> float | str:
        if isinstance(value, str):
            self._put(automatic, "Continuous")
            return value
        with suppress(DeviceError):  # a camera without an automatic has nothing to switch off
            self._put(automatic, "Off")
        self._put(name, float(value))
        return float(getattr(self._nodes, name).value)

    def _put(self, name: str, value: float | str) -> None:
        """Raises DeviceError for a feature that the camera does not have, or a value that it does not take."""
        try:
            getattr(self._nodes, name).value = value
        except _faults() as error:
            reason = str(error).strip() or type(error).__name__
            raise DeviceError(f"camera {self._settings.serial} does not take {name} = {value}: {reason}") from error

    def _ask(self) -> None:
        """A camera that waits for its trigger says nothing; whether it is there, a register tells."""
        now = self._clock.now()
        if now.since(self._heard) >= _ASK_S:
            self._nodes.TriggerMode.get_int_value(False, True)  # from the camera, not from what was read before
            self._heard = now

    def _give_back(self) -> None:
        buffer, self._buffer = self._buffer, None
        if buffer is not None:
            buffer.queue()


def rgb_of(data: NDArray[Any], pixel_format: str, height: int, width: int) -> NDArray[np.uint8]:
    """A buffer's bytes as HxWx3 uint8 RGB, a copy. InputError: they are no whole picture of a known kind."""
    import cv2

    channels = _CHANNELS.get(pixel_format)
    if channels is None:
        raise InputError(f"pixel format {pixel_format} is not read", hint=f"Known: {', '.join(_CHANNELS)}.")
    if data is None or data.dtype != np.uint8 or data.size != height * width * channels or data.size == 0:
        size = 0 if data is None else data.size
        raise InputError(f"the buffer holds {size} values, a picture {width} x {height} {pixel_format} has others")
    if pixel_format == "RGB8":
        return np.array(data.reshape(height, width, 3))
    plane = data.reshape(height, width)
    code = cv2.COLOR_GRAY2RGB if pixel_format == "Mono8" else cv2.COLOR_BayerRGGB2RGB
    return np.asarray(cv2.cvtColor(plane, code), dtype=np.uint8)


def _faults() -> tuple[type[Exception], ...]:
    """What the two halves of GenICam raise; AttributeError is a feature that the camera does not have."""
    from genicam import genapi, gentl

    return (genapi.GenericException, gentl.GenericException, AttributeError)


def _harvested(settings: GenicamSettings) -> tuple[Any, Any]:
    """harvesters' Harvester and the ImageAcquirer of the camera with this serial number."""
    try:
        from harvesters.core import Harvester
    except ImportError as error:
        raise DeviceError(
            "cameras over GenICam need the package harvesters", hint="pip install 'edgewise[genicam]'"
        ) from error
    if not settings.producer.is_file():
        raise DeviceError(
            f"there is no GenTL producer {settings.producer}", hint="Install the camera maker's; it ends in .cti."
        )
    harvester = Harvester()
    faults: tuple[type[Exception], ...] = (*_faults(), OSError, ValueError)
    try:
        harvester.add_file(str(settings.producer), check_validity=True)
        harvester.update()
        return harvester, harvester.create({"serial_number": settings.serial})
    except faults as error:
        harvester.reset()
        raise DeviceError(
            f"{settings.producer} finds no camera {settings.serial}: {error}",
            hint="Is it on, in the same network, and not held by another program?",
        ) from error
