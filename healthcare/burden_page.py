"""The alarm burden page: how much the ward is alarmed, what other limits and delays would change, and proposing it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from core.errors import InputError, RefusedError
from healthcare.burden import PERIODS, Period, period, read_burden, title
from healthcare.burden_shown import (
    adjustable,
    busiest,
    changes,
    chart,
    count,
    kpis,
    moment_of,
    result_shown,
    setting,
    span_text,
)
from healthcare.proposals import KEPT, PROPOSAL, site_lines
from healthcare.settings import WARD
from healthcare.station_frame import bar, give_order, zone_of
from healthcare.what_if import ADJUSTABLE, Rules, Tried
from healthcare.what_if_job import KIND, inputs_of
from verticals.contract import Event, Json
from verticals.web import Answered, Asked, Desk, Go, Page, Shown

_HOUR_S = 3600.0
_JOBS_LOOKED_THROUGH = 40
_ORDERS = {"propose": PROPOSAL, "keep-what-if": KEPT}
_DONE = {PROPOSAL: "Proposed to the ward lead, on record.", KEPT: "Saved."}


def burden(desk: Desk, asked: Asked) -> Answered:
    return _page(desk, asked, asked.query, _DONE.get(asked.query.get("said", ""), ""))


def replay(desk: Desk, asked: Asked) -> Answered:
    """Asks for the replay of what the form holds; the page shows its progress."""
    form, rules = asked.form, _rules(desk)
    tried = _tried(form, rules)
    if not tried.codes:
        raise InputError("nothing was changed: there is nothing to replay", hint="Change a delay or a limit first.")
    desk.start_job(KIND, _inputs(desk, _period(desk, form), rules, tried), who=asked.who)
    return Go(_address(form, tried))


def cancel(desk: Desk, asked: Asked) -> Answered:
    with suppress(RefusedError, ValueError):  # it is over already: the page shows its result
        desk.cancel_job(int(asked.form.get("job", "0")))
    return Go(_address(asked.form, _tried(asked.form, _rules(desk))))


def order(desk: Desk, asked: Asked) -> Answered:
    """Proposes or keeps what was replayed, by an order to the ward's desk; a refusal is shown where it happened."""
    form, rules, name = asked.form, _rules(desk), asked.path["order"]
    if name not in _ORDERS:
        raise InputError(f"there is no order '{name[:40]}' here")
    tried = _tried(form, rules)
    job = _job(desk, _inputs(desk, _period(desk, form), rules, tried))
    if job is None or job["state"] != "done":
        return _page(desk, asked, form, "Replay the recorded values first.", refused=True)
    args = {
        "reason": form.get("reason", ""),
        "tried": {"delays": dict(tried.delays), "limits": dict(tried.limits)},
        "figures": {**job["result"], "job": job["id"]},
    }
    reply = give_order(desk, asked, WARD, name, args)
    if not reply.accepted:
        return _page(desk, asked, form, reply.reason, refused=True)
    return Go(f"{_address(form, tried)}&said={_ORDERS[name]}")


def _page(desk: Desk, asked: Asked, query: Mapping[str, str], said: str = "", *, refused: bool = False) -> Shown:
    zone, span, rules = zone_of(desk), _period(desk, query), _rules(desk)
    tried = _tried(query, rules)
    names = [bed.name for bed in desk.settings.beds]
    labels = {bed.name: bed.label for bed in desk.settings.beds}
    with desk.read() as connection:
        now = read_burden(connection, names, span.edges_utc_s)
        lasts_s = span.end_utc_s - span.begin_utc_s
        before = read_burden(connection, names, (span.before_utc_s, span.before_utc_s + lasts_s))
    code = adjustable(now.busiest, query.get("alarm", ""))
    chosen = {"period": span.name, "alarm": code}
    job = _job(desk, _inputs(desk, span, rules, tried)) if tried.codes else None
    values = {
        "span": span_text(span, zone), "bed_days": count(now.bed_days), "total": now.total, "count": count,
        "kpis": kpis(now, before, span), "by_priority": now.by_priority, "chart": chart(now, span, zone),
        "busiest": busiest(now, labels), "in_busiest": count(sum(one.count for one in now.busiest)),
        "periods": [(name, word, _address({**chosen, "period": name}, tried)) for name, word in PERIODS.items()],
        "alarms": [(one, title(one), _address({**chosen, "alarm": one}, tried)) for one in ADJUSTABLE],
        "settings": [_row(rules, tried, chosen, what) for what in ("delay", "limit")],
        "chosen": chosen, "fields": _fields(tried), "changes": changes(rules, tried),
        "clear": _address(chosen, Tried()), "job": job, "result": _result(job, labels, desk),
        "replayed_to": moment_of(job["inputs"]["end_utc_s"], zone) if job else "",
        "site_lines": site_lines(tried), "past": [_past(event, rules, desk) for event in _kept(desk)],
        "reason": query.get("reason", ""), "said": said, "refused": refused,
    }  # fmt: skip
    return Shown("healthcare/burden.html", {**bar(desk, asked), **values}, status=409 if refused else 200)


