"""Keeps a station's model slots as the shelf says; the station orders a change by an action, as of any device.

Device `<station>-model`: `<station>-model.activate` with {slot, name, version} makes a package active on the
shelf (its golden vectors pass on this box first), loads it beside the old one and switches between two samples.
What cannot be loaded leaves the old one in force.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from core.errors import DeviceError, EdgewiseError
from core.inference.engine import LocalEngine
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from verticals.contract import Action, DeviceNews
from verticals.devices.base import Port
from verticals.places import Places
from verticals.runtime.bridge import Bridge

log = logging.getLogger(__name__)

_LOADING = "models"
NO_RECIPE = "no-recipe"
FAILED = "recipe-failed"


def shelf_of(places: Places) -> Shelf:
    """The box's shelf, with the keys it trusts and the gate of this box."""
    return Shelf(places.models, Trust(places.keys), Gate())


class ModelKeeper:
    """Belongs to the line's event loop; loading runs on a thread of the bridge."""

    def __init__(self, station: str, slots: Sequence[str], shelf: Shelf, engine: LocalEngine, bridge: Bridge) -> None:
        self.name = f"{station}-model"
        self._shelf = shelf
        self._engine = engine
        self._slots = slots
        self._bridge = bridge
        self._port: Port

    async def run(self, port: Port) -> None:
        """Loads what is active, tells how that went, and then waits for orders."""
        self._port = port
        for slot in self._slots:
            await self._load(slot)
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        """Raises DeviceError when the package was refused; the one in force stays."""
        if action.target != f"{self.name}.activate":
            raise DeviceError(f"{self.name} has no output '{action.target}'")
        wanted = action.value
        slot, name, version = wanted["slot"], wanted["name"], wanted["version"]
        try:
            await self._bridge.call(_LOADING, self._shelf.activate, slot, name, version)
        except EdgewiseError as error:
            raise DeviceError(f"{name} {version} was not activated: {error.message}", hint=error.hint) from error
        try:
            text = await self._switch(slot)
        except EdgewiseError as error:
            await self._bridge.call(_LOADING, self._shelf.rollback, slot)
            raise DeviceError(f"{name} {version} cannot be loaded; the one before stays: {error.message}") from error
        self._tell(NO_RECIPE, ok=True, detail=text)
        return f"{text} active"

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Models have no heartbeat of their own."""

    async def _load(self, slot: str) -> None:
        try:
            text = await self._switch(slot)
        except EdgewiseError as error:
            log.error("model for '%s' cannot be loaded: %s", slot, error)
            self._tell(FAILED, ok=False, detail=error.message)
            return
        if text:
            self._tell(NO_RECIPE, ok=True, detail=text)
        else:
            self._tell(NO_RECIPE, ok=False, detail=f"nothing is active for '{slot}'")

    async def _switch(self, slot: str) -> str:
        """Name and version of what answers now; empty when nothing is active. Raises EdgewiseError."""
        package = await self._bridge.call(_LOADING, self._shelf.active, slot)
        if package is None:
            return ""
        loaded = self._engine.active(slot)
        if loaded is None or loaded.sha256 != package.sha256:
            await self._bridge.call(_LOADING, self._engine.load, slot, package)
        return f"{package.card.name} {package.card.version}"

    def _tell(self, code: str, *, ok: bool, detail: str) -> None:
        self._port.news(DeviceNews(self.name, ok, self._port.clock.now(), code, detail))
