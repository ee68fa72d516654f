"""What every page of the back office stands in: its bar, what is wrong just now, and orders to the store's desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import EdgewiseError
from retail.figures_shown import age, day_text, local, number_of
from retail.roles import ROLES
from retail.settings import STORE
from verticals.contract import Json, Reply
from verticals.store.accounts import covers
from verticals.web import Asked, Data, Desk

#: Older than this is what the line told last; the shell's stream says the same to open pages.
_OLD_AFTER_S = 1.5
WAYS = (
    ("/", "Today"), ("/shelves", "Shelves"), ("/counts", "Counts"), ("/products", "Products"), ("/orders", "Orders"),
    ("/reports", "Reports"),
)  # fmt: skip


def zone_of(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.time_zone)


def told(desk: Desk) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What the store's desk told last, what every station told, and whether all of it is old."""
    live = desk.live()
    stations = {str(name): dict(one) for name, one in live["stations"].items()}
    age_s = live["age_s"]
    return stations.get(STORE, {}), stations, age_s is None or age_s > _OLD_AFTER_S


def is_lead(asked: Asked) -> bool:
    return covers(ROLES, asked.role, "lead")


def bar(desk: Desk, asked: Asked, here: str) -> dict[str, Any]:
    """The values of the bar: `here` is the way that this page belongs to."""
    settings = desk.settings
    now_utc_s, zone = desk.clock.now().utc_s, zone_of(desk)
    store, _, stale = told(desk)
    sold = number_of(store.get("sold_utc_s")) or None
    now = local(now_utc_s, zone)
    return {
        "store": settings.store,
        "ways": WAYS,
        "here": here,
        "day": day_text(now.date()),
        "clock": f"{now:%H:%M:%S}",
        "sync": "" if stale or sold is None else f"till {age(now_utc_s - sold)} ago",
        "stale": stale,
        "simulated": bool(settings.simulated),
        "who": asked.who,
        "lead": is_lead(asked),
        "currency": settings.currency,
    }


def given(asked: Asked) -> Json:
    """What came with a request: JSON of a script, or else the fields of a form."""
    return asked.body if isinstance(asked.body, dict) else dict(asked.form)


def give_order(desk: Desk, asked: Asked, name: str, args: Mapping[str, Any]) -> Reply:
    """The desk's own answer to an order of the person who asks; accepted or not, it is audited."""
    reply = desk.ask(STORE, name, dict(args), who=asked.who, role=asked.role)
    detail = {"args": dict(args), "accepted": reply.accepted, "reason": reply.reason}
    desk.audit(name, detail, who=asked.who, role=asked.role)
    return reply


def answered(reply: Reply) -> Data:
    """The reply for a page's script."""
    said = {"accepted": reply.accepted, "reason": reply.reason, "data": dict(reply.data)}
    return Data(said, status=200 if reply.accepted else 409)


def sentence(error: EdgewiseError) -> str:
    """What went wrong and what to do, for the page where it happened."""
    text = f"{error.message}. {error.hint}".strip()
    return text[:1].upper() + text[1:]
