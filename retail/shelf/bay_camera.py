"""The device of one bay: brings its station the set-up, the gallery, and a frame every so often.

Plan, stills and gallery are read when the line starts; what cannot be read is told once, as `bay-setup` or `gallery`.
A gallery that grew since is taken at the next start of the line.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from core.clock import Instant
from core.errors import DeviceError, EdgewiseError
from retail.shelf.bay import GALLERY, SETUP, VIEW
from retail.shelf.enrolment import GALLERY as GALLERY_SLOT
from retail.shelf.gallery_package import known_from, read_gallery
from retail.shelf.plan import read_plan
from retail.shelf.settings import BaySettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings
from verticals.devices.frames import CameraClient, Frame
from verticals.devices.pictures import read_picture
from verticals.runtime.models import shelf_of

_GRAB_WITHIN_S = 2.0

Values = Mapping[str, Value]


class Camera(Protocol):
    """What a bay needs of a camera's client."""

    async def run(self) -> None: ...
    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame: ...


class BayCamera:
    """`first` is what the station must know before the first frame; `troubles` what is wrong with it, by code."""

    def __init__(
        self, settings: BaySettings, camera: Camera, first: Sequence[Values], troubles: Mapping[str, str]
    ) -> None:
        self.name = settings.station
        self._settings = settings
        self._camera = camera
        self._first = first
        self._troubles = troubles
        self._lost = ""

    async def run(self, port: Port) -> None:
        for code, why in self._troubles.items():
            port.news(DeviceNews(self.name, False, port.clock.now(), code, why))
        for values in self._first:
            await port.emit(Sample(self.name, port.clock.now(), values))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._camera.run())
            group.create_task(self._look(port))

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
    first: list[Values] = []
    troubles: dict[str, str] = {}
    try:
        first.append(setup_of(settings))
    except EdgewiseError as error:
        troubles["bay-setup"] = f"{error.message} {error.hint}".strip()
    try:
        package = shelf_of(surroundings.places).active(GALLERY_SLOT)
        if package is not None:
            gallery = read_gallery(package)
            vectors = np.concatenate([gallery.vectors[name][:, 0] for name in gallery.names])
            photos = [len(gallery.vectors[name]) for name in gallery.names]
            first.append({"kind": GALLERY, "names": json.dumps(gallery.names), "photos": json.dumps(photos),
                          "vectors": vectors, "known_from": known_from(package)})  # fmt: skip
    except EdgewiseError as error:
        troubles["gallery"] = f"{error.message} {error.hint}".strip()
    socket = surroundings.places.camera_socket(surroundings.app, settings.camera_device)
    camera = CameraClient(socket, name=settings.camera_device, clock=surroundings.clock)
    return BayCamera(settings, camera, first, troubles)


def setup_of(settings: BaySettings) -> Values:
    """Plan and stills from their files. Raises InputError."""
    plan = read_plan(Path(settings.plan))
    slots = [
        {"name": slot.name, "product": slot.product, "box": list(slot.box), "facings": slot.facings, "low": slot.low,
         "full": slot.full}
        for slot in plan.slots
    ]  # fmt: skip
    values: dict[str, Value] = {"kind": SETUP, "slots": json.dumps(slots), "still": read_picture(Path(settings.still))}
    if settings.empty_still:
        values["empty"] = read_picture(Path(settings.empty_still))
    return values
