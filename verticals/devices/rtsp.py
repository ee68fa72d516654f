"""A network camera over RTSP. Wraps OpenCV's FFmpeg: over TCP, no queue, every call with a time-out."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError, SettingsError
from core.settings import STRICT_KEYS, Count, Lasting, Seconds, checked, environment_default
from verticals.devices.dating import FrameDating
from verticals.devices.notices import Settings
from verticals.devices.pictures import MAX_PIXELS, as_rgb
from verticals.devices.stream import StreamRules, StreamSource


def _rtsp_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname:
        raise ValueError('the address of a camera, such as "rtsp://10.1.2.4/stream1"')
    return value


@dataclass(frozen=True, slots=True)
class RtspSettings:
    """`latency` is what the camera needs from the light to the network: subtracted from the time of arrival.

    `fresh_within`: a frame at most so much older than its trigger will do; none: the first one after it.
    """

    __pydantic_config__ = STRICT_KEYS
    url: Annotated[str, AfterValidator(_rtsp_url)]
    credentials_file: Path | None = None
    fresh_within: Seconds = 0.0
    latency: Seconds = 0.0
    wait: Lasting = 0.3
    lost_after: Lasting = 1.5
    connect_within: Lasting = 3.0
    max_pixels: Count = MAX_PIXELS


def open_rtsp(options: Mapping[str, Any], clock: Clock) -> StreamSource:
    """Raises SettingsError for wrong options; a camera that does not answer is told as lost."""
    address = options.get("url")
    if isinstance(address, str) and "@" in address.partition("://")[2].partition("/")[0]:  # before it can be shown
        raise SettingsError(
            "camera.rtsp: key 'url' carries a user or a password, which would stand in logs",
            hint="Write user:password into a file of its owner alone, and name it in credentials_file.",
        )
    settings = checked(RtspSettings, options, "camera.rtsp")
    rules = StreamRules(settings.wait, settings.lost_after, settings.fresh_within)
    return StreamSource(f"RTSP camera {settings.url}", lambda: RtspDriver(settings, clock), rules, clock)


class RtspDriver:
    """One connection; raises DeviceError when there is none within `connect_within`."""

    def __init__(self, settings: RtspSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._dating = FrameDating(settings.latency)
        self._stamp_ms = -1.0
        self._moved_s = clock.now().mono_s
        self._capture = _connected(settings)

    def next(self) -> Instant | None:
        asked = self._clock.now()
        found = self._capture.grab()
        arrival = self._clock.now()
        limit_s = self._settings.lost_after
        if not found or arrival.since(asked) >= limit_s:  # after a time-out the decoder may still give what it had
            raise DeviceError(f"the stream {self._settings.url} stopped")
        stamp_ms = self._stamp()
        if stamp_ms <= self._stamp_ms:
            if arrival.mono_s - self._moved_s >= limit_s:
                raise DeviceError(f"the stream {self._settings.url} stands still: its frames bear one time")
            return None
        self._stamp_ms, self._moved_s = stamp_ms, arrival.mono_s
        return self._dating.date(stamp_ms / 1e3, arrival)

    def image(self) -> NDArray[np.uint8]:
        import cv2

        found, image = self._capture.retrieve()
        if not found:
            raise InputError("the frame cannot be decoded")
        try:
            return as_rgb(image, "the frame")
        except cv2.error as error:
            raise InputError(f"the frame cannot be decoded: {error}") from error

    def set(self, wanted: Settings) -> Settings:
        raise InputError(
            "a camera over RTSP takes no settings from here", hint="Set its exposure on the camera's own page."
        )

    def fire(self) -> None:
        """It sends by itself."""

    def close(self) -> None:
        self._capture.release()

    def _stamp(self) -> float:
        import cv2

        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC))


def _connected(settings: RtspSettings) -> Any:
    """An open cv2.VideoCapture. One decoder thread: each more would hold back one frame more.

    What it leaves in the environment holds for every stream of the process, which is this camera's own.
    """
    address = _address(settings)
    environment_default("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay")
    environment_default("OPENCV_LOG_LEVEL", "SILENT")  # its messages may carry the whole address
    environment_default("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(settings.connect_within * 1e3),
              cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(settings.lost_after * 1e3), cv2.CAP_PROP_N_THREADS, 1]  # fmt: skip
    capture = cv2.VideoCapture()
    if not capture.open(address, cv2.CAP_FFMPEG, limits):
        capture.release()
        raise DeviceError(
            f"no stream at {settings.url} within {settings.connect_within:g} s",
            hint="Is the camera on, the address right, and its user and password?",
        )
    pixels = capture.get(cv2.CAP_PROP_FRAME_HEIGHT) * capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    if pixels > settings.max_pixels:
        capture.release()
        raise DeviceError(f"{settings.url}: {pixels:.0f} pixels are more than the limit of {settings.max_pixels}")
    return capture


def _address(settings: RtspSettings) -> str:
    """With user and password: it goes to the library and nowhere else."""
    if settings.credentials_file is None:
        return settings.url
    user, password = _credentials(settings.credentials_file)
    parts = urlsplit(settings.url)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def _credentials(path: Path) -> tuple[str, str]:
    """User and password in one line of a file that nobody but its owner may read. Raises DeviceError."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise DeviceError(f"others may read the credentials in {path}", hint=f"chmod 600 {path}")
        user, mark, password = path.read_text("utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise DeviceError(f"the credentials in {path} cannot be read: {reason}") from error
    if not mark:
        raise DeviceError(f"{path} does not hold one line user:password")
    return user, password
