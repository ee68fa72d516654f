"""A plan: how a part is looked at, how the map is dealt to places, which copies are taught from; and its proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.augment import WAYS, Move, moves_of
from core.learning.inspector import Places
from core.learning.pictures import ASPECT_TOLERANCE, Image
from core.learning.placing import learn_registration, region_of
from core.learning.view import CELL_PX, STEP_PX, WHOLE, Box, View

#: Places times directions: what the covariance may take of a model, about 25 MB, and of a verdict's time.
_DIRECTIONS = 16_384
_FEWEST_PLACES_RANK = 256
#: So many pictures and copies are taught from, at least one copy of each picture where there are copies at all.
_MOST_ROWS = 640
#: More copies of one picture cost time and add little.
_MOST_COPIES = {"none": 0, "shifts": 4, "flips": 7, "turns": 11}
_COARSE_PLACES = 8
#: With fewer pictures of one shape, places that are shared are not worth the time of trying them.
_COARSE_PICTURES = 40
#: A part that takes more of the picture than this fills it: cutting it out or putting it in place does harm.
_FILLS_FRAME = 0.6


@dataclass(frozen=True, slots=True)
class TeachSettings:
    """`augment` is one of none, shifts, flips, turns, or find; `register` yes, no, or find. "find" chooses by measure.

    `shift_px` of 256 is how far a part may lie off its place; 0 makes no shifted copies. `region` is x, y, width and
    height in shares of the picture, None finds it; `masks` are such rectangles that are never looked at. `eight_bits`
    is no, or find: taken where it is faster here and changes no verdict.
    """

    false_reject_rate: float = 0.01
    shift_px: int = 16
    augment: str = "find"
    register: str = "find"
    region: Box | None = None
    masks: tuple[Box, ...] = ()
    side_px: int = 256
    eight_bits: str = "find"

    def __post_init__(self) -> None:
        if self.augment not in (*WAYS, "find"):
            raise InputError(f"augment is '{self.augment}', expected one of {', '.join((*WAYS, 'find'))}")
        if self.register not in ("yes", "no", "find"):
            raise InputError(f"register is '{self.register}', expected yes, no or find")
        if self.eight_bits not in ("no", "find"):
            raise InputError(f"eight_bits is '{self.eight_bits}', expected no or find")
        for box in (*self.masks, *([self.region] if self.region else [])):
            x, y, width, height = box
            if min(x, y) < 0 or min(width, height) < 0.02 or max(x + width, y + height) > 1 + 1e-6:
                raise InputError(
                    f"the rectangle {list(box)} does not lie in the picture",
                    hint="Give x, y, width and height as shares of the picture, 0 to 1.",
                )


@dataclass(frozen=True, slots=True)
class Seen:
    """A view by its name, and the places that its map is dealt to. `simpler` orders: lower is simpler."""

    name: str
    view: View
    places: Places
    simpler: int

    @property
    def rank(self) -> int:
        return min(_FEWEST_PLACES_RANK, _DIRECTIONS // self.places.count)


@dataclass(frozen=True, slots=True)
class Plan:
    """`seen` with the copies of `way`, one of WAYS; `moves` are all of them, of which every picture gets some."""

    seen: Seen
    way: str
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, seen: Seen, way: str, settings: TeachSettings) -> Plan:
        return cls(seen, way, moves_of(way, settings.shift_px / 256))

    def moves_for(self, index: int, pictures: int) -> tuple[Move, ...]:
        """The moves of picture `index` of so many: all of them for few pictures, in turn some of them for many."""
        if not self.moves:
            return ()
        each = min(len(self.moves), _MOST_COPIES[self.way], max(1, _MOST_ROWS // pictures - 1))
        return tuple(self.moves[(index * each + place) % len(self.moves)] for place in range(each))

    @property
    def words(self) -> str:
        """For a person."""
        return f"{self.seen.name}, {_COPIES[self.way]}"


_COPIES = {
    "none": "no copies",
    "shifts": "copies moved a little",
    "flips": "copies turned by quarters and mirrored",
    "turns": "copies turned by eighths and mirrored",
}


def propose_views(images: Sequence[Image], settings: TeachSettings) -> list[Seen]:
    """The views worth trying, the simplest first. `images` are some of the good pictures."""
    region = settings.region or WHOLE
    base = View(region=region, masks=settings.masks)
    if _shapes_vary(images):
        if settings.register == "yes":
            raise InputError(
                "pictures of different shapes cannot be put in place", hint="Set 'register' to find or no."
            )
        return [_by_scale(images, base, settings, bright) for bright in (False, True)]
    name = "the whole picture" if region == WHOLE else "the region"
    whole = Seen(name, *_fixed(base, 1.0, settings, images, fine=True), 0)
    found = [] if settings.register == "yes" else [whole]
    if found and len(images) >= _COARSE_PICTURES:
        found.append(_coarse(images, base, settings))
    if settings.register == "no" and settings.region:
        return found
    registration = learn_registration(images)
    box = settings.region or region_of(registration)
    fills = box[2] * box[3] > _FILLS_FRAME
    if not fills and settings.region is None and settings.register != "yes":
        boxed = replace(base, region=box)
        found.append(Seen("the part's region", *_fixed(boxed, _aspect(images[0], box), settings, images, fine=True), 1))
    if settings.register == "yes" or (settings.register == "find" and not fills):
        part = replace(base, region=box if not fills or settings.region else WHOLE)
        part = replace(part, registration=registration)
        sized = _fixed(part, _aspect(images[0], part.region), settings, images, fine=True)
        found.append(Seen("the part's region, put in place", *sized, 2))
    return found


def propose_ways(settings: TeachSettings) -> list[str]:
    """The copies worth trying, the simplest first."""
    if settings.augment != "find":
        return [settings.augment]
    return [way for way in WAYS if way != "shifts" or settings.shift_px > 0]


def _shapes_vary(images: Sequence[Image]) -> bool:
    aspects = [image.shape[1] / image.shape[0] for image in images]
    return bool(max(aspects) / min(aspects) > 1 + ASPECT_TOLERANCE)


def _aspect(image: Image, region: Box) -> float:
    return float(image.shape[1] * region[2] / (image.shape[0] * region[3]))


def _fixed(
    view: View, aspect: float, settings: TeachSettings, images: Sequence[Image], *, fine: bool
) -> tuple[View, Places]:
    """The view as near to `aspect` (width to height) as the backbone's steps allow, with about `side_px` squared."""
    height, width = (
        max(2, round(settings.side_px / STEP_PX * share)) * STEP_PX for share in (aspect**-0.5, aspect**0.5)
    )
    rows, columns = height // CELL_PX, width // CELL_PX
    if not fine:
        rows, columns = min(rows, _COARSE_PLACES), min(columns, _COARSE_PLACES)
    view = replace(view, height_px=height, width_px=width)
    if view.registration is None:
        view = replace(view, shrink=_shrink(_sides(images, view.region), np.array([height, width])))
    return view, Places(rows, columns)


