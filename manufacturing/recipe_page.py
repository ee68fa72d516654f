"""The recipe pages: what is in force, what there is, what changed; choosing, rolling back, retiring, a new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from core.errors import EdgewiseError, InputError
from manufacturing import recipe_form
from manufacturing.kiosk import bar, give_order, heard, line_of, no_line, zone_of
from manufacturing.recipe_orders import ENGINEERS
from manufacturing.recipe_shown import Named, Shelf, Version, differences, facts, limit_text, named, said_by, short_time
from manufacturing.recipe_standing import Standing, standing
from manufacturing.recipe_still import still
from manufacturing.recipe_tables import recipe_history, recipes_of
from manufacturing.settings import LineSettings
from verticals.contract import Reply
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

_ROWS = 8
#: What was chosen waits until the PLC asks for its number.
_RELEASED = "released"
_VERSIONS_SHOWN = 5
_CHANGES_SHOWN = 8
#: Quick answers to "why", beside words of one's own.
REASONS = ("Other parts", "Trial", "Too many rejects", "Defects missed", "As it was before")
_CHANGES = {
    "saved": "saved", "chosen": "put in force", "retired": "retired", "refused": "not loaded",
    "rollback": "rolled back to", "plc": "put in force by the PLC", "first": "put in force by the box",
}  # fmt: skip


def recipes(desk: Desk, asked: Asked) -> Answered:
    """Every recipe of the line by name; with `do` the question that stands before a change."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _list(desk, asked, line)


def recipe(desk: Desk, asked: Asked) -> Answered:
    """One recipe: its versions with what each changed, or its history; with `edit` the form of the next version."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _one(desk, asked, line)


def act(desk: Desk, asked: Asked) -> Answered:
    """Chooses, rolls back or retires; a refusal of the line is shown where it was asked for."""
    line, form = line_of(desk, asked.path["line"]), asked.form
    if line is None:
        return no_line(asked)
    order = _ORDERS.get(form.get("act", ""))
    if order is None:
        return _list(desk, asked, line, fault="The page asked for something that is not known here.", status=409)
    args = {"name": form.get("name", ""), "reason": form.get("reason", "").strip() or form.get("quick", "")}
    if form.get("act") == "choose":
        args["version"] = form.get("version", "")
    reply = give_order(desk, asked, line, order, args)
    if not reply.accepted:
        return _list(desk, asked, line, fault=_sentence(reply), status=409)
    return Go(_address(line, said=_RELEASED if reply.reason else ""))


def save(desk: Desk, asked: Asked) -> Answered:
    """Makes the next version; what is wrong is said in the form, with all that was typed."""
    line, form = line_of(desk, asked.path["line"]), asked.form
    if line is None:
        return no_line(asked)
    found = _found(desk, line, asked.path["name"])
    base = None if found is None else found.version(_whole(form.get("of", "")))
    if found is None or base is None:
        return _one(desk, asked, line)
    try:
        args = recipe_form.wish(form, base.recipe, line, Shelf(desk.models(), zone_of(desk)))
        reply = give_order(desk, asked, line, "save-recipe", args)
        if not reply.accepted:
            raise InputError(_sentence(reply))
    except EdgewiseError as error:
        return _one(desk, asked, line, fault=_said(error), status=409)
    return Go(_address(line, found.name, version=reply.data["version"]))


_ORDERS = {"choose": "choose-recipe", "rollback": "rollback-recipe", "retire": "retire-recipe"}


def _sentence(reply: Reply) -> str:
    return reply.reason[:1].upper() + reply.reason[1:]


def _said(error: EdgewiseError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}. {error.hint or ''}".strip()


def _address(line: LineSettings, name: str = "", **query: Any) -> str:
    said = {key: value for key, value in query.items() if value not in ("", None)}
    return f"/line/{line.name}/recipes{'/' if name else ''}{name}" + (f"?{urlencode(said)}" if said else "")


# --- the list ------------------------------------------------------------------------------------------------


def _list(desk: Desk, asked: Asked, line: LineSettings, *, fault: str = "", status: int = 200) -> Answered:
    every, said = _every(desk, line), {**asked.query, **asked.form}
    now, shelf = standing(desk, line, every), Shelf(desk.models(), zone_of(desk))
    pages = max(1, -(-len(every) // _ROWS))
    page = min(max(1, _whole(said.get("page", ""))), pages)
    shown = sorted(every, key=lambda one: (not one.shown.in_force, one.retired, one.name))
    rows = [_row(one, now, shelf) for one in shown[(page - 1) * _ROWS : page * _ROWS]]
    values = _frame(desk, asked, line, now) | {"rows": rows, "page": page, "pages": pages, "total": len(every)}
    values |= {
        "fault": fault,
        "released": said.get("said") == _RELEASED,
        "question": _question(every, now, said, shelf),
    }
    values |= {"reasons": REASONS, "reason": said.get("reason", ""), "quick": said.get("quick", "")}
    return Shown("manufacturing/recipes.html", values, status)


def _frame(desk: Desk, asked: Asked, line: LineSettings, now: Standing) -> dict[str, Any]:
    """What both pages need: the bar, how the recipes of the line stand, and who may do what."""
    engineer = asked.role in ENGINEERS
    return {
        **bar(desk, asked, line),
        "standing": now,
        "banner": heard(desk, line)[1]["banner"],
        "engineer": engineer,
        "may_choose": engineer or (line.operators_choose and asked.role == "operator"),
    }


def _row(one: Named, now: Standing, shelf: Shelf) -> dict[str, Any]:
    """What a recipe's name stands for on the line."""
    version = one.shown
    recipe, newest = version.recipe, one.versions[0].recipe
    limit, stands_for = limit_text(recipe, shelf)
    said = dict(facts(recipe, shelf))
    return {
        "name": one.name,
        "version": recipe.version,
        "state": now.of(version),
        "models": [shelf.model(view, pick) for view, pick in recipe.models.items()],
        "limit": limit,
        "stands_for": stands_for,
        "number": said["PLC number"],
        "review": said["Review from"],
        "exposure": said["Exposure"],
        "newer": newest.version if newest.version > recipe.version else 0,
        **said_by(recipe, version.at_utc_s, shelf.zone),
    }


