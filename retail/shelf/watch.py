"""One bay, frame by frame: put in place, brought to the still's light, searched for whatever passes, slots judged.

`look` does what needs no model and says which slots it is in doubt about; `conclude` takes the gallery's answers in.
Nothing here reads a clock or does I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from core.errors import InputError
from retail.shelf.alignment import Alignment, Place, pulled, working_size
from retail.shelf.facings import Facing, FacingSight, see_facings
from retail.shelf.gallery import Match
from retail.shelf.intruders import find_intruders, moving_pixels
from retail.shelf.keeping import kept_picture
from retail.shelf.light import evened
from retail.shelf.looks import Looks, around, unlikeness
from retail.shelf.plan import Plan, Slot
from retail.shelf.slot_state import BLOCKED, Patience, SlotSight, SlotStanding, SlotState, judged

#: A slot is shown again only after so many frames with nothing passing before it.
_CLEAR_FRAMES = 3
#: A change must stand still for so many frames before its look is agreed on.
_SETTLED_FRAMES = 4
#: So many pixels of a slot may be unlike everything known: a label that flutters, a drop of noise.
_FREE_PX = 6
#: The gallery is asked again when so much of a slot has changed since.
_NEW_LOOK_SHARE = 0.08

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One frame as it was seen. `aligned` is the frame in the still's place and of its size; `doubtful` are crops of
    slots that the gallery is to be asked about."""

    at: Instant
    place: Place
    aligned: Picture = field(repr=False)
    working: Picture = field(repr=False)
    facings: Mapping[str, list[FacingSight]] = field(repr=False)
    passing: Mask = field(repr=False)
    changed: Mask = field(repr=False)
    doubtful: Mapping[str, Picture] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What follows from a frame. `kept` is the only picture that may leave; `permitted` names the slots it shows."""

    kept: Picture = field(repr=False)
    permitted: frozenset[str]
    changed: tuple[str, ...]
    sights: Mapping[str, SlotSight]


class BayWatch:
    """Keeps what the bay looks like and what is said of its slots."""

    def __init__(
        self, plan: Plan, still: Picture, empty: Picture | None = None, patience: Patience | None = None
    ) -> None:
        """`still` shows the bay with nobody before it. Raises InputError when `empty` has another size."""
        if empty is not None and empty.shape != still.shape:
            raise InputError(f"the empty still is {empty.shape}, the still {still.shape}", hint="Take both alike.")
        self.plan = plan
        self.still = still
        self._size = working_size(*still.shape[:2])
        small = self._small(still)
        self.looks = Looks.of(plan, small, None if empty is None else self._small(empty))
        self._slots = np.zeros(self._size, bool)
        for slot in plan.slots:
            left, top, right, bottom = around(slot, *self._size, px=2)
            self._slots[top:bottom, left:right] = True
        self._alignment = Alignment(_grey(small), self._slots)
        self.standing = {slot.name: SlotStanding(slot, patience or Patience()) for slot in plan.slots}
        self._calm = {slot.name: _Calm() for slot in plan.slots}
        self._before: deque[Picture] = deque(maxlen=2)
        self._answers: dict[str, tuple[Picture, Match]] = {}

    def look(self, frame: Picture, at: Instant) -> Sight:
        """`frame` is height x width x 3 RGB of any size, of the same view."""
        height, width = self.still.shape[:2]
        working = self._small(frame)
        place = self._alignment.find(_grey(working))
        aligned = pulled(frame, self._full_place(place, frame), height, width)
        seen = pulled(np.full(self._size, 255, np.uint8), place.matrix, *self._size) > 254
        even, brightest = evened(pulled(working, place.matrix, *self._size), self.looks.still, seen)
        unlike = self.looks.unlike(even, brightest)
        moving = moving_pixels(self._before[0] if self._before else None, even)
        unlike[~seen], moving[~seen] = 0, False
        intruders = find_intruders(unlike, moving, self._slots)
        passing = intruders.passing | ~seen
        self._before.append(even)
        self._settle(passing, moving, place)
        open_slots = [slot for slot in self.plan.slots if self._calm[slot.name].clear > 0]
        facings = {slot.name: see_facings(slot, even, self.looks) for slot in open_slots}
        doubtful = {slot.name: _crop(aligned, slot) for slot in open_slots if self._ask(slot, even, facings[slot.name])}
        return Sight(at, place, aligned, even, facings, passing, intruders.changed, doubtful)

    def conclude(self, sight: Sight, matches: Mapping[str, Match]) -> Seen:
        """`matches` are the gallery's answers by slot, for those of `sight.doubtful` that it was asked about."""
        sights: dict[str, SlotSight] = {}
        changed, permitted = [], set()
        for slot in self.plan.slots:
            facings = sight.facings.get(slot.name)
            if facings is None:
                sights[slot.name] = BLOCKED
            else:
                sights[slot.name] = judged(slot, facings, self._match(slot, sight, matches))
            if self.standing[slot.name].see(sights[slot.name], sight.at):
                changed.append(slot.name)
            if facings is None:
                continue
            foreign_px = int(sight.changed[_area(slot, self._size)].sum())
            self._agree(slot, sight.working, foreign_px)
            if foreign_px <= _FREE_PX and self._calm[slot.name].clear >= _CLEAR_FRAMES:
                permitted.add(slot.name)
        kept = kept_picture(self.plan, self.still, sight.aligned, permitted)
        return Seen(kept, frozenset(permitted), tuple(changed), sights)

    def go_on(self, before: BayWatch) -> None:
        """What was known of slots that are as they were, over the same still, is known here too."""
        for slot in self.plan.slots:
            if slot in before.plan.slots:
                self.standing[slot.name] = before.standing[slot.name]
                self.looks.take_over(slot, before.looks)

    def ask_again(self) -> None:
        """The gallery has changed: what it said of slots in doubt is to be asked anew."""
        self._answers.clear()

    def lost(self, at: Instant) -> list[str]:
        """No frame came: every slot is blocked. The names of those whose word changed."""
        self._calm = {slot.name: _Calm() for slot in self.plan.slots}
        self._before.clear()
        return [name for name, standing in self.standing.items() if standing.see(BLOCKED, at)]

    def _full_place(self, place: Place, frame: Picture) -> NDArray[np.float64]:
        """The place of working pixels, from pixels of the still to pixels of the frame, whatever their sizes."""
        down = np.diag([self._size[1] / self.still.shape[1], self._size[0] / self.still.shape[0], 1.0])
        up = np.diag([frame.shape[1] / self._size[1], frame.shape[0] / self._size[0], 1.0])
        return np.asarray(up @ place.matrix @ down)

    def _settle(self, passing: Mask, moving: Mask, place: Place) -> None:
        for slot in self.plan.slots:
            left, top, right, bottom = around(slot, *self._size)
            area = (slice(top, bottom), slice(left, right))
            free = not place.lost and not passing[area].any()
            self._calm[slot.name].count(free=free, still=not moving[area].any())

    def _agree(self, slot: Slot, working: Picture, foreign_px: int) -> None:
        """A look is learnt only where goods or shelf were recognised, and stand still with nobody before them."""
        standing = self.standing[slot.name]
        if self._calm[slot.name].still < _SETTLED_FRAMES or standing.blocked_since is not None:
            return
        empty = standing.state is SlotState.EMPTY
        new = foreign_px > _FREE_PX or (empty and slot.name not in self.looks.seen_empty)
        if new and standing.state in (SlotState.FULL, SlotState.LOW, SlotState.EMPTY):
            self.looks.agree(slot, working, empty=empty)

    def _ask(self, slot: Slot, even: Picture, facings: list[FacingSight]) -> bool:
        """Whether the gallery is to be asked: in doubt, standing still, and not asked about this look before."""
        if all(one.facing is not Facing.DOUBTFUL for one in facings) or self._calm[slot.name].still < _SETTLED_FRAMES:
            return False
        answered = self._answers.get(slot.name)
        crop = even[_area(slot, self._size)]
        return answered is None or float((unlikeness(crop, answered[0]) > 1).mean()) > _NEW_LOOK_SHARE

    def _match(self, slot: Slot, sight: Sight, matches: Mapping[str, Match]) -> Match | None:
        crop = sight.working[_area(slot, self._size)]
        if slot.name in matches:
            self._answers[slot.name] = (crop.copy(), matches[slot.name])
        answered = self._answers.get(slot.name)
        if answered is None or float((unlikeness(crop, answered[0]) > 1).mean()) > _NEW_LOOK_SHARE:
            return None
        return answered[1]

    def _small(self, picture: Picture) -> Picture:
        small = cv2.resize(picture, (self._size[1], self._size[0]), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)


@dataclass(slots=True)
class _Calm:
    """For how many frames nothing has passed before a slot, and nothing has moved in it."""

    clear: int = 0
    still: int = 0

    def count(self, *, free: bool, still: bool) -> None:
        self.clear = self.clear + 1 if free else 0
        self.still = self.still + 1 if free and still else 0


def _area(slot: Slot, size: tuple[int, int]) -> tuple[slice, slice]:
    left, top, right, bottom = slot.pixels(*size)
    return slice(top, bottom), slice(left, right)


def _crop(aligned: Picture, slot: Slot) -> Picture:
    return np.ascontiguousarray(aligned[_area(slot, (aligned.shape[0], aligned.shape[1]))])


def _grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
