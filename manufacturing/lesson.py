"""One lesson at the teach page: pictures in a draft, the job that learns from them, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from core.errors import InputError
from manufacturing.settings import LineSettings
from verticals.contract import Json
from verticals.store.drafts import Kept
from verticals.web import Desk

GOOD, DEFECT = "good", "defect"
#: Fewer pictures cannot be learnt from; this many are a fair start.
FEWEST, FAIR = 5, 20
#: What good parts may do between two pictures, as the job's inputs say it, in words for the page.
FREEDOMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "find": ("Find out", {}),
    "shifts": ("Shift a little", {"augment": "shifts", "register": "no"}),
    "flips": ("Turn by quarters, turn over", {"augment": "flips"}),
    "turns": ("Turn any way", {"augment": "turns"}),
}
_JOBS_LOOKED_THROUGH = 100


@dataclass(frozen=True, slots=True)
class LimitChoice:
    """One stop of the slider: scores above `threshold` reject; shares are 0..1."""

    rate: float
    threshold: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What a job found. `scores` are those of the good parts, each judged by the others; `caught_without` is the share
    of the known defects that would be found without learning from them, None where they were not learnt from."""

    name: str
    version: str
    sha256: str
    scores: Sequence[float]
    defect_scores: Sequence[float]
    choices: Sequence[LimitChoice]
    wished: float
    note: str
    doubtful: Sequence[str]
    cpu_s: float
    parts: int
    region: Mapping[str, float] | None
    masks: Sequence[Any]
    plan: str
    caught_without: float | None = None

    def choice(self, rate: float | None) -> LimitChoice:
        """The stop nearest to `rate`, or to the rate that was wished for."""
        wanted = self.wished if rate is None else rate
        return min(self.choices, key=lambda choice: abs(choice.rate - wanted))


@dataclass(frozen=True, slots=True)
class Lesson:
    """`job` is the newest one over this draft, as JSON; `goods` and `defects` are its pictures."""

    draft: str
    goods: Sequence[Kept] = ()
    defects: Sequence[Kept] = ()
    job: Json | None = None
    learned: Learned | None = field(default=None)

    @property
    def state(self) -> str:
        """`pictures`, `learning`, `failed` or `learned`."""
        if self.learned is not None:
            return "learned"
        state = self.job["state"] if self.job is not None else ""
        return {"queued": "learning", "running": "learning", "failed": "failed"}.get(state, "pictures")

    def shown(self, kept: Kept) -> str:
        """Whether this picture is one that the others find strange."""
        return "doubtful" if self.learned and kept.name in self.learned.doubtful else ""


def open_lesson(desk: Desk, draft: str) -> Lesson:
    """Raises InputError for a draft that is not here any more."""
    kept = desk.drafts.listed(draft)
    goods = [one for one in kept if one.place.split("/")[0] == GOOD]
    defects = [one for one in kept if one.place.split("/")[0] == DEFECT]
    job = _job_over(desk, draft)
    done = job is not None and job["state"] == "done" and job["result"]
    return Lesson(draft, goods, defects, job, read_learned(job["result"]) if job is not None and done else None)


def draft_of(job: Json) -> str:
    """The draft that a teach job was given, empty for a folder of the box."""
    parts = PurePath(str(job["inputs"].get("folder", ""))).parts
    return parts[-2] if len(parts) > 2 and parts[-1] == GOOD and parts[-3] == "drafts" else ""


def _job_over(desk: Desk, draft: str) -> Json | None:
    jobs = desk.jobs(kind="teach", limit=_JOBS_LOOKED_THROUGH)
    return next((job for job in jobs if draft_of(job) == draft and job["state"] != "cancelled"), None)


def job_inputs(desk: Desk, lesson: Lesson, line: LineSettings, form: Mapping[str, str]) -> dict[str, Any]:
    """What the job is asked for. Raises InputError for too few pictures or a wish that makes no sense."""
    if len(lesson.goods) < FEWEST:
        raise InputError(f"{len(lesson.goods)} pictures of good parts are too few, at least {FEWEST} are needed")
    folder = desk.drafts.folder(lesson.draft)
    inputs: dict[str, Any] = {"folder": str(folder / GOOD), "recipe": form.get("recipe", "").strip() or line.recipe}
    inputs |= FREEDOMS.get(form.get("freedom", ""), FREEDOMS["find"])[1]
    if lesson.defects:
        inputs["known_defects"] = str(folder / DEFECT)
    if form.get("labels") == "yes":
        inputs["labels"] = True
    region = region_of(form)
    return inputs | ({"region": region} if region else {})


def region_of(form: Mapping[str, str]) -> list[float] | None:
    """x, y, width and height as shares of the picture, from four percentages; None where all is to be looked at."""
    texts = [form.get(name, "").strip().replace(",", ".") for name in ("x", "y", "w", "h")]
    if not any(texts):
        return None
    try:
        x, y, width, height = (float(text) / 100 for text in texts)
    except ValueError as error:
        raise InputError("the region is four numbers, each a percentage of the picture") from error
    if not (0 <= x < x + width <= 1 and 0 <= y < y + height <= 1 and min(width, height) >= 0.05):  # NaN fits nothing
        raise InputError("the region must lie inside the picture and be at least 5 % wide and high")
    return [x, y, width, height]


def read_learned(result: Mapping[str, Any]) -> Learned:
    """Of a teach job's result."""
    low, high = result["false_reject_ci95"]
    usual = {"rate": result["false_reject_rate"], "threshold": result["threshold"]}
    usual |= {"expected_rate": result["expected_false_reject_rate"], "interval95": [low, high]}
    plan = result.get("plan", "")
    return Learned(
        name=result["name"],
        version=result["version"],
        sha256=result["sha256"],
        scores=[float(score) for score in _scores(result.get("held_out", ()))],
        defect_scores=[float(score) for score in _scores(result.get("defect_scores", ()))],
        choices=sorted((_choice(row) for row in result.get("limits") or [usual]), key=lambda one: one.rate),
        wished=result["false_reject_rate"],
        note=result["note"],
        doubtful=list(result["doubtful"]),
        cpu_s=result["teach_cpu_s"],
        parts=result["parts"],
        region=_region(result.get("region")),
        masks=result.get("masks") or (),
        plan=plan if isinstance(plan, str) else str(plan.get("words", "")),
        caught_without=_caught_without(result.get("labels") or {}),
    )


def _caught_without(labels: Mapping[str, Any]) -> float | None:
    return float(labels["recall_without"]) if labels.get("on") else None


def _scores(held: Any) -> Sequence[Any]:
    return [one["score"] if isinstance(one, Mapping) else one for one in held]


def _choice(row: Mapping[str, Any]) -> LimitChoice:
    low, high = row["interval95"]
    return LimitChoice(row["rate"], row["threshold"], row["expected_rate"], low, high)


def _region(region: Any) -> Mapping[str, float] | None:
    return dict(zip(("x", "y", "w", "h"), region, strict=True)) if isinstance(region, list | tuple) else region
