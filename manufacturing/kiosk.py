"""What every page of the kiosk stands in: its line, and the bar over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from core.errors import EdgewiseError, InputError
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text
from manufacturing.standing import not_live
from verticals.contract import Json, Reply
from verticals.web import Answered, Asked, Desk, Go, Shown

D = TypeVar("D")
#: Older than this is what the line told last; the shell's stream says the same to open pages.
_OLD_AFTER_S = 1.5


def line_of(desk: Desk, name: str) -> LineSettings | None:
    """The line of that name, the first one for an empty name, None when there is no such line."""
    lines: list[LineSettings] = list(desk.settings.lines)
    return next((line for line in lines if not name or line.name == name), None)


def no_line(asked: Asked) -> Shown:
    return Shown("manufacturing/no-line.html", {"line": asked.path.get("line", "")}, status=404)


def zone_of(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.time_zone)


def heard(desk: Desk, line: LineSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the line told last, and how it stands: not live before it has told anything."""
    told = desk.live()
    live = told["stations"].get(line.name, {})
    return live, live["standing"] if told["age_s"] is not None and "standing" in live else not_live()


def line_dead(desk: Desk) -> bool:
    """Whether the line has said nothing for so long that it takes no orders."""
    age_s = desk.live()["age_s"]
    return age_s is None or age_s > _OLD_AFTER_S


def bar(desk: Desk, asked: Asked, line: LineSettings) -> dict[str, Any]:
    """The values that `_parts/bar.html` and every page's frame need."""
    live, _ = heard(desk, line)
    return {
        "line": line,
        "simulated": desk.settings.simulated,
        "live": live,
        "dead": line_dead(desk),
        "now": clock_text(desk.clock.now().utc_s, zone_of(desk))[:8],
        "who": asked.who,
        "role": asked.role,
    }


def reason_of(form: Mapping[str, str]) -> str:
    """Why a person does something: their own words, or else what was tapped. Raises InputError when it is neither."""
    reason = (form.get("words", "").strip() or form.get("pick", "").strip())[:200]
    if not reason:
        raise InputError("say why: it is kept on record", hint="Tap a reason, or write one.")
    return reason


def give_order(desk: Desk, asked: Asked, line: LineSettings, name: str, args: Json) -> Reply:
    """The line's own answer to an order of the person who asks; accepted or not, it is audited."""
    reply = desk.ask(line.name, name, args, who=asked.who, role=asked.role)
    detail = {"line": line.name, "args": dict(args), "accepted": reply.accepted, "reason": reply.reason}
    desk.audit(name, detail, who=asked.who, role=asked.role)
    return reply


def worked(
    asked: Asked,
    line: LineSettings | None,
    deeds: Mapping[str, D],
    do: Callable[[D, LineSettings], str],
    again: Callable[[LineSettings, str], Answered],
) -> Answered:
    """What a person did by a form of a page, named by its `act`: `do` gives the address to go on with; a refusal is
    shown by `again`, where it happened."""
    if line is None:
        return no_line(asked)
    deed = deeds.get(asked.form.get("act", ""))
    try:
        if deed is None:
            raise InputError("the page asked for something that is not known here", hint="Load it anew.")
        return Go(do(deed, line))
    except EdgewiseError as error:
        return again(line, f"{error.message}. {error.hint or ''}".strip())
