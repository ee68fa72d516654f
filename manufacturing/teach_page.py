"""The teach page: show good parts, learn, set the limit, activate. Its steps are read from what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from core.errors import InputError
from manufacturing import lesson as lessons
from manufacturing.kiosk import bar, give_order, line_of, no_line, worked, zone_of
from manufacturing.labelled_parts import labelled_count
from manufacturing.lesson import DEFECT, FAIR, FEWEST, FREEDOMS, GOOD, Learned, Lesson, LimitChoice, open_lesson
from manufacturing.limit_chart import HEIGHT, WIDTH, limit_chart
from manufacturing.quality_tables import Span, code_counts
from manufacturing.recipes_told import in_force, refusal
from manufacturing.results import ResultCode
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text
from manufacturing.shown import number
from verticals.contract import Event
from verticals.web import Answered, Asked, Desk, File, Page, Shown

_PLACES = 20
_LOOKED_THROUGH = 500
_LESSONS_SHOWN = 4
_STEPS = ("pictures", "learn", "limit", "activate")
#: Good parts whose score comes this near to the limit, as a share of the way from the median, go to people.
_REVIEW_SHARE = 0.7
_MEDIA = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"BM": "image/bmp"}
#: What a page with a refusal still shows of the form.
_SAID_AGAIN = ("draft", "step", "rate", "reason", "recipe")


def teach(desk: Desk, asked: Asked) -> Answered:
    """The lesson that the address names, or what can be begun or gone on with."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _page(desk, asked, line, asked.query)


def act(desk: Desk, asked: Asked) -> Answered:
    """What a person did on the page; a refusal is shown where it happened."""
    form = asked.form

    def again(line: LineSettings, fault: str) -> Answered:
        return _page(
            desk, asked, line, {name: form[name] for name in _SAID_AGAIN if form.get(name)}, fault=fault, status=409
        )

    line = line_of(desk, asked.path["line"])
    return worked(asked, line, _ACTS, lambda do, line: _address(line, **do(desk, asked, line)), again)


def picture(desk: Desk, asked: Asked) -> Answered:
    """One picture of a draft."""
    query = asked.query
    content = desk.drafts.read(query.get("draft", ""), query.get("place", ""), query.get("name", ""))
    media = next((kind for start, kind in _MEDIA.items() if content.startswith(start)), "application/octet-stream")
    return File(content, media, forever=True)


def _address(line: LineSettings, **query: Any) -> str:
    said = {name: value for name, value in query.items() if value not in ("", None)}
    return f"/line/{line.name}/teach" + (f"?{urlencode(said)}" if said else "")


# --- what people do ------------------------------------------------------------------------------------------


