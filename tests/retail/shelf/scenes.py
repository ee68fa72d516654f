"""Rendered bays under watch, frame by frame, with their truth.

A bay of one shelf looks as one of two does, in half the time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from core.clock import Instant
from retail.shelf.gallery import Match
from retail.shelf.keeping import permitted_pixels
from retail.shelf.plan import plan_of
from retail.shelf.watch import BayWatch, Seen, Sight
from simulators.shelf_scene import Frame, ShelfScene
from simulators.shelf_story import Share, Told, story

FRAME_S = 0.2
#: So many frames settle every word of a calm bay.
CALM_FRAMES = 6


@dataclass(frozen=True, slots=True)
class Watched:
    """One frame; `said` is each slot's held word, `blocked` for a slot whose view is blocked."""

    told: Told
    sight: Sight
    seen: Seen
    said: Mapping[str, str]
    held: Mapping[str, str]
    leaked_px: int


def one_shelf(seed: int) -> ShelfScene:
    """Three slots; goods as large as on two shelves of a whole picture."""
    return ShelfScene(seed, rows=1, size=(180, 640))


class Bay:
    """A scene and its watch, looked at as often as a test says."""

    def __init__(self, scene: ShelfScene) -> None:
        self.scene = scene
        self.watch = BayWatch(plan_of(scene.plan(), "scene"), scene.still())
        self.number = 0

    def look(self, frames: int, frame: Frame | None = None, matches: dict[str, Match] | None = None) -> None:
        for _ in range(frames):
            at = Instant(self.number * FRAME_S, self.number * FRAME_S)
            self.sight = self.watch.look((frame or self.scene.frame()).picture, at)
            self.seen = self.watch.conclude(self.sight, matches or {})
            self.number += 1

    def said(self) -> dict[str, str]:
        return {name: str(standing.state) for name, standing in self.watch.standing.items()}


def calm_bay(*, shelves: int = 1) -> Bay:
    """One whose words are all said; looked at once, and copied for every test."""
    bay = _calm(shelves)
    return copied(bay, bay.watch)


@cache
def _calm(shelves: int) -> Bay:
    bay = Bay(one_shelf(3) if shelves == 1 else ShelfScene(3, rows=shelves))
    bay.look(CALM_FRAMES)
    return bay


_T = TypeVar("_T")


def copied(thing: _T, watch: BayWatch) -> _T:
    """A copy of what holds `watch`, in which both go their own ways."""
    finder = watch._alignment._sift  # the library's own: it cannot be copied, and keeps nothing
    return copy.deepcopy(thing, {id(finder): finder})


def watched(scene: ShelfScene, seed: int, frames: int, share: Share | None = None) -> Iterator[Watched]:
    watch = BayWatch(plan_of(scene.plan(), "scene"), scene.still())
    for told in story(scene, seed, frames, share):
        yield see(watch, told)


def see(watch: BayWatch, told: Told) -> Watched:
    at = Instant(told.number * FRAME_S, told.number * FRAME_S)
    sight = watch.look(told.frame.picture, at)
    seen = watch.conclude(sight, {})
    held = {name: str(standing.state) for name, standing in watch.standing.items()}
    said = {name: "blocked" if watch.standing[name].blocked_since else word for name, word in held.items()}
    shown = permitted_pixels(watch.plan, watch.still.shape, seen.permitted)
    return Watched(told, sight, seen, said, held, int((shown & told.frame.people_in_still).sum()))
