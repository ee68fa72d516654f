"""The tag page: read the PLC's tags, give each of ours its variable, check them at the PLC, save them with a recipe.

What a person tapped stands in the address and in the forms; nothing is kept before it is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from core.errors import InputError
from manufacturing.kiosk import bar, give_order, line_of, no_line, reason_of, worked, zone_of
from manufacturing.recipe_orders import ENGINEERS
from manufacturing.recipes_told import in_force
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text
from manufacturing.shown import number
from manufacturing.tag_browsing import KIND, order
from manufacturing.tag_choice import (
    Choice,
    candidates,
    changed,
    checked,
    choices,
    mapping_of,
    picks,
    proposals_of,
    recipe_tags,
    site_lines,
)
from manufacturing.tag_mapping import BY_NAME, Variable, Wanted, problems_of
from manufacturing.tag_sheet import MEANINGS
from verticals.contract import Json
from verticals.devices.opcua_browse import FoundTag
from verticals.web import Answered, Asked, Desk, Page, Shown

_LISTED = 6
_JOBS_LOOKED_THROUGH = 12
_REASONS = ("Commissioning", "PLC program changed", "Wrong variable")
_OPEN = ("queued", "running")
#: Of a recipe, what an order to save one does not say itself.
_OF_THE_LINE = ("line", "version", "who", "role", "at_utc_s", "reason", "tags")


def tags(desk: Desk, asked: Asked) -> Answered:
    """What was read last, with what each of our tags is to have; `tag` names the one to choose for."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _page(desk, asked, line, asked.query)


def act(desk: Desk, asked: Asked) -> Answered:
    """What an engineer did on the page; a refusal is shown where it happened."""
    form = asked.form

    def again(line: LineSettings, fault: str) -> Answered:
        return _page(desk, asked, line, form, fault=fault, status=409)

    line = line_of(desk, asked.path["line"])
    return worked(asked, line, _ACTS, lambda do, line: _address(line, {**picks(form), **do(desk, asked, line)}), again)


def _address(line: LineSettings, query: Mapping[str, Any]) -> str:
    said = {name: value for name, value in query.items() if value not in ("", None)}
    return f"/line/{line.name}/tags" + (f"?{urlencode(said)}" if said else "")


# --- what was read -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """`job` is the newest that reads, `read` what the last one found, `checks` those of a mapping, newest first."""

    job: Json | None
    read: Json | None
    checks: Sequence[Json]

    @property
    def variables(self) -> list[FoundTag]:
        return [FoundTag(**each) for each in self.read["result"]["tags"]] if self.read else []

    def check_of(self, mapping: Mapping[str, str]) -> Json | None:
        """The newest check of this very mapping that is not older than what was read."""
        return next((job for job in self.checks if job["inputs"]["mapping"] == mapping), None)


def reading(desk: Desk, line: LineSettings) -> Reading:
    """What jobs have read of this line's PLC."""
    jobs = [
        job
        for job in desk.jobs(kind=KIND, limit=_JOBS_LOOKED_THROUGH)
        if job["inputs"].get("plc", {}).get("url") == line.plc.url and job["state"] != "cancelled"
    ]
    browses = [job for job in jobs if "mapping" not in job["inputs"]]
    read = next(
        (job for job in browses if job["state"] == "done" and (job["result"] or {}).get("tags") is not None), None
    )
    checks = [job for job in jobs if "mapping" in job["inputs"] and (read is None or job["id"] > read["id"])]
    return Reading(browses[0] if browses else None, read, checks)


def _chosen(desk: Desk, line: LineSettings, found: Reading, values: Mapping[str, str]) -> list[Choice]:
    if found.read is None:
        return []
    moved = in_force(desk, line).get("tags") or {}
    return choices(line.plc, moved, found.variables, proposals_of(found.read["result"]), picks(values))


# --- what people do ------------------------------------------------------------------------------------------


