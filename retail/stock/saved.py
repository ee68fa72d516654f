"""A track as plain values for JSON, and back. Of a table only the cells that matter are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from retail.stock.mass import Table, scaled
from retail.stock.track import Reading, Since, Track

_KEPT = 2e-5


def track_state(track: Track) -> dict[str, Any]:
    return {
        "at": track.at_utc_s,
        "table": _table_state(track.table),
        "quiet": [round(track.quiet, 4), track.quiet_utc_s],
        "unrefilled": round(track.unrefilled, 4),
        "book": dict(track.book),
        "sight": _reading_state(track.sight) if track.sight else None,
        "tags": {place: _reading_state(reading) for place, reading in track.tags.items()},
        "since": {
            place: [each.counted, each.at_utc_s, each.source, each.out, each.received, each.carried]
            for place, each in track.since.items()
        },
    }


def track_from_state(state: Mapping[str, Any]) -> Track:
    return Track(
        at_utc_s=float(state["at"]),
        table=_table_from(state["table"]),
        quiet=float(state["quiet"][0]),
        quiet_utc_s=float(state["quiet"][1]),
        unrefilled=float(state["unrefilled"]),
        book={place: int(pieces) for place, pieces in state["book"].items()},
        sight=Reading(*state["sight"]) if state["sight"] else None,
        tags={place: Reading(*saved) for place, saved in state["tags"].items()},
        since={place: Since(*saved) for place, saved in state["since"].items()},
    )


def _table_state(table: Table) -> list[list[int]]:
    """The size, then rows as [floor, first back, probabilities in parts of a million ...] of what counts."""
    found = [list(table.shape)]
    for stands, row in enumerate(table):
        kept = np.nonzero(row >= _KEPT)[0]
        if len(kept):
            first, last = int(kept[0]), int(kept[-1])
            found.append([stands, first, *(round(float(p) * 1e6) for p in row[first : last + 1])])
    return found


def _table_from(saved: Sequence[Sequence[int]]) -> Table:
    """What was negligible cell by cell is spread evenly."""
    (rows, columns), *filled = saved
    table = np.zeros((rows, columns))
    for stands, first, *parts in filled:
        table[stands, first : first + len(parts)] = parts
    return scaled(table + max(0.0, 1e6 - float(table.sum())) / table.size)


def _reading_state(reading: Reading) -> list[Any]:
    return [reading.value, reading.at_utc_s, reading.moved, reading.repeats]
