"""Carries actions to devices inside their windows. One whose time has passed is never sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from core.clock import Clock, Instant
from core.errors import DeviceError
from verticals.contract import Acted, Action, Delivery
from verticals.devices.base import Device, Preparing
from verticals.runtime.mishaps import Mishaps, in_words
from verticals.runtime.schedule import Schedule

#: How long after the end of its window a device may still be silent about an action that it took in time.
ANSWER_GRACE_S = 1.0


class Deliverer:
    """`devices` by name; an action's target is a name, or a name, a dot and a point of that device."""

    def __init__(self, devices: Mapping[str, Device], schedule: Schedule, clock: Clock) -> None:
        self._devices = devices
        self._schedule = schedule
        self._clock = clock
        self._mishaps = Mishaps("devices")

    def prepare(self, action: Action) -> bool:
        """Lets the device begin with an action that is due at once and waits for its record alone. Whether it does."""
        device: object = self._device(action.target)
        if action.at_s <= 0 and isinstance(device, Preparing):
            try:
                return device.prepare(action)
            except Exception as error:
                self._mishaps.note(f"{action.target}.prepare", error)
        return False

    async def deliver(self, action: Action, origin: Instant) -> Acted:
        """How it ended, after its window has opened; `origin` is what `at_s` and `until_s` count from."""
        device = self._device(action.target)
        if device is None:
            return self._ended(action, Delivery.FAILED, f"there is no device '{action.target}'")
        until_mono_s = origin.mono_s + action.until_s
        if action.at_s <= action.until_s and self._clock.now().mono_s <= until_mono_s:
            await self._schedule.sleep_until(origin.mono_s + action.at_s)
        left_s = until_mono_s - self._clock.now().mono_s
        if left_s < 0 or action.at_s > action.until_s:
            return self._ended(action, Delivery.MISSED, f"its window closed {max(0.0, -left_s) * 1000:.0f} ms before")
        return await self._act(device, action, left_s)

    async def _act(self, device: Device, action: Action, left_s: float) -> Acted:
        silent_s = left_s + ANSWER_GRACE_S
        try:
            async with asyncio.timeout(silent_s):
                detail = await device.act(action)
        except TimeoutError:
            return self._ended(action, Delivery.FAILED, f"no answer within {silent_s:.1f} s")
        except DeviceError as error:
            return self._ended(action, Delivery.FAILED, str(error))
        except Exception as error:
            self._mishaps.note(f"{device.name}.act", error)
            return self._ended(action, Delivery.FAILED, in_words(error))
        return self._ended(action, Delivery.SENT, detail or "")

    def _device(self, target: str) -> Device | None:
        name = target
        while name not in self._devices:
            name, mark, _ = name.rpartition(".")
            if not mark:
                return None
        return self._devices[name]

    def _ended(self, action: Action, delivery: Delivery, detail: str) -> Acted:
        return Acted(action, delivery, self._clock.now(), detail)
