"""How good an inspection is on a labelled set: taught from its good pictures, judged by the package's own graph."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, SystemClock
from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import Weights, read_weights
from core.learning.inspector import HEAT_MAP, IMAGE, SCORE
from core.learning.known_defects import DefectTrial
from core.learning.looking import Looker
from core.learning.roc import auroc, share_interval
from core.learning.teach import Taught, TeachSettings, nothing_told, teach, with_defects
from core.learning.threshold import Threshold
from core.models.card import Card
from core.models.package import Package, read_package
from core.models.trust import Trust
from manufacturing.datasets import Dataset, PictureFile, read_dataset
from manufacturing.teaching import Lesson, make_package
from verticals.devices.pictures import read_picture

#: Heat maps are held against masks on a grid of so many pixels a side.
_MASK_SIDE_PX = 256
_TEACHING_SHARE = 0.5
_JUDGED_SHARE = 0.9
#: So many defects must be left to judge by when some are taught from.
_FEWEST_LEFT = 5

Tell = Callable[[float, str], None]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """`teach_from` limits the number of good pictures that are taught from; 0 takes all. With each of `labels` defects
    the inspection is taught once more."""

    false_reject_rate: float = 0.01
    seed: int = 0
    teach_from: int = 0
    shift_px: int = TeachSettings().shift_px
    augment: str = "find"
    register: str = "find"
    eight_bits: str = "find"
    labels: tuple[int, ...] = (10, 30)


@dataclass(slots=True)
class _Judged:
    """Scores of one folder's pictures; `hot` and `cold` are heat map values inside and outside masks."""

    scores: list[float] = field(default_factory=list)
    hot: list[NDArray[np.float32]] = field(default_factory=list)
    cold: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def array(self) -> Scores:
        return np.array(self.scores)


def evaluate(
    folder: Path, settings: EvaluationSettings, tell: Tell = nothing_told, weights: Weights | None = None
) -> dict[str, Any]:
    """The figures of one seed, by the keys of `edgewise manufacturing evaluate --json`.

    Raises InputError for a data set that cannot be used, naming folder or picture.
    """
    weights = weights if weights is not None else read_weights()
    dataset = read_dataset(folder).reshuffled(settings.seed)
    _require_readable(dataset)
    taught_from = dataset.train_good[: settings.teach_from or None]
    lesson = Lesson(
        folder, "evaluated",
        TeachSettings(
            false_reject_rate=settings.false_reject_rate,
            shift_px=settings.shift_px,
            augment=settings.augment,
            register=settings.register,
            eight_bits=settings.eight_bits,
        ),
    )  # fmt: skip

    def tell_teaching(share: float, text: str) -> None:
        tell(_TEACHING_SHARE * share, text)

    taught = teach([file.picture for file in taught_from], lesson.settings, tell_teaching, weights)
    with tempfile.TemporaryDirectory(prefix="edgewise-evaluate-") as draft:
        package = _packed(Path(draft), lesson, taught_from, taught, SystemClock())
    judge = _Judge(package, tell, dataset)
    good = judge.folder(dataset.test_good, good=True)
    kinds = {name: judge.folder(files) for name, files in dataset.defects.items()}
    scores = _TestScores(good.array, np.concatenate([kind.array for kind in kinds.values()]))

    def trial() -> DefectTrial:
        looker = Looker(weights, None, taught.learnt.backbone)
        return DefectTrial(taught.learnt, [file.picture for file in taught_from], looker)

    return {
        **_figures(dataset, taught, judge, good, kinds),
        **by_parts(dataset, taught_from, scores, judge.threshold),
        "with_labels": _Labels(dataset, taught, package.card, scores, settings).figures(trial, tell),
    }


def _require_readable(dataset: Dataset) -> None:
    """What cannot be judged is said before anything is taught."""
    for file in (*dataset.test_good, *(file for files in dataset.defects.values() for file in files)):
        read_picture(file.path)
        if file.mask is not None:
            read_picture(file.mask)


def evaluate_seeds(folder: Path, settings: EvaluationSettings, seeds: int, tell: Tell = nothing_told) -> dict[str, Any]:
    """Every figure's mean over seeds 0 .. `seeds` - 1, its spread, and each. Seed 0 is the split as it lies."""
    weights = read_weights()
    each = []
    for seed in range(seeds):

        def tell_seed(share: float, text: str, seed: int = seed) -> None:
            tell((seed + share) / seeds, f"Seed {seed + 1} of {seeds}: {text}")

        each.append({"seed": seed, **evaluate(folder, replace(settings, seed=seed), tell_seed, weights)})
    flat = [_numbers(one) for one in each]
    names = [key for key in flat[0] if key != "seed" and all(key in one for one in flat)]
    columns = {key: np.array([one[key] for one in flat], np.float64) for key in names}
    return {
        "seeds": seeds,
        "mean": {key: float(column.mean()) for key, column in columns.items()},
        "false_rejects_kept": sum(one["false_rejects"]["kept"] for one in each),
        "standard_deviation": {key: float(column.std(ddof=1)) if seeds > 1 else 0.0 for key, column in columns.items()},
        "each": each,
    }


