"""A video file as a camera, frame by frame. Wraps OpenCV's VideoCapture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from core.settings import STRICT_KEYS, Count, checked
from verticals.devices.pictures import MAX_PIXELS
from verticals.devices.sources import Shot

_GRAB_LIMIT_S = 5.0


class AtEnd(StrEnum):
    WRAP = "wrap"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """`every` 3 takes each third frame."""

    __pydantic_config__ = STRICT_KEYS
    file: Path
    at_end: AtEnd = AtEnd.WRAP
    every: Count = 1
    max_pixels: Count = MAX_PIXELS


def open_video(options: Mapping[str, Any], clock: Clock) -> VideoSource:
    """Raises SettingsError for wrong options; a file that cannot be played is told at each grab."""
    return VideoSource(checked(VideoSettings, options, "camera.video"), clock)


class VideoSource:
    grab_limit_s = _GRAB_LIMIT_S

    def __init__(self, settings: VideoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._capture: Any = None
        self._over = False

    def expected_bytes(self) -> int:
        try:
            self._open()
        except (DeviceError, InputError):
            return 0
        height, width = self._size()
        return height * width * 3

    def grab(self, ticket: str, at: Instant | None = None) -> Shot:
        """The time of the shot is the moment of the trigger."""
        if self._over:
            raise DeviceError(f"video {self._settings.file} is over", hint='Set at_end = "wrap" to play it again.')
        at = at or self._clock.now()
        if self._capture is None:
            self._open()
        image = self._step()
        if image is None and self._settings.at_end is AtEnd.STOP:
            self.close()
            self._over = True
            return self.grab(ticket, at)
        if image is None:
            self._open()  # from the start: seeking back is not exact in every container
            image = self._step()
        if image is None:
            raise InputError(f"video {self._settings.file} holds no frame that can be decoded")
        return Shot(image, at)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _open(self) -> None:
        import cv2  # loaded late: half the camera kinds never need it

        self.close()
        if not self._settings.file.is_file():
            raise DeviceError(f"there is no video file {self._settings.file}", hint="Correct 'file' in the site file.")
        capture = cv2.VideoCapture(str(self._settings.file))
        if not capture.isOpened():
            capture.release()
            raise InputError(f"video {self._settings.file} cannot be played", hint="Is it a video, and whole?")
        self._capture = capture
        height, width = self._size()
        if height * width > self._settings.max_pixels:
            self.close()
            raise InputError(
                f"video {self._settings.file}: {width} x {height} pixels are more than {self._settings.max_pixels}"
            )

    def _size(self) -> tuple[int, int]:
        import cv2

        return int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))

    def _step(self) -> NDArray[np.uint8] | None:
        """The next frame that counts as RGB, None at the end."""
        import cv2

        try:
            for _ in range(self._settings.every):
                if not self._capture.grab():
                    return None
            found, image = self._capture.retrieve()
            if not found:
                return None
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        except cv2.error as error:
            raise InputError(f"video {self._settings.file} is corrupt: {error}") from error
