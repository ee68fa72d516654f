"""What a recipe wants of camera, Modbus device and PLC link: made when it comes into force, before Ready rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from manufacturing.plc_tags import nodes
from manufacturing.settings import PlcSettings


class Adjusted(Protocol):
    async def adjust(self, settings: Mapping[str, float]) -> None: ...


class Addressed(Protocol):
    def readdress(self, nodes: Mapping[str, str]) -> None: ...


class Mapped(Protocol):
    def use(self, places: Mapping[str, Any]) -> None: ...


class CellSetup:
    """Of one cell. Everything is as the site file says until `make` is called."""

    def __init__(self, plc: PlcSettings, link: Addressed, cameras: Adjusted, sink: Mapped | None) -> None:
        self._plc = plc
        self._link = link
        self._cameras = cameras
        self._sink = sink
        self._light: dict[str, float] | None = {}  # None: nobody knows, setting it failed
        self._tags: Mapping[str, str] = {}

    def moves_tags(self, wanted: Mapping[str, Any]) -> bool:
        """Whether `make` ends the connection to the PLC, to find its tags elsewhere."""
        return dict(wanted.get("tags", {})) != self._tags

    async def make(self, wanted: Mapping[str, Any]) -> None:
        """Raises DeviceError when the camera did not take it."""
        light = {name: float(wanted[name]) for name in ("exposure_us", "gain") if name in wanted}
        if light != self._light:
            self._light = None
            if light:
                await self._cameras.adjust(light)
            self._light = light
        if self._sink is not None:
            self._sink.use(wanted.get("modbus", {}))
        if self.moves_tags(wanted):
            self._tags = dict(wanted.get("tags", {}))
            self._link.readdress(nodes(self._plc, self._tags))