def _question(every: list[Named], now: Standing, said: Mapping[str, str], shelf: Shelf) -> dict[str, Any] | None:
    """What a change would do, before it is done: from what, to what. None while nothing is asked for."""
    do = said.get("do", "") or said.get("act", "")
    found = next((one for one in every if one.name == said.get("name")), None)
    if do not in _ORDERS or found is None:
        return None
    target = _target(found, do, said, now)
    if target is None:
        return None
    recipe = target.recipe
    before = now.in_force.recipe if now.in_force else None
    title = {"choose": f"Choose {recipe.title}?", "rollback": f"Roll back to {recipe.title}?"}
    return {
        "do": do,
        "name": found.name,
        "version": recipe.version,
        "title": title.get(do, f"Retire {found.name}?"),
        "key": {"choose": f"Choose {recipe.title}", "rollback": "Roll back"}.get(do, "Retire"),
        "before": before.title if before else "none",
        "changes": [] if before in (None, recipe) else differences(recipe, before, shelf.zone),
        "facts": facts(recipe, shelf)[:4],
        "models": [shelf.model(view, pick) for view, pick in recipe.models.items()],
    }


def _target(found: Named, do: str, said: Mapping[str, str], now: Standing) -> Version | None:
    if do == "choose":
        return found.version(_whole(said.get("version", "")))
    return found.shown if do == "retire" else found.version(now.earlier.get(found.name, 0))


# --- one recipe ----------------------------------------------------------------------------------------------


def _one(desk: Desk, asked: Asked, line: LineSettings, *, fault: str = "", status: int = 200) -> Answered:
    every, said = _every(desk, line), {**asked.query, **asked.form}
    found = next((one for one in every if one.name == asked.path["name"]), None)
    now = standing(desk, line, every)
    values = _frame(desk, asked, line, now) | {"fault": fault, "name": asked.path["name"]}
    if found is None:
        return Shown("manufacturing/recipe.html", {**values, "recipe": None}, 404)
    shelf = Shelf(desk.models(), zone_of(desk))
    asks = said.get("version", "") or said.get("edit", "") or said.get("of", "")
    version = found.version(_whole(asks)) or found.shown
    values |= _version(desk, line, version, now, shelf)
    values |= {
        "retired": found.retired,
        "earlier": now.earlier.get(found.name, 0),
        "newest": found.versions[0].recipe.version,
    }
    if values["engineer"] and not found.retired and (said.get("edit") or said.get("of")):
        return Shown("manufacturing/recipe-edit.html", values | _form(desk, line, version, shelf, asked.form), status)
    values |= _history(desk, line, found, said) if said.get("show") == "history" else _versions(found, now, shelf, said)
    return Shown("manufacturing/recipe.html", values, status)


