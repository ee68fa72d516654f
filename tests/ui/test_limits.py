from __future__ import annotations

from tests.support.clocks import FakeClock
from ui.limits import RateLimit


def test_a_burst_passes_and_then_one_at_a_time() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, per_s=2.0, burst=3)
    assert [limit.wait_s("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limit.wait_s("a") == 0.5
    clock.advance(0.5)
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("a") > 0


def test_each_peer_has_its_own() -> None:
    limit = RateLimit(FakeClock(), per_s=1.0, burst=1)
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("b") == 0.0
    assert limit.wait_s("a") > 0


def test_many_peers_do_not_fill_the_memory() -> None:
    limit = RateLimit(FakeClock(), per_s=1.0, burst=1)
    for n in range(3000):
        limit.wait_s(str(n))
    assert len(limit._buckets) <= 1024
