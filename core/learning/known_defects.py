"""Known defects, looked at as the good parts were; a head is tried on them.

Background and brightness of every picture are taken too, for the check that a defect is not told by how its picture
was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.benefit import HeadOutcome, Judged, try_head
from core.learning.learnt import Learnt
from core.learning.looking import Looker
from core.learning.pictures import MOST_PICTURES, Image, Picture, pixels_of, require_use
from core.learning.place_scoring import top_mean
from core.learning.portrait import PictureFeatures, joined, portray
from core.learning.shortcut import background_only, brightness_of, usual_picture
from core.learning.view import WHOLE, Box, View

#: Backgrounds are looked at no larger than this.
_LONGEST_PX = 320
#: So many good pictures tell what a part usually looks like.
_USUAL_FROM = 40

Tell = Callable[[float, str], None]
Floats = NDArray[np.float32]


def require_defects(defects: Sequence[Picture]) -> None:
    """Raises InputError for defects that cannot be learnt from: too many, or a picture that shows nothing."""
    if len(defects) > MOST_PICTURES:
        raise InputError(f"{len(defects)} known defects are too many, at most {MOST_PICTURES} can be learnt from")
    for defect in defects:
        require_use(defect, defect.load())


class DefectTrial:
    """What was taught, and what it may learn from defects; as often as wanted. The good pictures are looked at once.

    `pictures` are those that were taught from, and `looker` has the backbone of `learnt`.
    """

    def __init__(self, learnt: Learnt, pictures: Sequence[Picture], looker: Looker) -> None:
        self._learnt, self._looker = learnt, looker
        self._background = _Background(looker, pictures, learnt.plan.seen.view.region)
        self._parts = _Parts(pictures, learnt.good.parts)
        seen = []
        for picture in pictures:
            image = picture.load()
            self._parts.good_pixels.add(pixels_of(image))
            seen.append(self._background.of(image))
        self._good = Judged(_with(learnt.good.features, seen), learnt.good.scores, learnt.good.parts)

    def run(
        self, defects: Sequence[Picture], rate: float, tell: Callable[[int], None] = lambda index: None
    ) -> HeadOutcome:
        """What `defects`, each with its `kind`, would buy at a false-reject rate of `rate`. Errors as `judged`."""
        return try_head(self._good, self.judged(defects, tell), rate)

    def judged(self, defects: Sequence[Picture], tell: Callable[[int], None] = lambda index: None) -> Judged:
        """What a head sees of pictures that were not taught from, and their scores without it. `tell` hears the index
        of each before it is looked at.

        Raises InputError for a picture that is among the good parts too.
        """
        features, scores, seen = [], [], []
        numbers = self._parts.again()
        for index, defect in enumerate(defects):
            tell(index)
            image = defect.load()
            pixels = pixels_of(image)
            numbers.add(defect, pixels)
            portrait, score = self._seen(image, pixels)
            features.append(portrait)
            scores.append(score)
            seen.append(self._background.of(image))
        kinds = [defect.kind for defect in defects]
        return Judged(_with(joined(features), seen), np.array(scores), numbers.given, kinds)

    def _seen(self, image: Image, pixels: bytes) -> tuple[PictureFeatures, float]:
        plan, gaussian = self._learnt.plan, self._learnt.gaussian
        (grid,) = self._looker.look(plan.seen.view, image, pixels, [None])
        vectors, places = grid.reshape(-1, grid.shape[2]), plan.seen.places.of_grid(*grid.shape[:2])
        standard = self._learnt.norm.standardise(gaussian.distances(vectors, places), places)
        return portray(vectors, standard, gaussian.mean[places], gaussian.scale), top_mean(standard)


class _Parts:
    """Numbers the parts of defects: a part that was taught from keeps its number, the same pixels are one part."""

    def __init__(self, pictures: Sequence[Picture], numbers: Sequence[int]) -> None:
        self._taught = {picture.part: number for picture, number in zip(pictures, numbers, strict=True) if picture.part}
        self._next = max(numbers) + 1
        self._by_name = dict(self._taught)
        self._by_pixels: dict[bytes, int] = {}
        self.good_pixels: set[bytes] = set()
        self.given: list[int] = []

    def again(self) -> _Parts:
        """The same before any defect was numbered."""
        other = copy(self)
        other._by_name, other._by_pixels, other.given = dict(self._taught), {}, []
        return other

    def add(self, defect: Picture, pixels: bytes) -> None:
        if pixels in self.good_pixels:
            raise InputError(
                f"{defect.name}: this picture is among the good parts and among the known defects",
                hint="Take it out of one of the two.",
            )
        number = self._by_pixels.get(pixels)
        if defect.part:
            number = self._by_name.setdefault(defect.part, self._next if number is None else number)
        elif number is None:
            number = self._next
        self._next = max(self._next, number + 1)
        self.given.append(self._by_pixels.setdefault(pixels, number))


class _Background:
    """What the backbone finds around the part, which stands for itself alone: the usual part is put in its place."""

    def __init__(self, looker: Looker, pictures: Sequence[Picture], region: Box) -> None:
        self._looker = looker
        x, y, width, height = region
        self._region = None if region == WHOLE else (x, y, x + width, y + height)
        some = np.linspace(0, len(pictures) - 1, min(len(pictures), _USUAL_FROM)).round().astype(int)
        first = _small(pictures[0].load())
        self._shape = first.shape[1], first.shape[0]
        self._usual = usual_picture([self._brought(pictures[one].load()) for one in sorted(set(some.tolist()))])

    def of(self, image: Image) -> tuple[Floats, float]:
        """The mean feature vector of the background, and the brightness of the picture."""
        small = self._brought(image)
        seen = background_only(small, self._usual, self._region)
        (grid,) = self._looker.look(View(), seen, pixels_of(seen), [None])
        return grid.mean((0, 1), dtype=np.float32), brightness_of(small)

    def _brought(self, image: Image) -> Image:
        import cv2

        return np.asarray(cv2.resize(image, self._shape, interpolation=cv2.INTER_AREA), np.uint8)


def _small(image: Image) -> Image:
    step = -(-max(image.shape[:2]) // _LONGEST_PX)
    return image[::step, ::step]


def _with(features: PictureFeatures, seen: Sequence[tuple[Floats, float]]) -> PictureFeatures:
    background, brightness = zip(*seen, strict=True)
    return features.with_background(np.stack(background), np.array(brightness, np.float32)[:, None])
