"""The sheet for whoever writes the PLC's program: every tag with its type, direction and meaning, to be printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manufacturing import plc_tags
from manufacturing.kiosk import line_of, no_line
from manufacturing.recipes_told import in_force
from manufacturing.tag_choice import needed
from verticals.web import Answered, Asked, Desk, Page, Shown

#: docs/operate/line-engineer.md has the same.
MEANINGS: Mapping[str, str] = {
    "Trigger": "rises with a part under the camera; falls once Busy is seen or the window ends",
    "PartId": "id of the part under the camera; written before Trigger",
    "RecipeId": "number of the recipe that the next parts need; 0 no wish; written before PartId",
    "Ack": "the result was read; falls after ResultValid falls",
    "PlcHeartbeat": "counts up twice a second",
    "PartCounter": "parts triggered so far",
    "PartsPassed": "parts that passed the camera, triggered or not",
    "GateLastPartId": "last part at the gate; written after the other gate tags, best 0 before them",
    "GateLastRejected": "the gate's sensor saw that part go into the bin",
    "Ready": "the box can take a part",
    "Busy": "the box works on the part of the last Trigger",
    "ResultValid": "the result tags below count; written last, cleared after Ack",
    "PassFail": "true: accept, anything else a reject; counts while ResultValid is up alone",
    "ResultCode": "0 accept, above 0 why not",
    "PartIdEcho": "PartId of the part that was judged",
    "Score": "anomaly score, 0 alike the good parts",
    "Fault": "the box cannot judge; its screen says why",
    "Heartbeat": "counts up while the work loop moves",
    "Bypass": "a person let parts pass without inspection",
    "Simulated": "the box runs on simulated devices",
    "RecipeIdActive": "name and version of the recipe in force",
    "RecipeNumberActive": "number of the recipe in force, 0 none; trigger when it is RecipeId",
}


def sheet(desk: Desk, asked: Asked) -> Answered:
    """As the line has its tags now, with the recipe in force."""
    line = line_of(desk, asked.path["line"])
    if line is None:
        return no_line(asked)
    recipe = in_force(desk, line)
    nodes = plc_tags.nodes(line.plc, recipe.get("tags") or {})
    rows: list[dict[str, Any]] = [
        {
            "name": wanted.name,
            "node": nodes[wanted.name],
            "kinds": list(dict.fromkeys(wanted.kinds)),
            "written": wanted.written,
            "meaning": MEANINGS[wanted.name],
        }
        for wanted in needed(line.plc)
    ]
    title = f"{recipe['name']} {recipe['version']}" if recipe else ""
    values = {"line": line, "rows": rows, "recipe": title, "window_ms": round(line.inspect_window * 1000)}
    return Shown("manufacturing/tag-sheet.html", values)


PAGES = (Page("/line/<line>/tags/sheet", sheet, "operator", title="Tag sheet"),)