def _begin(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    return {"draft": desk.drafts.begin()}


def _take_last(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """The pictures of the newest parts that passed; of all, while the line has no model that could pass one."""
    draft = asked.form["draft"]
    events = desk.events(station=line.name, kinds=("part",), limit=_LOOKED_THROUGH, newest_first=True)
    passed = [event for event in events if event.data["code"] == 0]
    if not _take(desk, draft, passed or events, FAIR):
        raise InputError("no part with a picture is on record yet", hint="Let parts pass the camera.")
    return {"draft": draft}


def _take_next(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """From now on the page takes each part that passes, up to a fair number."""
    newest = desk.events(station=line.name, limit=1, newest_first=True)
    return {"draft": asked.form["draft"], "since": newest[0].sequence if newest else 0}


def _take(desk: Desk, draft: str, events: Sequence[Event], most: int) -> int:
    """How many pictures came new into the draft, at most so many. What a model found to be a defect is left out."""
    there = {one.mark for one in desk.drafts.listed(draft) if one.place == GOOD}
    taken = 0
    for event in events:
        sha256 = event.data.get("evidence", {}).get("image")
        if taken == most or not sha256 or event.data["code"] == ResultCode.DEFECT:
            continue
        picture = desk.evidence(sha256)
        if picture is None:
            continue
        suffix = picture.media_type.rpartition("/")[2]
        kept = desk.drafts.keep(draft, GOOD, f"part-{event.subject}.{suffix}", picture.content)
        taken += kept.mark not in there
        there.add(kept.mark)
    return taken


def _upload(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """Files of good parts, or of one kind of defect. A folder's sub-folders are parts or sessions of their own."""
    from verticals.devices.pictures import picture_size

    draft, defect = asked.form["draft"], asked.form.get("defect", "").strip()
    files = [file for file in asked.files if file.name]
    if not files:
        raise InputError("no file came with it", hint="Choose pictures first: PNG, JPEG or BMP.")
    for file in files:
        try:
            picture_size(file.content)
        except InputError as error:
            raise InputError(f"{file.name}: {error.message}", hint=error.hint) from error
        above = file.name.replace("\\", "/").split("/")[1:-1]
        group = _plain(above[0]) if above else ""
        place = f"{DEFECT}/{_plain(defect)}" if defect else f"{GOOD}/{group}" if group else GOOD
        desk.drafts.keep(draft, place, file.name, file.content)
    return {"draft": draft}


def _plain(text: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text).strip("-")[:40]
    if not kept:
        raise InputError(f"'{text}' cannot name a kind of defect", hint="Use letters and digits.")
    return kept


def _remove(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    form = asked.form
    desk.drafts.remove(form["draft"], form.get("place", ""), form.get("name", ""))
    return {"draft": form["draft"], "page": form.get("page", "")}


def _drop(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    desk.drafts.drop(asked.form["draft"])
    return {}


def _learn(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    found = open_lesson(desk, asked.form["draft"])
    inputs = lessons.job_inputs(desk, found, line, asked.form)
    job = desk.start_job("teach", inputs, who=asked.who)
    detail = {"line": line.name, "job": job, "recipe": inputs["recipe"], "pictures": len(found.goods)}
    desk.audit("teach", detail, who=asked.who, role=asked.role)
    return {"draft": found.draft}


def _cancel(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    found = open_lesson(desk, asked.form["draft"])
    if found.job is not None:
        desk.cancel_job(found.job["id"])
    return {"draft": found.draft}


def _activate(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """A new version of the recipe with this model and this limit, and its choice. Either may be refused by the line."""
    found = open_lesson(desk, asked.form["draft"])
    learned = found.learned
    if learned is None:
        raise InputError("there is nothing to activate yet", hint="Let it learn first.")
    choice = learned.choice(_rate(asked.form))
    recipe = _new_recipe(desk, line, learned, choice, asked.form.get("reason", "").strip())
    saved = give_order(desk, asked, line, "save-recipe", recipe)
    if not saved.accepted:
        raise InputError(f"the recipe was not saved: {saved.reason}")
    wish = {"name": recipe["name"], "version": saved.data["version"], "reason": recipe["reason"]}
    chosen = give_order(desk, asked, line, "choose-recipe", wish)
    if not chosen.accepted:
        raise InputError(f"{wish['name']} {wish['version']} is saved, but not in force: {chosen.reason}")
    return {"draft": found.draft, "step": "activate", "version": wish["version"]}


def _new_recipe(desk: Desk, line: LineSettings, learned: Learned, choice: LimitChoice, reason: str) -> dict[str, Any]:
    """What the version before said of camera, PLC and Modbus goes along; model and limit are new."""
    before = in_force(desk, line)
    kept = before if before.get("name") == learned.name else {}
    along = {name: kept[name] for name in ("plc_number", "exposure_us", "gain", "tags", "modbus") if kept.get(name)}
    return {
        **along,
        "name": learned.name,
        "model": {"name": learned.name, "version": learned.version, "sha256": learned.sha256},
        "threshold": {"limit": choice.threshold, "rate": choice.rate},
        "review_from": _review_from(learned, choice),
        "region": learned.region,
        "masks": list(learned.masks),
        "reason": reason,
    }


_ACTS: Mapping[str, Callable[[Desk, Asked, LineSettings], dict[str, Any]]] = {
    "begin": _begin,
    "take-last": _take_last,
    "take-next": _take_next,
    "upload": _upload,
    "remove": _remove,
    "drop": _drop,
    "learn": _learn,
    "cancel": _cancel,
    "activate": _activate,
}


# --- what the page shows -------------------------------------------------------------------------------------


def _page(
    desk: Desk, asked: Asked, line: LineSettings, query: Mapping[str, str], *, fault: str = "", status: int = 200
) -> Answered:
    values: dict[str, Any] = {**bar(desk, asked, line), "fault": fault, "fewest": FEWEST, "fair": FAIR}
    draft = query.get("draft", "")
    if not draft:
        return Shown("manufacturing/teach-begin.html", {**values, "lessons": _recent(desk, line)}, status)
    try:
        found = open_lesson(desk, draft)
        since = query.get("since", "")
        if since.isdecimal() and len(found.goods) < FAIR and found.state == "pictures":
            events = desk.events(after=int(since), station=line.name, kinds=("part",), limit=_LOOKED_THROUGH)
            _take(desk, draft, events, FAIR - len(found.goods))
            found = open_lesson(desk, draft)
    except InputError as error:
        gone = {**values, "lessons": _recent(desk, line), "fault": f"{error.message}. {error.hint or ''}".strip()}
        return Shown("manufacturing/teach-begin.html", gone, 404)
    values |= _pictures(found, _whole(query.get("page", "")))
    values |= {"lesson": found, "taking": since if len(found.goods) < FAIR else "", "freedoms": FREEDOMS}
    values |= {"recipe": query.get("recipe", "") or line.recipe, "reason": query.get("reason", "")}
    step = _step(found, query.get("step", ""))
    if found.learned is not None:
        values |= _limit(desk, line, found.learned, query)
    values |= {"step": step, "steps": _steps(found, step), "job": found.job}
    values["mine"] = found.state == "learning" and found.job is not None and found.job["who"] == asked.who
    if step == "pictures":
        with desk.read() as connection:
            values["labelled"] = labelled_count(connection, values["recipe"])
    return Shown("manufacturing/teach.html", values, status)


def _step(found: Lesson, wanted: str) -> str:
    reached = {"pictures": 1, "failed": 1, "learning": 2, "learned": 4}[found.state]
    if found.state == "learning":
        return "learn"
    if wanted in _STEPS[:reached] and wanted != "learn":
        return wanted
    return "limit" if found.state == "learned" else "pictures"


def _steps(found: Lesson, now: str) -> list[dict[str, str]]:
    learned = found.learned
    notes = {
        "pictures": f"{len(found.goods)} taken",
        "learn": f"{learned.cpu_s:.0f} s on this box" if learned else "on this box",
        "limit": f"from {learned.parts} parts" if learned else "how many good parts may go",
        "activate": "with a reason",
    }
    titles = {"pictures": "Show good parts", "learn": "Learn", "limit": "Set the limit", "activate": "Activate"}
    at = _STEPS.index(now)
    return [
        {"title": titles[name], "note": notes[name], "state": "now" if i == at else "done" if i < at else "next"}
        for i, name in enumerate(_STEPS)
    ]


def _pictures(found: Lesson, page: int) -> dict[str, Any]:
    """One page of the grid: known defects come after the good parts."""
    every = [*found.goods, *found.defects]
    pages = max(1, -(-len(every) // _PLACES))
    page = min(max(1, page), pages)
    first = (page - 1) * _PLACES
    shown = [
        {
            "place": one.place,
            "name": one.name,
            "number": first + index + 1,
            "mark": one.place.partition("/")[2] if one.place.startswith(DEFECT) else found.shown(one),
            "address": "teach/picture?" + urlencode({"draft": found.draft, "place": one.place, "name": one.name}),
        }
        for index, one in enumerate(every[first : first + _PLACES])
    ]
    return {"pictures": shown, "page": page, "pages": pages}


def _limit(desk: Desk, line: LineSettings, learned: Learned, query: Mapping[str, str]) -> dict[str, Any]:
    choice = learned.choice(_rate(query))
    review_from = _review_from(learned, choice)
    stops = list(learned.choices)
    at = stops.index(choice)
    return {
        "choice": choice,
        "stops": stops,
        "at": at,
        "fewer": stops[at - 1].rate if at else None,
        "more": stops[at + 1].rate if at + 1 < len(stops) else None,
        "chart": limit_chart(learned.scores, learned.defect_scores, choice.threshold, review_from),
        "chart_size": (WIDTH, HEIGHT),
        "cells": _cells(desk, line, learned, choice, review_from),
        "current": in_force(desk, line),
        "version": query.get("version", ""),
        "refused": refusal(desk, line, learned.name, _whole(query.get("version", ""))),
    }


def _cells(
    desk: Desk, line: LineSettings, learned: Learned, choice: LimitChoice, review_from: float | None
) -> list[dict[str, str]]:
    """What the limit means in a shift, beside what the line does today."""
    inspected, rejected = _last_day(desk, line)
    shift = round(inspected / len(line.shifts))
    if shift:
        rejects = {"value": number(round(choice.expected * shift))}
        rejects["note"] = (
            f"{number(round(choice.low * shift))} to {number(round(choice.high * shift))} of {number(shift)}"
        )
    else:
        rejects = {"value": "– –", "note": "no part in the last 24 hours"}
    between = sum(review_from < score <= choice.threshold for score in learned.scores) if review_from else 0
    share = between / max(1, len(learned.scores))
    caught = sum(score > choice.threshold for score in learned.defect_scores)
    known = len(learned.defect_scores)
    return [
        {"title": "False rejects a shift", **rejects},
        {
            "title": "To review a shift",
            "value": number(round(share * shift)) if shift else "– –",
            "note": f"score {review_from:.2f} to {choice.threshold:.2f}" if review_from else "no band",
        },
        {
            "title": "Known defects caught",
            "value": f"{caught} of {known}" if known else "– –",
            "note": _learnt_from(learned) if known else "none were shown",
        },
        {
            "title": "Rejected in 24 hours",
            "value": f"{100 * rejected / inspected:.2f} %" if inspected else "– –",
            "note": f"{number(rejected)} of {number(inspected)}" if inspected else "no part",
        },
    ]


def _learnt_from(learned: Learned) -> str:
    if learned.caught_without is None:
        return f"lowest {min(learned.defect_scores):.2f}, not learnt from"
    return f"learnt from; {round(learned.caught_without * len(learned.defect_scores))} without"


def _last_day(desk: Desk, line: LineSettings) -> tuple[int, int]:
    """Parts inspected in the last 24 hours, and rejected among them."""
    now_s = desk.clock.now().utc_s
    with desk.read() as connection:
        counts = code_counts(connection, Span(line.name, now_s - 86400.0, now_s + 1))
    counts.pop(int(ResultCode.BYPASS), None)
    return sum(counts.values()), sum(counts.values()) - counts.get(int(ResultCode.PASS), 0)


def _review_from(learned: Learned, choice: LimitChoice) -> float | None:
    """Where the band for people begins: most of the way from the middle of the good parts to the limit."""
    if not learned.scores:
        return None
    middle = sorted(learned.scores)[len(learned.scores) // 2]
    start = middle + _REVIEW_SHARE * (choice.threshold - middle)
    return round(start, 4) if start < choice.threshold else None


def _rate(query: Mapping[str, str]) -> float | None:
    try:
        return float(query.get("rate", ""))
    except ValueError:
        return None


def _recent(desk: Desk, line: LineSettings) -> list[dict[str, Any]]:
    """Lessons that can be gone on with, the newest first."""
    shown: dict[str, dict[str, Any]] = {}
    for job in desk.jobs(kind="teach", limit=50):
        draft = lessons.draft_of(job)
        if draft and draft not in shown and job["state"] != "cancelled":
            when = clock_text(job["asked_utc_s"], zone_of(desk))[:5]
            shown[draft] = {"draft": draft, "recipe": job["inputs"]["recipe"], "when": when, "who": job["who"]}
            shown[draft]["state"] = {"done": "learned", "failed": "failed"}.get(job["state"], "learning")
    return list(shown.values())[:_LESSONS_SHOWN]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


PAGES = (
    Page("/line/<line>/teach", teach, "engineer", title="Teach"),
    Page("/line/<line>/teach", act, "engineer", methods=("POST",)),
    Page("/line/<line>/teach/picture", picture, "engineer"),
)
