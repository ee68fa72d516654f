"""What the line expects of every device: it runs until cancelled, reconnects by itself, and says how it is.

A device wraps exactly one library, turns that library's errors into DeviceError, and tells each change of
its state once through `Port.news`. Losing the other side is normal life, never an exception out of `run`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.clock import Clock
from verticals.contract import Action, DeviceNews, Sample
from verticals.places import Places


@dataclass(frozen=True, slots=True)
class Port:
    """The line's side of a device. `emit` returns once the loop has taken the sample (bounded queue)."""

    emit: Callable[[Sample], Awaitable[None]]
    news: Callable[[DeviceNews], None]
    clock: Clock


class Device(Protocol):
    name: str

    async def run(self, port: Port) -> None:
        """Connects, serves and reconnects until cancelled."""
        ...

    async def act(self, action: Action) -> str:
        """Does it and returns a short detail for the record. Raises DeviceError when it could not."""
        ...

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Called twice a second by a loop that moves: passes readiness and the heartbeat on."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """A device that can begin with an action while the record that the action waits for is written."""

    def prepare(self, action: Action) -> bool:
        """Begins what nobody can take for the action itself, in the next turn of the loop; `act` follows, or never.

        Returns at once; whether anything is begun.
        """
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a device factory `make(spec, surroundings) -> Device` may know of the box."""

    app: str
    places: Places
    clock: Clock
