"""The teach job: a folder of good pictures becomes a signed model package on the shelf of the box."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant, iso_utc
from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import WEIGHTS_LICENCE
from core.learning.benefit import HeadOutcome
from core.learning.inspector import HEAT_MAP, IMAGE, SCORE
from core.learning.looking import FeatureStore
from core.learning.teach import Taught, TeachSettings, teach
from core.models.card import Card, Tolerance, Verdict, is_name
from core.models.gate import Gate
from core.models.golden import Golden, GoldenCase
from core.models.package import Package, write_package
from core.models.shelf import Shelf
from core.models.trust import SigningKey, Trust
from manufacturing.datasets import PictureFile, good_pictures, known_defects
from manufacturing.labelled_parts import LabelledParts, labelled_parts
from verticals.contract import Json
from verticals.places import Places

KIND = "inspection"
#: Beside the graph: which pictures it was taught from, by name and hash.
PICTURES = "pictures.json"
#: In standard deviations of good parts; processors round differently, and verdicts are compared apart.
_TOLERANCE = Tolerance(absolute=0.01, relative=0.002)
_GOLDEN_SIDE_PX = 240
#: A golden score nearer to the threshold than this could flip by rounding alone.
_CLEAR_OF_THRESHOLD = 0.1
_TEACHING_SHARE = 0.95
_INPUTS = frozenset(
    {"folder", "recipe", "false_reject_rate", "shift_px", "augment", "register", "region", "masks", "known_defects"}
    | {"eight_bits", "labels"}
)
#: In the data folder of the box: features of pictures that were taught from, for the next time.
_FEATURES = "taught-features"


class _CancelledError(Exception):
    """A person wants the job to stop; never leaves this module."""


class JobContext(Protocol):
    """What the job needs of verticals.jobs."""

    @property
    def places(self) -> Places: ...
    @property
    def clock(self) -> Clock: ...
    def progress(self, share: float, text: str) -> None: ...
    def cancelled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is asked for: `recipe` names the model, `folder` holds pictures of good parts, `known_defects` a sub-folder
    for every kind of defect that is known. With `labels`, what people said of parts on record counts too."""

    folder: Path
    recipe: str
    settings: TeachSettings
    known_defects: Path | None = None
    labels: bool = False

    @classmethod
    def of(cls, inputs: Json) -> Lesson:
        """Reads `folder`, `recipe` and the settings, those of `TeachSettings` by their names. Raises InputError for
        others."""
        unknown = set(inputs) - _INPUTS
        if unknown:
            raise InputError(f"teach does not know '{min(unknown)}'")
        folder, recipe = inputs.get("folder"), inputs.get("recipe")
        if not isinstance(folder, str) or not folder:
            raise InputError("teach needs 'folder', where pictures of good parts are")
        if not isinstance(recipe, str) or not is_name(recipe):
            raise InputError("teach needs 'recipe', a name of letters, digits, '.', '_' and '-'")
        defects = inputs.get("known_defects")
        if defects is not None and (not isinstance(defects, str) or not defects):
            raise InputError("teach: 'known_defects' is no folder")
        if not isinstance(inputs.get("labels", False), bool):
            raise InputError("teach: 'labels' is true or false")
        usual = TeachSettings()
        region = inputs.get("region")
        masks = inputs.get("masks") or []
        if not isinstance(masks, list):
            raise InputError("teach: 'masks' is no list of rectangles")
        settings = TeachSettings(
            false_reject_rate=_number(inputs, "false_reject_rate", usual.false_reject_rate, 0.5),
            shift_px=round(_number(inputs, "shift_px", usual.shift_px, 64)),
            augment=str(inputs.get("augment", usual.augment)),
            register=str(inputs.get("register", usual.register)),
            eight_bits=str(inputs.get("eight_bits", usual.eight_bits)),
            region=None if region is None else _box("region", region),
            masks=tuple(_box("masks", mask) for mask in masks),
        )
        return cls(
            Path(folder), recipe, settings, None if defects is None else Path(defects), inputs.get("labels", False)
        )


def run(ctx: JobContext, inputs: Json) -> Json:
    """The package's `name`, `version` and `sha256`, its threshold and how sure it is. Nothing is activated.

    Empty when it was cancelled. Raises InputError for pictures that cannot be taught from; the shelf is then as it was.
    """
    try:
        return _run(ctx, inputs)
    except _CancelledError:
        return {}


