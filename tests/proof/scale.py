"""How much a proof does: short, as `make proof`, or full, as `make proof-full`; any count may be changed by name."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Scale:
    """`rounds`: of a cell with and without jobs beside it, each of `round_parts` parts. `soak_s`: of the HL7 feed."""

    parts: int = 300
    rate_per_s: float = 2.0
    plc_restarts: int = 10
    kills: int = 10
    rounds: int = 2
    round_parts: int = 60
    soak_s: int = 60


SHORT = Scale()
FULL = Scale(parts=2000, rate_per_s=5.0, plc_restarts=100, kills=50, rounds=4, round_parts=60, soak_s=600)


def scale_of(text: str) -> Scale:
    """`short`, `full`, or either with changes: `short,kills=3,parts=40`."""
    name, *changes = text.split(",")
    if name not in ("short", "full"):
        raise argparse.ArgumentTypeError(f"'{name}' is neither short nor full")
    scale = FULL if name == "full" else SHORT
    kinds = {field.name: type(getattr(scale, field.name)) for field in fields(scale)}
    for change in changes:
        count, _, value = change.partition("=")
        if count not in kinds:
            raise argparse.ArgumentTypeError(f"there is no count '{count}', only {', '.join(kinds)}")
        scale = replace(scale, **{count: kinds[count](value)})
    return scale
