"""Senders as they are, played against `Pace` and a recorder that commits urgent messages at once, others later."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from healthcare.hl7.pace import Pace

COMMIT_S, PATIENCE_S, TURN_S = 0.015, 0.85, 0.002


@dataclass
class Play:
    """One link. `window`: what the sender has unanswered at most; `due`: when each message is made."""

    window: int
    due: deque[float]
    pace: Pace = field(default_factory=lambda: Pace(window=64))
    commits: int = 0
    waited_s: list[float] = field(default_factory=list)  # from made to answered
    held_s: list[float] = field(default_factory=list)  # from made to sent

    def run(self) -> Play:
        now, under_way, commit_at = 0.0, deque[float](), float("inf")
        free_at = 0.0  # when the sender may send again
        while self.due or under_way:
            sends_at = max(self.due[0], free_at) if self.due and len(under_way) < self.window else float("inf")
            now = min(sends_at, commit_at)
            if commit_at <= sends_at:
                self.commits += 1
                commit_at, free_at = float("inf"), now + TURN_S
                for made in under_way:
                    self.pace.answered(now)
                    self.waited_s.append(now - made)
                under_way.clear()
                continue
            made = self.due.popleft()
            self.held_s.append(now - made)
            urgent = self.pace.came(now)
            under_way.append(made)
            free_at = now
            commit_at = min(commit_at, now + (COMMIT_S if urgent else PATIENCE_S))
        return self


def each(period_s: float, count: int, *, burst: int = 1) -> deque[float]:
    return deque(number * period_s for number in range(count) for _ in range(burst))


def test_a_queue_that_is_drained_one_by_one_is_never_held_up() -> None:
    play = Play(1, deque([0.0] * 500)).run()
    assert (play.commits, len(play.waited_s)) == (500, 500)
    assert max(play.waited_s) < 500 * 2 * COMMIT_S


def test_a_gateway_that_waits_for_each_answer_is_answered_at_once() -> None:
    play = Play(1, each(1 / 24, 24 * 60)).run()
    assert max(play.held_s[60:]) < 0.05


@pytest.mark.parametrize("window", [1, 2, 8])
def test_bursts_of_a_sender_that_waits_are_held_up_once_and_then_no_more(window: int) -> None:
    play = Play(window, each(1.0, 60, burst=24)).run()
    assert max(play.held_s[24 * 3 :]) < 0.5


def test_a_monitor_that_keeps_its_own_pace_shares_the_commit_of_a_second() -> None:
    pace = Pace(window=64)
    urgent = []
    for second in range(60):
        urgent.append(pace.came(float(second)))
        pace.answered(second + (COMMIT_S if urgent[-1] else PATIENCE_S))
    assert not any(urgent)


@pytest.mark.parametrize("due", [each(1 / 24, 24 * 60), each(1.0, 60, burst=24)], ids=["spread", "bursts"])
def test_a_gateway_that_sends_ahead_shares_its_commits(due: Iterable[float]) -> None:
    play = Play(64, deque(due)).run()
    assert play.commits < 3 * 60
    assert max(play.held_s) == 0


def test_who_sent_something_twice_once_is_still_answered_at_once_when_it_waits() -> None:
    pace = Pace(window=64)
    pace.came(0.0)
    pace.came(0.5)  # again, for it got no answer
    pace.answered(0.6)
    pace.answered(0.6)
    urgent, now = [], 0.602
    for _ in range(20):
        urgent.append(pace.came(now))
        now += COMMIT_S if urgent[-1] else PATIENCE_S
        pace.answered(now)
        now += TURN_S
    assert urgent[2:] == [True] * 18


def test_half_of_the_window_is_urgent_whoever_sends() -> None:
    pace = Pace(window=8)
    assert [pace.came(10.0 + at / 1000, more=5) for at in range(5)] == [False, False, False, False, True]


def test_of_messages_that_came_together_only_the_last_can_be_urgent() -> None:
    pace = Pace(window=64)
    pace.came(0.0)
    pace.answered(0.01)
    assert [pace.came(0.02, more=more) for more in (2, 1, 0)] == [False, False, True]
