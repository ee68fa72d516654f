"""Holds the PLC's log against the box's record, part by part: whatever does not match has a name here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.partlog import Row
from simulators.passages import POWER_LOSS
from verticals.contract import Event


@dataclass
class PartAccount:
    """Part ids of everything that is out of order; all of them empty in a cell that keeps its promise.

    `unaccounted`: triggered, neither recorded nor in an "unrecorded" range. `wrong_gate`: passed without an
    accept, or rejected although the PLC had taken the box's accept. `reject_missed_unsaid`: the reject was not
    taken by the PLC in its window and nobody says so.
    """

    unaccounted: list[int] = field(default_factory=list)
    recorded_twice: list[int] = field(default_factory=list)
    recorded_and_unrecorded: list[int] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    accepted_without_record: list[int] = field(default_factory=list)
    wrong_gate: list[int] = field(default_factory=list)
    reject_missed_unsaid: list[int] = field(default_factory=list)
    gate_told_wrong: list[int] = field(default_factory=list)
    passed_by_unsaid: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    def faults(self) -> dict[str, Any]:
        """Those that are not empty."""
        return {name: value for name, value in vars(self).items() if name != "figures" and value}


def account_of_parts(rows: Sequence[Row], events: Sequence[Event]) -> PartAccount:
    """Over every part that has left the gate; later ones are nobody's yet."""
    parts = {row["part_id"]: row for row in rows if row.get("kind") == "part"}
    counters = _counters(rows)
    recorded = _by_subject(events, "part")
    deliveries = _by_subject(events, "delivery")
    gates = _by_subject(events, "gate")
    ranges = [event.data for event in events if event.kind == "unrecorded"]
    missing = {n for each in ranges for n in range(each["from_counter"], each["to_counter"] + 1) if each["count"]}
    account = PartAccount()
    seen = {row["part_id"] for row in rows if row.get("kind") == "seen"}
    last = max(seen, default=0)
    account.strangers = [subject for subject in recorded if int(subject) not in seen and int(subject) <= last]
    for part_id, row in parts.items():
        mine = recorded.get(str(part_id), [])
        _reconcile(account, row, counters.get(part_id), mine, missing)
        _judge_gate(account, row, mine, deliveries.get(str(part_id), []))
        told = gates.get(str(part_id), [])
        if any(bool(event.data["rejected"]) != row["gate_rejected"] for event in told):
            account.gate_told_wrong.append(part_id)
    account.passed_by_unsaid = _passed_by_unsaid(rows, counters, recorded, ranges)
    not_taken = [row for part_id, row in parts.items() if _accept_not_taken(row, recorded.get(str(part_id), []))]
    account.figures = {
        "parts": len(parts),
        "triggered": sum(row["triggered"] for row in parts.values()),
        "recorded": sum(str(part_id) in recorded for part_id in parts),
        "unrecorded": len(missing),
        "not_triggered": sum(not row["triggered"] for row in parts.values()),
        "accepted": sum(row["verdict"] == "accept" for row in parts.values()),
        "rejected_by_verdict": sum(row["verdict"] == "reject" for row in parts.values()),
        "rejected_without_verdict": sum(row["verdict"] == "none" for row in parts.values()),
        "accept_not_taken": len(not_taken),
        "gate_reports_recorded": sum(str(part_id) in gates for part_id in parts),
    }
    return account


def _counters(rows: Iterable[Row]) -> dict[int, int]:
    """The PLC's PartCounter of each triggered part."""
    triggered = [row["part_id"] for row in rows if row.get("kind") == "seen" and row["triggered"]]
    return {part_id: number for number, part_id in enumerate(triggered, 1)}


def _by_subject(events: Iterable[Event], kind: str) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.kind == kind:
            found.setdefault(event.subject, []).append(event)
    return found