def _version(desk: Desk, line: LineSettings, version: Version, now: Standing, shelf: Shelf) -> dict[str, Any]:
    recipe = version.recipe
    return {
        "recipe": recipe,
        "state": now.of(version),
        "facts": facts(recipe, shelf),
        "models": [shelf.model(view, pick) for view, pick in recipe.models.items()],
        "still": still(desk, line, recipe),
    }


def _versions(found: Named, now: Standing, shelf: Shelf, said: Mapping[str, str]) -> dict[str, Any]:
    pages = max(1, -(-len(found.versions) // _VERSIONS_SHOWN))
    page = min(max(1, _whole(said.get("page", ""))), pages)
    rows = [
        {
            "version": one.recipe.version,
            "state": now.of(one),
            "changes": differences(one.recipe, found.before(one.recipe.version), shelf.zone),
            **said_by(one.recipe, one.at_utc_s, shelf.zone),
        }
        for one in found.versions[(page - 1) * _VERSIONS_SHOWN : page * _VERSIONS_SHOWN]
    ]
    return {"show": "versions", "rows": rows, "page": page, "pages": pages}


def _history(desk: Desk, line: LineSettings, found: Named, said: Mapping[str, str]) -> dict[str, Any]:
    page = max(1, _whole(said.get("page", "")))
    with desk.read() as connection:
        skip = (page - 1) * _CHANGES_SHOWN
        changes = recipe_history(connection, line.name, name=found.name, skip=skip, most=_CHANGES_SHOWN + 1)
    rows = [_change(row, desk) for row in changes[:_CHANGES_SHOWN]]
    return {"show": "history", "rows": rows, "page": page, "pages": page + (len(changes) > _CHANGES_SHOWN)}


def _change(row: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    how = row["how"] if row["how"] in _CHANGES else row["change"]
    text = _CHANGES.get(how, how)
    if row["change"] == "chosen" and not row["in_force"]:
        text = "released; the PLC asks for another"
    who = "the PLC" if row["how"] == "plc" else row["who"] or "the box"
    who += f", {row['role']}" if row["role"] else ""
    when = short_time(row["at_utc_s"], zone_of(desk))
    return {
        "text": text,
        "version": row["version"],
        "reason": row["reason"],
        "who": who,
        "when": when,
        "bad": how == "refused",
    }


def _form(desk: Desk, line: LineSettings, version: Version, shelf: Shelf, typed: Mapping[str, str]) -> dict[str, Any]:
    values = recipe_form.filled(version.recipe) | dict(typed)
    numbers = [
        {"name": name, "title": title, "unit": unit, "empty": empty, "value": values.get(name, "")}
        for name, title, unit, _, empty in recipe_form.NUMBERS
    ]
    return {
        "values": values,
        "section": typed.get("section", "") or "model",
        "sections": recipe_form.SECTIONS,
        "numbers": numbers,
        "adjustable": all(camera.adjustable for camera in line.every_camera),
        "choices": recipe_form.model_choices(line, version.recipe, desk.models(), shelf),
        "places": recipe_form.modbus_fields(line),
        "word_orders": recipe_form.word_orders(line),
        "reason": typed.get("reason", ""),
    }


# --- small parts ---------------------------------------------------------------------------------------------


def _every(desk: Desk, line: LineSettings) -> list[Named]:
    with desk.read() as connection:
        return named(recipes_of(connection, line.name))


def _found(desk: Desk, line: LineSettings, name: str) -> Named | None:
    return next((one for one in _every(desk, line) if one.name == name), None)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


PAGES = (
    Page("/line/<line>/recipes", recipes, "operator", title="Recipes"),
    Page("/line/<line>/recipes", act, "operator", methods=("POST",)),
    Page("/line/<line>/recipes/<name>", recipe, "operator", title="Recipe"),
    Page("/line/<line>/recipes/<name>", save, "engineer", methods=("POST",)),
)
