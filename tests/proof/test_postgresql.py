"""A cell whose record is on a PostgreSQL server: line and server are killed, the server is away; numbers reconcile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.proof.figures import heading, print_account
from tests.proof.test_kills import rows_at_the_end
from tests.support.cells import LINE, Cell
from tests.support.databases import Cluster
from verticals.store.server import Server

pytestmark = pytest.mark.slow

PARTS = 60
AWAY_S = 4.0


def test_sixty_parts_reconcile_though_line_and_server_are_killed(tmp_path: Path, cluster: Cluster) -> None:
    database = cluster.make()
    with Cell(tmp_path, rate_per_s=3.0, server=Server(cluster.url(database))) as cell:
        cell.wait_for_parts(12, 240)
        cell.kill(LINE)
        cell.wait_for_gate(24, 60)
        cell.wait_for_parts(16, 60)
        assert cluster.kill_backend(database, "edgewise manufacturing line")
        cluster.wait()
        cell.wait_for_gate(36, 60)
        cluster.stop()
        away_from_s = time.monotonic()
        cell.wait_for_gate(len(cell.parts()) + int(AWAY_S * 3), 60)
        cluster.start()
        away_to_s = time.monotonic()
        cell.wait_for_gate(PARTS + len(cell.parts()) // 4, 90)
        rows = rows_at_the_end(cell)
        events, broken = cell.events(), cell.faults_of_the_store()
    heading(f"{len(cell.parts())} parts on PostgreSQL, line killed, backend killed, server away for a while")
    account = print_account(rows, events)
    between = [row for row in cell.parts() if away_from_s + 1.0 < row["trigger_mono_s"] < away_to_s - 0.5]
    print(f"while the server was away: {[row['verdict'] for row in between]}")
    of_the_store = [event.data["raised"] for event in events if event.kind == "fault" and event.subject == "store"]
    print(f"faults told: {[event.data for event in events if event.kind == 'fault']}")
    assert account.faults() == {}
    assert broken == []
    assert of_the_store[-2:] == [True, False]
    assert not [event for event in events if event.subject == "disk-full"]
    assert not (cell.places.data / "manufacturing" / "events.db").exists()
    assert between
    assert all(row["verdict"] != "accept" for row in between)
    cluster.drop(database)
