"""What a screen shows, from its context alone: hour, stock, dates, what goes together, or a customer's own wishes.

Each rule looks at what there is and gives candidates with their reason; the first rule that has some wins, and the
slot's number turns the pages among them. Nothing here knows a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from retail.ledger.quantity import shown as units_shown
from retail.signage.affinity import Pair
from retail.signage.wishes import Wishes

_PARTS = ((5, "night"), (11, "morning"), (14, "midday"), (18, "afternoon"), (22, "evening"), (24, "night"))
_GREETING = {"morning": "Good morning", "midday": "Good day", "afternoon": "Good afternoon", "evening": "Good evening",
             "night": "Welcome"}  # fmt: skip
_MOST_CANDIDATES = 6
NEUTRAL = "welcome"


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as the screen needs it. `thousandths` on the sales floor; `expiry_days` of its earliest lot, None where
    nobody said; `sold` units lately."""

    gtin: str
    name: str
    unit: str = "piece"
    category: str = ""
    price_cents: int = 0
    thousandths: int = 0
    expiry_days: int | None = None
    sold: float = 0.0


@dataclass(frozen=True, slots=True)
class Context:
    """`at` in the store's own time; `slot` numbers the time slots; `ladder`: days left to per cent off."""

    at: datetime
    slot: int
    offers: Mapping[str, Offer] = field(default_factory=dict)
    pairs: Sequence[Pair] = ()
    ladder: Sequence[tuple[int, int]] = ()
    store: str = ""

    @property
    def part(self) -> str:
        """`morning`, `midday`, `afternoon`, `evening`, `night`."""
        return next(name for until, name in _PARTS if self.at.hour < until)

    @property
    def bucket(self) -> str:
        """All that is kept of a context: `morning/weekday`."""
        return f"{self.part}/{'weekend' if self.at.weekday() >= 5 else 'weekday'}"


@dataclass(frozen=True, slots=True)
class Content:
    """One thing to show. `content` and `rule` are what is logged; `why` is shown to everybody."""

    content: str
    rule: str
    headline: str
    name: str
    why: str
    gtin: str = ""
    price_cents: int = 0
    was_cents: int = 0
    unit: str = "piece"
    beside: str = ""


Rule = Callable[[Context], Sequence[Content]]


def choose(context: Context, wishes: Wishes | None = None) -> Content:
    """The first rule that has something; of its candidates the one whose turn it is."""
    rules: list[Rule] = [_marked_down, _goes_with, _plenty]
    if wishes is not None:
        rules.insert(0, lambda here: _wished(here, wishes))
    for rule in rules:
        found = list(rule(context))[:_MOST_CANDIDATES]
        if found:
            return found[context.slot % len(found)]
    return welcome(context)


def welcome(context: Context) -> Content:
    """What sells nothing: shown when there is nothing to say, and in slots that are held out."""
    greeting = _GREETING[context.part]
    why = "This screen shows the store's greeting now. It knows the time of day, and nobody who looks at it."
    return Content(NEUTRAL, NEUTRAL, greeting, context.store or "Welcome", why)


def _there(context: Context) -> list[Offer]:
    """What is on the floor and has a price."""
    return [one for one in context.offers.values() if one.thousandths > 0 and one.price_cents > 0]


def _wished(context: Context, wishes: Wishes) -> Sequence[Content]:
    listed = [one for one in _there(context) if one.gtin in wishes.gtins]
    liked = [one for one in _there(context) if one.category.lower() in wishes.categories and one not in listed]
    why = "It is on the list that your own code holds, and it is here now. The code is forgotten when you walk on."
    also = "You said that you like {0}, and this is here now. Your code is forgotten when you walk on."
    found = [_plain(one, "wish", "On your list", why) for one in sorted(listed, key=_by_name)]
    return found + [
        _plain(one, "wish", "You may like", also.format(one.category)) for one in sorted(liked, key=_by_name)
    ]


def _marked_down(context: Context) -> Sequence[Content]:
    found = []
    for one in _there(context):
        percent = max((off for days, off in context.ladder if _within(one.expiry_days, days)), default=0)
        if percent:
            found.append((one.expiry_days or 0, one.name, _cheaper(one, percent)))
    return [content for _, _, content in sorted(found, key=lambda each: each[:2])]


def _within(days_left: int | None, days: int) -> bool:
    return days_left is not None and 0 <= days_left <= days


def _cheaper(one: Offer, percent: int) -> Content:
    days = one.expiry_days or 0
    when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
    price = round(one.price_cents * (100 - percent) / 100)
    why = f"Its date is {when}, so it costs {percent} % less: good to eat now, too good to throw away."
    return Content(f"markdown/{one.gtin}", "markdown", f"{percent} % less", one.name, why, one.gtin, price,
                   one.price_cents, one.unit)  # fmt: skip


def _goes_with(context: Context) -> Sequence[Content]:
    """Beside what sells best just now, what is bought with it; both must be here."""
    here = {one.gtin: one for one in _there(context)}
    selling = sorted((one for one in here.values() if one.sold > 0), key=lambda one: (-one.sold, one.gtin))
    found, seen = [], set()
    for anchor in selling[:_MOST_CANDIDATES]:
        for pair in context.pairs:
            other = pair.second if pair.first == anchor.gtin else pair.first if pair.second == anchor.gtin else ""
            if other in here and other not in seen:
                seen.add(other)
                found.append(_beside(here[other], anchor, pair))
                break
    return found


def _beside(one: Offer, anchor: Offer, pair: Pair) -> Content:
    why = (
        f"{anchor.name} sells well just now, and both are in the same basket {pair.lift:.1f} times as often as chance "
        f"would have it (at least {pair.low:.1f}; {pair.baskets} of {pair.of} baskets)."
    )
    return Content(f"goes-with/{one.gtin}", "goes-with", "Goes well with", one.name, why, one.gtin, one.price_cents, 0,
                   one.unit, anchor.name)  # fmt: skip


def _plenty(context: Context) -> Sequence[Content]:
    """What there is most of, measured by what sells: it will not run out when people come for it."""
    many = [one for one in _there(context) if one.thousandths >= 6000]
    many.sort(key=lambda one: (-(one.thousandths / 1000) / (1 + one.sold), one.gtin))
    why = "There is plenty of it on the shelf: {0} {1} when this was chosen."
    words = {"kg": "kg"}
    return [
        _plain(one, "plenty", "Plenty today", why.format(units_shown(one.thousandths), words.get(one.unit, "pieces")))
        for one in many
    ]


def _plain(one: Offer, rule: str, headline: str, why: str) -> Content:
    return Content(f"{rule}/{one.gtin}", rule, headline, one.name, why, one.gtin, one.price_cents, 0, one.unit)


def _by_name(one: Offer) -> tuple[str, str]:
    return one.name, one.gtin
