"""The quality page: is the reject rate in control, what is most frequent, what do labels tell, does it add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from manufacturing import quality_tables, review_tables
from manufacturing.charts import FEWEST_EXPECTED, RejectChart, pareto, reject_chart, sample_size
from manufacturing.estimates import Estimate, escapes, false_rejects
from manufacturing.infeed_account import Account, account, total
from manufacturing.kiosk import bar, line_of, no_line, zone_of
from manufacturing.quality_tables import Span
from manufacturing.results import SENTENCES, ResultCode
from manufacturing.settings import LineSettings
from manufacturing.shifts import Shift, days_around, shift_around, shifts_between
from manufacturing.shown import number
from verticals.web import Answered, Asked, Desk, Page, Shown

_SAMPLES = 30
_OF = ("shift", "day", "week")


def quality(desk: Desk, asked: Asked) -> Answered:
    """One shift, day or week; `at` is a UTC second inside it, now when it is left out."""
    line = line_of(desk, asked.path["line"])
    if line is None:
        return no_line(asked)
    of = asked.query.get("of", "shift")
    of = of if of in _OF else "shift"
    spans = _spans(desk, line, of, _second(asked.query.get("at", "")) or desk.clock.now().utc_s)
    begun = [it for it in spans if it.begin_utc_s <= desk.clock.now().utc_s]
    spans = begun or spans[:1]
    accounts = [account(desk, line.name, it) for it in spans]
    values = bar(desk, asked, line) | _shown(desk, line, spans, accounts)
    values |= {"of": of, "choices": _choices(line, of, spans), "title": _title(of, spans)}
    return Shown("manufacturing/quality.html", values)


def _spans(desk: Desk, line: LineSettings, of: str, at_utc_s: float) -> list[Shift]:
    """What the page counts apart: the shift; the shifts of the day; the days of the week."""
    zone = zone_of(desk)
    if of == "shift":
        return [shift_around(at_utc_s, line.shifts, zone)]
    days = days_around(at_utc_s, 7 if of == "week" else 1, line.shifts, zone)
    return days if of == "week" else shifts_between(days[0].begin_utc_s, days[0].end_utc_s, line.shifts, zone)


def _shown(desk: Desk, line: LineSettings, spans: Sequence[Shift], accounts: Sequence[Account]) -> dict[str, Any]:
    span = Span(line.name, spans[0].begin_utc_s, spans[-1].end_utc_s)
    whole = total(accounts)
    with desk.read() as connection:
        codes = quality_tables.code_counts(connection, span)
        labels = quality_tables.label_counts(connection, span)
        named = quality_tables.defect_counts(connection, span)
        bypassed = codes.get(int(ResultCode.BYPASS), 0)
        inspected = sum(codes.values()) - bypassed
        size = sample_size(inspected - codes.get(0, 0), inspected, _SAMPLES)
        chart = reject_chart(quality_tables.samples(connection, span, size) if inspected else [], size)
        waiting = review_tables.count_waiting(connection, line.name)
    why = {_sentence(code): count for code, count in codes.items() if code}
    csv = {"from": f"{span.begin_utc_s:.0f}", "to": f"{span.end_utc_s:.0f}"}
    return {
        "chart": _chart(chart),
        "codes": pareto(why, 6),
        "defects": pareto(named, 6),
        "false_rejects": _estimate(false_rejects(labels, whole.good, whole.rejected), "labelled rejects were good"),
        "escapes": _estimate(escapes(labels), "bad parts that people saw had passed"),
        "rows": [_row(it) for it in accounts],
        "whole": _row(whole) if len(accounts) > 1 else None,
        "whole_infeed": whole.infeed,
        "labelled": number(sum(labels.values())),
        "waiting": waiting,
        "csv": f"/line/{line.name}/parts.csv?{urlencode(csv)}",
    }


def _sentence(code: int) -> str:
    try:
        return SENTENCES[ResultCode(code)]
    except (ValueError, KeyError):
        return f"Defect class {code}" if code < ResultCode.LATE else f"Code {code}"


def _chart(chart: RejectChart) -> dict[str, Any]:
    """What the control chart draws and says; without a limit where a p-chart would mislead."""
    signals = chart.signals()
    broken = sorted({rule for rules in signals for rule in rules})
    shown = {"shares": list(chart.shares), "mean": chart.mean, "limit": chart.limit, "lower": chart.lower}
    note = f"{len(chart.shares)} samples of {number(chart.size)} parts"
    if not chart.shares:
        note = f"no full sample of {number(chart.size)} parts yet"
        return shown | {"title": "Reject rate", "note": note, "odd": [], "word": "", "rules": []}
    rules = {1: "a sample is beyond 3 sigma", 4: "8 samples in a row are on one side of the mean"}
    word = "in control" if chart.limit is not None else f"no limits: under {FEWEST_EXPECTED} rejects expected a sample"
    return shown | {
        "title": "Reject rate",
        "word": "OUT OF CONTROL" if broken else word,
        "note": note,
        "odd": [bool(rules_of) for rules_of in signals],
        "rules": [rules[rule] for rule in broken],
    }


def _estimate(estimate: Estimate, what: str) -> dict[str, str]:
    if estimate.share is None:
        return {"value": "– –", "range": "nobody has looked at a part yet", "counted": ""}
    counted = f"{number(estimate.hits)} of {number(estimate.looked_at)} {what}"
    between = f"{percent(estimate.low)} to {percent(estimate.high)} (95 %)"
    if estimate.low == estimate.high:
        between = "every reject was looked at"
    return {"value": percent(estimate.share), "range": between, "counted": counted}


def percent(share: float) -> str:
    """`0.31 %`; fewer decimals where they tell nothing."""
    return f"{100 * share:.1f} %" if share >= 0.1 else f"{100 * share:.2f} %"


def _row(counted: Account) -> dict[str, str]:
    names = ("infeed", "good", "rejected", "undecided")
    shown = {name: number(getattr(counted, name)) for name in names}
    rate = percent(counted.rejected / counted.infeed) if counted.infeed else "– –"
    return shown | {"title": counted.title, "rate": rate, "apart": counted.apart_text, "plc": counted.plc_text}


def _choices(line: LineSettings, of: str, spans: Sequence[Shift]) -> dict[str, Any]:
    """Addresses: the same moment by shift, day and week; the span before and the one after."""
    here = f"/line/{line.name}/quality"
    begin, end = spans[0].begin_utc_s, spans[-1].end_utc_s
    return {
        "of": [(name.capitalize(), f"{here}?of={name}&at={begin:.0f}", name == of) for name in _OF],
        "before": f"{here}?of={of}&at={begin - 60:.0f}",
        "after": f"{here}?of={of}&at={end + 60:.0f}",
    }


def _title(of: str, spans: Sequence[Shift]) -> str:
    if of == "week":
        return f"{spans[0].title} to {spans[-1].title}"
    day = spans[0].key[:10]
    return f"{day}, {spans[0].title}" if of == "shift" else day


def _second(text: str) -> float:
    """A UTC second of a time that people live in; 0 for anything else."""
    return float(text) if text.isascii() and text.isdigit() and 0 < int(text) < 4_000_000_000 else 0.0


PAGES = (Page("/line/<line>/quality", quality, "operator", title="Quality"),)
