"""The screen in the aisle, and what it did: `/signage` is the page, `/signage/now` what it shows, `/signage/lift` if it
sells. What is shown follows from the hour, the stock, dates and baskets; a customer's own code is looked at for one
answer and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core.errors import InputError
from retail.figures_shown import money
from retail.settings import RetailSettings
from retail.signage import learning, rows
from retail.signage.affinity import Pair, read_pairs
from retail.signage.experiment import Lift, is_held_out, lift_of, slot_ms
from retail.signage.log import KIND, payload
from retail.signage.rules import Content, Context, Offer, choose, welcome
from retail.signage.wishes import Wishes, read_token
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Shown

_DAY_MS = 24 * 3600 * 1000
_MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Slot:
    """The time slot now: its choice, and whether it is held out."""

    begin_ms: int
    until_ms: int
    context: Context
    choice: Content
    held_out: bool

    @property
    def shown(self) -> Content:
        return welcome(self.context) if self.held_out else self.choice


def screen(desk: Desk, asked: Asked) -> Answered:
    """For a display on the wall: readable without a script, kept up to date with one."""
    slot = _slot(desk)
    values = {
        "clock": f"{slot.context.at:%H:%M:%S}",
        "store": desk.settings.store,
        "simulated": desk.settings.simulated,
        "shown": _told(desk, slot),
    }
    return Shown("retail/signage.html", values | {"forget_after_s": desk.settings.signage.forget_after})


def now(desk: Desk, asked: Asked) -> Answered:
    """What to show, and until when. With a `token` it is for whoever holds it, once; that is not logged."""
    token = asked.body.get("token", "") if isinstance(asked.body, dict) else ""
    if not isinstance(token, str):
        raise InputError("token: expected: a text")
    if token:
        slot = _slot(desk, read_token(token))
        return Data(_told(desk, slot, slot.choice))
    slot = _slot(desk)
    log = payload(slot.begin_ms, slot.choice.content, slot.choice.rule, slot.context.bucket, slot.held_out)
    desk.bring(KIND, str(slot.begin_ms), log)
    return Data(_told(desk, slot))


def lift(desk: Desk, asked: Asked) -> Answered:
    """What showing did to sales in the last `days`, with its 95 % interval."""
    said = asked.query.get("days", "28")
    if not (said.isascii() and said.isdigit()) or not 0 < int(said[:4]) <= _MOST_DAYS:
        raise InputError(f"days: '{said[:20]}', expected: 1 to {_MOST_DAYS}")
    with desk.read() as connection:
        found = lift_over(connection, desk.settings, round(desk.clock.now().utc_s * 1000), int(said))
    return Data({"days": int(said), **asdict(found)})


def lift_over(connection: Connection, settings: RetailSettings, now_ms: int, days: int) -> Lift:
    """Over the slots of the last `days` that are over."""
    return lift_of(rows.outcomes(connection, now_ms - days * _DAY_MS, now_ms, _length_ms(settings)))


def teach(desk: Desk, asked: Asked) -> Answered:
    """Learns anew what is bought together."""
    settings = desk.settings.signage
    inputs = learning.inputs_of(settings.baskets_of, settings.least_baskets)
    job = desk.start_job(learning.KIND, inputs, who=asked.who)
    return Data({"job": job}) if asked.body is not None else Go("/reports?said=learning")


def pairs(desk: Desk) -> list[Pair]:
    """What the newest finished job has learnt; empty before the first."""
    for job in desk.jobs(kind=learning.KIND):
        result = job.get("result")
        if isinstance(result, Mapping) and "pairs" in result:
            return read_pairs(result["pairs"])
    return []


def _length_ms(settings: RetailSettings) -> int:
    return round(settings.signage.slot / 60) * 60_000


def _slot(desk: Desk, wishes: Wishes | None = None) -> Slot:
    settings: RetailSettings = desk.settings
    signage = settings.signage
    length_ms = _length_ms(settings)
    now_ms = round(desk.clock.now().utc_s * 1000)
    begin = slot_ms(now_ms, length_ms // 60_000)
    at = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(settings.time_zone))
    with desk.read() as connection:
        since_ms = now_ms - round(signage.selling_within * 1000)
        there = rows.offers(connection, settings.sales_places[0], at, since_ms)
        logged = rows.slot_shown(connection, begin)
    ladder = [(step.days_left, step.percent) for step in settings.work.markdown]
    context = Context(at, begin // length_ms, there, pairs(desk), ladder, settings.store)
    choice = choose(context, wishes)
    if wishes is None and logged is not None:
        choice = _again(context, logged["content"], choice)
    held_out = wishes is None and is_held_out(signage.seed, begin // length_ms, signage.hold_out)
    return Slot(begin, begin + length_ms, context, choice, held_out)


def _again(context: Context, content: str, choice: Content) -> Content:
    """What the slot began with, as long as it can be had: a slot is one thing, or it measures nothing."""
    gtin = content.rpartition("/")[2]
    offer: Offer | None = context.offers.get(gtin)
    if choice.content == content or offer is None or offer.thousandths <= 0:
        return choice
    for turn in range(6):
        other = choose(Context(context.at, turn, context.offers, context.pairs, context.ladder, context.store))
        if other.content == content:
            return other
    return choice


def _told(desk: Desk, slot: Slot, content: Content | None = None) -> dict[str, Any]:
    """As the page shows it: no moment of anybody in it but the slot's own."""
    shown = slot.shown if content is None else content
    code = desk.settings.currency
    unit = "kg" if shown.unit == "kg" else ""
    price = _price(shown.price_cents, code)
    return {
        "content": shown.content, "rule": shown.rule, "headline": shown.headline, "name": shown.name, "why": shown.why,
        "price": price, "was": _price(shown.was_cents, code), "per": f"per {unit}" if unit and price else "",
        "beside": shown.beside, "until_s": max(1.0, slot.until_ms / 1000 - desk.clock.now().utc_s),
    }  # fmt: skip


def _price(cents: int, currency: str) -> str:
    return money(cents, currency) if cents else ""


PAGES = (
    Page("/signage", screen, "viewer", title="Screen"),
    Page("/signage/now", now, "viewer", methods=("POST",)),
    Page("/signage/lift", lift, "viewer"),
    Page("/signage/learn", teach, "lead", methods=("POST",)),
)
