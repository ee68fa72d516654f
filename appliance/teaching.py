"""Teaches in the foreground, where no jobs process runs: for the demo and for `edgewise manufacturing teach`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.clock import SystemClock
from verticals.contract import Json
from verticals.places import Places


def teach_now(places: Places, inputs: Json, tell: Callable[[float, str], None], *, slot: str = "") -> dict[str, Any]:
    """The teach job's result; its package lies on the shelf now, and answers for `slot` where one is named.

    `tell` hears how far it is, 0..1, and what it is at. Raises EdgewiseError; the shelf is then as it was.
    """
    from manufacturing import teaching
    from verticals.jobs.context import JobContext
    from verticals.runtime.models import shelf_of

    places.make("manufacturing")
    context = JobContext(
        "manufacturing", 0, "", places, SystemClock(), lambda message: tell(message["share"], message["text"])
    )
    taught = dict(teaching.run(context, inputs))
    if slot:
        shelf_of(places).activate(slot, taught["name"], taught["version"])
    return taught