def _run(ctx: JobContext, inputs: Json) -> Json:
    lesson = Lesson.of(inputs)
    files = good_pictures(lesson.folder)
    defects = known_defects(lesson.known_defects) if lesson.known_defects is not None else []
    ctx.places.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="labelled-", dir=ctx.places.data) as folder:
        said = labelled_parts(ctx.places, lesson.recipe, Path(folder)) if lesson.labels else LabelledParts()
        return _teach(ctx, lesson, [*files, *said.good], [*defects, *said.defects])


def _teach(ctx: JobContext, lesson: Lesson, files: Sequence[PictureFile], defects: Sequence[PictureFile]) -> Json:
    def tell(share: float, text: str) -> None:
        if ctx.cancelled():
            raise _CancelledError
        ctx.progress(share * _TEACHING_SHARE, text)

    trust = Trust(ctx.places.keys)

    def shelve(taught: Taught, name: str) -> Package:
        gate = Gate()
        shown_files = files if taught.head_outcome is None else [*files, *defects]
        with tempfile.TemporaryDirectory(prefix="teach-", dir=ctx.places.data) as draft:
            folder = Path(draft) / "package"
            package = make_package(folder, lesson, shown_files, taught, ctx.clock.now(), trust.box_key(), note=name)
            gate.check(package)
            Shelf(ctx.places.models, trust, gate).install(folder)
        return package

    early: list[Package] = []

    def shelve_first(taught: Taught) -> None:
        early.append(shelve(taught, "first"))
        ctx.progress(0.05, f"A first model is on the shelf: {early[0].card.version}; looking for a better one")

    store = FeatureStore(ctx.places.data / _FEATURES)
    shown = [file.picture for file in defects]
    pictures = [file.picture for file in files]
    taught = teach(pictures, lesson.settings, tell, defects=shown, first=shelve_first, store=store)
    store.tidy()
    tell(1.0, "Making the model package")
    package = shelve(taught, "")
    ctx.progress(1.0, "Done")
    return {
        "name": package.card.name,
        "version": package.card.version,
        "sha256": package.sha256,
        "first_version": early[0].card.version,
        **report(taught, defects),
    }


def report(taught: Taught, defects: Sequence[PictureFile] = ()) -> dict[str, Any]:
    """What a person wants to know about what was taught, and from which known `defects`; shares 0..1."""
    threshold = taught.threshold
    return {
        "threshold": threshold.value,
        "false_reject_rate": threshold.wished_rate,
        "expected_false_reject_rate": threshold.expected_rate,
        "false_reject_ci95": list(threshold.interval95),
        "proven": threshold.proven,
        "note": threshold.note,
        "pictures": taught.pictures,
        "parts": threshold.parts,
        "doubtful": list(taught.doubtful),
        "held_out": [
            {"name": name, "part": part, "score": float(score)}
            for name, part, score in zip(taught.names, taught.parts, taught.held_out, strict=True)
        ],
        "limits": [
            {
                "rate": limit.wished_rate,
                "threshold": limit.value,
                "expected_rate": limit.expected_rate,
                "interval95": list(limit.interval95),
            }
            for limit in taught.limits
        ],
        "labels": labels_told(taught.head_outcome),
        "defect_scores": [
            {"name": file.path.name, "kind": file.kind, "score": float(score)}
            for file, score in zip(
                defects, taught.head_outcome.defect_scores if taught.head_outcome else (), strict=True
            )
        ],
        "plan": taught.plan,
        "teach_cpu_s": round(taught.cpu_s, 3),
    }


def labels_told(outcome: HeadOutcome | None) -> dict[str, Any] | None:
    """What known defects bought; recall is that of parts that were held out. None where none were shown."""
    if outcome is None:
        return None
    with_head = outcome.with_head
    return {
        "on": outcome.on,
        "labels": outcome.labels,
        "kinds": dict(outcome.kinds),
        "recall_without": outcome.without.recall,
        "recall_with": with_head.recall if with_head else None,
        "intervals": {
            "recall_without": list(outcome.without.recall_ci95),
            "recall_with": list(with_head.recall_ci95) if with_head else None,
        },
        "why": outcome.why,
        "summary": outcome.summary,
    }


def make_package(
    folder: Path, lesson: Lesson, files: Sequence[PictureFile], taught: Taught, now: Instant, key: SigningKey, *,
    note: str = "",
) -> Package:  # fmt: skip
    """The signed package of what was taught, written to `folder`. A `note` ends its version."""
    listed = {_place(lesson, file): file.sha256() for file in files}
    pictures = json.dumps(listed, indent=1, ensure_ascii=False).encode()
    card = _card(lesson, taught, now, hashlib.sha256(pictures).hexdigest(), note)
    golden = _golden(card, taught, [file.picture.load for file in files[:2]])
    return write_package(folder, card, taught.model, golden, key, extra={PICTURES: pictures})


