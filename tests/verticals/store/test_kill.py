"""SIGKILL at any moment: what was acknowledged is there, the numbers have no gap, no picture is a wrong one."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from tests.support.factories import make_app_db, make_entry, make_evidence_store
from verticals.store.database import reading
from verticals.store.events import EventStore
from verticals.store.recorder import MAX_UNFILED, Recorder
from verticals.store.tables import evidence as evidence_rows

RECORDING = """
import asyncio, json, os, sys
from pathlib import Path
from core.clock import SystemClock
from tests.support.factories import make_app_db, make_entry, make_evidence_store
from verticals.contract import Evidence
from verticals.store.events import EventStore
from verticals.store.recorder import Recorder
from verticals.store.series import Point

async def produce(recorder, round_, producer):
    number = 0
    while True:
        number += 1
        subject = f"{round_}-{producer}-{number}"
        pieces = {"image": Evidence(os.urandom(3000))} if producer % 4 == 0 else {}
        entry = make_entry(subject, states={f"station-{producer}": {"round": round_, "number": number}})
        [event] = await recorder.record(entry, pieces)
        recorder.note([Point("count", event.at_utc_s, number)])
        sha256 = event.data.get("evidence", {}).get("image", "")
        os.write(1, (json.dumps([event.sequence, subject, sha256]) + "\\n").encode())

async def main():
    folder = Path(sys.argv[1])
    engine = make_app_db(folder)
    recorder = Recorder(EventStore(engine), make_evidence_store(folder, engine, budget_bytes=300_000), SystemClock())
    recorder.start()
    await asyncio.gather(*(produce(recorder, int(sys.argv[2]), producer) for producer in range(8)))

asyncio.run(main())
"""


def record_until_killed(folder: Path, round_: int, after_s: float) -> list[list[Any]]:
    """What the child had acknowledged when it was killed `after_s` after its first acknowledgement."""
    command = [sys.executable, "-c", RECORDING, str(folder), str(round_)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(after_s)
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    return [json.loads(line) for line in lines if line.endswith("\n")]


def check(folder: Path, acknowledged: list[list[Any]]) -> None:
    engine = make_app_db(folder)
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    store, evidence = EventStore(engine), make_evidence_store(folder, engine)
    events = {event.sequence: event for event in store.read(limit=10_000_000)}
    assert list(events) == list(range(1, store.last_sequence() + 1))
    for sequence, subject, _ in acknowledged:
        assert events[sequence].subject == subject
    with reading(engine) as connection:
        rows = connection.execute(select(evidence_rows.c.sha256, evidence_rows.c.evicted_at_utc_s))
        named: dict[str, float | None] = {row.sha256: row.evicted_at_utc_s for row in rows}
    names = [sha256 for _, _, sha256 in acknowledged if sha256]
    kept = {sha256: found[0] for sha256 in names if (found := evidence.get(sha256))}
    assert all(hashlib.sha256(content).hexdigest() == sha256 for sha256, content in kept.items())
    rounds = 1 + int(acknowledged[-1][1].partition("-")[0])
    assert sum(sha256 not in named for sha256 in names) <= MAX_UNFILED * rounds
    assert all(sha256 in kept for sha256 in names if sha256 in named and named[sha256] is None)
    newest = {event.subject.rsplit("-", 1)[0]: event for event in events.values()}
    for producer in range(8):
        state, sequence = store.load_state(f"station-{producer}")
        mine = [event for key, event in newest.items() if state and key == f"{state['round']}-{producer}"]
        assert state is None or mine[0].subject == f"{state['round']}-{producer}-{state['number']}"
        assert state is None or sequence == mine[0].sequence
    engine.dispose()


def kill_again_and_again(folder: Path, rounds: int, longest_s: float) -> int:
    chance = random.Random(rounds)
    acknowledged: list[list[Any]] = []
    for round_ in range(rounds):
        acknowledged += record_until_killed(folder, round_, chance.uniform(0, longest_s))
        check(folder, acknowledged)
    return len(acknowledged)


def test_a_kill_while_recording_loses_no_entry_that_was_acknowledged(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, rounds=2, longest_s=0.3) > 10


@pytest.mark.slow
def test_twenty_kills_while_recording_lose_no_entry_that_was_acknowledged(tmp_path: Path) -> None:
    count = kill_again_and_again(tmp_path, rounds=20, longest_s=1.5)
    assert count > 1000


async def test_recording_goes_on_after_a_kill_and_strays_are_removed(tmp_path: Path) -> None:
    acknowledged = record_until_killed(tmp_path, 0, 0.1)
    engine = make_app_db(tmp_path)
    evidence = make_evidence_store(tmp_path, engine)
    recorder = Recorder(EventStore(engine), evidence, SystemClock())
    recorder.start()
    [event] = await recorder.record(make_entry("after"))
    recorder.stop()
    assert event.sequence > max(sequence for sequence, _, _ in acknowledged)
    with reading(engine) as connection:
        named = set(
            connection.scalars(select(evidence_rows.c.sha256).where(evidence_rows.c.evicted_at_utc_s.is_(None)))
        )
    lying = {path.parent.name + path.name for path in (tmp_path / "evidence").glob("??/*")}
    assert lying <= named
    engine.dispose()
