"""Teaches an inspection from pictures of good parts: one ONNX graph, its threshold, and golden vectors for it.

1. Every picture, and copies of it shifted in the frame, go through the feature graph.
2. A Gaussian per position is fitted; every picture is judged by the Gaussian of all the other parts.
3. These held-out maps give what is usual at each position, and the held-out scores the threshold.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import STAGES, Weights, read_weights
from core.learning.gaussian import SHRINKAGE, Fitted, Row, fit
from core.learning.inspector import IMAGE, Eye, feature_graph, features_spec, inspector_graph
from core.learning.scoring import held_out_scores, norm_of
from core.learning.threshold import FEWEST_PARTS, Threshold, choose_threshold
from core.models.card import Card

Image = NDArray[np.uint8]

#: More pictures than this would not fit a small box's memory while they are taught.
MOST_PICTURES = 1000
#: Up to so many rows all channels are kept: the low-rank form costs as much as it has rows.
_ALL_CHANNELS_ROWS = 100
_SOME_CHANNELS = 200
#: Up to so many pictures each gets all four shifted copies, beyond that one, in turn: they bring variety themselves.
_ALL_SHIFTS_PICTURES = 100
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
#: Pictures of one part may differ in size, but not in shape: the graph squeezes them all to a square.
_ASPECT_TOLERANCE = 0.02
#: A picture whose grey levels spread less than this shows nothing.
_LEAST_SPREAD = 2.0
_FITTING_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a good part. Pictures with the same `part` (or session) leave together when one is held out.

    `load` gives HxWx3 uint8 RGB, or raises InputError.
    """

    name: str
    load: Callable[[], Image]
    part: str = ""


@dataclass(frozen=True, slots=True)
class TeachSettings:
    """`shift_px` of the 256 x 256 picture is how far a part may lie off its place; 0 makes no shifted copies."""

    false_reject_rate: float = 0.01
    shift_px: int = 8
    shrinkage: float = SHRINKAGE
    side_px: int = 256
    stages: tuple[int, ...] = (3, 4, 5)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Taught:
    """`model` is the inspector graph; `held_out` the score of each picture by the others, in their order.

    `doubtful` names pictures that the others find far stranger than usual: are they of good parts? `height_px` and
    `width_px` are those of the first picture.
    """

    model: bytes = field(repr=False)
    threshold: Threshold
    held_out: NDArray[np.float64] = field(repr=False)
    doubtful: tuple[str, ...]
    pictures: int
    rows: int
    channels: int
    height_px: int
    width_px: int
    cpu_s: float


def nothing_told(share: float, text: str) -> None:
    """For callers who do not want to know how far it is."""


def teach(
    pictures: Sequence[Picture],
    settings: TeachSettings = TeachSettings(),
    tell: Callable[[float, str], None] = nothing_told,
    weights: Weights | None = None,
) -> Taught:
    """`tell` hears how far it is (0..1, a text); what it raises ends the work.

    Raises InputError when the pictures cannot be taught from: too few or too many, none that shows anything, all the
    same, of different shapes.
    """
    started_s = time.process_time()
    _require_count(pictures)
    weights = weights if weights is not None else read_weights()
    plan = _Plan(len(pictures), settings)
    seen = _look(pictures, plan, weights, tell)
    tell(_FITTING_SHARE, "Comparing the parts with each other")
    fitted: Fitted = fit(seen.features, seen.rows, settings.shrinkage)
    parts = [row.part for row in seen.rows if not row.copy]
    scores = held_out_scores(fitted.held_out, parts)
    threshold = choose_threshold(scores, parts, settings.false_reject_rate)
    model = inspector_graph(weights, plan.eye, fitted.gaussian, norm_of(fitted.held_out))
    return Taught(
        model=model.SerializeToString(),
        threshold=threshold,
        held_out=scores,
        doubtful=_doubtful(pictures, scores),
        pictures=len(pictures),
        rows=len(seen.rows),
        channels=seen.features.shape[-1],
        height_px=seen.height_px,
        width_px=seen.width_px,
        cpu_s=time.process_time() - started_s,
    )


def _doubtful(pictures: Sequence[Picture], scores: NDArray[np.float64]) -> tuple[str, ...]:
    """Names, the strangest first, of scores beyond eight robust standard deviations (1.4826 MAD) above the median."""
    median = np.median(scores)
    limit = median + 8 * 1.4826 * np.median(np.abs(scores - median))
    return tuple(pictures[index].name for index in np.argsort(-scores) if scores[index] > limit)


def shifted(image: Image, x_px: int, y_px: int) -> Image:
    """`image` moved right and down, its edge pixels repeated where nothing comes in."""
    height, width = image.shape[:2]
    rows = np.clip(np.arange(height) - y_px, 0, height - 1)
    columns = np.clip(np.arange(width) - x_px, 0, width - 1)
    return image[rows[:, None], columns[None, :]]


