"""Judges the pictures of a folder as the line would: its active model, its limit, its rules. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.clock import SystemClock
from core.errors import EdgewiseError, InputError
from core.inference.engine import LocalEngine
from core.inference.request import Ask, Outcome
from core.models.shelf import Shelf
from manufacturing.datasets import good_pictures
from manufacturing.heat import hottest
from manufacturing.recipe_tables import released_recipe
from manufacturing.recipes import ONE_VIEW, Limit, ModelPick, Recipe
from manufacturing.results import SENTENCES, ResultCode, judged
from manufacturing.verdicts import Verdict, judge
from verticals.devices.pictures import read_picture
from verticals.places import Places
from verticals.store.database import open_database, reading

#: Nobody waits for a verdict here.
_PATIENCE_S = 60.0
COLUMNS = ("picture", "verdict", "code", "why", "score", "threshold", "infer_ms", "x", "y", "w", "h")


def replay(
    shelf: Shelf, slot: str, folder: Path, limit: float | None, tell: Callable[[float, str], None],
    recipe: Recipe | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What each picture would have got, and how many of each. `limit` in place of the one of the `recipe`, or of the
    model where the recipe has none or is of another model.

    A picture that cannot be judged is a reject with its reason, as on the line. Raises InputError where nothing is
    active for `slot` or the folder has no pictures, EngineError where the model does not run here.
    """
    files = [file.path for file in good_pictures(folder)]
    package = shelf.active(slot)
    if package is None:
        raise InputError(f"no model is active for '{slot}'", hint="`edgewise models list` says which are, and where.")
    card = package.card
    model = {"name": card.name, "version": card.version, "sha256": package.sha256}
    recipe, whose = _recipe(slot, ModelPick(**model), limit, recipe)
    engine = LocalEngine(runners=1)
    try:
        engine.load(slot, package)
        rows = []
        for number, file in enumerate(files):
            tell(number / len(files), f"Judging picture {number + 1} of {len(files)}")
            rows.append({"picture": str(file.relative_to(folder)), **_row(engine, recipe, slot, file)})
    finally:
        engine.close()
    return {"slot": slot, "model": model, "limit_of": whose, **_counts(rows), "each": rows}


def recipe_of(places: Places, slot: str) -> Recipe | None:
    """The released recipe of that name on record, None where there is none. Raises StoreError."""
    store = places.app_store("manufacturing")
    if isinstance(store, Path) and not store.exists():
        return None
    engine = open_database(store, read_only=True)
    try:
        with reading(engine) as connection:
            document = released_recipe(connection, slot)
    finally:
        engine.dispose()
    return Recipe.read(document) if document else None


def _recipe(slot: str, model: ModelPick, limit: float | None, known: Recipe | None) -> tuple[Recipe, str]:
    """What is judged by, and whose limit that is: `given`, `recipe` or `model`."""
    plain = Recipe("", slot, 1, {ONE_VIEW: model})
    if limit is not None:
        return replace(plain, threshold=Limit(limit)), "given"
    of_this_model = known is not None and any(pick.sha256 == model.sha256 for pick in known.models.values())
    if known is None or known.threshold is None or not of_this_model:
        return plain, "model"
    return replace(plain, version=known.version, threshold=known.threshold, review_from=known.review_from), "recipe"


def _row(engine: LocalEngine, recipe: Recipe, slot: str, file: Path) -> dict[str, Any]:
    try:
        image = read_picture(file)
    except EdgewiseError as error:
        return _said(Verdict(ResultCode.CAMERA_LOST, recipe, note=error.message))
    answer = engine.infer_blocking(
        Ask(slot, {"image": image}), deadline_mono_s=SystemClock().now().mono_s + _PATIENCE_S
    )
    if answer.outcome is not Outcome.ANSWERED:
        return _said(Verdict(ResultCode.MODEL_FAILED, recipe, note=answer.reason))
    return _said(judge(recipe, [answer]))


def _said(verdict: Verdict) -> dict[str, Any]:
    why = f"{SENTENCES[verdict.code]}{f': {verdict.note}' if verdict.note else ''}"
    row: dict[str, Any] = {"verdict": "accept" if verdict.code is ResultCode.PASS else "reject"}
    row |= {"code": int(verdict.code), "why": why}
    view = verdict.worst
    if view is None:
        return row
    row |= {"score": round(view.score, 5), "threshold": round(view.threshold, 5)}
    row["infer_ms"] = round(view.answer.run_s * 1000, 2)
    heat_map = view.answer.outputs.get("heat_map")
    return row | (hottest(heat_map) if heat_map is not None and view.over else {})


def _counts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    accepted = sum(row["verdict"] == "accept" for row in rows)
    unjudged = sum(not judged(row["code"]) for row in rows)
    took_ms = [row["infer_ms"] for row in rows if "infer_ms" in row]
    p50_ms, p99_ms = (float(np.quantile(took_ms, share)) for share in (0.5, 0.99)) if took_ms else (None, None)
    return {
        "pictures": len(rows),
        "accepted": accepted,
        "rejected": len(rows) - accepted - unjudged,
        "not_judged": unjudged,
        "reject_share": (len(rows) - accepted) / len(rows),
        "infer_ms": {"p50": p50_ms, "p99": p99_ms},
    }


def lines(result: dict[str, Any]) -> Iterator[list[str]]:
    """The rows of a CSV file, the first one with the names of the columns."""
    yield list(COLUMNS)
    for row in result["each"]:
        yield [str(row.get(name, "")) for name in COLUMNS]