def _reconcile(account: PartAccount, row: Row, counter: int | None, mine: list[Event], missing: set[int]) -> None:
    part_id = row["part_id"]
    if len(mine) > 1:
        account.recorded_twice.append(part_id)
    if counter is not None and not mine and counter not in missing:
        account.unaccounted.append(part_id)
    if mine and counter in missing:
        account.recorded_and_unrecorded.append(part_id)
    if row["verdict"] == "accept" and not any(event.data["verdict"] == "accept" for event in mine):
        account.accepted_without_record.append(part_id)


def _judge_gate(account: PartAccount, row: Row, mine: list[Event], deliveries: list[Event]) -> None:
    part_id, accepted = row["part_id"], row["verdict"] == "accept"
    if row["gate_rejected"] == accepted or (mine and not row["gate_rejected"] and mine[0].data["verdict"] != "accept"):
        account.wrong_gate.append(part_id)
    if not mine or mine[0].data["verdict"] != "reject" or row["verdict"] == "reject" or row["reason"] == POWER_LOSS:
        return  # a PLC that lost power forgot what it had been told; its gate fell to reject
    said = [action["delivery"] for event in mine for action in event.data.get("actions", ())]
    said += [event.data["delivery"] for event in deliveries]
    if row["late_s"] is None and not {"missed", "failed"} & set(said):
        account.reject_missed_unsaid.append(part_id)


def _accept_not_taken(row: Row, mine: list[Event]) -> bool:
    """Judged good, and rejected all the same because the PLC did not get it in time: the safe side."""
    return bool(mine) and mine[0].data["verdict"] == "accept" and row["verdict"] != "accept"


def _passed_by_unsaid(
    rows: Sequence[Row], counters: dict[int, int], recorded: dict[str, list[Event]], ranges: Sequence[Any]
) -> int:
    """Parts that passed untriggered between the first and the last recorded part, less those that the box counted."""
    order = [row["part_id"] for row in rows if row.get("kind") == "seen"]
    places = [place for place, part_id in enumerate(order) if str(part_id) in recorded]
    if not places:
        return 0
    between = order[places[0] : places[-1] + 1]
    return sum(part_id not in counters for part_id in between) - sum(int(each["not_triggered"]) for each in ranges)


def times_ms(rows: Sequence[Row], events: Sequence[Event]) -> dict[str, list[float]]:
    """Per part judged by the model and taken by the PLC, in ms: from trigger to result valid by the PLC's own
    clock, what of it was grabbing, queueing and inference by the box's, and what is left.
    """
    recorded = _by_subject(events, "part")
    times: dict[str, list[float]] = {"total": [], "infer": [], "beyond": [], "grab": [], "queued": [], "rest": []}
    for row in rows:
        mine = recorded.get(str(row.get("part_id")), [])
        if row.get("kind") != "part" or row["result_s"] is None or not mine or "infer_ms" not in mine[0].data:
            continue
        data, total = mine[0].data, row["result_s"] * 1e3
        times["total"].append(total)
        times["infer"].append(data["infer_ms"])
        times["beyond"].append(total - data["infer_ms"])
        times["grab"].append(data["grab_ms"])
        times["queued"].append(data["queued_ms"])
        times["rest"].append(total - data["infer_ms"] - data["grab_ms"] - data["queued_ms"])
    return times


def at_share(values: Sequence[float], share: float) -> float:
    """The value below which that share lies; 1.0 is the largest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times_table(times: dict[str, list[float]]) -> str:
    """One line each with p50, p90, p99 and the largest; then how many fell into which 10 ms from trigger to valid."""
    if not times["total"]:
        return "no part"
    lines = [f"{'ms':8} {'p50':>7} {'p90':>7} {'p99':>7} {'max':>7}   ({len(times['total'])} parts)"]
    for name, values in times.items():
        shares = " ".join(f"{at_share(values, share):7.1f}" for share in (0.5, 0.9, 0.99, 1.0))
        lines.append(f"{name:8} {shares}")
    buckets = Counter(int(value // 10) * 10 for value in times["total"])
    lines += [f"{low:3}-{low + 10:3} ms {count:4} {'#' * min(count, 80)}" for low, count in sorted(buckets.items())]
    return "\n".join(lines)
