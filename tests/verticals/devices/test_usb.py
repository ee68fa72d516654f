"""What the driver asks of OpenCV's V4L2 back-end, with a video file in the camera's place: it can be read, not set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.clock import SystemClock
from core.errors import DeviceError, InputError, SettingsError
from tests.support.cameras import solid
from verticals.devices.pictures import as_rgb
from verticals.devices.usb import UsbDriver, UsbSettings, open_usb


class Webcam:
    """The frames of a film, and the properties of a camera: what is set can be read again, in `takes` alone."""

    def __init__(self, film: Path, **refused: bool) -> None:
        self._film = cv2.VideoCapture(str(film))
        self.held: dict[int, float] = {}
        self.refused = {getattr(cv2, f"CAP_PROP_{name}") for name in refused}
        self.stamp_ms: float | None = None

    def set(self, key: int, value: float) -> bool:
        self.held[key] = value
        return key not in self.refused

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_POS_MSEC and self.stamp_ms is not None:
            return self.stamp_ms
        if key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            return self._film.get(key)
        return self.held.get(key, 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._film, name)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    writer.write(solid(0, 0, 200))  # OpenCV takes it as BGR: a red frame
    writer.release()
    return path


def driver_of(webcam: Webcam, **more: Any) -> UsbDriver:
    return UsbDriver(UsbSettings(Path("/dev/v4l/by-id/top"), width=32, height=24, **more), SystemClock(), webcam)


def held(webcam: Webcam, name: str) -> float | None:
    return webcam.held.get(getattr(cv2, f"CAP_PROP_{name}"))


def test_a_frame_is_rgb_and_the_film_s_end_is_an_unplugged_camera(film: Path) -> None:
    driver = driver_of(Webcam(film))
    assert driver.next() is not None
    red, green, blue = driver.image().mean((0, 1))
    assert red > 150 and green < 50 and blue < 50
    with pytest.raises(DeviceError, match=r"gives no frame any more.*plugged in"):
        driver.next()
    driver.close()


def test_the_camera_is_set_as_the_site_says_with_one_buffer(film: Path) -> None:
    webcam = Webcam(film)
    driver_of(webcam, exposure=0.002, gain=7, white_balance=4600, focus="locked", pixel_format="YUYV")
    assert held(webcam, "BUFFERSIZE") == 1
    assert held(webcam, "FOURCC") == cv2.VideoWriter.fourcc(*"YUYV")
    assert (held(webcam, "AUTO_EXPOSURE"), held(webcam, "EXPOSURE"), held(webcam, "GAIN")) == (1, 20, 7)
    assert (held(webcam, "AUTO_WB"), held(webcam, "WB_TEMPERATURE")) == (0, 4600)
    assert (held(webcam, "AUTOFOCUS"), held(webcam, "FOCUS")) == (0, None)


def test_what_is_left_out_stays_as_the_camera_has_it(film: Path) -> None:
    webcam = Webcam(film)
    driver_of(webcam)
    names = ("AUTO_EXPOSURE", "EXPOSURE", "GAIN", "AUTO_WB", "AUTOFOCUS")
    assert [held(webcam, name) for name in names] == [None] * len(names)


def test_exposure_and_gain_change_while_it_runs(film: Path) -> None:
    webcam = Webcam(film)
    driver = driver_of(webcam, exposure="auto")
    assert held(webcam, "AUTO_EXPOSURE") == 3
    assert driver.set({"exposure_us": 1540, "gain": 3}) == {"exposure_us": 1500.0, "gain": 3.0}
    assert driver.set({"exposure_us": "auto"}) == {"exposure_us": "auto"}
    for wanted in ({"iris": 3.0}, {"gain": "much"}, {"exposure_us": "long"}):
        with pytest.raises(InputError, match="has no setting"):
            driver.set(wanted)


def test_a_size_or_a_setting_that_it_does_not_have_is_told(film: Path) -> None:
    with pytest.raises(DeviceError, match="gives 32 x 24 pixels, not 1280 x 720"):
        UsbDriver(UsbSettings(Path("/dev/top")), SystemClock(), Webcam(film))
    with pytest.raises(DeviceError, match=r"does not take GAIN = 7.*Leave"):
        driver_of(Webcam(film, GAIN=True), gain=7)


def test_a_frame_bears_the_time_of_its_buffer_or_else_that_of_its_arrival(film: Path) -> None:
    webcam = Webcam(film)
    driver = driver_of(webcam)
    before = SystemClock().now()
    webcam.stamp_ms = before.mono_s * 1e3 - 30
    taken = driver.next()
    assert taken is not None and abs(before.since(taken) - 0.03) < 0.001
    for stamp_ms in (0.0, -1.0, (before.mono_s + 60) * 1e3):
        webcam.stamp_ms = stamp_ms
        assert driver._taken_at() >= before


def test_a_camera_that_is_not_plugged_in_is_told_as_lost(tmp_path: Path) -> None:
    source = open_usb({"device": str(tmp_path / "none")}, SystemClock())
    assert source.expected_bytes() == 1280 * 720 * 3
    with pytest.raises(DeviceError, match=r"is not there.*plugged in"):
        UsbDriver(UsbSettings(tmp_path / "none"), SystemClock())
    (tmp_path / "film").write_bytes(b"no camera")
    with pytest.raises(DeviceError, match="cannot be opened as a camera"):
        UsbDriver(UsbSettings(tmp_path / "film"), SystemClock())


@pytest.mark.parametrize("options", [{}, {"device": "x", "exposure": 5}, {"device": "x", "exposure": "long"},
                                     {"device": "x", "gain": -1}, {"device": "x", "pixel_format": "RGB"}])  # fmt: skip
def test_wrong_options_are_settings_errors(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"camera\.usb: key"):
        open_usb(options, SystemClock())


def test_grey_and_four_channel_frames_become_rgb_and_sixteen_bits_are_refused() -> None:
    grey = as_rgb(np.full((4, 6), 90, np.uint8), "f")
    assert grey.shape == (4, 6, 3) and (grey == 90).all()
    assert as_rgb(np.full((4, 6, 4), (30, 20, 10, 255), np.uint8), "f")[0, 0].tolist() == [10, 20, 30]
    for wrong in (np.zeros((4, 6), np.uint16), np.zeros((4, 6, 2), np.uint8), np.zeros(6, np.uint8)):
        with pytest.raises(InputError, match="no picture of 8 bits"):
            as_rgb(wrong, "f")
