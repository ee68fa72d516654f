"""What the gate's own sensor saw, as the PLC tells it: whose part it was, and whether it went into the bin.

Id and outcome are two tags, and between the news of one and the answer for the other the next part may pass.
So both are asked for together, twice: an outcome counts only for the id that stood before and after it, and
only once. A part that nobody can vouch for is "not seen at the gate", which is what its record says then.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)

PART_ID, REJECTED = "GateLastPartId", "GateLastRejected"
_TRIES = 4


class GateReports:
    """Of one PLC. `read` gives the tags it is asked for in one request, None for a bad one; may raise DeviceError."""

    def __init__(self, read: Callable[[list[str]], Awaitable[dict[str, Any]]]) -> None:
        self._read = read
        self._passed: int | None = None  # as the PLC published it last
        self._told: int | None = None

    def passed(self, value: Any) -> bool:
        """The PLC published `value` as the last part at the gate: whether to ask about it.

        Not when it is the first one heard of: it passed before this box looked. 0 is no part, None no news.
        """
        if value is None:
            return False
        last, self._passed = self._passed, int(value)
        return last is not None and self._passed not in (0, last)

    async def seen(self) -> tuple[int, bool] | None:
        """The last part that passed and whether it was rejected; None when that is not certain, or was told before."""
        before = await self._pair()
        for _ in range(_TRIES):
            after = await self._pair()
            if after == before:
                return self._once(before)
            before = after
        log.info("part %s: others passed the gate before its outcome could be read", before[0])
        return None

    async def _pair(self) -> tuple[Any, Any]:
        tags = await self._read([PART_ID, REJECTED])
        return tags[PART_ID], tags[REJECTED]

    def _once(self, pair: tuple[Any, Any]) -> tuple[int, bool] | None:
        part_id, rejected = pair
        if not part_id or rejected is None or part_id == self._told:
            return None
        self._told = int(part_id)
        return self._told, bool(rejected)
