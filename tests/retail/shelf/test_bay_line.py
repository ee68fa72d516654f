"""A whole line with a bay: rendered goods before its camera, the shipped embedding, a gallery of photos, the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from core.clock import Instant
from core.inference.engine import LocalEngine
from core.inference.session import Session
from core.models.package import Package
from core.models.shelf import Shelf
from core.models.trust import Trust
from retail.plan_file import write_plan
from retail.settings import RetailSettings
from retail.shelf.bay_camera import BayCamera
from retail.shelf.enrolment import enrol, tell_bays
from retail.shelf.plan import plan_of, slots_json
from retail.shelf.settings import BaySettings
from retail.tables import metadata
from retail.vertical import Retail
from retail.work.tables import slot_states
from simulators.shelf_scene import Light, ShelfScene
from tests.retail.shelf.scenes import one_shelf
from tests.support.clocks import FakeClock
from tests.support.lines import Plan, Rig, running_line, until
from verticals.contract import Command, Reply
from verticals.devices.frames import Frame
from verticals.places import Places
from verticals.runtime.fittings import Fitting
from verticals.runtime.live import LiveMessage
from verticals.runtime.models import shelf_of
from verticals.store.database import reading

TEA, SOAP, RICE = "04006381333931", "05901234123457", "04012345678901"
#: What the packs are that stand where they do not belong; nobody has enrolled the rice yet.
_DRAWN = {SOAP: 25_000, RICE: 29_999}
_WITHIN_S = 60.0


class _Camera:
    """Shows the scene as it is now, a second later each time."""

    def __init__(self, scene: ShelfScene, clock: FakeClock) -> None:
        self.scene = scene
        self._clock = clock
        self._grabbed = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        self._grabbed += 1
        return Frame(self.scene.frame().picture, self._clock.advance(1.0), ticket, self._grabbed)


class _Bay:
    """A box with one bay; the slot `middle` is the tea's."""

    def __init__(self, folder: Path, engine: LocalEngine, clock: FakeClock) -> None:
        self.places = Places(folder)
        self.places.make("retail")
        self.shelf: Shelf = shelf_of(self.places)
        self.key = Trust(self.places.keys).box_key()
        self.clock, self.engine = clock, engine
        self.scene = one_shelf(3)
        slots = [
            {**slot, "name": name, "product": TEA if name == "middle" else ""}
            for slot, name in zip(self.scene.plan()["slots"], ("left", "middle", "right"), strict=True)
        ]
        self.plan = plan_of({"bay": "drinks", "slots": slots}, "drawn")
        self.settings = BaySettings("drinks", str(folder / "plan.toml"), str(folder / "still.png"), every=0.001)
        write_plan(Path(self.settings.plan), self.plan)
        cv2.imwrite(self.settings.still, cv2.cvtColor(self.scene.still(), cv2.COLOR_RGB2BGR))

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Rig]:
        vertical = Retail()
        stations = vertical.stations(RetailSettings("Store 1", bays=(self.settings,)))
        [station] = [one for one in stations if one.spec.name == "bay-drinks"]
        station.spec = replace(station.spec, answer_within_s=_WITHIN_S)  # a box that does other things beside
        bell = self.places.bell_socket("retail", "bay-drinks")
        device = BayCamera(self.settings, _Camera(self.scene, self.clock), self.shelf, bell)
        fittings = [Fitting(device, "bay-drinks")]
        tables = (metadata,)
        plan = Plan(self.places.app("retail"), stations, vertical, fittings, self.engine, self.clock, tables)
        async with running_line(plan) as rig:
            yield rig

    def enrol(self, session: Session, gtin: str, product: int) -> None:
        folder = self.places.data / gtin
        folder.mkdir()
        for number, picture in enumerate(_photos(product)):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        enrol(self.shelf, self.key, session, gtin, sorted(folder.iterdir()), self.clock.advance(1.0))


