import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import Instant, SystemClock
from core.errors import DeviceError, InputError
from core.models.trust import Trust
from retail.shelf.bay_camera import BayCamera, make, setup_of
from retail.shelf.enrolment import GALLERY, tell_bays
from retail.shelf.gallery import Gallery
from retail.shelf.gallery_package import write_gallery
from retail.shelf.settings import BaySettings
from tests.support.repository import ROOT
from verticals.contract import DeviceNews, DeviceSpec, Sample
from verticals.devices.base import Port, Surroundings
from verticals.devices.frames import Frame
from verticals.places import Places
from verticals.runtime.models import shelf_of

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


class _Told:
    """What a device brought and told, and a way to wait for it."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.news: list[DeviceNews] = []
        self._more = asyncio.Event()

    async def emit(self, sample: Sample) -> None:
        self.samples.append(sample)
        self._more.set()

    def hear(self, news: DeviceNews) -> None:
        self.news.append(news)
        self._more.set()

    def kinds(self) -> list[object]:
        return [sample.values["kind"] for sample in self.samples]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def _running(device: BayCamera) -> AsyncIterator[_Told]:
    told = _Told()
    running = asyncio.create_task(device.run(Port(told.emit, told.hear, SystemClock())))
    try:
        yield told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "var")
    places.make("retail")
    return places


def _device(settings: BaySettings, places: Places) -> BayCamera:
    return BayCamera(settings, _Camera(), shelf_of(places), places.bell_socket("retail", settings.station))


def _put(places: Places, version: str, gallery: Gallery) -> None:
    """A gallery on the shelf that answers from now on."""
    folder = places.data / f"gallery-{version}"
    write_gallery(folder, GALLERY, version, gallery, "products 1", Trust(places.keys).box_key())
    shelf_of(places).install(folder)
    shelf_of(places).activate(GALLERY, GALLERY, version)


def _gallery(*names: str) -> Gallery:
    rng, gallery = np.random.default_rng(0), Gallery()
    for name in names:
        gallery = gallery.with_product(name, rng.normal(size=(2, 2, 4)).astype(np.float32))
    return gallery


async def test_set_up_comes_first_then_frames_and_a_loss_is_told_once(tmp_path: Path) -> None:
    async with _running(_device(_settings(tmp_path), _places(tmp_path))) as told:
        await told.until(lambda: len(told.samples) >= 6)
    assert told.kinds()[:6] == ["bay-setup", *["view"] * 5]
    assert [(one.code, one.ok) for one in told.news] == [("camera-lost", False), ("camera-lost", True)]


async def test_a_gallery_that_grew_is_brought_when_the_bell_is_rung(tmp_path: Path) -> None:
    places = _places(tmp_path)
    assert tell_bays(places) == 0
    _put(places, "1", _gallery("tea"))
    async with _running(_device(_settings(tmp_path), places)) as told:
        await told.until(lambda: "bay-gallery" in told.kinds())
        _put(places, "2", _gallery("tea", "soap"))
        assert tell_bays(places) == 1
        await told.until(lambda: told.kinds().count("bay-gallery") == 2)
    first, second = (sample.values for sample in told.samples if sample.values["kind"] == "bay-gallery")
    assert (first["names"], second["names"], second["photos"]) == ('["tea"]', '["soap", "tea"]', "[2, 2]")
    assert isinstance(second["vectors"], np.ndarray) and second["vectors"].shape == (4, 2, 4)
    assert second["embedded_by"] == "products 1"
    assert tell_bays(places) == 0


async def test_a_gallery_that_is_damaged_is_told_and_so_is_its_end(tmp_path: Path) -> None:
    places = _places(tmp_path)
    _put(places, "1", _gallery("tea"))
    vectors = next(places.models.glob("packages/gallery/1/gallery.npz"))
    content = vectors.read_bytes()
    vectors.write_bytes(content[:-1])
    async with _running(_device(_settings(tmp_path), places)) as told:
        await told.until(lambda: any(one.code == "gallery" for one in told.news))
        vectors.write_bytes(content)
        tell_bays(places)
        await told.until(lambda: "bay-gallery" in told.kinds())
    assert [one.ok for one in told.news if one.code == "gallery"] == [False, True]


def test_the_set_up_holds_plan_and_still(tmp_path: Path) -> None:
    values = setup_of(_settings(tmp_path))
    assert [slot["name"] for slot in json.loads(str(values["slots"]))] == ["left", "middle", "right"]
    assert isinstance(values["still"], np.ndarray) and values["still"].shape == (90, 160, 3)


def test_a_bay_whose_slots_nobody_has_drawn_yet_has_its_still(tmp_path: Path) -> None:
    values = setup_of(replace(_settings(tmp_path), plan=str(tmp_path / "not yet.toml")))
    assert values["slots"] == "[]" and isinstance(values["still"], np.ndarray)


async def test_a_still_that_is_missing_is_told_and_frames_come_all_the_same(tmp_path: Path) -> None:
    settings = BaySettings("drinks", _PLAN, str(tmp_path / "none.png"), every=0.001)
    with pytest.raises(InputError, match=r"none\.png"):
        setup_of(settings)
    async with _running(_device(settings, _places(tmp_path))) as told:
        await told.until(lambda: "view" in told.kinds())
    [news] = [one for one in told.news if one.code == "bay-setup"]
    assert not news.ok and "none.png" in news.detail


def test_the_device_of_a_site_s_bay_is_made_without_its_files(tmp_path: Path) -> None:
    spec = DeviceSpec("bay-drinks", "bay", "bay-drinks", BaySettings("drinks", _PLAN, str(tmp_path / "none.png")))
    assert make(spec, Surroundings("retail", _places(tmp_path), SystemClock())).name == "bay-drinks"
