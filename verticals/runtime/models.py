"""Keeps a station's model slots as the shelf says; the station orders a change by an action, as of any device.

Device `<station>-model`: `<station>-model.activate` with {slot, name, version} makes a package active on the
shelf (its golden vectors pass on this box first), loads it beside the old one and switches between two samples;
with `as` it answers under that name, and the slot is what is loaded at the next start. `.load` with {slot, name,
version, sha256} keeps a further package ready under a slot of its own, `.unload` with {slot} lets it go.
`.rollback` with {slot} makes what was active before answer again. What cannot be loaded leaves the old one in
force. Loaded packages are told as `name version sha256`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from core.errors import DeviceError, EdgewiseError, PackageError
from core.inference.engine import LocalEngine
from core.models.gate import Gate
from core.models.package import Package
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
        orders = {
            "activate": self._activate,
            "load": self._load_further,
            "rollback": self._roll_back,
            "unload": self._unload,
        }
        order = orders.get(action.target.removeprefix(f"{self.name}."))
        if order is None:
            raise DeviceError(f"{self.name} has no output '{action.target}'")
        return await order(action.value)

    async def _activate(self, wanted: Mapping[str, str]) -> str:
        slot, name, version = wanted["slot"], wanted["name"], wanted["version"]
        answers_as = wanted.get("as", slot)
        try:
            await self._bridge.call(_LOADING, self._shelf.activate, slot, name, version)
        except EdgewiseError as error:
            raise DeviceError(f"{name} {version} was not activated: {error.message}", hint=error.hint) from error
        try:
            text = await self._switch(slot, answers_as)
        except EdgewiseError as error:
            await self._bridge.call(_LOADING, self._shelf.rollback, slot)
            raise DeviceError(f"{name} {version} cannot be loaded; the one before stays: {error.message}") from error
        if answers_as == slot:
            self._tell(NO_RECIPE, ok=True, detail=text)
        return text

    async def _roll_back(self, wanted: Mapping[str, str]) -> str:
        slot = wanted["slot"]
        answers_as = wanted.get("as", slot)
        before = self._engine.active(answers_as)
        try:
            await self._bridge.call(_LOADING, self._shelf.rollback, slot)
        except EdgewiseError as error:
            raise DeviceError(f"'{slot}' was not rolled back: {error.message}", hint=error.hint) from error
        try:
            text = await self._switch(slot, answers_as)
        except EdgewiseError as error:
            if before is not None:
                await self._bridge.call(_LOADING, self._shelf.activate, slot, before.name, before.version)
            raise DeviceError(f"'{slot}' cannot be rolled back; it stays as it is: {error.message}") from error
        if answers_as == slot:
            self._tell(NO_RECIPE, ok=True, detail=text)
        return text

    async def _load_further(self, wanted: Mapping[str, str]) -> str:
        slot, name, version = wanted["slot"], wanted["name"], wanted["version"]
        try:
            package = await self._bridge.call(_LOADING, self._passed, slot, name, version)
            if package.sha256 != wanted["sha256"]:
                raise DeviceError(f"{name} {version} on the shelf is another package than the one asked for")
            return await self._answer(slot, package)
        except DeviceError:
            raise
        except EdgewiseError as error:
            raise DeviceError(f"{name} {version} cannot be loaded: {error.message}", hint=error.hint) from error

    def _passed(self, slot: str, name: str, version: str) -> Package:
        """The package, after its golden vectors passed here; not again where the slot says that they did. Blocks."""
        try:
            package = self._shelf.active(slot)
        except PackageError as error:
            log.info("slot '%s' is made anew: %s", slot, error.message)
            package = None
        if package is not None and (package.card.name, package.card.version) == (name, version):
            return package
        return self._shelf.activate(slot, name, version)

    async def _unload(self, wanted: Mapping[str, str]) -> str:
        await self._bridge.call(_LOADING, self._engine.unload, wanted["slot"])
        return f"'{wanted['slot']}' is empty"

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

    async def _switch(self, slot: str, answers_as: str = "") -> str:
        """Loads what is active for `slot`; empty when nothing is. Raises EdgewiseError."""
        package = await self._bridge.call(_LOADING, self._shelf.active, slot)
        return "" if package is None else await self._answer(answers_as or slot, package)

    async def _answer(self, slot: str, package: Package) -> str:
        """Name, version and sha256 of the package, which answers for `slot` now. Raises EngineError."""
        loaded = self._engine.active(slot)
        if loaded is None or loaded.sha256 != package.sha256:
            again = partial(self._shelf.package, package.card.name, package.card.version)
            await self._bridge.call(_LOADING, self._engine.load, slot, package, again=again)
        return f"{package.card.name} {package.card.version} {package.sha256}"

    def _tell(self, code: str, *, ok: bool, detail: str) -> None:
        self._port.news(DeviceNews(self.name, ok, self._port.clock.now(), code, detail))
