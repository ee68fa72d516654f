"""What people may order of a line's recipes: save, choose, roll back, retire; and activate a model alone.

A change of what is in force waits until its models have passed their golden vectors and are in memory; until
then the old one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from core.errors import InputError
from manufacturing.changeover import NO_WISH, Change, Changeover
from manufacturing.plc_tags import MOVABLE
from manufacturing.recipe_book import CHOSEN, RETIRED, SAVED
from manufacturing.recipes import ONE_VIEW, ModelPick, Recipe, told_pick
from manufacturing.settings import LineSettings
from verticals.contract import Acted, Action, Command, Decision, Delivery, DeviceNews, Event, Reply, StationSpec

ENGINEERS = ("engineer", "admin")
_ACTIVATE_WITHIN_S = 60.0
_SAID = frozenset(
    {"name", "plc_number", "model", "models", "threshold", "region", "masks", "exposure_us", "gain", "tags", "modbus"}
    | {"review_from", "reason"}
)


class Changing(Protocol):
    """What these orders may touch of a line; `activating` is the order whose model is being loaded."""

    spec: StationSpec
    line: LineSettings
    keeper: str
    changeover: Changeover
    activating: Command | None


def _refuse(reason: str) -> Decision:
    return Decision(reply=Reply(accepted=False, reason=reason))


def _why_not(station: Changing, command: Command, *, choose: bool = False) -> str:
    """Why this person may not, or what is missing; empty when the order may go on."""
    allowed = (*ENGINEERS, "operator") if choose and station.line.operators_choose else ENGINEERS
    if command.role not in allowed:
        return f"changing recipes is for {' or '.join(allowed)}, not for '{command.role or 'nobody'}'"
    if not str(command.args.get("reason", "")).strip():
        return "say the reason for the change"
    return ""


def save_recipe(station: Changing, command: Command) -> Decision:
    """A new version; the first of its name is released at once, a later one when it is chosen."""
    args, book = command.args, station.changeover.book
    if why := _why_not(station, command):
        return _refuse(why)
    if strange := sorted(set(args) - _SAID):
        return _refuse(f"a recipe has no '{strange[0]}'")
    name = str(args.get("name", ""))
    said = {"line": station.line.name, "version": book.next_version(name), "who": command.who, "role": command.role}
    try:
        recipe = Recipe.read({**args, **said, "at_utc_s": command.at.utc_s})
    except InputError as error:
        return _refuse(error.message)
    if why := _does_not_fit(station, recipe):
        return _refuse(why)
    data = {"name": name, "version": recipe.version, "recipe": recipe.document(), "role": command.role}
    data["reason"] = recipe.reason
    reply = Reply(accepted=True, data={"name": name, "version": recipe.version})
    return _applied(station, command, SAVED, name, data, reply)


def _does_not_fit(station: Changing, recipe: Recipe) -> str:
    """Why the line cannot have this recipe; empty when it can."""
    views = station.line.views
    if sorted(recipe.models) != sorted(views):
        if views == (ONE_VIEW,):
            return "this line has one camera: the recipe names one 'model'"
        return f"this line has several cameras: 'models' names one for each of {', '.join(views)}"
    if why := _light_does_not_fit(station.line, recipe):
        return why
    if recipe.modbus and station.line.modbus is None:
        return "this line has no Modbus device whose map the recipe could change"
    strange = sorted(set(recipe.tags) - set(MOVABLE))
    if strange:
        return f"a recipe cannot have the tag {strange[0]} elsewhere"
    if recipe.plc_number is not None and not station.line.plc.chooses_recipes:
        return "the PLC of this line chooses no recipes (plc.chooses_recipes): leave its number out"
    holder = station.changeover.book.holder(recipe.plc_number, but=recipe.name)
    return f"number {recipe.plc_number} of the PLC belongs to recipe '{holder}'" if holder else ""


def _light_does_not_fit(line: LineSettings, recipe: Recipe) -> str:
    fixed = next((camera for camera in line.every_camera if not camera.adjustable), None)
    what = "exposure" if recipe.exposure_us is not None else "gain" if recipe.gain is not None else ""
    if fixed is None or not what:
        return ""
    return f"the camera '{fixed.name}' ({fixed.kind}) takes no {what} from here: leave it out, and set it at the camera"


def choose_recipe(station: Changing, command: Command) -> Decision:
    """Puts a version in force; where the PLC asks for another recipe it is what its own number means from now on."""
    args, book = command.args, station.changeover.book
    if why := _why_not(station, command, choose=True):
        return _refuse(why)
    name, asked = str(args.get("name", "")), args.get("version")
    if asked is not None and (isinstance(asked, bool) or not str(asked).isdecimal()):
        return _refuse("a version is a whole number")
    by_engineer = command.role in ENGINEERS
    if by_engineer:
        recipe = book.find(name, None if asked is None else int(asked))
    else:
        recipe = book.released(name)
        if recipe is not None and asked is not None and int(asked) != recipe.version:
            return _refuse(f"operators choose what is released, which is version {recipe.version} of '{name}'")
    if recipe is None:
        return _refuse(f"there is no recipe '{name}'{'' if asked is None else f' {asked}'} here")
    if recipe == book.in_force and recipe == book.released(name) and recipe == station.changeover.wanted:
        return _refuse(f"recipe {recipe.title} is in force already")
    return _begin(station, command, recipe, "hand")


def rollback_recipe(station: Changing, command: Command) -> Decision:
    """The version that was released before becomes in force again."""
    if why := _why_not(station, command):
        return _refuse(why)
    name = str(command.args.get("name", ""))
    recipe = station.changeover.book.before(name)
    if recipe is None:
        return _refuse(f"there is no version of recipe '{name}' before the one of today")
    return _begin(station, command, recipe, "rollback")


def _begin(station: Changing, command: Command, recipe: Recipe, how: str) -> Decision:
    """The change is carried out at once where its models are in memory, otherwise as soon as they are."""
    changeover = station.changeover
    if changeover.pending is not None:
        return _refuse(f"recipe {changeover.pending.recipe.title} is still being loaded")
    if holder := changeover.book.holder(recipe.plc_number, but=recipe.name):
        return _refuse(f"number {recipe.plc_number} of the PLC belongs to recipe '{holder}' by now")
    why = str(command.args["reason"]).strip()[:200]
    changeover.begin(Change(recipe, how, command.who, command.role, why))
    data = {"name": recipe.name, "version": recipe.version, "how": how, "reason": why, "role": command.role}
    event = Event("recipe-asked", recipe.name, command.at.utc_s, data, station.spec.name, command.who)
    told = {"name": recipe.name, "version": recipe.version, "loaded": changeover.loaded(recipe)}
    wish = changeover.wish
    if wish not in (NO_WISH, recipe.plc_number):
        reason = f"released; the PLC asks for recipe {wish}, which stays in force"
        return Decision(events=(event,), reply=Reply(True, reason, told), save=True)
    return Decision(events=(event,), reply=Reply(True, data=told), save=True)


def retire_recipe(station: Changing, command: Command) -> Decision:
    """Nobody can choose it any more, neither a person nor the PLC; its versions stay on record."""
    changeover = station.changeover
    if why := _why_not(station, command):
        return _refuse(why)
    name = str(command.args.get("name", ""))
    used = [changeover.book.in_force, changeover.wanted, changeover.pending.recipe if changeover.pending else None]
    if any(recipe is not None and recipe.name == name for recipe in used):
        return _refuse(f"recipe '{name}' is in force: choose another one first")
    if changeover.book.find(name) is None:
        return _refuse(f"there is no recipe '{name}' here")
    data = {"name": name, "reason": str(command.args["reason"]).strip()[:200], "role": command.role}
    return _applied(station, command, RETIRED, name, data, Reply(accepted=True))


def _applied(
    station: Changing, command: Command, kind: str, name: str, data: Mapping[str, Any], reply: Reply
) -> Decision:
    station.changeover.book.apply(kind, data)
    event = Event(kind, name, command.at.utc_s, data, station.spec.name, command.who)
    return Decision(events=(event,), reply=reply, save=True)


# --- a model alone -------------------------------------------------------------------------------------------


def activate(station: Changing, command: Command) -> Decision:
    """A model without a word on the rest: a new version of the recipe in force, once it is loaded."""
    name, version = str(command.args.get("name", "")), str(command.args.get("version", ""))
    if not name or not version:
        return _refuse("say which model and which version to activate")
    if station.line.views != (ONE_VIEW,):
        return _refuse("this line has several cameras: save a recipe with a model for each")
    if station.activating is not None:
        return _refuse("another model is still being loaded")
    station.activating = command
    slot = station.changeover.slot_name(name, version)
    value = {"slot": station.line.recipe, "name": name, "version": version, "as": slot}
    asked = {"slot": station.line.recipe, "name": name, "version": version, "role": command.role}
    event = Event("recipe-asked", station.line.recipe, command.at.utc_s, asked, station.spec.name, command.who)
    action = Action(f"{station.keeper}.activate", value, until_s=_ACTIVATE_WITHIN_S, subject=station.line.recipe)
    return Decision(events=(event,), actions=(action,), reply=Reply(accepted=True))


def model_activated(station: Changing, acted: Acted) -> list[Event]:
    """How an `activate` ended: the recipe that it makes, in force."""
    command, station.activating = station.activating, None
    pick = told_pick(acted.detail) if acted.delivery is Delivery.SENT else None
    if command is None or pick is None:
        return []
    changeover = station.changeover
    changeover.holds(pick, acted.action.value["as"])
    reason = str(command.args.get("reason", "")).strip()[:200]
    old = changeover.book.in_force
    said: dict[str, Any] = {"who": command.who, "role": command.role, "at_utc_s": acted.at.utc_s}
    if old is None:
        recipe, how = replace(_first(station.line, pick, acted.at.utc_s), **said), "first"
    else:
        version = changeover.book.next_version(old.name)
        recipe = old.with_model(pick, version, reason=reason or "model activated", **said)
        how = "activated"
    change = Change(recipe, how, command.who, command.role, recipe.reason, saved=False)
    return changeover.carry_out(change, acted.at)


def first_recipe(changeover: Changeover, line: LineSettings, news: DeviceNews) -> list[Event]:
    """Version 1 of a line that had a model and no recipe."""
    pick = told_pick(news.detail)
    if pick is None or line.views != (ONE_VIEW,):
        return []
    return changeover.carry_out(
        Change(_first(line, pick, news.at.utc_s), "first", reason="first model", saved=False), news.at
    )


def _first(line: LineSettings, pick: ModelPick, at_utc_s: float) -> Recipe:
    return Recipe(line.name, line.recipe, 1, {ONE_VIEW: pick}, reason="first model", at_utc_s=at_utc_s)


RECIPE_ORDERS: dict[str, Callable[[Changing, Command], Decision]] = {
    "save-recipe": save_recipe,
    "choose-recipe": choose_recipe,
    "rollback-recipe": rollback_recipe,
    "retire-recipe": retire_recipe,
    "activate": activate,
}
KINDS = (SAVED, CHOSEN, RETIRED, "recipe-asked", "recipe-refused")
