"""A stand-in for the box at the PLC: does the handshake over OPC UA and says what a test tells it to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from asyncua import Client, ua

from simulators.tags import TAG_BY_NAME, TagValue

#: Part id in; accept or not, or None for no answer at all.
Judge = Callable[[int], bool | None]


class StandInBox:
    """`async with StandInBox(url, judge)`: ready, beating once, answering every trigger until left."""

    def __init__(self, url: str, judge: Judge) -> None:
        self.seen: list[int] = []
        self._client = Client(url)
        self._judge = judge
        self._changes: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> StandInBox:
        await self._client.connect()
        subscription = await self._client.create_subscription(1, self)
        nodes = [self._client.get_node(TAG_BY_NAME[name].node_id) for name in ("Trigger", "Ack")]
        await subscription.subscribe_data_change(nodes, sampling_interval=0)
        self._worker = asyncio.create_task(self._work())
        await self.write(Heartbeat=1)
        await self.write(Ready=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._worker is not None
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        await self._client.disconnect()

    def datachange_notification(self, node: Any, value: Any, _data: Any) -> None:
        self._changes.put_nowait((node.nodeid.Identifier.removeprefix("Cell."), value))

    async def read(self, name: str) -> Any:
        return await self._client.get_node(TAG_BY_NAME[name].node_id).read_value()

    async def write(self, **values: TagValue) -> None:
        for name, value in values.items():
            tag = TAG_BY_NAME[name]
            variant = ua.Variant(value, ua.VariantType[tag.kind])
            await self._client.get_node(tag.node_id).write_attribute(ua.AttributeIds.Value, ua.DataValue(variant))

    async def _work(self) -> None:
        while True:
            name, value = await self._changes.get()
            if name == "Trigger" and value:
                await self._answer(int(await self.read("PartId")))
            elif name == "Ack" and value:
                await self.write(ResultValid=False, Ready=True)

    async def _answer(self, part_id: int) -> None:
        self.seen.append(part_id)
        await self.write(Busy=True, Ready=False)
        accept = self._judge(part_id)
        if accept is None:
            await self.write(Busy=False, Ready=True)
            return
        await self.write(PassFail=accept, ResultCode=0 if accept else 1, Score=0.25, PartIdEcho=part_id)
        await self.write(ResultValid=True)
        await self.write(Busy=False)
