from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from core.clock import SystemClock
from core.errors import DeviceError, InputError, SettingsError
from tests.support.cameras import solid
from verticals.devices.video import VideoSource, open_video

LEVELS = (20, 80, 140, 200)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "belt.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    for level in LEVELS:
        writer.write(solid(level, level, level))
    writer.release()
    return path


def levels(source: VideoSource, count: int) -> list[int]:
    return [round(float(source.grab("").image.mean()) / 10) * 10 for _ in range(count)]


def test_frames_come_one_by_one_and_from_the_start_again(film: Path) -> None:
    source = open_video({"file": str(film)}, SystemClock())
    assert levels(source, 6) == [20, 80, 140, 200, 20, 80]
    source.close()


def test_frames_can_be_stepped_over(film: Path) -> None:
    source = open_video({"file": str(film), "every": 2}, SystemClock())
    assert levels(source, 3) == [80, 200, 80]
    source.close()


def test_a_video_may_end(film: Path) -> None:
    source = open_video({"file": str(film), "at_end": "stop"}, SystemClock())
    levels(source, 4)
    for _ in range(2):
        with pytest.raises(DeviceError, match="is over"):
            source.grab("")


def test_frames_are_rgb(tmp_path: Path) -> None:
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    writer.write(solid(0, 0, 200))  # OpenCV takes it as BGR: a red frame
    writer.release()
    source = open_video({"file": str(path)}, SystemClock())
    assert source.expected_bytes() == 24 * 32 * 3
    red, green, blue = source.grab("").image.mean((0, 1))
    assert red > 150 and green < 50 and blue < 50
    source.close()


def test_a_missing_file_and_a_file_that_is_no_video_say_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="there is no video file"):
        open_video({"file": str(tmp_path / "none.avi")}, SystemClock()).grab("")
    junk = tmp_path / "junk.avi"
    junk.write_bytes(b"no video at all" * 100)
    source = open_video({"file": str(junk)}, SystemClock())
    assert source.expected_bytes() == 0
    with pytest.raises(InputError, match="cannot be played"):
        source.grab("")


def test_a_giant_video_is_refused(film: Path) -> None:
    with pytest.raises(InputError, match="32 x 24 pixels are more than 100"):
        open_video({"file": str(film), "max_pixels": 100}, SystemClock()).grab("")


def test_wrong_options_are_settings_errors() -> None:
    with pytest.raises(SettingsError, match="at_end"):
        open_video({"file": "x", "at_end": "loop"}, SystemClock())
