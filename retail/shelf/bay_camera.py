"""The device of one bay: brings its station the set-up, the gallery, and a frame every so often.

Plan, stills and gallery are read when the line starts; what cannot be read is told, as `bay-setup` or `gallery`. A
gallery that grew since is read when the bay's bell is rung (`enrolment.tell_bays`), so that nobody polls the shelf.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from core.clock import Instant
from core.errors import DeviceError, EdgewiseError
from core.models.shelf import Shelf
from retail.shelf.bay import GALLERY, SETUP, VIEW
from retail.shelf.enrolment import GALLERY as GALLERY_SLOT
from retail.shelf.gallery_package import EMBEDDED_BY, known_from, read_gallery
from retail.shelf.plan import read_plan, slots_json
from retail.shelf.settings import BaySettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings
from verticals.devices.frames import CameraClient, Frame
from verticals.devices.pictures import read_picture
from verticals.runtime.bell import Bell
from verticals.runtime.models import shelf_of

_GRAB_WITHIN_S = 2.0

Values = Mapping[str, Value]


class Camera(Protocol):
    """What a bay needs of a camera's client."""

    async def run(self) -> None: ...
    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame: ...


class BayCamera:
    """`shelf` holds the gallery; at `bell` it is rung when that has changed."""

    def __init__(self, settings: BaySettings, camera: Camera, shelf: Shelf, bell: Path) -> None:
        self.name = settings.station
        self._settings = settings
        self._camera = camera
        self._shelf = shelf
        self._bell = bell
        self._lost = ""
        self._troubles: set[str] = set()

    async def run(self, port: Port) -> None:
        rung = asyncio.Event()
        bell = Bell(self._bell, lambda message: rung.set())
        bell.hang()  # before the gallery is read, so that none is missed
        try:
            await self._bring(port, "bay-setup", lambda: setup_of(self._settings))
            await self._bring(port, "gallery", lambda: gallery_of(self._shelf))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._camera.run())
                group.create_task(self._look(port))
                group.create_task(self._listen(port, rung))
        finally:
            bell.close()

    async def _bring(self, port: Port, code: str, read: Callable[[], Values | None]) -> None:
        """What `read` finds goes to the station; what is wrong with it is told by `code`, and its end."""
        try:
            values = await asyncio.to_thread(read)
        except EdgewiseError as error:
            self._troubles.add(code)
            why = f"{error.message} {error.hint}".strip()
            port.news(DeviceNews(self.name, False, port.clock.now(), code, why))
            return
        if code in self._troubles:
            self._troubles.discard(code)
            port.news(DeviceNews(self.name, True, port.clock.now(), code))
        if values is not None:
            await port.emit(Sample(self.name, port.clock.now(), values))

    async def _listen(self, port: Port, rung: asyncio.Event) -> None:
        while True:
            await rung.wait()
            rung.clear()
            await self._bring(port, "gallery", lambda: gallery_of(self._shelf))

    async def _look(self, port: Port) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._settings.every)
            number += 1
            try:
                frame = await self._camera.grab(f"{self.name}-{number}", _GRAB_WITHIN_S)
            except DeviceError as error:
                self._tell(port, error.message)
                continue
            self._tell(port, "")
            await port.emit(Sample(self.name, frame.at, {"kind": VIEW, "image": frame.image}))

    def _tell(self, port: Port, lost: str) -> None:
        """The first loss, and the return."""
        if bool(lost) != bool(self._lost):
            port.news(DeviceNews(self.name, not lost, port.clock.now(), "camera-lost", lost))
        self._lost = lost

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} takes no orders: '{action.target}'")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """A camera on a shelf is led by nobody."""


def make(spec: DeviceSpec, surroundings: Surroundings) -> BayCamera:
    """The device of a site's bay, with its real camera."""
    settings: BaySettings = spec.options
    places = surroundings.places
    socket = places.camera_socket(surroundings.app, settings.camera_device)
    camera = CameraClient(socket, name=settings.camera_device, clock=surroundings.clock)
    return BayCamera(settings, camera, shelf_of(places), places.bell_socket(surroundings.app, settings.station))


def gallery_of(shelf: Shelf) -> Values | None:
    """What answers for `gallery`, all photos and views; None where no product was enrolled. Raises PackageError."""
    package = shelf.active(GALLERY_SLOT)
    if package is None:
        return None
    gallery = read_gallery(package)
    return {
        "kind": GALLERY,
        "names": json.dumps(gallery.names),
        "photos": json.dumps([len(gallery.vectors[name]) for name in gallery.names]),
        "vectors": np.concatenate([gallery.vectors[name] for name in gallery.names]),
        "known_from": known_from(package),
        "embedded_by": str(package.card.provenance.get(EMBEDDED_BY, "")),
    }


def setup_of(settings: BaySettings) -> Values:
    """Plan and stills from their files; no slots where nobody has drawn them yet. Raises InputError."""
    path, still = Path(settings.plan), read_picture(Path(settings.still))
    slots = slots_json(read_plan(path)) if path.exists() else []
    values: dict[str, Value] = {"kind": SETUP, "slots": json.dumps(slots), "still": still}
    if settings.empty_still:
        values["empty"] = read_picture(Path(settings.empty_still))
    return values
