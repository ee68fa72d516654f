"""Recipes for the pages: every version with where it stands, and who changed what and why; from the events alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, Integer, String, Table, Text, select

from manufacturing.recipe_book import CHOSEN, RETIRED, SAVED
from manufacturing.tables import metadata
from verticals.contract import Event

__all__ = ["metadata", "project", "recipe_history", "recipe_in_force", "recipes_of", "released_recipe"]

recipes = Table(
    "recipes",
    metadata,
    Column("station", String(60), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("at_utc_s", Float, nullable=False),
    Column("plc_number", Integer),
    Column("model", String(200), nullable=False),
    Column("document", Text, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("who", String(60), nullable=False),
    Column("role", String(40), nullable=False),
    Column("released", Boolean, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("retired", Boolean, nullable=False),
)
recipe_changes = Table(
    "recipe_changes",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("station", String(60), nullable=False, index=True),
    Column("at_utc_s", Float, nullable=False),
    Column("name", String(40), nullable=False),
    Column("version", Integer),
    Column("change", String(20), nullable=False),
    Column("how", String(20), nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("who", String(60), nullable=False),
    Column("role", String(40), nullable=False),
)


def project(event: Event, connection: Connection) -> None:
    """Writes what a recipe event means. Other events leave the tables alone."""
    write = _WRITERS.get(event.kind)
    if write is not None:
        write(event, connection)
        _change(event, connection)


def _saved(event: Event, connection: Connection) -> None:
    document, name, version = event.data["recipe"], event.subject, int(event.data["version"])
    models = document.get("models") or {"": document["model"]}
    ours = (recipes.c.station == event.station) & (recipes.c.name == name)
    connection.execute(recipes.delete().where(ours & (recipes.c.version == version)))
    connection.execute(recipes.update().where(ours).values(retired=False))
    first = connection.execute(select(recipes.c.version).where(ours & recipes.c.released)).first() is None
    row = {
        "station": event.station, "name": name, "version": version, "sequence": event.sequence,
        "at_utc_s": event.at_utc_s, "plc_number": document.get("plc_number"),
        "model": ", ".join(f"{model['name']} {model['version']}" for model in models.values())[:200],
        "document": json.dumps(document), "reason": document.get("reason", ""), "who": event.who,
        "role": event.data.get("role", ""), "released": first, "in_force": False, "retired": False,
    }  # fmt: skip
    connection.execute(recipes.insert(), row)


def _chosen(event: Event, connection: Connection) -> None:
    here = recipes.c.station == event.station
    ours, version = here & (recipes.c.name == event.subject), int(event.data["version"])
    connection.execute(recipes.update().where(ours).values(released=recipes.c.version == version))
    if event.data.get("in_force"):
        chosen = (recipes.c.name == event.subject) & (recipes.c.version == version)
        connection.execute(recipes.update().where(here).values(in_force=chosen))


def _retired(event: Event, connection: Connection) -> None:
    ours = (recipes.c.station == event.station) & (recipes.c.name == event.subject)
    connection.execute(recipes.update().where(ours).values(retired=True, released=False))


def _refused(event: Event, connection: Connection) -> None:
    """Nothing changed, and the history says so."""


def _change(event: Event, connection: Connection) -> None:
    data = event.data
    row = {
        "sequence": event.sequence, "station": event.station, "at_utc_s": event.at_utc_s, "name": event.subject,
        "version": data.get("version"), "change": event.kind.removeprefix("recipe-"), "how": data.get("how", ""),
        "in_force": bool(data.get("in_force", False)), "reason": str(data.get("reason") or data.get("why") or "")[:200],
        "who": event.who, "role": data.get("role", ""),
    }  # fmt: skip
    connection.execute(recipe_changes.insert(), row)


_WRITERS: dict[str, Callable[[Event, Connection], None]] = {
    SAVED: _saved,
    CHOSEN: _chosen,
    RETIRED: _retired,
    "recipe-refused": _refused,
}


def recipes_of(connection: Connection, station: str) -> list[dict[str, Any]]:
    """Every version of every recipe of the line, by name, the newest first; `document` is the whole recipe."""
    rows = connection.execute(
        select(recipes).where(recipes.c.station == station).order_by(recipes.c.name, recipes.c.version.desc())
    ).mappings()  # fmt: skip
    return [{**row, "document": json.loads(row["document"])} for row in rows]


def recipe_in_force(connection: Connection, station: str) -> dict[str, Any] | None:
    return next((row for row in recipes_of(connection, station) if row["in_force"]), None)


def released_recipe(connection: Connection, name: str) -> dict[str, Any] | None:
    """The document of the released version of that name; of several lines the one in force, else the one saved last."""
    ours = (recipes.c.name == name) & recipes.c.released
    newest = recipes.c.in_force.desc(), recipes.c.sequence.desc()
    found = connection.execute(select(recipes.c.document).where(ours).order_by(*newest).limit(1)).scalar()
    document: dict[str, Any] | None = json.loads(found) if found else None
    return document


def recipe_history(
    connection: Connection, station: str, *, name: str = "", skip: int = 0, most: int = 50
) -> list[dict[str, Any]]:
    """Who saved, chose, rolled back, retired or was refused what, and why; the newest first. `how` "plc": the PLC."""
    which = recipe_changes.c.station == station
    if name:
        which &= recipe_changes.c.name == name
    query = select(recipe_changes).where(which).order_by(recipe_changes.c.sequence.desc()).offset(skip).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]
