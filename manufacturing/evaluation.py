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
from core.learning.roc import auroc, share_interval
from core.learning.teach import Taught, TeachSettings, nothing_told, teach
from core.models.package import Package, read_package
from core.models.trust import Trust
from manufacturing.datasets import Dataset, PictureFile, read_dataset
from manufacturing.teaching import Lesson, make_package
from verticals.devices.pictures import read_picture

#: Heat maps are held against masks on a grid of so many pixels a side.
_MASK_SIDE_PX = 256
_TEACHING_SHARE = 0.5

Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """`teach_from` limits the number of good pictures that are taught from; 0 takes all."""

    false_reject_rate: float = 0.01
    seed: int = 0
    teach_from: int = 0
    shift_px: int = TeachSettings().shift_px
    augment: str = "find"
    register: str = "find"


@dataclass(slots=True)
class _Judged:
    """Scores of one folder's pictures; `hot` and `cold` are heat map values inside and outside masks."""

    scores: list[float] = field(default_factory=list)
    hot: list[NDArray[np.float32]] = field(default_factory=list)
    cold: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def array(self) -> NDArray[np.float64]:
        return np.array(self.scores)


def evaluate(
    folder: Path, settings: EvaluationSettings, tell: Tell = nothing_told, weights: Weights | None = None
) -> dict[str, Any]:
    """The figures of one seed, by the keys of `edgewise manufacturing evaluate --json`.

    Raises InputError for a data set that cannot be used, naming folder or picture.
    """
    dataset = read_dataset(folder).reshuffled(settings.seed)
    taught_from = dataset.train_good[: settings.teach_from or None]
    lesson = Lesson(
        folder, "evaluated",
        TeachSettings(
            false_reject_rate=settings.false_reject_rate,
            shift_px=settings.shift_px,
            augment=settings.augment,
            register=settings.register,
        ),
    )  # fmt: skip

    def tell_teaching(share: float, text: str) -> None:
        tell(_TEACHING_SHARE * share, text)

    taught = teach([file.picture for file in taught_from], lesson.settings, tell_teaching, weights)
    with tempfile.TemporaryDirectory(prefix="edgewise-evaluate-") as draft:
        package = _packed(Path(draft), lesson, taught_from, taught, SystemClock())
    return _figures(dataset, taught, _Judge(package, tell, dataset))


def evaluate_seeds(folder: Path, settings: EvaluationSettings, seeds: int, tell: Tell = nothing_told) -> dict[str, Any]:
    """Every figure's mean over seeds 0 .. `seeds` - 1, its spread, and each. Seed 0 is the split as it lies."""
    weights = read_weights()
    each = []
    for seed in range(seeds):

        def tell_seed(share: float, text: str, seed: int = seed) -> None:
            tell((seed + share) / seeds, f"Seed {seed + 1} of {seeds}: {text}")

        each.append({"seed": seed, **evaluate(folder, replace(settings, seed=seed), tell_seed, weights)})
    names = [key for key, value in each[0].items() if key != "seed" and isinstance(value, int | float)]
    columns = {key: np.array([one[key] for one in each], np.float64) for key in names}
    return {
        "seeds": seeds,
        "mean": {key: float(column.mean()) for key, column in columns.items()},
        "standard_deviation": {key: float(column.std(ddof=1)) if seeds > 1 else 0.0 for key, column in columns.items()},
        "each": each,
    }


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
                _TEACHING_SHARE + (1 - _TEACHING_SHARE) * self._done / self._count,
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


def _figures(dataset: Dataset, taught: Taught, judge: _Judge) -> dict[str, Any]:
    good = judge.folder(dataset.test_good, good=True)
    kinds = {name: judge.folder(files) for name, files in dataset.defects.items()}
    defects = np.concatenate([kind.array for kind in kinds.values()])
    rejected = int((good.array > judge.threshold).sum())
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
        "doubtful": list(taught.doubtful),
        "note": taught.threshold.note,
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
