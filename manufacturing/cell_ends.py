"""What a cell is joined to besides its cameras: the PLC, and a second place that gets each result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from manufacturing.handshake import Result, Write


class PlcLink(Protocol):
    async def run(self) -> None: ...

    async def read(self, names: list[str]) -> dict[str, Any]: ...

    async def write_many(self, values: list[tuple[str, Any]]) -> None: ...

    def readdress(self, nodes: Mapping[str, str]) -> None: ...


class ResultSink(Protocol):
    """A second place that gets each result, such as a Modbus device."""

    async def run(self) -> None: ...

    async def tell(self, result: Result) -> None: ...

    async def reject(self) -> None: ...

    async def signal(self, writes: Sequence[Write]) -> None: ...

    def use(self, places: Mapping[str, Any]) -> None: ...
