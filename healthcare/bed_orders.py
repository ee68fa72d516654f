"""What people may ask of a bed: by name, with what they must say, and who is allowed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.clock import Instant
from core.errors import EdgewiseError, RefusedError
from healthcare.bedside import Bedside, Outcome, Standby
from healthcare.measures import MEASURES
from healthcare.settings import NURSE_STATION
from healthcare.vitals.limits import Limits
from healthcare.vitals.news2 import score
from verticals.contract import Command, Reply

#: Roles that may do more than a nurse: the vertical's own order of roles stands in its manifest.
CHARGE = frozenset({"charge", "clinician", "admin"})
_LONGEST_LIMITS_S = 7 * 86_400.0
_Deed = Callable[[Bedside, Command, Outcome], Mapping[str, Any] | None]


def obey(bedside: Bedside, command: Command) -> tuple[Outcome, Reply]:
    """What follows, and the answer; a refusal changes nothing and says why."""
    deed = DEEDS.get(command.name)
    if deed is None:
        return Outcome(), Reply(False, f"a bed does not know the order '{command.name}'")
    outcome = Outcome()
    try:
        data = deed(bedside, command, outcome)
    except EdgewiseError as error:
        return Outcome(), Reply(False, f"{error.message} {error.hint}".strip())
    return outcome, Reply(True, data=data or {})


def _who(command: Command) -> str:
    """At the box's own screen nobody is signed in: the station itself acts, and the record says so."""
    return command.who or NURSE_STATION


def _text(command: Command, name: str, most: int = 200) -> str:
    return str(command.args.get(name) or "").strip()[:most]


def _number(command: Command, name: str) -> float | None:
    given = command.args.get(name)
    if given in (None, ""):
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        raise RefusedError(f"{name} is no number: {str(given)[:20]!r}.") from None


def _acknowledge(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    alarm = _text(command, "alarm")
    outcome.changes += bedside.board.acknowledge(alarm or None, _who(command), command.at)


def _accept(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    outcome.changes += bedside.board.accept(_text(command, "alarm"), _who(command), command.at)


def _busy(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    outcome.changes += bedside.board.busy(_text(command, "alarm"), _who(command), command.at)


def _reset(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    outcome.changes += bedside.board.reset(_text(command, "alarm"), _who(command), command.at)


def _standby(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    """Refused while an alarm waits for a person: what is silenced by standby must have been seen."""
    if bedside.standby is not None:
        raise RefusedError("This bed is on standby already.")
    if any(alarm.unanswered for alarm in bedside.board.alarms):
        raise RefusedError("An alarm of this bed waits for a person.", hint="Acknowledge it first.")
    bedside.standby = Standby(command.at, _text(command, "why", 60), _who(command), quiet=bedside.silent)
    for alarm in bedside.board.alarms:
        if alarm.source_lost or alarm.kind.value != "physiological":
            outcome.changes += bedside.board.acknowledge(alarm.id, _who(command), command.at)
    outcome.note("standby", {"why": bedside.standby.why}, who=_who(command))


def _end_standby(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    if bedside.standby is None:
        raise RefusedError("This bed is not on standby.")
    bedside.end_standby(_who(command), command.at, outcome)


def _enter(bedside: Bedside, command: Command, outcome: Outcome) -> Mapping[str, Any]:
    if bedside.patient is None:
        raise RefusedError("No patient is in this bed.", hint="Assign one first.")
    values = command.args.get("values")
    if not isinstance(values, Mapping):
        raise RefusedError("A set of observations has values.")
    taken_utc_s = _number(command, "taken_utc_s")
    now_set = taken_utc_s is None or abs(taken_utc_s - command.at.utc_s) < 300
    monitored = bedside.monitored(command.at) if now_set else []
    author = command.who or _text(command, "author", 60) or NURSE_STATION
    entered, scored = bedside.chart.enter(
        values, author=author, now=command.at, taken_utc_s=taken_utc_s, monitored=monitored
    )
    data: dict[str, Any] = {"set": entered.id, "author": author, "values": dict(entered.values)}
    data["taken_utc_s"] = entered.at.utc_s
    scale = bedside.chart.scale.scale
    alone = score([*entered.items(), *monitored], entered.at, scale=scale)
    data |= {"news2": scored.shown(), "late": entered.late, "full": alone.complete and not scored.why_not}
    data["breakdown"] = (alone if data["full"] else scored).breakdown()
    outcome.note("observations", data, subject=entered.id, who=_who(command))
    bedside.score(command.at, outcome)
    return {"set": entered.id, "news2": scored.shown(), "response": "" if scored.why_not else scored.response}


def _strike(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    reason = _text(command, "reason")
    struck = bedside.chart.strike(_text(command, "set"), who=_who(command), reason=reason, now=command.at)
    outcome.note("observations-struck", {"set": struck.id, "reason": reason}, subject=struck.id, who=_who(command))
    bedside.score(command.at, outcome)


def _scale(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    scale = int(_number(command, "scale") or 0)
    if scale == 2 and command.role not in CHARGE:
        raise RefusedError("Scale 2 is a clinician's decision.", hint="Sign in as one.")
    choice = bedside.chart.set_scale(
        scale, who=_who(command), role=command.role, reason=_text(command, "reason"), now=command.at
    )
    outcome.note("news2-scale", {"scale": choice.scale, "reason": choice.reason}, who=_who(command))
    bedside.score(command.at, outcome)


def _limits(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    measure = _text(command, "measure")
    if measure not in MEASURES:
        raise RefusedError(f"'{measure[:40]}' is no vital sign.")
    lasts_s = _number(command, "lasts_s")
    if lasts_s is None or not 0 < lasts_s <= _LONGEST_LIMITS_S:
        raise RefusedError("Say for how long these limits hold, at most seven days.")
    change = bedside.limits.set(
        measure,
        Limits(_number(command, "low"), _number(command, "high")),
        who=_who(command),
        role=command.role,
        reason=_text(command, "reason"),
        until=command.at.plus(lasts_s),
        now=command.at,
    )
    _limits_follow(bedside, command.at, outcome)
    outcome.note("limits", change.as_json(), subject=measure, who=_who(command))


def _clear_limits(bedside: Bedside, command: Command, outcome: Outcome) -> None:
    measure = _text(command, "measure")
    change = bedside.limits.clear(measure, who=_who(command), role=command.role, reason=_text(command, "reason"))
    _limits_follow(bedside, command.at, outcome)
    outcome.note("limits", change.as_json(), subject=measure, who=_who(command))


def _limits_follow(bedside: Bedside, now: Instant, outcome: Outcome) -> None:
    heard = bedside.numerics.limits_changed(now)
    outcome.changes += bedside.board.take(list(heard.findings), now)


DEEDS: Mapping[str, _Deed] = {
    "acknowledge": _acknowledge,
    "accept": _accept,
    "busy": _busy,
    "reset": _reset,
    "standby": _standby,
    "end-standby": _end_standby,
    "enter-observations": _enter,
    "strike-observations": _strike,
    "set-scale": _scale,
    "set-limits": _limits,
    "clear-limits": _clear_limits,
}