def _place(lesson: Lesson, file: PictureFile) -> str:
    """Where a picture lies in its folder; known defects and labelled parts have folders of their own names."""
    if lesson.known_defects is not None and file.path.is_relative_to(lesson.known_defects):
        return str("known-defects" / file.path.relative_to(lesson.known_defects))
    if file.path.is_relative_to(lesson.folder):
        return str(file.path.relative_to(lesson.folder))
    return f"labelled/{file.path.name}"


def _card(lesson: Lesson, taught: Taught, now: Instant, pictures_sha256: str, note: str) -> Card:
    threshold = taught.threshold
    return Card(
        name=lesson.recipe,
        version=now.iso().replace("-", "").replace(":", "") + (f"-{note}" if note else ""),
        kind=KIND,
        inputs=(IMAGE,),
        outputs=(SCORE, HEAT_MAP),
        intended_use=(
            "Judges pictures of the part that it was taught from, by the same camera in the same place. Not for "
            "other parts, and not as the only safeguard of a person."
        ),
        licence=f"Backbone EfficientNet-Lite0: {WEIGHTS_LICENCE}. What was learnt: the site's own.",
        labels=("good", "defect"),
        limits={"threshold": threshold.value},
        verdict=Verdict(SCORE.name, "threshold"),
        tolerance=_TOLERANCE,
        provenance={
            "taught_at": iso_utc(now.utc_s),
            "pictures": taught.pictures,
            "parts": threshold.parts,
            "pictures_sha256": pictures_sha256,
            "picture_width_px": taught.width_px,
            "picture_height_px": taught.height_px,
            "method": "Gaussian per place on EfficientNet-Lite0, standardised, mean of the top 3 %",
            "plan": taught.learnt.choice.words,
            "rows": taught.rows,
            "shift_px": lesson.settings.shift_px,
            "wished_false_reject_rate": threshold.wished_rate,
            "expected_false_reject_rate": threshold.expected_rate,
            "false_reject_low95": threshold.interval95[0],
            "false_reject_high95": threshold.interval95[1],
            "note": threshold.note,
            **_labels(taught.head_outcome),
        },
    )


def _labels(outcome: HeadOutcome | None) -> dict[str, Any]:
    if outcome is None:
        return {}
    found = {"labels": outcome.labels, "labels_used": outcome.on, "labels_recall_without": outcome.without.recall,
             "labels_note": outcome.summary}  # fmt: skip
    return found | ({"labels_recall_with": outcome.with_head.recall} if outcome.with_head else {})


def _golden(card: Card, taught: Taught, load: Sequence[Callable[[], NDArray[np.uint8]]]) -> Golden:
    """Good pictures made small, and the same with a patch turned negative: mostly both verdicts, none of them close."""
    session = Session(taught.model, card)
    threshold = card.limits["threshold"]
    cases: list[tuple[float, GoldenCase]] = []
    for index, one in enumerate(load):
        small = _made_small(one())
        for name, image in ((f"good-{index}", small), (f"flawed-{index}", _flawed(small))):
            expected = session.run({IMAGE.name: image})
            apart = abs(float(expected[SCORE.name][0]) - threshold)
            cases.append((apart, GoldenCase(name, {IMAGE.name: image}, expected)))
    cases.sort(key=lambda case: -case[0])
    clear = [case for apart, case in cases if apart > _CLEAR_OF_THRESHOLD]
    return Golden(tuple(clear or [cases[0][1]]))


def _made_small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = -(-max(image.shape[:2]) // _GOLDEN_SIDE_PX)
    return np.ascontiguousarray(image[::step, ::step])


def _flawed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`image` with the middle ninth of it turned negative."""
    flawed = image.copy()
    height, width = image.shape[0] // 3, image.shape[1] // 3
    patch = flawed[height : 2 * height, width : 2 * width]
    patch[...] = 255 - patch
    return flawed


def _number(inputs: Json, key: str, usual: float, most: float) -> float:
    value = inputs.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InputError(f"teach: '{key}' is {value!r}, expected a number from 0 to {most:g}")
    return float(value)


def _box(key: str, value: object) -> tuple[float, float, float, float]:
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise InputError(f"teach: '{key}' is {value!r}, expected four shares of the picture: x, y, width, height")
    x, y, width, height = (_number({key: one}, key, 0, 1) for one in value)
    return x, y, width, height
