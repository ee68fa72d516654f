"""Teaches an inspection from pictures of good parts: one ONNX graph and its threshold.

1. A plan is chosen: how pictures are looked at, and which copies of them are taught from (`choice`).
2. Every picture and its copies go through view and backbone; a Gaussian per place is fitted.
3. Every picture is judged by what is taught without its part. These held-out maps give what is usual at each place,
   and the held-out scores the threshold.
4. Known defects add a head to the score where it finds more of them; the threshold then comes from scores with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning.backbone import Weights, read_weights
from core.learning.benefit import HeadOutcome, Judged
from core.learning.choice import TRIED_PICTURES, Choice, Gathered, Sample, Trial, choose_plan
from core.learning.defects import KINDS, flawed
from core.learning.known_defects import DefectTrial, require_defects
from core.learning.learnt import Learnt
from core.learning.looking import FeatureStore, Looker
from core.learning.pictures import MOST_PICTURES, Image, Parts, Picture, pixels_of, require_count
from core.learning.place_gaussian import PlaceGaussian, Row, fit_and_judge
from core.learning.place_scoring import norm_of
from core.learning.plan import Plan, TeachSettings, propose_views
from core.learning.portrait import portray_good
from core.learning.precision import EXACT_ASKED, Precision, compare
from core.learning.quantised import CALIBRATION_PICTURES, quantised
from core.learning.threshold import RATES, Threshold, choose_threshold, doubtful_of

__all__ = ["MOST_PICTURES", "Image", "Learnt", "Picture", "Taught", "TeachSettings", "nothing_told", "teach"]

Tell = Callable[[float, str], None]

_READING_SHARE = 0.05
_CHOOSING_SHARE = 0.55
_LOOKING_SHARE = 0.85
_EXACT_SHARE = 0.9
_DEFECTS_SHARE = 0.95
#: Made-up defects of every kind on so many pictures are judged in both precisions.
_COMPARED_PICTURES = 8
#: The first model is taught from so many pictures as they are: it is there within seconds.
_FIRST_PICTURES = 40
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Taught:
    """`model` is the inspector graph; `held_out` the score of each picture by the others, in their order.

    `doubtful` names pictures that the others find far stranger than usual: are they of good parts? They did not count
    for the threshold. `limits` are thresholds for other rates. `height_px` and `width_px` are those of the first
    picture. `rows` is how many pictures and copies were taught from. `head_outcome` says what known defects bought.
    """

    model: bytes = field(repr=False)
    threshold: Threshold
    limits: tuple[Threshold, ...] = field(repr=False)
    held_out: NDArray[np.float64] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    parts: tuple[int, ...] = field(repr=False)
    doubtful: tuple[str, ...]
    learnt: Learnt = field(repr=False)
    precision: Precision
    pictures: int
    rows: int
    height_px: int
    width_px: int
    cpu_s: float
    head_outcome: HeadOutcome | None = None

    @property
    def limit(self) -> float:
        return self.threshold.value

    @property
    def plan(self) -> dict[str, Any]:
        """The plan in words and figures, as JSON can hold it."""
        choice = self.learnt.choice
        return {
            "words": choice.words,
            "view": choice.plan.seen.name,
            "copies": choice.plan.way,
            "size_px": [choice.plan.seen.view.width_px, choice.plan.seen.view.height_px],
            "region": list(choice.plan.seen.view.region),
            "put_in_place": choice.plan.seen.view.registration is not None,
            "tried": [_tried(trial) for trial in choice.trials],
            "precision": asdict(self.precision),
        }


USUAL = TeachSettings()


def nothing_told(share: float, text: str) -> None:
    """For callers who do not want to know how far it is."""


def teach(
    pictures: Sequence[Picture],
    settings: TeachSettings = USUAL,
    tell: Tell = nothing_told,
    weights: Weights | None = None,
    *,
    defects: Sequence[Picture] = (),
    first: Callable[[Taught], None] | None = None,
    store: FeatureStore | None = None,
) -> Taught:
    """`tell` hears how far it is (0..1, a text); what it raises ends the work. `first` gets a model early, by the
    simplest plan, before a better one is looked for. `store` keeps features for the next time. `defects` are known
    ones, each with its `kind`.

    Raises InputError when the pictures cannot be taught from: too few or too many, one that shows nothing, all the
    same, one among the good and the defects; and when the settings do not fit them.
    """
    started_s = time.process_time()
    require_count(pictures)
    require_defects(defects)
    weights = weights if weights is not None else read_weights()
    looker = Looker(weights, store)
    lesson = _Lesson(pictures, settings, weights, looker, store, started_s)
    lesson.read(tell)
    if first is not None:
        tell(_READING_SHARE, "Teaching a first model")
        first(lesson.taught(lesson.simplest(), nothing_told, spread_over(len(pictures), _FIRST_PICTURES)))
    samples = lesson.samples(spread_over(len(pictures), TRIED_PICTURES))

    def tell_choice(share: float, text: str) -> None:
        tell(_READING_SHARE + share * (_CHOOSING_SHARE - _READING_SHARE), text)

    choice = choose_plan(samples, looker, settings, tell_choice)
    exact = lesson.taught(choice, tell, range(len(pictures)))
    taught = lesson.in_eight_bits(exact, samples, tell) if settings.eight_bits == "find" else exact
    if not defects:
        return taught
    trial = DefectTrial(taught.learnt, pictures, Looker(weights, store, taught.learnt.backbone))
    return with_defects(taught, trial, defects, settings.false_reject_rate, tell)


def with_defects(
    taught: Taught, trial: DefectTrial, defects: Sequence[Picture], rate: float, tell: Tell = nothing_told
) -> Taught:
    """`taught`, with a head for `defects` (each with its `kind`) where it finds more at a false-reject rate of `rate`.

    `trial` is of what was taught. `head_outcome` says what the defects bought, and why they are used or not.
    """
    started_s = time.process_time()

    def tell_defect(index: int) -> None:
        tell(_DEFECTS_SHARE, f"Looking at known defect {index + 1} of {len(defects)}")

    outcome = trial.run(defects, rate, tell_defect)
    spent_s = taught.cpu_s + time.process_time() - started_s
    if outcome.head is None:
        return replace(taught, head_outcome=outcome, cpu_s=spent_s)
    learnt = replace(taught.learnt, head=outcome.head)
    limits = _limits(replace(learnt.good, scores=outcome.good_scores), taught.names, rate)
    return replace(taught, model=learnt.model(), learnt=learnt, head_outcome=outcome, cpu_s=spent_s, **limits)


def _limits(good: Judged, names: Sequence[str], rate: float) -> dict[str, Any]:
    """What `Taught` says of held-out scores: of the thresholds and of the pictures that did not count for them."""
    odd = doubtful_of(good.scores)
    threshold, *limits = (choose_threshold(good.scores, good.parts, one, odd) for one in (rate, *RATES))
    doubtful = tuple(names[index] for index in odd)
    return {"threshold": threshold, "limits": tuple(limits), "held_out": good.scores, "doubtful": doubtful}


def spread_over(count: int, wanted: int) -> list[int]:
    """At most `wanted` of 0..`count` - 1, evenly spread."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, wanted)).round()})


