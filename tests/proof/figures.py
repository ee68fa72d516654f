"""What every proof prints: a heading with the load of the machine, and what became of the parts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

from simulators.partlog import Row
from simulators.report import report
from tests.support.accounts_of_parts import PartAccount, account_of_parts
from verticals.contract import Event


def heading(title: str) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n=== {title} (load {load} on {os.cpu_count()} cores)")


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
