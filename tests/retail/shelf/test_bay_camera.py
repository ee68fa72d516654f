import asyncio
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import Instant, SystemClock
from core.errors import DeviceError, InputError
from retail.shelf.bay_camera import BayCamera, make, setup_of
from retail.shelf.settings import BaySettings
from tests.support.repository import ROOT
from verticals.contract import DeviceNews, DeviceSpec, Sample
from verticals.devices.base import Port, Surroundings
from verticals.devices.frames import Frame
from verticals.places import Places

_PLAN = str(ROOT / "docs" / "examples" / "bottle-shelf.toml")


class _Camera:
    """Gives three pictures, fails twice, and gives again."""

    def __init__(self) -> None:
        self.asked = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        self.asked += 1
        if self.asked in (4, 5):
            raise DeviceError("camera drinks is lost: unplugged")
        return Frame(np.zeros((64, 64, 3), np.uint8), Instant(self.asked, self.asked), ticket, self.asked)


def _settings(tmp_path: Path) -> BaySettings:
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), np.full((90, 160, 3), 80, np.uint8))
    return BaySettings("drinks", _PLAN, str(still), every=0.001)


async def test_set_up_comes_first_then_frames_and_a_loss_is_told_once(tmp_path: Path) -> None:
    samples: list[Sample] = []
    news: list[DeviceNews] = []
    enough = asyncio.Event()

    async def emit(sample: Sample) -> None:
        samples.append(sample)
        if len(samples) == 6:
            enough.set()

    settings = _settings(tmp_path)
    device = BayCamera(settings, _Camera(), [setup_of(settings)], {"gallery": "damaged"})
    running = asyncio.create_task(device.run(Port(emit, news.append, SystemClock())))
    async with asyncio.timeout(20):
        await enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [sample.values["kind"] for sample in samples[:6]] == ["bay-setup", *["view"] * 5]
    assert [(one.code, one.ok) for one in news] == [("gallery", False), ("camera-lost", False), ("camera-lost", True)]


def test_the_set_up_holds_plan_and_still(tmp_path: Path) -> None:
    values = setup_of(_settings(tmp_path))
    assert [slot["name"] for slot in json.loads(str(values["slots"]))] == ["left", "middle", "right"]
    assert isinstance(values["still"], np.ndarray) and values["still"].shape == (90, 160, 3)


def test_a_still_that_is_missing_is_told_and_the_line_starts_all_the_same(tmp_path: Path) -> None:
    settings = BaySettings("drinks", _PLAN, str(tmp_path / "none.png"))
    with pytest.raises(InputError, match=r"none\.png"):
        setup_of(settings)
    places = Places(tmp_path / "var")
    places.make("retail")
    device = make(
        DeviceSpec("bay-drinks", "bay", "bay-drinks", settings), Surroundings("retail", places, SystemClock())
    )
    assert device.name == "bay-drinks"
