"""What a recipe wants of camera, Modbus device and PLC link: made when it comes into force, before Ready rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from core.errors import DeviceError
from manufacturing.plc_tags import nodes
from manufacturing.settings import PlcSettings

_AS_THE_SITE_SAYS = (None, None)


@runtime_checkable
class Adjustable(Protocol):
    """A camera whose exposure and gain the box can set; None: as the site file says."""

    async def adjust(self, exposure_us: float | None, gain: float | None) -> None: ...


class Addressed(Protocol):
    def readdress(self, nodes: Mapping[str, str]) -> None: ...


class Mapped(Protocol):
    def use(self, places: Mapping[str, Any]) -> None: ...


class CellSetup:
    """Of one cell. Everything is as the site file says until `make` is called."""

    def __init__(self, plc: PlcSettings, link: Addressed, camera: object, sink: Mapped | None) -> None:
        self._plc = plc
        self._link = link
        self._camera = camera
        self._sink = sink
        self._light: tuple[Any, Any] | None = _AS_THE_SITE_SAYS  # None: nobody knows, setting it failed
        self._tags: Mapping[str, str] = {}

    def moves_tags(self, wanted: Mapping[str, Any]) -> bool:
        """Whether `make` ends the connection to the PLC, to find its tags elsewhere."""
        return dict(wanted.get("tags", {})) != self._tags

    async def make(self, wanted: Mapping[str, Any]) -> None:
        """Raises DeviceError when the camera did not take it."""
        light = (wanted.get("exposure_us"), wanted.get("gain"))
        if light != self._light:
            self._light = None
            if not isinstance(self._camera, Adjustable):
                raise DeviceError("exposure and gain of this camera cannot be set by a recipe")
            await self._camera.adjust(*light)
            self._light = light
        if self._sink is not None:
            self._sink.use(wanted.get("modbus", {}))
        if self.moves_tags(wanted):
            self._tags = dict(wanted.get("tags", {}))
            self._link.readdress(nodes(self._plc, self._tags))