def _numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among `figures`, those of new parts and with labels too, as `with_labels.10.recall`."""
    found = {key: value for key, value in figures.items() if isinstance(value, int | float)}
    for name in ("new_parts", "with_labels"):
        inner = _numbers_within(figures.get(name))
        found |= {f"{name}.{key}": value for key, value in inner.items()}
    return found


def _numbers_within(figures: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in figures.items() if isinstance(figures, Mapping) else ():
        if isinstance(value, Mapping):
            found |= {f"{key}.{inner}": number for inner, number in _numbers_within(value).items()}
        elif isinstance(value, int | float):
            found[key] = value
    return found


def _packed(folder: Path, lesson: Lesson, files: Sequence[PictureFile], taught: Taught, clock: Clock) -> Package:
    """What was taught, as it comes back from a signed package."""
    trust = Trust(folder / "keys")
    (folder / "keys").mkdir(mode=0o700)
    make_package(folder / "package", lesson, files, taught, clock.now(), trust.box_key())
    return read_package(folder / "package", trust)


class _Judge:
    """Runs the package's graph over the test pictures, one thread, and takes the time of each run."""

    def __init__(self, package: Package, tell: Tell, dataset: Dataset) -> None:
        self._session = Session(package.model, package.card)
        self._tell = tell
        self._count = len(dataset.test_good) + sum(map(len, dataset.defects.values()))
        self._done = 0
        self.threshold = package.card.limits["threshold"]
        self.latencies_s: list[float] = []
        self.masked = any(file.mask for files in dataset.defects.values() for file in files)

    def folder(self, files: Sequence[PictureFile], *, good: bool = False) -> _Judged:
        judged = _Judged()
        for file in files:
            self._tell(
                _TEACHING_SHARE + (_JUDGED_SHARE - _TEACHING_SHARE) * self._done / self._count,
                f"Judging picture {self._done + 1} of {self._count}",
            )
            self._done += 1
            image = read_picture(file.path)
            if not self.latencies_s:
                self._session.run({IMAGE.name: image})  # the first run also takes memory
            started_s = time.perf_counter()
            outputs = self._session.run({IMAGE.name: image})
            self.latencies_s.append(time.perf_counter() - started_s)
            judged.scores.append(float(outputs[SCORE.name][0]))
            if self.masked and (good or file.mask):
                self._hold_against_mask(judged, file, outputs[HEAT_MAP.name])
        return judged

    def _hold_against_mask(self, judged: _Judged, file: PictureFile, heat_map: NDArray[np.float32]) -> None:
        import cv2

        size = (_MASK_SIDE_PX, _MASK_SIDE_PX)
        heat = np.asarray(cv2.resize(heat_map, size, interpolation=cv2.INTER_LINEAR), np.float32)
        inside = np.zeros(size, bool)
        if file.mask is not None:
            mask = (read_picture(file.mask).max(2) > 127).astype(np.uint8)
            # Maximum, not mean: a scratch one pixel wide must not vanish from its own mask.
            inside = cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) > 0
        judged.hot.append(heat[inside])
        judged.cold.append(heat[~inside])


@dataclass(frozen=True, slots=True)
class _TestScores:
    """Of the good test pictures, and of the defects of all kinds, in the order of the data set."""

    good: Scores
    defects: Scores

    def figures(self, threshold: float) -> dict[str, Any]:
        return {
            "image_auroc": auroc(self.good, self.defects),
            "recall": float((self.defects > threshold).mean()),
            "false_reject_rate": float((self.good > threshold).mean()),
        }


def by_parts(
    dataset: Dataset, taught_from: Sequence[PictureFile], scores: _TestScores, threshold: float
) -> dict[str, Any]:
    """`parts_seen`, the share of good test pictures whose part was taught from, None where no part is named; and
    `new_parts`, the figures without what was seen, None where all or nothing is new."""
    seen = {file.part for file in taught_from if file.part}
    good, defects = (np.array([file.part in seen for file in files]) for files in (dataset.test_good, dataset.flawed))
    named = any(file.part for file in dataset.test_good)
    new = None
    if (good.any() or defects.any()) and not good.all() and not defects.all():
        new = _TestScores(scores.good[~good], scores.defects[~defects]).figures(threshold)
        new |= {"good": int((~good).sum()), "defects": int((~defects).sum())}
    return {"parts_seen": float(good.mean()) if named else None, "new_parts": new}


