"""What stands in one unblocked slot: its facings one by one, by structure first.

Only pixels count in which the full and the bare slot differ: the rest tells nothing. A facing is there when they look
like the still, or when its structure is found again beside its old place: a pack that was put back turned a little is
the same pack, whatever an embedding says. It is gone when they look like the bare shelf, or like a hole. Anything else
is doubtful, and the embedding is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from retail.shelf.looks import Looks, unlikeness
from retail.shelf.plan import Slot

#: Share of the telling pixels that must look like the one, and not like the other.
_LIKE, _LESS_LIKE = 0.7, 0.15
#: Correlation of structure from which a facing is found again, and how far from its place it is looked for, in shares
#: of its width and height.
_FOUND, _REACH = 0.6, (0.25, 0.1)
#: Below it a facing is not the one in the still at all.
_NOT_FOUND = 0.45
#: A hole: darker than the goods by this factor, and with less detail by that.
_HOLE_LIGHT, _HOLE_DETAIL = 0.55, 0.6
#: Fewer telling pixels than this share of a facing: full and bare cannot be told apart.
_FEWEST_TELLING = 0.05
#: A guess of the bare shelf that was never seen is worth less.
_GUESSED = 0.75

Picture = NDArray[np.uint8]


class Facing(StrEnum):
    THERE = "there"
    GONE = "gone"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class FacingSight:
    """`confidence` is 0..1."""

    facing: Facing
    confidence: float


def see_facings(slot: Slot, frame: Picture, looks: Looks) -> list[FacingSight]:
    """From left to right; `frame` is of the working size, in the still's place and light."""
    height, width = frame.shape[:2]
    left, top, right, bottom = slot.pixels(height, width)
    edges = np.linspace(left, right, slot.facings + 1).round().astype(int)
    spans = [(int(first), int(last)) for first, last in pairwise(edges)]
    return [_see(slot, (first, top, last, bottom), frame, looks) for first, last in spans]


def _see(slot: Slot, box: tuple[int, int, int, int], frame: Picture, looks: Looks) -> FacingSight:
    left, top, right, bottom = box
    area = (slice(top, bottom), slice(left, right))
    still, bare, now = looks.still[area], looks.bare[area], frame[area]
    if not slot.full:
        return _against_bare(bare, now)
    telling = unlikeness(still, bare) > 1
    like_still = unlikeness(now, still) <= 1
    like_bare = unlikeness(now, bare) <= 1
    found = _found_again(looks.still, frame, box)
    worth = 1.0 if slot.name in looks.seen_empty else _GUESSED
    if telling.mean() >= _FEWEST_TELLING:
        full_share, bare_share = float(like_still[telling].mean()), float(like_bare[telling].mean())
        if full_share >= _LIKE and full_share > bare_share + _LESS_LIKE:
            return FacingSight(Facing.THERE, max(full_share, found))
        if bare_share >= _LIKE and bare_share > full_share + _LESS_LIKE and found < _FOUND:
            return FacingSight(Facing.GONE, worth * bare_share)
    if found >= _FOUND:
        return FacingSight(Facing.THERE, min(1.0, found))
    if found < _NOT_FOUND and _is_hole(now, still):
        return FacingSight(Facing.GONE, _GUESSED)
    return FacingSight(Facing.DOUBTFUL, 0.5)


def _against_bare(bare: Picture, now: Picture) -> FacingSight:
    """A slot that was empty when the still was taken: bare still, or something is there that nobody has named."""
    share = float((unlikeness(now, bare) <= 1).mean())
    return FacingSight(Facing.GONE, share) if share > 1 - _LESS_LIKE else FacingSight(Facing.DOUBTFUL, share)


def _found_again(still: Picture, frame: Picture, box: tuple[int, int, int, int]) -> float:
    """The best correlation, -1..1, of the facing's middle part with the frame around its place."""
    left, top, right, bottom = box
    inset_x, inset_y = (right - left) // 8, (bottom - top) // 10
    pattern = still[top + inset_y : bottom - inset_y, left + inset_x : right - inset_x]
    reach_x = max(2, round(_REACH[0] * (right - left)))
    reach_y = max(2, round(_REACH[1] * (bottom - top)))
    window = frame[
        max(top + inset_y - reach_y, 0) : bottom - inset_y + reach_y,
        max(left + inset_x - reach_x, 0) : right - inset_x + reach_x,
    ]
    if min(pattern.shape[:2]) < 4 or float(pattern.std()) < 2.0:
        return 0.0
    along = cv2.matchTemplate(window, pattern, cv2.TM_CCOEFF_NORMED)
    _, best, _, at = cv2.minMaxLoc(np.nan_to_num(along, nan=-1.0))
    x, y = at
    there = window[y : y + pattern.shape[0], x : x + pattern.shape[1]]
    return float(best) if _same_colour(pattern, there) else min(float(best), _NOT_FOUND)


def _same_colour(one: Picture, other: Picture) -> bool:
    """Whether the mean opponent colours agree: the same pack in another flavour has the same structure in grey."""
    off = [_opponents(picture) for picture in (one, other)]
    return float(np.abs(off[0] - off[1]).max()) < _COLOUR_LEVELS


_COLOUR_LEVELS = 14.0


def _opponents(picture: Picture) -> NDArray[np.float64]:
    red, green, blue = (float(value) for value in picture.reshape(-1, 3).mean(axis=0))
    return np.array([red - green, (red + green) / 2 - blue])


def _is_hole(now: Picture, still: Picture) -> bool:
    return _light(now) < _HOLE_LIGHT * _light(still) and _detail(now) < _HOLE_DETAIL * _detail(still)


def _light(picture: Picture) -> float:
    return float(np.median(picture.mean(axis=2))) + 1.0


def _detail(picture: Picture) -> float:
    grey = picture.mean(axis=2)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) + 0.1
