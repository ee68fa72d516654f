"""The job `browse-tags`: what variables the PLC of a line has, which could be ours, and whether a mapping holds.

`inputs` are what `order` makes; secrets are named by their file. With a `mapping` only that one is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from core.clock import Clock
from core.errors import DeviceError, InputError
from core.settings import checked
from manufacturing.plc_security import plc_security
from manufacturing.settings import PlcSettings
from manufacturing.tag_mapping import check, propose
from verticals.contract import Json
from verticals.devices.opcua_browse import BrowseLimits, browse, in_slices, look_up
from verticals.places import Places

KIND = "browse-tags"
#: Of a job's row, which holds 1 MiB; what is left out is counted.
_MOST_BYTES = 800_000
_CONNECTING = ("url", "security", "security_mode", "user", "password_file", "user_certificate", "user_key")


class JobContext(Protocol):
    """What the job needs of verticals.jobs."""

    @property
    def places(self) -> Places: ...
    @property
    def clock(self) -> Clock: ...
    def progress(self, share: float, text: str) -> None: ...
    def cancelled(self) -> bool: ...


def order(plc: PlcSettings, mapping: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The inputs of the job for a line's PLC; with `mapping`, tag to node id, for its dry check."""
    values = asdict(plc)
    inputs: dict[str, Any] = {"plc": {name: values[name] for name in _CONNECTING}}
    return inputs if mapping is None else {**inputs, "mapping": dict(mapping)}


def run(ctx: JobContext, inputs: Json) -> Json:
    """`tags`, `left_out`, `nodes`, `cut`, `proposals`; of a mapping `tags` by name, `problems` by name, `fine`.

    Empty when it was cancelled. Raises DeviceError when the PLC cannot be asked, InputError for other inputs.
    """
    unknown = set(inputs) - {"plc", "mapping"}
    if unknown or not isinstance(inputs.get("plc"), Mapping):
        raise InputError(f"{KIND} needs 'plc'" if not unknown else f"{KIND} does not know '{min(unknown)}'")
    plc = checked(PlcSettings, inputs["plc"], KIND)
    if plc.over_modbus:
        raise DeviceError(f"{plc.url}: a PLC over Modbus has no tags to read", hint="Its places are in `plc.tags`.")
    ctx.progress(0.0, f"Connecting to {plc.url}")
    mapping = inputs.get("mapping")
    return _browsed(ctx, plc) if mapping is None else _checked(ctx, plc, mapping)


def _browsed(ctx: JobContext, plc: PlcSettings) -> dict[str, Any]:
    def tell(share: float, text: str) -> bool:
        ctx.progress(share, text)
        return ctx.cancelled()

    security = plc_security(plc, ctx.places, ctx.clock)
    found = asyncio.run(browse(plc.url, security, BrowseLimits(), tell))
    if ctx.cancelled():
        return {}
    kept = [tag.as_json() for tag in in_slices(found.tags, _MOST_BYTES)]
    return {
        "url": plc.url,
        "tags": kept,
        "left_out": len(found.tags) - len(kept),
        "nodes": found.nodes,
        "cut": found.cut,
        "proposals": [proposal.as_json() for proposal in propose(found.tags)],
    }


def _checked(ctx: JobContext, plc: PlcSettings, mapping: Any) -> dict[str, Any]:
    if not isinstance(mapping, Mapping) or not all(isinstance(each, str) for each in mapping.values()):
        raise InputError(f"{KIND}: 'mapping' is a table of tag names to node ids")
    security = plc_security(plc, ctx.places, ctx.clock)
    found = asyncio.run(look_up(plc.url, security, mapping))
    problems = check(mapping, found)
    return {
        "url": plc.url,
        "tags": {name: tag.as_json() if tag else None for name, tag in found.items()},
        "problems": problems,
        "fine": not any(problems.values()),
    }
