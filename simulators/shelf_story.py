"""What happens before a rendered shelf, drawn by a seed: customers reach in, people pass and stop, goods are put back
askew or where they do not belong, lamps change, the camera is nudged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulators.shelf_packs import Picture
from simulators.shelf_people import Person, hand
from simulators.shelf_scene import Frame, Light, ShelfScene, View

#: Frames from the fingers at the edge of the picture to the goods, and the same back.
_REACH = 8
#: Between two happenings.
_PAUSE = 14


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One frame with its truth. `settled` counts frames since anything changed, or anybody was there."""

    number: int
    frame: Frame = field(repr=False)
    states: Mapping[str, str]
    facings: Mapping[str, int]
    settled: int


@dataclass(frozen=True, slots=True)
class Share:
    """How often each thing happens; the rest are hands that take goods."""

    pass_by: float = 0.3
    refill: float = 0.2
    misplace: float = 0.1
    light: float = 0.1
    nudge: float = 0.1


def story(scene: ShelfScene, seed: int, frames: int, share: Share | None = None) -> Iterator[Told]:
    """`frames` frames, the first of them quiet."""
    share = share or Share()
    rng = np.random.default_rng([seed, 9])
    number = settled = 0
    play = _quiet(_PAUSE)
    while number < frames:
        people = next(play, None)
        if people is None:
            play = _happening(scene, rng, share)
            continue
        settled = settled + 1 if not people else 0
        yield Told(number, scene.frame(people), scene.truth(), scene.facings(), settled)
        number += 1


_People = list[tuple[Picture, NDArray[np.uint8]]]


def _happening(scene: ShelfScene, rng: np.random.Generator, share: Share) -> Iterator[_People]:
    drawn = float(rng.random())
    name = str(rng.choice(scene.names))
    edges = np.cumsum([share.pass_by, share.refill, share.misplace, share.light, share.nudge])
    if drawn < edges[0]:
        yield from _pass_by(scene, rng)
    elif drawn < edges[1]:
        yield from _reach(scene, rng, name, lambda: scene.refill(name))
    elif drawn < edges[2]:
        yield from _reach(scene, rng, name, lambda: scene.refill(name, int(rng.integers(20_000, 30_000))))
    elif drawn < edges[3]:
        cast = 1 + rng.uniform(-0.08, 0.08, 3)
        gain = float(rng.uniform(0.65, 1.25))
        scene.light = Light(gain, (float(cast[0]), float(cast[1]), float(cast[2])), float(rng.uniform(-0.15, 0.15)))
    elif drawn < edges[4]:
        shift = rng.uniform(-0.03, 0.03, 2) * scene.width
        scene.view = View((float(shift[0]), float(shift[1])), float(rng.uniform(-1, 1)), float(rng.uniform(0.98, 1.02)))
    else:
        count = int(rng.integers(1, 3))
        yield from _reach(scene, rng, name, lambda: scene.take(name, count))
    yield from _quiet(_PAUSE)


def _quiet(frames: int) -> Iterator[_People]:
    for _ in range(frames):
        yield []


def _pass_by(scene: ShelfScene, rng: np.random.Generator) -> Iterator[_People]:
    last = int(rng.integers(20, 45))
    wall = scene.wall[scene.height // 2, scene.width // 2]
    like = (int(wall[0]), int(wall[1]), int(wall[2])) if rng.random() < 0.3 else None
    person = Person.drawn(0, last, rng, like)
    for frame in range(last + 1):
        drawn = person.at(frame, scene.height, scene.width)
        yield [] if drawn is None or not drawn[1].any() else [drawn]


def _reach(scene: ShelfScene, rng: np.random.Generator, name: str, act: object) -> Iterator[_People]:
    assert callable(act)
    skin = int(rng.integers(4))
    red, green, blue = (int(value) for value in rng.integers(15, 240, 3))
    x, y = scene.centre(name)
    edge = (x + float(rng.uniform(-80, 80)), scene.height + 60.0)
    for step in (*range(_REACH + 1), *range(_REACH, -1, -1)):
        if step == _REACH:
            act()
        share = step / _REACH
        tip = (edge[0] + (x - edge[0]) * share, edge[1] + (y - edge[1]) * share)
        drawn = hand(tip, (edge[0], edge[1] + 60), skin, (red, green, blue), scene.height, scene.width)
        yield [drawn] if drawn[1].any() else []