def _period(desk: Desk, query: Mapping[str, str]) -> Period:
    return period(query.get("period", "week"), desk.clock.now().utc_s, zone_of(desk))


def _rules(desk: Desk) -> Rules:
    return Rules(desk.settings.alarms.site_limits(), desk.settings.alarms.onset())


def _tried(query: Mapping[str, str], rules: Rules) -> Tried:
    """What the address or the form holds, without what is in force anyway. Raises InputError."""
    found: dict[str, dict[str, float]] = {"delay": {}, "limit": {}}
    for code in ADJUSTABLE:
        delay_s, limit = rules.now(code)
        for what, now in (("delay", delay_s), ("limit", limit)):
            text = query.get(f"{code}.{what}", "")
            try:
                value = float(text) if text else now
            except ValueError:
                raise InputError(f"{code}.{what} is no number: {text[:20]!r}") from None
            if value is not None and value != now:
                found[what][code] = value
    tried = Tried(found["delay"], found["limit"])
    rules.with_change(tried)
    return tried


def _fields(tried: Tried) -> dict[str, str]:
    fields = {f"{code}.delay": f"{value:g}" for code, value in tried.delays.items()}
    return fields | {f"{code}.limit": f"{value:g}" for code, value in tried.limits.items()}


def _address(chosen: Mapping[str, str], tried: Tried, **more: str) -> str:
    kept = {name: chosen[name] for name in ("period", "alarm") if chosen.get(name)}
    return f"/burden?{urlencode({**kept, **_fields(tried), **more})}"


def _row(rules: Rules, tried: Tried, chosen: Mapping[str, str], what: str) -> dict[str, Any]:
    row = setting(rules, tried, chosen["alarm"], what)
    for way in ("down", "up"):
        value = row[way]
        row[way] = None if value is None else _address(chosen, tried, **{row["key"]: f"{value:g}"})
    return row


def _inputs(desk: Desk, span: Period, rules: Rules, tried: Tried) -> Json:
    """Up to the full hour, so that a result holds for an hour at least."""
    beds = [bed.name for bed in desk.settings.beds]
    end_utc_s = span.end_utc_s // _HOUR_S * _HOUR_S
    return {"period": span.name, **inputs_of(rules, beds, span.begin_utc_s, end_utc_s, tried)}


def _job(desk: Desk, inputs: Json) -> Json | None:
    """The newest replay of the same, whatever hour it reached; one that was cancelled never was."""
    same = {name: value for name, value in inputs.items() if name != "end_utc_s"}
    for job in desk.jobs(kind=KIND, limit=_JOBS_LOOKED_THROUGH):
        known = {name: value for name, value in job["inputs"].items() if name != "end_utc_s"}
        if known == same and job["state"] != "cancelled":
            return job
    return None


def _result(job: Json | None, labels: Mapping[str, str], desk: Desk) -> dict[str, Any] | None:
    if job is None or job["state"] != "done" or not job["result"]:
        return None
    return result_shown(job["result"], labels, zone_of(desk))


def _kept(desk: Desk) -> list[Event]:
    return desk.events(station=WARD, kinds=(PROPOSAL, KEPT), limit=3, newest_first=True)


def _past(event: Event, rules: Rules, desk: Desk) -> dict[str, str]:
    """A line on what was proposed or saved, with the way back to it."""
    tried = Tried(**event.data["tried"])
    return {
        "what": "Proposed" if event.kind == PROPOSAL else "Saved", "at": moment_of(event.at_utc_s, zone_of(desk)),
        "who": event.who, "changes": "; ".join(changes(rules, tried)), "reason": event.data["reason"],
        "to": _address({"period": "week"}, tried),
    }  # fmt: skip


PAGES = (
    Page("/burden", burden, "charge", title="Alarm burden"),
    Page("/burden/replay", replay, "charge", methods=("POST",)),
    Page("/burden/cancel", cancel, "charge", methods=("POST",)),
    Page("/burden/order/<order>", order, "charge", methods=("POST",)),
)
