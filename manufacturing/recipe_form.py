"""The form that makes a recipe's next version: what stands in its fields, and what was meant by them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, get_args

from core.errors import InputError
from manufacturing.recipe_shown import Shelf, limit_text
from manufacturing.recipes import ONE_VIEW, ModelPick, Recipe, told_pick
from manufacturing.settings import LineSettings, ModbusMap, WordOrder
from verticals.contract import Json

#: Fields with a number: name, title, unit, whether whole, what an empty one means.
NUMBERS = (
    ("limit", "Limit", "", False, "the model's own"),
    ("review_from", "Review from", "", False, "no review band"),
    ("exposure_us", "Exposure", "µs", False, "as the camera is"),
    ("gain", "Gain", "", False, "as the camera is"),
    ("plc_number", "Number at the PLC", "", True, "chosen by hand only"),
)
#: Sections of the form, one of them open.
SECTIONS = (
    ("model", "Model"),
    ("limit", "Limit, camera"),
    ("plc", "PLC"),
    ("region", "Region, tags"),
    ("reason", "Reason"),
)
_INSPECTION = "inspection"  # the kind of package that teaching makes
_MODELS_SHOWN, _MODELS_SHOWN_A_VIEW = 8, 4
_PLACES = tuple(field.name for field in fields(ModbusMap) if field.name != "word_order")


def model_choices(line: LineSettings, recipe: Recipe, models: Sequence[Json], shelf: Shelf) -> list[dict[str, Any]]:
    """By view: the newest models of the shelf, and always the recipe's own; those that cannot be used say why."""
    usable = [one for one in models if one["kind"] == _INSPECTION or one["broken"]]
    most = _MODELS_SHOWN if len(line.views) == 1 else _MODELS_SHOWN_A_VIEW
    return [{"view": view, "models": _choices(recipe.models.get(view), usable, shelf, most)} for view in line.views]


def _choices(own: ModelPick | None, models: Sequence[Json], shelf: Shelf, most: int) -> list[dict[str, Any]]:
    newest = sorted(models, key=lambda one: one["name"] != (own.name if own else ""))[:most]
    picks = [ModelPick(one["name"], one["version"], one["sha256"]) for one in newest]
    if own is not None and own not in picks:
        picks = [own, *picks[: most - 1]]
    return [{**shelf.model("", pick), "value": _value(pick), "own": pick == own} for pick in picks]


def _value(pick: ModelPick) -> str:
    """What the form sends for a model; `told_pick` reads it."""
    return f"{pick.name} {pick.version} {pick.sha256}"


def filled(recipe: Recipe) -> dict[str, str]:
    """What stands in the fields when a version is opened to make the next one of it."""
    limit = recipe.threshold.limit if recipe.threshold else None
    values = {"limit": limit} | {name: getattr(recipe, name) for name, *_ in NUMBERS[1:]}
    values |= {f"modbus-{name}": recipe.modbus.get(name) for name in (*_PLACES, "word_order")}
    values |= {f"model-{view}": _value(pick) for view, pick in recipe.models.items()}
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def modbus_fields(line: LineSettings) -> list[dict[str, str]]:
    """A field for each place of the Modbus map, with where the line has it; empty for a line without a device."""
    if line.modbus is None:
        return []
    own = asdict(line.modbus)
    titles = {name: name.replace("_", " ").capitalize() for name in _PLACES}
    return [{"name": f"modbus-{name}", "title": title, "own": _place(own[name])} for name, title in titles.items()]


def _place(value: int | None) -> str:
    return "not used" if value is None else str(value)


def word_orders(line: LineSettings) -> list[tuple[str, str]]:
    own = line.modbus.word_order if line.modbus else ""
    return [("", f"Line's ({own})"), *((order, order) for order in get_args(WordOrder))]


# --- what was meant -------------------------------------------------------------------------------------------


def wish(form: Mapping[str, str], before: Recipe, line: LineSettings, shelf: Shelf) -> dict[str, Any]:
    """The arguments of `save-recipe`: the version before, with what the form says. Raises InputError in its words."""
    models = {view: _pick(form, view, before, shelf) for view in line.views}
    numbers = {name: _number(form, name, title, whole=whole) for name, title, _, whole, _ in NUMBERS}
    limit = numbers.pop("limit")
    _limit_fits(limit, models, before, shelf)
    same = before.threshold is not None and limit == before.threshold.limit and models == dict(before.models)
    rate = before.threshold.rate if same and before.threshold else None
    wanted: dict[str, Any] = {
        "name": before.name,
        "threshold": None if limit is None else {"limit": limit, "rate": rate},
        "region": before.region,
        "masks": list(before.masks),
        "tags": dict(before.tags),
        "modbus": _modbus(form),
        "reason": form.get("reason", "").strip(),
        **numbers,
    }
    several = {view: asdict(pick) for view, pick in models.items()}
    wanted |= {"model": several[ONE_VIEW]} if list(several) == [ONE_VIEW] else {"models": several}
    return {name: value for name, value in wanted.items() if value not in (None, {}, [])}


def _pick(form: Mapping[str, str], view: str, before: Recipe, shelf: Shelf) -> ModelPick:
    pick = told_pick(form.get(f"model-{view}", ""))
    what = f"the model of {view}" if view else "the model"
    if pick is None:
        raise InputError(f"{what} is not chosen", hint="Choose one of the shelf.")
    if trouble := shelf.trouble(pick):
        raise InputError(f"{what} {pick.title} cannot be used: {trouble}", hint="Choose another one, or teach again.")
    return pick


def _limit_fits(limit: float | None, models: Mapping[str, ModelPick], before: Recipe, shelf: Shelf) -> None:
    old = before.threshold.limit if before.threshold else None
    if limit is None or limit != old or dict(models) == dict(before.models):
        return
    own, _ = limit_text(Recipe(before.line, before.name, 1, models), shelf)
    raise InputError(
        f"the limit {limit:g} was set for the scores of another model",
        hint=f"Clear it for the new model's own ({own}), or set it anew.",
    )


def _number(form: Mapping[str, str], name: str, title: str, *, whole: bool = False) -> float | int | None:
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (whole and value != int(value)):
        raise InputError(f"{title} is a {'whole ' if whole else ''}number, not '{text[:20]}'")
    return int(value) if whole else value


def _modbus(form: Mapping[str, str]) -> dict[str, Any]:
    titles = {name: f"Modbus {name.replace('_', ' ')}" for name in _PLACES}
    places = {name: _number(form, f"modbus-{name}", title, whole=True) for name, title in titles.items()}
    order = form.get("modbus-word_order", "")
    return {name: place for name, place in places.items() if place is not None} | (
        {"word_order": order} if order else {}
    )
