"""Pictures of several cameras for one ticket: all of them, or a clear word which one did not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.clock import Instant
from core.errors import DeviceError
from verticals.devices.frames import Frame


@dataclass(frozen=True, slots=True)
class Views:
    """What several cameras gave for one ticket, and why the others gave nothing; both by camera."""

    frames: Mapping[str, Frame]
    failed: Mapping[str, str]


class Grabber(Protocol):
    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame: ...


async def grab_all(cameras: Mapping[str, Grabber], ticket: str, timeout_s: float, at: Instant | None = None) -> Views:
    """One picture of each camera for `ticket`, asked for at once and within one `timeout_s`; raises nothing.

    A part is whole only when `failed` is empty.
    """
    asked = [camera.grab(ticket, timeout_s, at) for camera in cameras.values()]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    frames: dict[str, Frame] = {}
    failed: dict[str, str] = {}
    for name, outcome in zip(cameras, outcomes, strict=True):
        if isinstance(outcome, Frame):
            frames[name] = outcome
        elif isinstance(outcome, DeviceError):
            failed[name] = str(outcome)
        else:
            raise outcome
    return Views(frames, failed)