@dataclass(frozen=True, slots=True)
class _Labels:
    """Teaches with some of the test's defects and judges by those that are left."""

    dataset: Dataset
    taught: Taught
    card: Card
    scores: _TestScores
    settings: EvaluationSettings

    def figures(self, trial: Callable[[], DefectTrial], tell: Tell) -> dict[str, Any]:
        """By the number of labelled defects; None where too few would be left to judge by."""
        found: dict[str, Any] = dict.fromkeys(map(str, self.settings.labels))
        possible = [count for count in self.settings.labels if len(self.dataset.flawed) >= count + _FEWEST_LEFT]
        ready = trial() if possible else None
        for place, count in enumerate(possible):
            tell(_JUDGED_SHARE + (1 - _JUDGED_SHARE) * place / len(possible), f"Teaching with {count} labelled defects")
            shown, left = self._dealt(count)
            if ready is not None and len(left) >= _FEWEST_LEFT:
                pictures = [file.picture for file in shown]
                better = with_defects(self.taught, ready, pictures, self.settings.false_reject_rate)
                found[str(count)] = self._figures(better, left)
        return found

    def _dealt(self, count: int) -> tuple[list[PictureFile], list[int]]:
        """So many defects to teach from, by the seed, and where those of other parts stand."""
        flawed = self.dataset.flawed
        order = np.random.default_rng([self.settings.seed, count]).permutation(len(flawed))
        shown = [flawed[index] for index in order[:count]]
        parts = {file.part for file in shown if file.part}
        return shown, sorted(int(index) for index in order[count:] if flawed[index].part not in parts)

    def _figures(self, better: Taught, left: Sequence[int]) -> dict[str, Any]:
        outcome = better.head_outcome
        assert outcome is not None
        plain = after = _TestScores(self.scores.good, self.scores.defects[left])
        if outcome.on:
            session = Session(better.model, self.card)
            files = self.dataset.test_good, [self.dataset.flawed[index] for index in left]
            after = _TestScores(*(_scores(session, some) for some in files))
        told = {"defects": len(left), "on": outcome.on, "why": outcome.why}
        without = plain.figures(self.taught.threshold.value)
        return {**after.figures(better.threshold.value), "without": without, **told}


def _scores(session: Session, files: Sequence[PictureFile]) -> Scores:
    return np.array([float(session.run({IMAGE.name: read_picture(file.path)})[SCORE.name][0]) for file in files])


def _figures(
    dataset: Dataset, taught: Taught, judge: _Judge, good: _Judged, kinds: Mapping[str, _Judged]
) -> dict[str, Any]:
    defects = np.concatenate([kind.array for kind in kinds.values()])
    rejected = int((good.array > judge.threshold).sum())
    parts = [file.part or str(file.path) for file in dataset.test_good]
    escaped = int((defects <= judge.threshold).sum())
    return {
        "image_auroc": auroc(good.array, defects),
        "pixel_auroc": _pixel_auroc([good, *kinds.values()]) if judge.masked else None,
        "defects": {name: auroc(good.array, kind.array) for name, kind in kinds.items()},
        "false_reject_rate": rejected / len(good.scores),
        "false_reject_ci95": list(share_interval(rejected, len(good.scores))),
        "escape_rate": escaped / len(defects),
        "escape_ci95": list(share_interval(escaped, len(defects))),
        "recall": 1 - escaped / len(defects),
        "threshold": judge.threshold,
        "plan": taught.plan,
        "teach_cpu_s": round(taught.cpu_s, 3),
        "latency_ms": _latency_ms(judge.latencies_s),
        "images": _images(dataset, taught),
        "promised_false_reject_ci95": list(taught.threshold.interval95),
        "false_rejects": false_rejects(taught.threshold, good.array, parts),
        "doubtful": list(taught.doubtful),
        "note": taught.threshold.note,
    }


def false_rejects(threshold: Threshold, scores: Scores, parts: Sequence[str]) -> dict[str, Any]:
    """How many good `parts` of the test were rejected, by the worst picture of each, and how many `foreseen95` says of
    so many: `kept` where the count lies within, ends included. `scores` are of pictures, `parts` whose each is."""
    names, owner = np.unique(parts, return_inverse=True)
    rejected = np.unique(owner[scores > threshold.value]).size
    low, high = threshold.foreseen95(len(names))
    return {
        "parts": len(names),
        "rejected": int(rejected),
        "foreseen95": [low, high],
        "kept": bool(low <= rejected <= high),
    }


def _images(dataset: Dataset, taught: Taught) -> dict[str, Any]:
    masks = sum(file.mask is not None for files in dataset.defects.values() for file in files)
    defects = {name: len(files) for name, files in dataset.defects.items()}
    return {"taught_from": taught.pictures, "good": len(dataset.test_good), "defects": defects, "masks": masks}


def _pixel_auroc(judged: Sequence[_Judged]) -> float | None:
    hot = [part for one in judged for part in one.hot]
    cold = [part for one in judged for part in one.cold]
    return auroc(np.concatenate(cold), np.concatenate(hot)) if hot and cold else None


def _latency_ms(latencies_s: Sequence[float]) -> Mapping[str, float]:
    if not latencies_s:
        raise InputError("there is no picture to judge")
    p50, p99 = np.quantile(latencies_s, [0.5, 0.99]) * 1000
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(max(latencies_s) * 1000, 3)}
