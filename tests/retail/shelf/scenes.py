"""Rendered bays under watch, frame by frame, with their truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.clock import Instant
from retail.shelf.keeping import permitted_pixels
from retail.shelf.plan import plan_of
from retail.shelf.watch import BayWatch, Seen, Sight
from simulators.shelf_scene import ShelfScene
from simulators.shelf_story import Share, Told, story

FRAME_S = 0.2


@dataclass(frozen=True, slots=True)
class Watched:
    """One frame; `said` is each slot's held word, `blocked` for a slot whose view is blocked."""

    told: Told
    sight: Sight
    seen: Seen
    said: Mapping[str, str]
    held: Mapping[str, str]
    leaked_px: int


def watched(seed: int, frames: int, share: Share | None = None) -> Iterator[Watched]:
    scene = ShelfScene(seed)
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
