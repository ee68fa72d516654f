"""The driver over real GenApi nodes; the transport below them needs a camera maker's producer and is not tried here."""

from __future__ import annotations

import builtins
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.clock import SystemClock
from core.errors import DeviceError, InputError, SettingsError
from tests.support.genicam_camera import Acquirer, buffer_of, grey
from verticals.devices.genicam import GenicamDriver, GenicamSettings, open_genicam, rgb_of

PRODUCER = Path("/opt/maker/producer.cti")


@pytest.fixture
def acquirer(tmp_path: Path) -> Acquirer:
    return Acquirer(tmp_path)


def driver_of(acquirer: Acquirer, **more: Any) -> GenicamDriver:
    return GenicamDriver(GenicamSettings(PRODUCER, "1234", **more), SystemClock(), acquirer)


def test_the_camera_waits_for_the_box_and_is_set_as_the_site_says(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer, pixel_format="BayerRG8", exposure=0.0015, gain=6.0)
    names = ("PixelFormat", "AcquisitionMode", "TriggerSelector", "TriggerMode", "TriggerSource", "ExposureAuto")
    assert [acquirer.value(name) for name in names] == [
        "BayerRG8", "Continuous", "FrameStart", "On", "Software", "Off",
    ]  # fmt: skip
    assert (acquirer.value("ExposureTime"), acquirer.value("Gain")) == (1500.0, 6.0)
    driver.fire()
    assert acquirer.registers.fired == 1
    driver.close()
    assert acquirer.did == ["start", "stop", "destroy"]


def test_the_line_triggers_it_at_its_input_and_the_box_does_not(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer, trigger="hardware")
    driver.fire()
    assert (acquirer.value("TriggerSource"), acquirer.registers.fired) == ("Line1", 0)


def test_exposure_and_gain_change_while_it_runs_and_what_it_does_not_take_is_told(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer)
    assert driver.set({"exposure_us": 2500, "gain": 3}) == {"exposure_us": 2500.0, "gain": 3.0}
    assert driver.set({"exposure_us": "auto"}) == {"exposure_us": "auto"}
    assert acquirer.value("ExposureAuto") == "Continuous"
    with pytest.raises(DeviceError, match=r"1234 does not take ExposureTime = 1e\+09|= 1000000000"):
        driver.set({"exposure_us": 1e9})
    with pytest.raises(DeviceError, match="does not take GainAuto = Continuous"):
        driver.set({"gain": "auto"})
    with pytest.raises(InputError, match="no setting focus"):
        driver.set({"focus": 3})


def test_a_frame_is_read_before_its_buffer_is_given_back_and_an_incomplete_one_is_none(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer)
    first = buffer_of(grey(90), "Mono8", 4, 6)
    for one in (first, None):
        acquirer.buffers.put(one)
    taken = driver.next()
    assert taken is not None and taken <= SystemClock().now()
    image = driver.image()
    assert image.shape == (4, 6, 3) and (image == 90).all() and first.given_back == 0
    assert driver.next() is None and first.given_back == 1


def test_a_frame_that_was_held_up_is_dated_by_the_camera_s_clock(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer, trigger="hardware")
    for stamp_s in (7.0, 6.9):  # the second one was taken 0.1 s before the first
        acquirer.buffers.put(buffer_of(grey(1), "Mono8", 4, 6, stamp_s))
    first, second = driver.next(), driver.next()
    assert first is not None and second is not None
    assert first.since(second) == pytest.approx(0.1, abs=0.01)


def test_a_silent_camera_is_asked_whether_it_is_there(acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verticals.devices.genicam._ASK_S", 0.0)
    monkeypatch.setattr("verticals.devices.genicam._FETCH_S", 0.01)
    driver = driver_of(acquirer)
    assert driver.next() is None
    acquirer.registers.gone = True
    with pytest.raises(DeviceError, match="1234 is gone"):
        driver.next()


def test_grey_colour_and_a_mosaic_become_rgb() -> None:
    assert rgb_of(grey(7), "Mono8", 4, 6)[0, 0].tolist() == [7, 7, 7]
    packed = np.tile(np.array([10, 20, 30], np.uint8), 24)
    rgb = rgb_of(packed, "RGB8", 4, 6)
    packed[:] = 0  # the buffer goes back to the camera
    assert rgb[3, 5].tolist() == [10, 20, 30]
    mosaic = np.zeros((8, 8), np.uint8)
    mosaic[0::2, 0::2], mosaic[0::2, 1::2], mosaic[1::2, 0::2], mosaic[1::2, 1::2] = 200, 100, 100, 50  # R G / G B
    assert rgb_of(mosaic.ravel(), "BayerRG8", 8, 8)[4, 4].tolist() == [200, 100, 50]


@pytest.mark.parametrize("data,pixel_format", [
    (grey(1)[:-1], "Mono8"), (grey(1), "RGB8"), (grey(1).astype(np.uint16), "Mono8"), (None, "Mono8"),
    (grey(1), "Mono12"),
])  # fmt: skip
def test_a_buffer_that_is_no_whole_picture_of_a_known_kind_is_refused(data: Any, pixel_format: str) -> None:
    with pytest.raises(InputError, match=r"the buffer holds|is not read"):
        rgb_of(data, pixel_format, 4, 6)


def test_a_giant_picture_or_several_in_one_buffer_are_refused(acquirer: Acquirer) -> None:
    driver = driver_of(acquirer, max_pixels=20)
    double = buffer_of(grey(1), "Mono8", 4, 6)
    double.payload.components *= 2
    for one in (buffer_of(grey(1), "Mono8", 4, 6), double):
        acquirer.buffers.put(one)
        driver.next()
        with pytest.raises(InputError, match=r"more than 20|holds 2 parts"):
            driver.image()


def test_a_missing_extra_producer_or_camera_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match=r"no GenTL producer .*maker's"):
        GenicamDriver(GenicamSettings(PRODUCER, "1234"), SystemClock())
    (tmp_path / "broken.cti").write_bytes(b"no library")
    with pytest.raises(DeviceError, match="finds no camera 1234"):
        GenicamDriver(GenicamSettings(tmp_path / "broken.cti", "1234"), SystemClock())
    real = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name.startswith("harvesters"):
            raise ImportError(name)
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError, match=r"need the package harvesters.*edgewise\[genicam\]"):
        GenicamDriver(GenicamSettings(PRODUCER, "1234"), SystemClock())


def test_the_camera_s_own_table_says_who_triggers() -> None:
    source = open_genicam(
        {"producer": str(PRODUCER), "serial": "1", "trigger": "hardware", "trigger_window": "30ms"}, SystemClock()
    )
    assert source.grab_limit_s == pytest.approx(0.3 + 0.03 + 1.0)
    with pytest.raises(SettingsError, match=r"camera\.genicam: key 'serial' is missing"):
        open_genicam({"producer": "x"}, SystemClock())


def test_a_camera_that_does_not_start_is_let_go(acquirer: Acquirer) -> None:
    acquirer.remote_device = SimpleNamespace(node_map=SimpleNamespace())  # it has no features at all
    with pytest.raises(DeviceError, match="does not take"):
        driver = driver_of(acquirer)
        driver.next()
    assert acquirer.did[-1] == "destroy"
