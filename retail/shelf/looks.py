"""What a bay is known to look like: its still, and for every slot the looks that were agreed on since.

Everything here is a picture of the working size, in the still's place and light. A slot is known full (from the
still) or empty (a second still, or the shelf around it drawn through until it has been seen), and by the look that it
was last confirmed in. Nothing gets in that was not judged to be goods or shelf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from retail.shelf.plan import Plan, Slot

#: Looks kept of one slot, the still's and the empty one apart; the oldest goes.
_MOST_LOOKS = 4
#: A difference that the camera's noise and half a pixel of shift explain: levels, and levels per level of slope.
_NOISE_LEVELS, _SLOPE_SHARE = 14.0, 0.75
_SHIFT_PX = 1
#: A narrower strip between slots says nothing of the shelf: it holds the soft edges of the goods beside it.
_NARROWEST_PX = 3

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Looks:
    """Of one bay. `still` and `bare` are whole pictures; `bare` is the still with its goods gone, as far as known."""

    plan: Plan
    still: Picture = field(repr=False)
    bare: Picture = field(repr=False)
    bare_is_seen: bool = False
    agreed: dict[str, list[Picture]] = field(default_factory=dict, repr=False)
    seen_empty: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, plan: Plan, still: Picture, empty: Picture | None = None) -> Looks:
        """From stills of the working size."""
        looks = cls(plan, still, empty if empty is not None else _drawn_bare(plan, still), empty is not None)
        if empty is not None:
            looks.seen_empty = {slot.name for slot in plan.slots}
        return looks

    def unlike(self, frame: Picture, brightest: Picture) -> Map:
        """Height x width: how unlike everything known each pixel of `frame` is; up to 1 noise may explain.

        `brightest` as of `light.evened`.
        """
        result = unlikeness(frame, self.still, brightest)
        height, width = self.still.shape[:2]
        for slot in self.plan.slots:
            left, top, right, bottom = around(slot, height, width)
            part = result[top:bottom, left:right]
            for look in [self.bare[top:bottom, left:right], *self.agreed.get(slot.name, [])]:
                seen = unlikeness(frame[top:bottom, left:right], look, brightest[top:bottom, left:right])
                np.minimum(part, seen, out=part)
        return result

    def agree(self, slot: Slot, frame: Picture, *, empty: bool) -> None:
        """`frame` shows the slot as it is now: goods or shelf, with nobody before it."""
        height, width = self.still.shape[:2]
        left, top, right, bottom = around(slot, height, width)
        look = frame[top:bottom, left:right].copy()
        if empty and slot.name not in self.seen_empty:
            # What was drawn through is no longer needed; a little of it stays around the slot.
            inner = slot.pixels(height, width)
            self.bare[inner[1] : inner[3], inner[0] : inner[2]] = frame[inner[1] : inner[3], inner[0] : inner[2]]
            self.seen_empty.add(slot.name)
        kept = [one for one in self.agreed.get(slot.name, []) if float(unlikeness(look, one).mean()) > 0.35]
        self.agreed[slot.name] = [*kept, look][-_MOST_LOOKS:]

    def take_over(self, slot: Slot, other: Looks) -> None:
        """What another, of the same still, has learnt of this slot."""
        self.agreed[slot.name] = list(other.agreed.get(slot.name, ()))
        if slot.name in other.seen_empty:
            left, top, right, bottom = slot.pixels(*self.still.shape[:2])
            self.bare[top:bottom, left:right] = other.bare[top:bottom, left:right]
            self.seen_empty.add(slot.name)

    def crop(self, picture: Picture, slot: Slot) -> Picture:
        """The slot's pixels of a picture of the working size."""
        left, top, right, bottom = slot.pixels(*picture.shape[:2])
        return picture[top:bottom, left:right]


def around(slot: Slot, height: int, width: int, px: int = 6) -> tuple[int, int, int, int]:
    """The slot's box with a rim of `px`, inside the picture."""
    left, top, right, bottom = slot.pixels(height, width)
    return max(left - px, 0), max(top - px, 0), min(right + px, width), min(bottom + px, height)


def unlikeness(frame: Picture, look: Picture, brightest: Picture | None = None) -> Map:
    """Height x width: the difference over what noise and a pixel of shift explain, the largest of the three colours.

    Each pixel of `frame` may lie between the darkest and the brightest of the look's pixels beside it.
    """
    kernel = np.ones((2 * _SHIFT_PX + 1,) * 2, np.uint8)
    soft = cv2.GaussianBlur(frame, (3, 3), 0)
    low, high = cv2.erode(look, kernel), cv2.dilate(look, kernel)
    if brightest is not None:
        low = cv2.min(low, brightest)
    off = cv2.max(cv2.subtract(low, soft), cv2.subtract(soft, high))  # saturates at 0
    allowed = cv2.addWeighted(cv2.subtract(high, low), _SLOPE_SHARE / 2, low, 0.0, _NOISE_LEVELS)
    ratio = cv2.divide(off, allowed, dtype=cv2.CV_32F)
    return np.asarray(largest(ratio), np.float32)


def largest(colours: NDArray[Any]) -> NDArray[Any]:
    """Height x width: the largest of the three colours; quicker than numpy's own over a short last axis."""
    red, green, blue = cv2.split(colours)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def _drawn_bare(plan: Plan, still: Picture) -> Picture:
    """The still with the shelf around each full slot drawn through it, row by row from side to side: shelves are
    long. Only a guess until the slot has been seen empty."""
    bare = still.copy()
    height, width = still.shape[:2]
    for slot in plan.slots:
        if not slot.full:
            continue
        left, top, right, bottom = slot.pixels(height, width)
        beside = _beside(slot, plan.slots, height, width)
        if not beside:
            continue
        columns = [np.median(still[top:bottom, span], axis=1).astype(np.float32)[:, None] for span in beside]
        middles = [(span.start + span.stop - 1) / 2 for span in beside]
        share = np.interp(np.arange(left, right), middles, np.linspace(0, 1, len(middles)))[None, :, None]
        drawn = (columns[0] * (1 - share) + columns[-1] * share).astype(np.float32)
        bare[top:bottom, left:right] = np.clip(cv2.GaussianBlur(drawn, (0, 0), 1.0), 0, 255).astype(np.uint8)
    return bare


def _beside(slot: Slot, slots: Sequence[Slot], height: int, width: int) -> list[slice]:
    """The nearest strip of columns to the left and to the right of a slot in which no slot of the same shelf lies,
    as wide as there is room; where goods stand close together, that is beyond the neighbours."""
    left, top, right, bottom = slot.pixels(height, width)
    free = np.ones(width, bool)
    for other in slots:
        x0, y0, x1, y1 = other.pixels(height, width)
        if y0 < bottom and top < y1:
            free[x0:x1] = False
    widest = max(_NARROWEST_PX, (right - left) // 6)
    before, after = _first_run(free[:left][::-1], widest), _first_run(free[right:], widest)
    found = [] if before is None else [slice(left - before[1], left - before[0])]
    return found if after is None else [*found, slice(right + after[0], right + after[1])]


def _first_run(free: NDArray[np.bool_], longest: int) -> tuple[int, int] | None:
    """First and last (not included) of the first run of at least `_NARROWEST_PX`, cut to `longest`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first >= _NARROWEST_PX:
            return int(first), int(min(last, first + longest))
    return None