class _Plan:
    """What is looked at: which channels, which copies of which picture."""

    def __init__(self, pictures: int, settings: TeachSettings) -> None:
        self._settings = settings
        self._each = 0 if settings.shift_px == 0 else 4 if pictures <= _ALL_SHIFTS_PICTURES else 1
        self.rows = pictures * (1 + self._each)
        channels = sum(STAGES[stage].channels for stage in settings.stages)
        chosen: tuple[int, ...] = ()
        if self.rows > _ALL_CHANNELS_ROWS and channels > _SOME_CHANNELS:
            order = np.random.default_rng(settings.seed).permutation(channels)
            chosen = tuple(sorted(order[:_SOME_CHANNELS].tolist()))
        self.eye = Eye(settings.side_px, settings.stages, chosen)

    def copies(self, index: int, image: Image) -> Iterator[Image]:
        """The shifted copies of picture `index`."""
        height, width = image.shape[:2]
        share = self._settings.shift_px / self._settings.side_px
        for place in range(self._each):
            x, y = _DIRECTIONS[(index + place) % len(_DIRECTIONS)]
            yield shifted(image, round(x * share * width), round(y * share * height))


@dataclass(frozen=True, slots=True)
class _Seen:
    features: NDArray[np.float32]
    rows: list[Row]
    height_px: int
    width_px: int


def _require_count(pictures: Sequence[Picture]) -> None:
    if len(pictures) < FEWEST_PARTS:
        raise InputError(
            f"{len(pictures)} pictures of good parts are too few, at least {FEWEST_PARTS} are needed",
            hint="20 are a fair start, more make the threshold surer.",
        )
    if len(pictures) > MOST_PICTURES:
        raise InputError(f"{len(pictures)} pictures are too many, at most {MOST_PICTURES} can be taught from at once")


def _look(pictures: Sequence[Picture], plan: _Plan, weights: Weights, tell: Callable[[float, str], None]) -> _Seen:
    session = _feature_session(weights, plan.eye)
    features: NDArray[np.float32] | None = None
    rows: list[Row] = []
    parts = _Parts()
    for index, picture in enumerate(pictures):
        tell(_FITTING_SHARE * index / len(pictures), f"Looking at picture {index + 1} of {len(pictures)}")
        image = picture.load()
        part = parts.number(picture, image)
        for view, copy in ((image, False), *((copy, True) for copy in plan.copies(index, image))):
            found = session.run({"image": np.ascontiguousarray(view)})["features"][0]
            if features is None:
                features = np.empty((plan.rows, *found.shape), np.float32)
            features[len(rows)] = found
            rows.append(Row(part, copy))
    parts.require_enough()
    assert features is not None
    return _Seen(features, rows, *parts.shape)


def _feature_session(weights: Weights, eye: Eye) -> Session:
    card = Card(
        name="features", version="1", kind="features", inputs=(IMAGE,), outputs=(features_spec(eye),),
        intended_use="Looking at pictures that are taught from", licence="Apache-2.0",
    )  # fmt: skip
    return Session(feature_graph(weights, eye).SerializeToString(), card)


class _Parts:
    """Numbers the parts and refuses pictures that cannot belong together. The same pixels are the same part."""

    def __init__(self) -> None:
        self.shape = (0, 0)
        self._first = ""
        self._numbers: dict[str, int] = {}
        self._by_pixels: dict[bytes, int] = {}

    def number(self, picture: Picture, image: Image) -> int:
        self._require_use(picture, image)
        pixels = hashlib.sha256(image.tobytes()).digest()
        name = f"part {picture.part}" if picture.part else f"picture {picture.name}"
        known = self._by_pixels.get(pixels)
        number = self._numbers.setdefault(name, len(self._numbers) if known is None else known)
        return self._by_pixels.setdefault(pixels, number)

    def require_enough(self) -> None:
        if len(self._by_pixels) == 1:
            raise InputError("the pictures are all the same", hint="Take one picture each of several good parts.")
        count = len(set(self._by_pixels.values()))
        if count < FEWEST_PARTS:
            raise InputError(
                f"the pictures show {count} different good parts, at least {FEWEST_PARTS} are needed",
                hint="Pictures in one sub-folder count as one part, and so do pictures with the same pixels.",
            )

    def _require_use(self, picture: Picture, image: Image) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape) < 3:
            raise InputError(f"{picture.name}: not a colour picture of 8 bits: {image.dtype} {image.shape}")
        if float(image[::4, ::4].std()) < _LEAST_SPREAD:
            raise InputError(
                f"{picture.name}: the picture shows nothing, it is all of one brightness",
                hint="Was the light on and the lens open? Take the picture out or take it again.",
            )
        height, width = image.shape[:2]
        if not self._first:
            self._first, self.shape = picture.name, (height, width)
        first_height, first_width = self.shape
        if abs(width * first_height / (height * first_width) - 1) > _ASPECT_TOLERANCE:
            raise InputError(
                f"{picture.name}: {width} x {height} pixels, but {self._first} has {first_width} x {first_height}",
                hint="Teach from pictures that one camera took with one setting.",
            )