def _read(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    job = desk.start_job(KIND, order(line.plc), who=asked.who)
    desk.audit(KIND, {"line": line.name, "job": job}, who=asked.who, role=asked.role)
    return {}


def _cancel(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    found = reading(desk, line)
    for job in (found.job, *found.checks):
        if job is not None and job["state"] in _OPEN:
            desk.cancel_job(job["id"])
    return {}


def _check(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    mapping = mapping_of(_chosen(desk, line, reading(desk, line), asked.form))
    if not mapping:
        raise InputError("there is nothing to check yet", hint="Read the PLC's tags first.")
    desk.start_job(KIND, order(line.plc, mapping), who=asked.who)
    return {}


def _save(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """The recipe in force once more, with these tags, and its choice. Either may be refused by the line."""
    found = reading(desk, line)
    chosen = _chosen(desk, line, found, asked.form)
    mapping = mapping_of(chosen)
    check = found.check_of(mapping)
    if check is None or not (check["result"] or {}).get("fine") or len(mapping) < len(chosen):
        raise InputError("not every tag was found to fit", hint="Check them at the PLC first.")
    reason, before = reason_of(asked.form), in_force(desk, line)
    if not before:
        raise InputError("this line has no recipe yet", hint="Put the lines shown here into edgewise.toml.")
    recipe = {name: value for name, value in before.items() if name not in _OF_THE_LINE and value is not None}
    recipe |= {"tags": recipe_tags(line.plc, mapping), "reason": reason}
    saved = give_order(desk, asked, line, "save-recipe", recipe)
    if not saved.accepted:
        raise InputError(f"the recipe was not saved: {saved.reason}")
    wish = {"name": recipe["name"], "version": saved.data["version"], "reason": recipe["reason"]}
    taken = give_order(desk, asked, line, "choose-recipe", wish)
    if not taken.accepted:
        raise InputError(f"{wish['name']} {wish['version']} is saved, but not in force: {taken.reason}")
    return {"saved": f"{wish['name']} {wish['version']}"}


_ACTS: Mapping[str, Callable[[Desk, Asked, LineSettings], dict[str, Any]]] = {
    "read": _read,
    "cancel": _cancel,
    "check": _check,
    "save": _save,
}


# --- what the page shows -------------------------------------------------------------------------------------


def _page(
    desk: Desk, asked: Asked, line: LineSettings, query: Mapping[str, str], *, fault: str = "", status: int = 200
) -> Answered:
    found = reading(desk, line)
    values: dict[str, Any] = {
        **bar(desk, asked, line),
        "fault": fault,
        "may": asked.role in ENGINEERS,
        "job": found.job,
        "read": None,
        "secured": line.plc.security != "none",
        "picked": picks(query),
        "view": "begin",
    }
    if found.job is not None and found.job["state"] in _OPEN:
        values["view"] = "reading"
    elif found.read is not None:
        values |= _read_values(desk, line, found, query)
    if found.job is not None and found.job["state"] == "failed":
        values["fault"] = fault or f"The PLC's tags could not be read: {found.job['problem']}"
        values["untrusted"] = "Trust" in found.job["problem"]
    return Shown("manufacturing/tags.html", values, status)


def _read_values(desk: Desk, line: LineSettings, found: Reading, query: Mapping[str, str]) -> dict[str, Any]:
    assert found.read is not None
    chosen = _chosen(desk, line, found, query)
    mapping = mapping_of(chosen)
    check = found.check_of(mapping)
    if check is not None and check["state"] == "done":
        chosen = checked(chosen, check["result"]["problems"])
    fitting = sum(each.fine for each in chosen)
    proven = bool(check and check["state"] == "done" and check["result"]["fine"] and len(mapping) == len(chosen))
    values: dict[str, Any] = {
        "view": "all",
        "read": _told(desk, found.read),
        "tiles": [_tile(each, line, query) for each in chosen],
        "fitting": fitting,
        "total": len(chosen),
        "check": check,
        "proven": proven,
        "saved": query.get("saved", ""),
    }
    wanted = BY_NAME.get(query.get("tag", ""))
    here = next((each for each in chosen if each.wanted is wanted), None)
    if here is not None:
        values |= _choosing(line, found, chosen, here, query)
    elif query.get("step") == "save" and proven:
        values |= _saving(desk, line, mapping, query)
    return values


def _told(desk: Desk, read: Json) -> dict[str, Any]:
    """When, by whom, how much, and what was left out."""
    result = read["result"]
    cut = f"more than {number(20_000)} nodes" if result["cut"] == "more than 20000 nodes" else result["cut"]
    return {
        "when": clock_text(read["ended_utc_s"] or read["asked_utc_s"], zone_of(desk))[:5],
        "who": read["who"],
        "variables": number(len(result["tags"])),
        "nodes": number(result["nodes"]),
        "cut": cut,
        "left_out": number(result["left_out"]) if result["left_out"] else "",
        "empty": not result["tags"],
    }


def _tile(choice: Choice, line: LineSettings, query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": choice.wanted.name,
        "written": choice.wanted.written,
        "node": choice.node_id,
        "place": " / ".join(_names(choice.variable.path)[-2:]) if choice.variable else choice.node_id,
        "how": choice.how,
        "fine": choice.fine,
        "problem": "; ".join(choice.problems),
        "address": _address(line, {**picks(query), "tag": choice.wanted.name}),
    }


def _names(path: str) -> list[str]:
    """`/0:Objects/2:Cell/2:PartId` as Cell, PartId."""
    names = [part.partition(":")[2] or part for part in path.strip("/").split("/")]
    return names[1:] or names


def _choosing(
    line: LineSettings, found: Reading, chosen: Sequence[Choice], here: Choice, query: Mapping[str, str]
) -> dict[str, Any]:
    """One of our tags, and one page of the variables that it could have."""
    assert found.read is not None
    text = query.get("q", "").strip()[:80]
    proposed = proposals_of(found.read["result"]).get(here.wanted.name, "")
    rows = candidates(here.wanted, found.variables, proposed, text)
    pages = max(1, -(-len(rows) // _LISTED))
    page = min(max(1, _whole(query.get("page", ""))), pages)
    taken = {each.node_id: each.wanted.name for each in chosen if each.node_id}
    kept = {**picks(query), "tag": here.wanted.name, "q": text}
    at = chosen.index(here)
    return {
        "view": "keys" if query.get("keys") else "choose",
        "tag": _tile(here, line, query) | {"kinds": list(dict.fromkeys(here.wanted.kinds))},
        "meaning": MEANINGS[here.wanted.name],
        "rows": [
            _row(here.wanted, each, here.node_id, taken, line, query)
            for each in rows[(page - 1) * _LISTED : page * _LISTED]
        ],
        "count": number(len(rows)),
        "q": text,
        "page": number(page),
        "pages": number(pages),
        "before": _address(line, kept | {"page": page - 1}) if page > 1 else "",
        "after": _address(line, kept | {"page": page + 1}) if page < pages else "",
        "keys": _address(line, kept | {"keys": 1}),
        "all": _address(line, picks(query)),
        "tag_before": _tile(chosen[at - 1], line, query)["address"],
        "tag_after": _tile(chosen[(at + 1) % len(chosen)], line, query)["address"],
    }


def _row(
    wanted: Wanted, variable: Variable, now: str, taken: Mapping[str, str], line: LineSettings, query: Mapping[str, str]
) -> dict[str, Any]:
    names = _names(variable.path)
    access = [word for word, on in (("read", variable.readable), ("write", variable.writable)) if on]
    other = taken.get(variable.node_id, "")
    return {
        "name": names[-1],
        "path": " / ".join(names[:-1]),
        "node_id": variable.node_id,
        "kind": (variable.kind or "not told") + (" array" if variable.array else ""),
        "access": ", ".join(access) or "none",
        "value": getattr(variable, "value", ""),
        "problem": "; ".join(problems_of(wanted, variable)),
        "now": variable.node_id == now,
        "taken": other if other != wanted.name else "",
        "address": _address(line, {**picks(query), wanted.name: variable.node_id}),
    }


def _saving(desk: Desk, line: LineSettings, mapping: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
    recipe = in_force(desk, line)
    return {
        "view": "save",
        "recipe": recipe,
        "changes": changed(line.plc, recipe.get("tags") or {}, mapping),
        "lines": site_lines(line.plc, mapping, all_of_them=not recipe),
        "reasons": _REASONS,
        "pick": query.get("pick", ""),
        "words": query.get("words", ""),
        "writing": bool(query.get("writing")),
    }


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


PAGES = (
    Page("/line/<line>/tags", tags, "operator", title="Tags"),
    Page("/line/<line>/tags", act, "engineer", methods=("POST",)),
)
