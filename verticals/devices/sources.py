"""Where frames come from: what every frame source owes the camera process that owns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from verticals.devices.notices import Settings


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture, HxWx3 uint8 RGB, and the moment it was taken."""

    image: NDArray[np.uint8]
    at: Instant


class FrameSource(Protocol):
    """Belongs to one thread of one camera process; its calls may block.

    `grab_limit_s` is the longest a grab may take before the camera counts as hung.
    """

    grab_limit_s: float

    def expected_bytes(self) -> int:
        """Size of a coming frame where it is known, else 0: the ring is made ready before the first part."""
        ...

    def grab(self, ticket: str, at: Instant | None = None) -> Shot:
        """The picture for `ticket` (a part id; empty when free-running), triggered at `at`; None: now.

        Raises DeviceError when there is none, InputError when it cannot be used.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Attended(Protocol):
    """A source with a camera that may be lost while nobody asks for a picture."""

    def attend(self, tell: Callable[[bool, str], None]) -> None:
        """Connects; from then on `tell(up, why)` is called at each change, from any thread."""
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A source that takes settings while it runs."""

    def adjust(self, wanted: Settings) -> Settings:
        """What was really set. Raises DeviceError when the camera is lost, InputError for what it does not have."""
        ...