def _shrink(sides: NDArray[np.float64], seen: NDArray[np.float64]) -> int:
    """How many pixels may become one, so that no picture (`sides`, count x 2) gets smaller than it is `seen`."""
    return max(1, int((sides / seen).min()))


def _sides(images: Sequence[Image], region: Box) -> NDArray[np.float64]:
    """Height and width of the region of every picture, count x 2."""
    return np.array([(image.shape[0] * region[3], image.shape[1] * region[2]) for image in images])


def _coarse(images: Sequence[Image], base: View, settings: TeachSettings) -> Seen:
    view, places = _fixed(base, _aspect(images[0], base.region), settings, images, fine=False)
    return Seen("its own shape, coarse places, even brightness", _bright(view, images), places, 1)


def _by_scale(images: Sequence[Image], base: View, settings: TeachSettings, bright: bool) -> Seen:
    """Every picture at one scale, so that a texture keeps its size; the largest gets about `side_px` squared."""
    sides = _sides(images, base.region)
    scale = round(min(1.0, settings.side_px / float(np.sqrt(sides.prod(1).max()))), 2)
    least = [max(2, round(side * scale / STEP_PX)) for side in sides.min(0)]
    most = 2 * max(2, round(float(sides.max()) * scale / STEP_PX)) * STEP_PX
    view = replace(base, height_px=least[0] * STEP_PX, width_px=least[1] * STEP_PX, scale=scale, most_px=most)
    view = replace(view, shrink=_shrink(sides, sides * scale + STEP_PX / 2))  # rounding adds half a step at most
    rows, columns = (min(_COARSE_PLACES, side // CELL_PX) for side in (view.height_px, view.width_px))
    name = "its own shape and size, coarse places"
    if not bright:
        return Seen(name, view, Places(rows, columns), 0)
    return Seen(f"{name}, even brightness", _bright(view, images), Places(rows, columns), 1)


def _bright(view: View, images: Sequence[Image]) -> View:
    """Every picture brought to the same mean, a round number near the usual one."""
    usual = float(np.median([image[::4, ::4].mean() for image in images]))
    return replace(view, brightness=max(16.0, 16 * round(usual / 16)))