class _Lesson:
    """One run of `teach`."""

    def __init__(
        self, pictures: Sequence[Picture], settings: TeachSettings, weights: Weights, looker: Looker,
        store: FeatureStore | None, started_s: float,
    ) -> None:  # fmt: skip
        self._pictures = pictures
        self._settings = settings
        self._weights = weights
        self._looker = looker
        self._store = store
        self._started_s = started_s
        self._parts: list[int] = []
        self._pixels: list[bytes] = []
        self._shape = (0, 0)

    def read(self, tell: Tell) -> None:
        """Reads every picture once, so that what cannot be taught from is said at once."""
        parts = Parts()
        for index, picture in enumerate(self._pictures):
            tell(_READING_SHARE * index / len(self._pictures), f"Reading picture {index + 1} of {len(self._pictures)}")
            image = picture.load()
            pixels = pixels_of(image)
            self._parts.append(parts.number(picture, image, pixels))
            self._pixels.append(pixels)
            if index == 0:
                self._shape = image.shape[0], image.shape[1]
        parts.require_enough()

    def samples(self, chosen: Sequence[int]) -> list[Sample]:
        return [Sample(self._pictures[one].load(), self._pixels[one], self._parts[one]) for one in chosen]

    def simplest(self) -> Choice:
        """The plan that a first model is taught by."""
        images = [sample.image for sample in self.samples(spread_over(len(self._pictures), 8))]
        settings = TeachSettings(register="no", region=self._settings.region or (0.0, 0.0, 1.0, 1.0),
                                 masks=self._settings.masks, side_px=self._settings.side_px)  # fmt: skip
        return Choice(Plan.of(propose_views(images, settings)[0], "none", settings), ())

    def in_eight_bits(self, exact: Taught, samples: Sequence[Sample], tell: Tell) -> Taught:
        """Taught once more with a backbone in eight bits; that one where it is faster and no verdict changes."""
        plan = exact.learnt.plan
        tell(_EXACT_SHARE, "Trying it in eight bits")
        planes = [self._looker.planes(plan.seen.view, sample.image) for sample in samples[:CALIBRATION_PICTURES]]
        exact_looker = self._looker
        self._looker = Looker(self._weights, self._store, quantised(exact_looker.backbone, planes))
        try:
            near = exact.learnt.gaussian
            rough = self.taught(exact.learnt.choice, nothing_told, range(len(self._pictures)), near)
        finally:
            self._looker = exact_looker
        some = samples[:_COMPARED_PICTURES]
        defects = (
            flawed(one.image, kind, index, plan.seen.view.region) for index, one in enumerate(some) for kind in KINDS
        )
        precision = compare(exact, rough, [one.image for one in some], defects)
        taken = rough if precision.eight_bits else exact
        return replace(taken, precision=precision, cpu_s=time.process_time() - self._started_s)

    def taught(self, choice: Choice, tell: Tell, chosen: Sequence[int], near: PlaceGaussian | None = None) -> Taught:
        """Taught by the plan of `choice` from the `chosen` pictures; `near` as for `fit`."""
        plan = choice.plan
        gathered = self._gathered(plan, tell, chosen)
        tell(_LOOKING_SHARE, "Comparing the parts with each other")
        places = plan.seen.places
        vectors = gathered.vectors()
        fitted = fit_and_judge(vectors, gathered.rows, places.count, plan.seen.rank, _FOLDS, near=near)
        scores = np.array(list(dict(sorted(gathered.scores(fitted, places).items())).values()))
        judged = ~np.isnan(fitted.held_out)
        norm = norm_of(fitted.held_out[judged], vectors.places[judged], places.count)
        parts = [self._parts[one] for one in chosen]
        good = Judged(portray_good(vectors, gathered.rows, fitted), scores, parts)
        learnt = Learnt(choice, self._looker.backbone, fitted.gaussian, norm, good)
        names = tuple(self._pictures[one].name for one in chosen)
        return Taught(
            model=learnt.model(),
            **_limits(good, names, self._settings.false_reject_rate),
            names=names,
            parts=tuple(parts),
            learnt=learnt,
            precision=Precision(False, EXACT_ASKED),
            pictures=len(chosen),
            rows=len(gathered.rows),
            height_px=self._shape[0],
            width_px=self._shape[1],
            cpu_s=time.process_time() - self._started_s,
        )

    def _gathered(self, plan: Plan, tell: Tell, chosen: Sequence[int]) -> Gathered:
        gathered = Gathered()
        for place, one in enumerate(chosen):
            share = _CHOOSING_SHARE + (_LOOKING_SHARE - _CHOOSING_SHARE) * place / len(chosen)
            tell(share, f"Looking at picture {place + 1} of {len(chosen)}")
            moves = [None, *plan.moves_for(place, len(chosen))]
            image = self._pictures[one].load()
            for number, features in enumerate(self._looker.look(plan.seen.view, image, self._pixels[one], moves)):
                gathered.add(features, plan.seen.places, Row(self._parts[one], copy=number > 0))
        return gathered


def _tried(trial: Trial) -> dict[str, Any]:
    plan = trial.plan
    return {"view": plan.seen.name, "copies": plan.way, "auroc": round(trial.auroc, 4)}
