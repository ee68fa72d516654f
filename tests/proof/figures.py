"""What every proof prints: a heading with the load of the machine, and what became of the parts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict

from simulators.partlog import Row
from simulators.report import report
from tests.support.accounts_of_parts import PartAccount, account_of_parts
from tests.support.cells import Cell, until
from verticals.contract import Event


def heading(title: str) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n=== {title} (load {load} on {os.cpu_count()} cores)")


class Progress:
    """Says how far a proof is, so that a person sees that it goes on; at most every `every_s`."""

    def __init__(self, what: str, total: int, every_s: float = 10.0) -> None:
        self._what = what
        self._total = total
        self._every_s = every_s
        self._began_s = self._said_s = time.monotonic()

    def at(self, count: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= self._every_s:
            self._said_s = now_s
            print(f"... {count} of {self._total} {self._what} after {now_s - self._began_s:.0f} s", flush=True)


def bring_through(cell: Cell, parts: int, within_s: float) -> None:
    """Until that many parts have left the gate; says how far it is."""
    progress = Progress("parts", parts)

    def through() -> bool:
        count = len(cell.parts())
        progress.at(count)
        return cell.runs() and count >= parts

    until(through, within_s, f"{parts} parts are through", 0.1)


def print_account(rows: Sequence[Row], events: Sequence[Event]) -> PartAccount:
    """Counted by the PLC's log and the box's record together, then by the PLC's log alone."""
    account = account_of_parts(rows, events)
    print("account: ", json.dumps(account.figures))
    print("faults:  ", json.dumps(account.faults()) if account.faults() else "none")
    found = asdict(report(rows))
    shown = ("reasons", "good", "false_rejects", "flawed", "escapes", "late_results", "wrong_echoes", "wrong_gate",
             "accepted_unjudged", "result_ms")  # fmt: skip
    print("PLC's:   ", json.dumps({name: found[name] for name in shown}))
    return account


def print_seconds(name: str, values: list[float]) -> None:
    ordered = sorted(values)
    each = " ".join(f"{value:.2f}" for value in values)
    print(f"{name:32} max {ordered[-1]:5.2f} s  median {ordered[len(ordered) // 2]:5.2f} s   ({each})")
