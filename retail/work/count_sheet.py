"""A count sheet: what is to be counted, what was scanned, and what each round of counting says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PLANNED, OPEN, RECOUNT, APPROVAL, POSTED, CANCELLED = (
    "planned", "open", "recount", "approval", "posted", "cancelled",
)  # fmt: skip
OVER = frozenset({POSTED, CANCELLED})
#: Verdicts of an item; empty: not judged yet.
AGREED, AGAIN, TO_APPROVE, BOOKED, UNCOUNTED = "agreed", "recount", "approval", "posted", "uncounted"
ADD, SET = "add", "set"


@dataclass(frozen=True, slots=True)
class Item:
    """A product at a place. `counted`, `expected`, `variance` in thousandths, of the last round that was judged;
    `first`: the variance that the round before it found."""

    number: int
    gtin: str
    place: str
    slot: str = ""
    why: str = ""
    verdict: str = ""
    counted: int | None = None
    counted_utc_s: float | None = None
    expected: int | None = None
    variance: int | None = None
    value_cents: int = 0
    reason: str = ""
    first: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CountLine:
    """One scan or typed number. `late`: kept, and counted for nothing."""

    key: str
    round: int
    gtin: str
    code: str
    place: str
    lot: str
    expiry: str
    mode: str
    thousandths: int
    at_utc_s: float
    who: str
    late: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a round counted of one product at one place; by lot where lots were scanned. At the last line's time."""

    thousandths: int
    at_utc_s: float
    lots: Mapping[str, int]
    dates: Mapping[str, str]


@dataclass(slots=True)
class Sheet:
    """`counters`: who counted each round. `waiting`: a round is finished, what was expected is being looked up."""

    id: str
    title: str
    state: str
    why: str
    planned_by: str
    planned_utc_s: float
    round: int = 0
    counters: list[str] = field(default_factory=list)
    approved_by: str = ""
    opened_utc_s: float | None = None
    finished_utc_s: float | None = None
    posted_utc_s: float | None = None
    waiting: bool = False
    items: dict[int, Item] = field(default_factory=dict)
    lines: dict[str, CountLine] = field(default_factory=dict)

    def header(self) -> dict[str, Any]:
        """Without items and lines."""
        said = {name: getattr(self, name) for name in Sheet.__dataclass_fields__ if name not in ("items", "lines")}
        return {**said, "counters": list(self.counters)}

    def item_of(self, gtin: str, place: str) -> Item | None:
        return next((one for one in self.items.values() if (one.gtin, one.place) == (gtin, place)), None)

    def to_count(self) -> list[Item]:
        """What this round is about."""
        if self.round <= 1 and self.state != RECOUNT:
            return list(self.items.values())
        return [item for item in self.items.values() if item.verdict == AGAIN]

    def tally(self) -> dict[tuple[str, str], Tally]:
        """Of the current round."""
        return tally(line for line in self.lines.values() if line.round == self.round)


def tally(lines: Iterable[CountLine]) -> dict[tuple[str, str], Tally]:
    """By product and place, whatever the order of the lines: they are added up by their own time, then by key."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    dates: dict[tuple[str, str], dict[str, str]] = {}
    at: dict[tuple[str, str], float] = {}
    for line in sorted(lines, key=lambda one: (one.at_utc_s, one.key)):
        if line.late or not line.gtin:
            continue
        key = line.gtin, line.place
        lots = found.setdefault(key, {})
        lot = line.lot or (f"@{line.expiry}" if line.expiry else "")
        lots[lot] = line.thousandths if line.mode == SET else lots.get(lot, 0) + line.thousandths
        if line.expiry:
            dates.setdefault(key, {})[lot] = line.expiry
        at[key] = line.at_utc_s
    return {
        key: Tally(max(0, sum(max(0, amount) for amount in lots.values())), at[key], lots, dates.get(key, {}))
        for key, lots in found.items()
    }


def read_sheet(said: Mapping[str, Any]) -> Sheet:
    """From a header that `header` made."""
    return Sheet(**{name: said[name] for name in Sheet.__dataclass_fields__ if name in said})


def read_item(said: Mapping[str, Any]) -> Item:
    return Item(**{name: said[name] for name in Item.__dataclass_fields__})


def read_count_line(said: Mapping[str, Any]) -> CountLine:
    return CountLine(**{name: said[name] for name in CountLine.__dataclass_fields__})
