"""Other limits or delays, proposed to the ward lead or kept for later: on record with who, why and what a replay gave.

Neither changes anything. The site's rules change in the site file alone, by who is responsible for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import EdgewiseError
from healthcare.bed_orders import CHARGE
from healthcare.settings import WARD
from healthcare.what_if import ADJUSTABLE, Tried
from verticals.contract import Command, Decision, Event, Reply

PROPOSAL, KEPT = "proposal", "what-if"
_FIGURES = ("job", "total", "removed", "bed_days", "acted", "kept", "not_judged", "later_median_s", "later_most_s")


def propose(command: Command) -> Decision:
    """The ward's order `propose`: needs a reason and a nurse in charge."""
    reason = str(command.args.get("reason") or "").strip()[:200]
    if not reason:
        return _refused("Say why: the ward lead reads it.")
    return _recorded(command, PROPOSAL, {"reason": reason})


def keep(command: Command) -> Decision:
    """The ward's order `keep-what-if`: the same without a proposal."""
    return _recorded(command, KEPT, {"reason": str(command.args.get("reason") or "").strip()[:200]})


def _recorded(command: Command, kind: str, said: Mapping[str, Any]) -> Decision:
    if command.role not in CHARGE:
        return _refused("Alarm limits of the ward are a matter for the nurse in charge. Sign in as one.")
    try:
        given = command.args["tried"]
        tried = Tried(dict(given["delays"]), dict(given["limits"]))
        if not tried.codes:
            return _refused("Nothing was changed: there is nothing to propose.")
    except EdgewiseError as error:
        return _refused(f"{error.message} {error.hint}".strip())
    except (KeyError, TypeError, ValueError):
        return _refused("An order of this kind names the delays and limits that were tried.")
    figures = command.args.get("figures")
    known = figures if isinstance(figures, Mapping) else {}
    data = {
        **said,
        "tried": {"delays": dict(tried.delays), "limits": dict(tried.limits)},
        "figures": {name: known[name] for name in _FIGURES if name in known},
    }
    return Decision(events=(Event(kind, WARD, command.at.utc_s, data, who=command.who),), reply=Reply(True))


def _refused(reason: str) -> Decision:
    return Decision(reply=Reply(False, reason))


def site_lines(tried: Tried) -> str:
    """What the site file would say."""
    lines = ["[healthcare.alarms.delays]"] if tried.delays else []
    lines += [f'{code} = "{seconds:g}s"' for code, seconds in tried.delays.items()]
    for code, limit in tried.limits.items():
        one = ADJUSTABLE[code]
        lines += [f"[healthcare.alarms.limits.{one.measure}]", f"{'low' if one.low else 'high'} = {limit:g}"]
    return "\n".join(lines)
