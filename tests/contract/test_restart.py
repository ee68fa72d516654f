"""Restart promises: the saved state and the events after it make a station that behaves as the old one would."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cases import CASES, Case
from tests.contract.history import Run, Step, typical
from tests.support.clocks import FakeClock
from verticals.contract import Event, State


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def _story(case: Case) -> list[Step]:
    return [lambda run: run.begin(), *typical(case)]


def _lived(case: Case, steps: int) -> Run:
    run = Run(case)
    run.restore({}, [])
    for step in _story(case)[:steps]:
        step(run)
    return run


def _reborn(case: Case, old: Run, states: dict[str, State | None], since: int) -> Run:
    """The stations anew at the old ones' moment: a state saved when `since` events were recorded, and the rest."""
    run = Run(case, FakeClock(old.clock.mono_s, old.clock.utc_s), list(old.events), turn=old.turn)
    run.restore(states, old.events[since:])
    run.begin()
    return run


def _lasting(appearance: dict[str, Any]) -> dict[str, Any]:
    return {name: (health.level, health.state, dict(health.faults), due) for name, (health, due) in appearance.items()}


def test_a_state_restored_at_any_moment_behaves_as_before(case: Case) -> None:
    """Saved at that very moment: nothing came after it."""
    for steps in range(1, len(_story(case)) + 1):
        old = _lived(case, steps)
        new = _reborn(case, old, old.states(), len(old.events))
        assert _lasting(new.appearance()) == _lasting(old.appearance()), f"after step {steps}"
        assert new.probe(900) == old.probe(900), f"after step {steps}"


def test_events_alone_make_the_same_station(case: Case) -> None:
    """No state was ever saved: a first minute that ended in a power cut."""
    for steps in range(1, len(_story(case)) + 1):
        old = _lived(case, steps)
        if any(decision.save for _, decision in old.decisions):
            break  # from then on a state was saved with the events
        new = _reborn(case, old, {}, 0)
        assert new.probe(900) == old.probe(900), f"after step {steps}"


def test_a_restart_after_a_save_finds_what_came_later_in_the_events(case: Case) -> None:
    """The newest state was saved by the last decision that asked for it; a power cut comes at any later step."""
    if case.values_pass:
        pytest.skip("readings since the last save are heard anew; tests/healthcare holds alarms to this")
    story = _story(case)
    for steps in range(1, len(story) + 1):
        run = Run(case)
        run.restore({}, [])
        saved: dict[str, State | None] = {}
        numbers: dict[str, int] = {}
        for step in story[:steps]:
            before = len(run.decisions)
            step(run)
            for name, decision in run.decisions[before:]:
                if decision.save:
                    saved[name], numbers[name] = run.states()[name], len(run.events)
        new = Run(case, FakeClock(run.clock.mono_s, run.clock.utc_s), list(run.events), turn=run.turn)
        for name, station in new.stations.items():
            since = [event for event in run.events[numbers.get(name, 0) :] if event.station == name]
            station.restore(saved.get(name), since, new.clock.now())
        new.begin()
        assert new.probe(900) == run.probe(900), f"after step {steps}"


def test_restoring_twice_is_restoring_once(case: Case) -> None:
    old = _lived(case, len(_story(case)))
    once = _reborn(case, old, old.states(), len(old.events))
    twice = _reborn(case, old, once.states(), len(old.events))
    assert once.states() == twice.states()
    assert once.probe(900) == twice.probe(900)


def test_what_only_the_loop_writes_changes_nothing(case: Case) -> None:
    old = _lived(case, len(_story(case)))
    strange: dict[str, Any] = {"delivery": "missed", "code": "software", "raised": True, "why": "", "what": [None, {}]}
    for name in old.stations:
        for kind in ("delivery", "fault", "mishap", "unrouted", "unprojected", "clock-step", "of a later release"):
            old.events.append(Event(kind, "any", old.clock.utc_s, strange, name, sequence=len(old.events) + 1))
    plain = _reborn(case, old, old.states(), len(old.events))
    with_them = _reborn(case, old, old.states(), len(old.events) - 7 * len(old.stations))
    assert with_them.states() == plain.states()
    assert with_them.probe(900) == plain.probe(900)


def test_a_duration_never_grows_over_a_restart_whatever_the_wall_clock_did(case: Case) -> None:
    old = _lived(case, len(_story(case)))
    for step_s in (-86_400.0, 0.0, 5.0, 86_400.0):
        new = Run(case, FakeClock(mono_s=7.0, utc_s=old.clock.utc_s + step_s))
        new.restore(old.states(), [])
        for name, station in new.stations.items():
            before, after = old.stations[name].due(), station.due()
            assert (before is None) == (after is None)
            if before is not None and after is not None:
                left_s = max(0.0, before.since(old.clock.now()))
                assert after.since(new.clock.now()) <= left_s + 1e-6