def _photos(product: int) -> Sequence[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Five, as the product stands on other shelves, in other light."""
    photos = []
    for number in range(5):
        scene = one_shelf(40 + number)
        slot = plan_of(scene.plan(), "other").slots[number % 3]
        scene.refill(slot.name, product)
        scene.light = Light(0.75 + 0.1 * number, slope=0.05 * number)
        picture = scene.frame().picture
        left, top, right, bottom = slot.pixels(*picture.shape[:2])
        photos.append(np.ascontiguousarray(picture[top:bottom, left:right]))
    return photos


@pytest.fixture
def bay(tmp_path: Path, shipped: Package) -> Iterator[_Bay]:
    clock = FakeClock()
    engine = LocalEngine(1, clock=clock)
    engine.load("products", shipped)
    yield _Bay(tmp_path, engine, clock)
    engine.close()


def _slots(rig: Rig) -> dict[str, tuple[str, str]]:
    """State and what was found instead, as the desk's tables have it."""
    with reading(rig.events.engine) as connection:
        rows = connection.execute(select(slot_states.c.slot, slot_states.c.state, slot_states.c.found))
        return {row.slot.rpartition("/")[2]: (row.state, row.found) for row in rows}


async def _comes_true(rig: Rig, slot: str, state: str, found: str = "") -> None:
    """Looks at the tables only when something was recorded: the line shares this loop."""
    seen = -1

    def true() -> bool:
        nonlocal seen
        recorded = len(rig.live.data("stored"))
        if recorded == seen:
            return False
        seen = recorded
        return _slots(rig).get(slot) == (state, found)

    await until(true, _WITHIN_S)


async def test_what_stands_in_the_wrong_place_is_named_by_its_photos_and_what_nobody_showed_is_unknown(
    bay: _Bay, session: Session
) -> None:
    """The gallery grows while the line runs: the unknown product is named from then on."""
    tea = int(bay.scene.plan()["slots"][1]["product"].partition("-")[2])
    for gtin, product in ((TEA, tea), (SOAP, _DRAWN[SOAP])):
        bay.enrol(session, gtin, product)
    async with bay.line() as rig:
        await _comes_true(rig, "middle", "full")
        bay.scene.refill("r1c2", _DRAWN[SOAP])
        await _comes_true(rig, "middle", "wrong", SOAP)
        bay.scene.refill("r1c2", _DRAWN[RICE])
        await _comes_true(rig, "middle", "unknown")
        bay.enrol(session, RICE, _DRAWN[RICE])
        assert tell_bays(bay.places) == 1
        await _comes_true(rig, "middle", "wrong", RICE)
        kept = [event for event in rig.recorded("shelf") if event.data["slots"]]
        assert [one["held"] for event in kept for one in event.data["slots"] if one["slot"] == "middle"] == [
            "full", "wrong", "unknown", "wrong",
        ]  # fmt: skip
        assert not rig.recorded("mishap", "fault", "unrouted")
    assert tell_bays(bay.places) == 0  # its bell goes with the line


async def test_slots_that_a_lead_draws_are_watched_from_then_on(bay: _Bay) -> None:
    async with bay.line() as rig:
        await _comes_true(rig, "left", "full")
        drawn = [slots_json(bay.plan)[0], {**slots_json(bay.plan)[1], "name": "centre"}]
        command = Command("plan", bay.clock.now(), {"bay": "drinks", "slots": drawn}, "anna", "lead")
        number = await asyncio.to_thread(rig.commands.ask, "bay-drinks", command)
        rig.live.receive(LiveMessage("command", {"id": number}))
        await _comes_true(rig, "centre", "full")
        assert rig.commands.reply_of(number) == Reply(True, data={"slots": 2})
        assert {name: state for name, (state, _) in _slots(rig).items()} == {
            "left": "full", "centre": "full", "middle": "unknown", "right": "unknown",
        }  # fmt: skip
        [event] = rig.recorded("plan")
        assert (event.who, [slot["name"] for slot in event.data["plan"]["slots"]]) == ("anna", ["left", "centre"])
