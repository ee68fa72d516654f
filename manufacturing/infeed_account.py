"""Whether every part that came in is accounted for: infeed = good + rejected + undecided, against the PLC's counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from manufacturing import quality_tables
from manufacturing.quality_tables import Span
from manufacturing.results import ResultCode, judged
from manufacturing.shifts import Shift
from manufacturing.shown import number
from verticals.contract import Event
from verticals.web import Desk

_GAPS_LOOKED_THROUGH = 500
_WORDS = {
    ResultCode.LATE: "late",
    ResultCode.MODEL_FAILED: "model failed",
    ResultCode.CAMERA_LOST: "no picture",
    ResultCode.NO_RECIPE: "no recipe",
    ResultCode.BYPASS: "bypassed",
    ResultCode.OVERRUN: "not ready",
    ResultCode.STOPPED: "stopped",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Parts of one shift or day. `apart` says what the undecided ones are; `plc` is what the PLC counted, or None."""

    title: str
    good: int = 0
    rejected: int = 0
    apart: Mapping[str, int] = field(default_factory=dict)
    plc: int | None = None

    @property
    def undecided(self) -> int:
        return sum(self.apart.values())

    @property
    def infeed(self) -> int:
        return self.good + self.rejected + self.undecided

    @property
    def apart_text(self) -> str:
        return ", ".join(f"{number(count)} {word}" for word, count in self.apart.items() if count)

    @property
    def plc_text(self) -> str:
        """`agrees`, or by how many parts it does not."""
        if self.plc is None:
            return "– –" if self.infeed == 0 else "counter was reset"
        apart = self.plc - (self.infeed - self.apart.get("not triggered", 0))
        return "agrees" if apart == 0 else f"PLC has {abs(apart)} {'more' if apart > 0 else 'fewer'}"


def account(desk: Desk, line: str, shift: Shift) -> Account:
    span = Span(line, shift.begin_utc_s, shift.end_utc_s)
    with desk.read() as connection:
        codes = quality_tables.code_counts(connection, span)
        first, last = quality_tables.ends(connection, span)
    apart = {word: codes.get(int(code), 0) for code, word in _WORDS.items()}
    known = {int(code) for code in _WORDS}
    apart["other"] = sum(count for code, count in codes.items() if not judged(code) and code not in known)
    gaps = _gaps(desk, span) if first else []
    apart["not recorded"] = sum(int(gap.data.get("count", 0)) for gap in gaps)
    apart["not triggered"] = sum(int(gap.data.get("not_triggered", 0)) for gap in gaps)
    rejected = sum(count for code, count in codes.items() if code and judged(code))
    return Account(shift.title, codes.get(0, 0), rejected, apart, _plc_count(desk, first, last, gaps))


def total(accounts: Sequence[Account]) -> Account:
    """All of them together; the PLC's count only where it has one for each that had parts."""
    words = {word: None for it in accounts for word in it.apart}
    apart = {word: sum(it.apart.get(word, 0) for it in accounts) for word in words}
    counted = [it.plc for it in accounts if it.infeed]
    plc = sum(it for it in counted if it is not None) if counted and None not in counted else None
    return Account("Together", sum(it.good for it in accounts), sum(it.rejected for it in accounts), apart, plc)


def _gaps(desk: Desk, span: Span) -> list[Event]:
    """Parts that the PLC counted and this box has no record of, as the line found them."""
    found = desk.events(station=span.line, kinds=("unrecorded",), limit=_GAPS_LOOKED_THROUGH, newest_first=True)
    return [event for event in found if span.begin_utc_s <= event.at_utc_s < span.end_utc_s]


def _plc_count(desk: Desk, first: int, last: int, gaps: Sequence[Event]) -> int | None:
    """By the PLC's own counter from the first part to the last; None when it began anew in between."""
    if not first:
        return None
    ends = [_counter(desk, number) for number in (first, last)]
    if 0 in ends or ends[1] < ends[0]:
        return None
    before = sum(int(gap.data.get("count", 0)) for gap in gaps if int(gap.data.get("to_counter", 0)) < ends[0])
    return ends[1] - ends[0] + 1 + before


def _counter(desk: Desk, sequence: int) -> int:
    found = desk.events(after=sequence - 1, limit=1)
    return int(found[0].data.get("counter", 0)) if found and found[0].sequence == sequence else 0
