"""Three apps on one box, as `make run` starts them: how soon each is live, and what memory they take together."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.proof.figures import heading
from tests.support.cells import until
from tests.support.whole_demo import WholeDemo

pytestmark = pytest.mark.slow

LIVE_WITHIN_S = 60.0
MEMORY_MIB = 3 * 1024
GOES_ON_S = 60.0


def test_three_apps_are_live_within_a_minute_in_three_gigabytes(tmp_path: Path) -> None:
    with WholeDemo(tmp_path) as demo:
        live_s: dict[str, float] = {}

        def all_live() -> bool:
            demo.runs()
            for app, is_live in demo.live.items():
                if app not in live_s and is_live():
                    live_s[app] = time.monotonic() - demo.started_mono_s
            return len(live_s) == len(demo.live)

        until(all_live, 4 * LIVE_WITHIN_S, "all three are live", 1.0)
        begun, spent_s = demo.pss_mib(), demo.cpu_s()
        time.sleep(GOES_ON_S)
        later, standings = demo.pss_mib(), demo.standings()
        restarted = {name: standing.restarts for name, standing in standings.items() if standing.restarts}
    heading("three apps on one box: seconds from the command until each is live, MiB of all processes (PSS)")
    print(" ".join(f"{app} {seconds:.1f}" for app, seconds in live_s.items()))
    print(f"processor seconds until then: {sum(spent_s.values()):.0f} in all")
    print(", ".join(f"{name} {seconds:.1f}" for name, seconds in sorted(spent_s.items(), key=lambda one: -one[1])))
    print(f"memory: {begun:.0f} when live, {later:.0f} after {GOES_ON_S:g} s, {len(standings)} processes")
    assert max(live_s.values()) <= LIVE_WITHIN_S
    assert max(begun, later) <= MEMORY_MIB
    assert restarted == {}, "nothing had to be started again"
