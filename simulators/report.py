"""The account of a plant's log: `python -m simulators.report FILE [--json]`.

Says what became of every part as the PLC and the gate's sensor saw it, whatever the box says of itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import EdgewiseError
from simulators.partlog import Row, read_rows
from simulators.parts import GOOD

BUCKET_MS = 10


@dataclass(frozen=True, slots=True)
class Report:
    """`wrong_gate`: the gate did other than the verdict; `accepted_unjudged`: passed without a verdict."""

    parts: int
    triggered: int
    accepted: int
    rejected: int
    without_verdict: int
    accepted_unjudged: int
    wrong_gate: int
    late_results: int
    wrong_echoes: int
    reasons: dict[str, int]
    good: int
    false_rejects: int
    flawed: int
    escapes: int
    result_ms: dict[str, float | None]
    histogram_ms: dict[str, int]
    ready_again_s: list[float]
    judged_again_s: list[float]


def report(rows: Iterable[Row]) -> Report:
    """Counts over all `part` lines. `false_rejects` and `escapes` count judged parts whose truth is known."""
    rows = list(rows)
    parts = [row for row in rows if row.get("kind") == "part"]
    judged = [row for row in parts if row["verdict"] != "none"]
    known = [row for row in judged if row["truth"] and not row["bypass"]]
    times_ms = sorted(row["result_s"] * 1e3 for row in judged)
    buckets = Counter(int(ms // BUCKET_MS) * BUCKET_MS for ms in times_ms)
    return Report(
        parts=len(parts),
        triggered=sum(row["triggered"] for row in parts),
        accepted=sum(not row["gate_rejected"] for row in parts),
        rejected=sum(row["gate_rejected"] for row in parts),
        without_verdict=len(parts) - len(judged),
        accepted_unjudged=sum(row["verdict"] == "none" and not row["gate_rejected"] for row in parts),
        wrong_gate=sum((row["verdict"] == "accept") == row["gate_rejected"] for row in parts),
        late_results=sum(row["late_s"] is not None for row in parts),
        wrong_echoes=sum(len(row["wrong_echoes"]) for row in parts),
        reasons=dict(sorted(Counter(row["reason"] for row in parts).items())),
        good=sum(row["truth"] == GOOD for row in known),
        false_rejects=sum(row["truth"] == GOOD and row["verdict"] == "reject" for row in known),
        flawed=sum(row["truth"] != GOOD for row in known),
        escapes=sum(row["truth"] != GOOD and row["verdict"] == "accept" for row in known),
        result_ms={"p50": _share(times_ms, 0.5), "p99": _share(times_ms, 0.99), "max": _share(times_ms, 1.0)},
        histogram_ms={f"{low}-{low + BUCKET_MS}": buckets[low] for low in sorted(buckets)},
        ready_again_s=_again(rows, _ready_s),
        judged_again_s=_again(rows, _judged_s),
    )


def _share(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    return round(values[min(len(values) - 1, int(share * len(values)))], 2)


def _again(rows: Sequence[Row], moment: Callable[[Row], float | None]) -> list[float]:
    """Seconds from each time the PLC was there again (listening anew, thawed) to the next row with that moment."""
    again: list[float] = []
    since: float | None = None
    starts = 0
    for row in rows:
        found_s = moment(row)
        if row.get("kind") == "news" and row["what"] in ("listening", "thawed"):
            starts += 1
            since = row["mono_s"] if starts > 1 else None  # the first is the start of the plant
        elif since is not None and found_s is not None and found_s > since:
            again.append(round(found_s - since, 3))
            since = None
    return again


def _ready_s(row: Row) -> float | None:
    return row["mono_s"] if row.get("kind") == "news" and row["what"] == "ready" else None


def _judged_s(row: Row) -> float | None:
    judged = row.get("kind") == "part" and row["result_s"] is not None
    return row["trigger_mono_s"] + row["result_s"] if judged else None


def summary(found: Report) -> str:
    """One sentence for people."""
    return (
        f"{found.parts} parts: {found.accepted} passed, {found.rejected} rejected, {found.without_verdict} of them "
        f"without a verdict; {found.false_rejects} of {found.good} good ones rejected, {found.escapes} of "
        f"{found.flawed} flawed ones passed"
    )


def as_text(found: Report) -> str:
    lines = []
    for name, value in asdict(found).items():
        lines.append(f"{name:18} {_plain(value)}")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "-"
    return ", ".join(map(str, value)) or "-" if isinstance(value, list) else str(value)


def main() -> int:
    wanted = argparse.ArgumentParser(prog="python -m simulators.report", description=__doc__.partition("\n")[0])
    wanted.add_argument("log", type=Path)
    wanted.add_argument("--json", action="store_true", help="one JSON document")
    arguments = wanted.parse_args()
    try:
        found = report(read_rows(arguments.log))
    except EdgewiseError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(found)) if arguments.json else as_text(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
