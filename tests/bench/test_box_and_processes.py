"""What the box's own stores and the supervisor cost; printed, with limits far above what is usual."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path

import pytest

from appliance.restarts import Patience
from core.clock import SystemClock
from tests.appliance.test_supervisor import row, runs, watching
from tests.support.box_db import make_box_db
from tests.verticals.jobs.test_worker import Box
from verticals.store.accounts import Accounts
from verticals.store.audit import Audit
from verticals.store.sessions import Sessions

pytestmark = pytest.mark.bench


def ms(values_s: list[float]) -> str:
    ordered = sorted(values_s)
    return f"p50 {statistics.median(ordered) * 1e3:.1f} ms, max {ordered[-1] * 1e3:.1f} ms"


def test_audit_and_sign_in(tmp_path: Path) -> None:
    engine = make_box_db(tmp_path)
    audit = Audit(engine, SystemClock())
    appended = []
    for number in range(2000):
        begun_s = time.perf_counter()
        audit.append("touched", {"old": number, "new": number + 1, "reason": "drift"}, who="anna")
        appended.append(time.perf_counter() - begun_s)
    begun_s = time.perf_counter()
    assert audit.verify().whole
    verified_s = time.perf_counter() - begun_s
    people = Accounts(engine, {}, audit, SystemClock())
    people.add("anna", "2468", {}, by="x")
    sessions = Sessions(engine, audit, SystemClock())
    signed_in, asked = [], []
    for _ in range(20):
        begun_s = time.perf_counter()
        token = sessions.sign_in("anna", "2468", terminal="kiosk").token
        signed_in.append(time.perf_counter() - begun_s)
        begun_s = time.perf_counter()
        assert sessions.session(token) is not None
        asked.append(time.perf_counter() - begun_s)
    print(f"\naudit append, durable: {ms(appended)}; verify: {verified_s / 2000 * 1e6:.0f} us an entry")
    print(f"sign-in (scrypt 16 MiB): {ms(signed_in)}; session look-up: {ms(asked)}")
    assert statistics.median(appended) < 0.05
    assert statistics.median(signed_in) < 1.0
    assert statistics.median(asked) < 0.02


async def test_a_killed_process_is_back_ten_times(tmp_path: Path) -> None:
    back = []
    async with watching(tmp_path, row("a", "beating", beats_within_s=10.0), patience=Patience(steady_s=0)) as watched:
        standing = await watched.until(runs)
        for _ in range(10):
            begun_s = time.perf_counter()
            os.kill(standing.pid, signal.SIGKILL)
            standing = await watched.until(lambda told, pid=standing.pid: runs(told) and told.pid != pid)  # type: ignore[misc]
            back.append(time.perf_counter() - begun_s)
    print(f"\nSIGKILL to first beat again, back-off 200 ms in it: {ms(back)}")
    assert max(back) < 10


async def test_a_job_begins_soon_after_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    box, claimed, done = Box(tmp_path), [], []
    async with box.working():
        await box.over(box.jobs.start("app", "echo", {}))
        for number in range(10):
            begun_s = time.perf_counter()
            job = box.jobs.start("app", "echo", {"number": number})
            async with asyncio.timeout(30):
                while (await box.shown.get()).id != job:
                    pass
            claimed.append(time.perf_counter() - begun_s)
            await box.over(job)
            done.append(time.perf_counter() - begun_s)
    print(f"\njob asked for to claimed: {ms(claimed)}; to done, its own process in it: {ms(done)}")
    assert statistics.median(claimed) < 1
