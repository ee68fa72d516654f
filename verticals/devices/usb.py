"""A USB camera, through V4L2. Wraps OpenCV's VideoCapture with one buffer, so that no old frame waits in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from core.settings import STRICT_KEYS, Count, Lasting, Seconds, checked, environment_default
from verticals.devices.notices import Settings
from verticals.devices.pictures import MAX_PIXELS, as_rgb
from verticals.devices.stream import StreamRules, StreamSource

#: V4L2_CID_EXPOSURE_AUTO, and V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 us (Linux media documentation, camera controls)
_EXPOSURE_MANUAL, _EXPOSURE_AUTO, _EXPOSURE_STEP_US = 1, 3, 100.0
_STAMP_S = 2.0  # a buffer's time further away than this is not of our clock
_LOST_S = 0.8

Level = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class UsbSettings:
    """`device` by its stable name in /dev/v4l/by-id. Left out: as the camera has it."""

    __pydantic_config__ = STRICT_KEYS
    device: Path
    width: Count = 1280
    height: Count = 720
    fps: Count = 30
    pixel_format: Literal["MJPG", "YUYV"] = "MJPG"
    exposure: Literal["auto"] | Seconds | None = None
    gain: Level | None = None
    white_balance: Literal["auto", "locked"] | Level | None = None
    focus: Literal["auto", "locked"] | Level | None = None
    fresh_within: Seconds = 0.0
    wait: Lasting = 0.3
    max_pixels: Count = MAX_PIXELS


def open_usb(options: Mapping[str, Any], clock: Clock) -> StreamSource:
    """Raises SettingsError for wrong options; a camera that is not plugged in is told as lost."""
    settings = checked(UsbSettings, options, "camera.usb")
    expected = settings.width * settings.height * 3
    lost_s = max(_LOST_S, 3 / settings.fps)
    rules = StreamRules(settings.wait, lost_s, settings.fresh_within, expected_bytes=expected)
    return StreamSource(f"USB camera {settings.device}", lambda: UsbDriver(settings, clock), rules, clock)


class UsbDriver:
    """One open device; `capture` is a cv2.VideoCapture. Raises DeviceError when it is not there."""

    def __init__(self, settings: UsbSettings, clock: Clock, capture: Any = None) -> None:
        self._settings = settings
        self._clock = clock
        self._capture = capture or _opened(settings.device)
        self._prepare()

    def next(self) -> Instant | None:
        if not self._capture.grab():
            raise DeviceError(f"{self._settings.device} gives no frame any more", hint="Is it still plugged in?")
        return self._taken_at()

    def image(self) -> NDArray[np.uint8]:
        found, image = self._capture.retrieve()
        if not found:
            raise InputError("the frame cannot be decoded")
        return as_rgb(image, "the frame")

    def set(self, wanted: Settings) -> Settings:
        """`exposure_us`: a number or "auto"; `gain`: a number."""
        for key, value in wanted.items():
            fits = isinstance(value, int | float) or (key == "exposure_us" and value == "auto")
            if key not in ("exposure_us", "gain") or not fits:
                raise InputError(f"a USB camera has no setting {key} = {value}", hint="It has: exposure_us, gain.")
        if "exposure_us" in wanted:
            self._expose(wanted["exposure_us"])
        if "gain" in wanted:
            self._put("GAIN", float(wanted["gain"]))
        return {key: self._really(key, value) for key, value in wanted.items()}

    def fire(self) -> None:
        """It sends by itself."""

    def close(self) -> None:
        self._capture.release()

    def _prepare(self) -> None:
        import cv2

        given = self._settings
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._put("FOURCC", float(cv2.VideoWriter.fourcc(*given.pixel_format)))
        self._put("FRAME_WIDTH", given.width)
        self._put("FRAME_HEIGHT", given.height)
        self._put("FPS", given.fps)
        width, height = self._get("FRAME_WIDTH"), self._get("FRAME_HEIGHT")
        if (width, height) != (given.width, given.height):
            raise DeviceError(
                f"{given.device} gives {width:.0f} x {height:.0f} pixels, not {given.width} x {given.height}",
                hint="Set width and height to a size that it has: v4l2-ctl --list-formats-ext",
            )
        if given.exposure is not None:
            self._expose("auto" if given.exposure == "auto" else float(given.exposure) * 1e6)
        if given.gain is not None:
            self._put("GAIN", given.gain)
        self._lock("AUTO_WB", "WB_TEMPERATURE", given.white_balance)
        self._lock("AUTOFOCUS", "FOCUS", given.focus)

    def _expose(self, exposure_us: float | str) -> None:
        if isinstance(exposure_us, str):
            self._put("AUTO_EXPOSURE", _EXPOSURE_AUTO)
            return
        self._put("AUTO_EXPOSURE", _EXPOSURE_MANUAL)
        self._put("EXPOSURE", max(1.0, round(exposure_us / _EXPOSURE_STEP_US)))

    def _really(self, key: str, value: float | str) -> float | str:
        if isinstance(value, str):
            return value
        return self._get("EXPOSURE") * _EXPOSURE_STEP_US if key == "exposure_us" else self._get("GAIN")

    def _lock(self, automatic: str, by_hand: str, wanted: str | int | None) -> None:
        if wanted is None:
            return
        self._put(automatic, float(wanted == "auto"))
        if isinstance(wanted, int):
            self._put(by_hand, wanted)

    def _put(self, name: str, value: float) -> None:
        """Raises DeviceError for a property that the camera does not take."""
        import cv2

        if not self._capture.set(getattr(cv2, f"CAP_PROP_{name}"), value):
            raise DeviceError(
                f"{self._settings.device} does not take {name} = {value:g}", hint="Leave that setting out."
            )

    def _get(self, name: str) -> float:
        import cv2

        return float(self._capture.get(getattr(cv2, f"CAP_PROP_{name}")))

    def _taken_at(self) -> Instant:
        """V4L2 stamps a buffer on the monotonic clock, as OpenCV hands on; without that, it is taken now."""
        now = self._clock.now()
        age_s = now.mono_s - self._get("POS_MSEC") / 1e3
        return now.plus(-age_s) if 0 <= age_s <= _STAMP_S else now


def _opened(device: Path) -> Any:
    environment_default("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")  # seconds; ten by default
    environment_default("OPENCV_LOG_LEVEL", "SILENT")
    import cv2

    if not device.exists():
        raise DeviceError(f"{device} is not there", hint="Is the camera plugged in? ls /dev/v4l/by-id")
    capture = cv2.VideoCapture(str(device.resolve()), cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise DeviceError(
            f"{device} cannot be opened as a camera",
            hint="Is another program using it, and may this user (group video)?",
        )
    return capture
