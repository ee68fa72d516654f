from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InputError
from healthcare.deterioration import trial
from healthcare.deterioration.alerts import Tally
from healthcare.deterioration.trial import Trial, tried
from tests.healthcare.deterioration.wards_past import stays

EVENTS = 100


@pytest.fixture(scope="module")
def hidden() -> Trial:
    return tried(stays(150, EVENTS, 0, hidden=True), 1.0, seed=0)


@pytest.fixture
def enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if these few events were enough: what makes them count is the same with five times as many."""
    monkeypatch.setattr(trial, "LEAST_EVENTS", EVENTS)


@pytest.mark.usefixtures("enough")
def test_a_score_that_sees_what_news2_does_not_wins(hidden: Trial) -> None:
    assert hidden.won and hidden.lost_by() == []
    assert hidden.score.sensitivity > hidden.news2.sensitivity + 0.2
    assert hidden.score.false_per_day <= 1.05 * hidden.news2.false_per_day
    assert hidden.more_heard[0] == pytest.approx(hidden.score.sensitivity - hidden.news2.sensitivity)
    assert hidden.more_heard[1] < hidden.more_heard[0] < hidden.more_heard[2]
    assert hidden.as_json()["won"] is True


def test_where_nothing_is_to_be_seen_nothing_is_won() -> None:
    found = tried(stays(150, EVENTS, 1, hidden=False), 1.0, seed=0)
    assert not found.won
    assert any("does not tell more events beyond chance" in reason for reason in found.lost_by())


def test_too_few_events_lose_however_well_it_looks(hidden: Trial) -> None:
    assert not hidden.won
    assert hidden.lost_by() == ["100 events are too few to learn from, 500 are wanted"]


@pytest.mark.usefixtures("enough")
def test_a_louder_score_loses(hidden: Trial) -> None:
    louder = replace(hidden, score=replace(hidden.score, false=2 * hidden.news2.false + 10))
    (reason,) = louder.lost_by()
    assert reason.startswith("it is louder")


@pytest.mark.usefixtures("enough")
def test_telling_later_loses(hidden: Trial) -> None:
    (reason,) = replace(hidden, earlier_h=(0.5, -0.2, 1.2)).lost_by()
    assert reason == "it does not tell earlier, in hours beyond chance: +0.5 (-0.2 to +1.2)"


def test_the_same_seed_gives_the_same_trial() -> None:
    past = stays(30, 20, 2, hidden=True)
    assert tried(past, 1.0, seed=3) == tried(past, 1.0, seed=3)


def test_news2_keeps_to_the_budget() -> None:
    past = stays(60, 20, 3, hidden=True)
    for budget in (0.2, 2.0):
        found: Tally = tried(past, budget, seed=0).news2
        assert found.false_per_day <= budget


def test_too_few_stays_for_any_trial_are_refused() -> None:
    with pytest.raises(InputError, match="5 of them with an event: 10 of each kind are needed"):
        tried(stays(60, 5, 4, hidden=True), 1.0, seed=0)
