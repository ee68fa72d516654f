"""What a part's answers mean under its recipe: one verdict over all views, and what is kept of each.

A part is accepted only when every view was judged by the very model that its recipe names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.request import Answer
from manufacturing.heat import grey_range, heat_picture, hottest, outline
from manufacturing.reading import picture
from manufacturing.recipes import ONE_VIEW, Recipe
from manufacturing.results import ResultCode
from verticals.contract import Evidence, Sample

Pictures = Mapping[str, NDArray[np.uint8] | None]


@dataclass(frozen=True, slots=True)
class View:
    """One view's part of the verdict."""

    name: str
    answer: Answer
    score: float
    threshold: float

    @property
    def over(self) -> bool:
        return self.score > self.threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    """`views` in the recipe's order, empty where nothing was judged; `review`: accepted, a person is to look."""

    code: ResultCode
    recipe: Recipe | None = None
    views: Sequence[View] = ()
    review: bool = False
    note: str = ""

    @property
    def worst(self) -> View | None:
        """The view that decides: the one furthest over its limit, or nearest to it."""
        return max(self.views, key=lambda view: view.score - view.threshold, default=None)


def value_name(view: str, what: str = "image") -> str:
    """`image` of a line with one camera, `image.top` of one with several."""
    return what if view == ONE_VIEW else f"{what}.{view}"


def pictures(sample: Sample, views: Sequence[str]) -> dict[str, NDArray[np.uint8] | None]:
    return {view: picture(sample, value_name(view)) for view in views}


def judge(recipe: Recipe, answers: Sequence[Answer]) -> Verdict:
    """`answers` in the order of the recipe's views; whatever is not as it must be rejects."""
    if len(answers) != len(recipe.models):
        return Verdict(ResultCode.MODEL_FAILED, recipe, note=f"{len(answers)} of {len(recipe.models)} views answered")
    views = []
    for (name, pick), answer in zip(recipe.models.items(), answers, strict=True):
        if answer.model is None or answer.model.sha256 != pick.sha256:
            return Verdict(ResultCode.MODEL_FAILED, recipe, note=f"another model than {pick.title} answered")
        own = answer.model.limits.get("threshold", math.nan)
        threshold = recipe.threshold.limit if recipe.threshold else own
        score = answer.scalar("score")
        if not (math.isfinite(score) and math.isfinite(threshold)):
            return Verdict(ResultCode.MODEL_FAILED, recipe, note=f"score {score}, threshold {threshold}")
        views.append(View(name, answer, score, threshold))
    defect = any(view.over for view in views)
    start = recipe.review_from
    review = not defect and start is not None and any(view.score >= start for view in views)
    return Verdict(ResultCode.DEFECT if defect else ResultCode.PASS, recipe, views, review)


def kept(verdict: Verdict, shots: Pictures) -> tuple[dict[str, Any], dict[str, Evidence]]:
    """What the part's event says of the judgement, and its evidence; of the deciding view, then of each."""
    data: dict[str, Any] = {}
    evidence: dict[str, Evidence] = {}
    hold = verdict.code is ResultCode.DEFECT or verdict.review
    for name, image in shots.items():
        if image is not None:
            data.setdefault("picture", {"w": int(image.shape[1]), "h": int(image.shape[0])})
            evidence[value_name(name)] = Evidence(image, hold=hold)
    if verdict.recipe is not None:
        data["recipe"] = {"name": verdict.recipe.name, "version": verdict.recipe.version}
    if verdict.review:
        data["review"] = True
    found = {view.name: _judgement(view, evidence) for view in verdict.views}
    worst = verdict.worst
    if worst is not None:
        data |= found[worst.name]
        if len(found) > 1:
            data["view"] = worst.name
            data["views"] = found
    return data, evidence


def _judgement(view: View, evidence: dict[str, Evidence]) -> dict[str, Any]:
    answer = view.answer
    found: dict[str, Any] = {"score": round(view.score, 5), "threshold": round(view.threshold, 5)}
    found["infer_ms"] = round(answer.run_s * 1000, 2)
    found["queued_ms"] = round(answer.queued_s * 1000, 2)
    if answer.model is not None:
        model = answer.model
        found["model"] = {"name": model.name, "version": model.version, "sha256": model.sha256}
    heat_map = answer.outputs.get("heat_map")
    if heat_map is not None:
        heat = heat_picture(heat_map, view.threshold)
        evidence[value_name(view.name, "heat")] = Evidence(heat, hold=view.over)
        found["where"] = hottest(heat_map)
        if view.over:
            found["outline"] = outline(heat_map)
            found["heat_range"] = grey_range(heat_map, view.threshold)
    return found
