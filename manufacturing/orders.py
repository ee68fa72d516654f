"""What people may order of a line: labels, bypass, stop and start, resetting a fault, activating a recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from core.clock import Instant
from manufacturing.discipline import Bypass, Discipline
from manufacturing.recipe_orders import RECIPE_ORDERS, Changing
from manufacturing.settings import LineSettings
from manufacturing.tally import Tally
from verticals.contract import Command, Decision, Event, Reply, StationSpec

LABELS = ("right", "false-reject", "missed-defect", "other-defect")
#: Takes back the last label: nobody has said anything of the part.
NO_LABEL = "none"


class Ordered(Changing, Protocol):
    """What an order may touch of a line; `keeper` names the device that loads its models."""

    spec: StationSpec
    line: LineSettings
    keeper: str
    tally: Tally
    discipline: Discipline

    def fault_event(self, code: str, at: Instant, *, raised: bool, detail: str = "", who: str = "") -> Event: ...


def carry_out(station: Ordered, command: Command) -> Decision:
    """The decision with its reply; an order that is not known or makes no sense now is refused with the reason."""
    order = _ORDERS.get(command.name)
    if order is None:
        return _refuse(f"'{command.name}' is not an order of this line; known are {', '.join(sorted(_ORDERS))}")
    return order(station, command)


def _refuse(reason: str) -> Decision:
    return Decision(reply=Reply(accepted=False, reason=reason))


def _done(station: Ordered, command: Command, kind: str, subject: str, data: dict[str, Any]) -> Decision:
    event = Event(kind, subject, command.at.utc_s, {**data, "role": command.role}, station.spec.name, command.who)
    return Decision(events=(event,), reply=Reply(accepted=True), save=True)


def _label(station: Ordered, command: Command) -> Decision:
    label, part = str(command.args.get("label", "")), str(command.args.get("part", ""))
    if label not in (*LABELS, NO_LABEL):
        return _refuse(f"a label is one of {', '.join(LABELS)}, not '{label}'")
    if not part.isdigit():
        return _refuse("say which part the label is for")
    was, shift = str(command.args.get("was", "")), str(command.args.get("shift", ""))
    station.tally.label(label, was=was, shift=shift)
    data: dict[str, Any] = {"label": label, "defect": str(command.args.get("defect", ""))[:80], "was": was}
    if note := str(command.args.get("note", "")).strip():
        data["note"] = note[:200]
    if isinstance(sequence := command.args.get("sequence"), int):
        data["of"] = sequence
    return _done(station, command, "label", part, data)


def _bypass(station: Ordered, command: Command) -> Decision:
    reason = str(command.args.get("reason", "")).strip()
    try:
        wanted_s = float(command.args.get("for_s", station.line.bypass_limit))
    except (TypeError, ValueError):
        return _refuse("a bypass lasts a number of seconds")
    if not reason:
        return _refuse("a bypass needs a reason")
    if not 0 < wanted_s <= station.line.bypass_limit:
        return _refuse(f"a bypass lasts at most {station.line.bypass_limit:g} s here")
    until = command.at.plus(wanted_s)
    station.discipline.bypass = Bypass(command.who or "operator", reason, command.at.utc_s, until)
    return _done(station, command, "bypass", station.spec.name, {"reason": reason, "for_s": wanted_s})


def _end_bypass(station: Ordered, command: Command) -> Decision:
    if station.discipline.bypass is None:
        return _refuse("there is no bypass to end")
    station.discipline.bypass = None
    return _done(station, command, "bypass-ended", station.spec.name, {"how": "by order"})


def _stop(station: Ordered, command: Command) -> Decision:
    if station.discipline.stopped:
        return _refuse("the job is stopped already")
    station.discipline.stopped = True
    return _done(station, command, "job-stopped", station.spec.name, {})


def _start(station: Ordered, command: Command) -> Decision:
    if not station.discipline.stopped:
        return _refuse("the job is running already")
    station.discipline.stopped = False
    return _done(station, command, "job-started", station.spec.name, {})


def _reset(station: Ordered, command: Command) -> Decision:
    if "late-results" not in station.discipline.faults:
        return _refuse("there is no fault that a person resets; the others clear by themselves")
    station.discipline.clear("late-results")
    station.discipline.in_time()
    event = station.fault_event("late-results", command.at, raised=False, who=command.who)
    return Decision(events=(event,), reply=Reply(accepted=True), save=True)


_ORDERS: dict[str, Callable[[Ordered, Command], Decision]] = {
    **RECIPE_ORDERS,
    "label": _label,
    "bypass": _bypass,
    "end-bypass": _end_bypass,
    "stop": _stop,
    "start": _start,
    "reset": _reset,
}
