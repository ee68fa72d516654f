"""What every station owes the loop, whatever comes: a verdict without an answer, a reply, JSON, an end to `due`."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.cases import CASES, Case
from tests.contract.history import Run, typical
from verticals.contract import Acted, Action, Command, Delivery, DeviceNews, Health, Reply, Sample
from verticals.runtime.decisions import checked

REASONS = ("late: 12 ms after its time", "failed: no model", "error: decide: ValueError: broken")


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def _begun(case: Case) -> Run:
    run = Run(case)
    run.restore({}, [])
    run.begin()
    return run


def test_a_typical_history_leads_to_events_states_and_health_that_can_be_kept(case: Case) -> None:
    run = _begun(case)
    for step in typical(case):
        step(run)
        assert json.dumps(run.states())
        for health, _ in run.appearance().values():
            assert isinstance(health, Health) and health.state
    assert run.events
    json.dumps([dict(event.data) for event in run.events], allow_nan=False)
    assert {event.station for event in run.events} <= set(run.stations)


@pytest.mark.parametrize("reason", REASONS)
def test_without_an_answer_there_is_a_verdict_and_never_the_unsafe_one(case: Case, reason: str) -> None:
    run = _begun(case)
    for sample in case.samples(run.clock.now()):
        station = run.stations[case.vertical.route(sample) or ""]
        asks = station.prepare(sample)
        decision = checked(station.degrade(sample, reason), station.spec.name)
        assert not case.unsafe(decision)
        if asks:
            assert decision.events, "a sample that was to be judged leaves no event"


_numbers = st.sampled_from([0, -1, 2**63, 10**30, 0.0, -0.0, float("nan"), float("inf"), 1e308])
_texts = st.sampled_from(["", "part", "gate", "status", "\x00", "é" * 300, "-1", "1e999", "../..", "<b>"])
_arrays = st.sampled_from(
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((2, 2), np.float64),
        np.full((2, 2, 3), np.nan),
        np.zeros((3,), np.int64),
        np.zeros((2, 2, 4), np.uint8),
        np.array("text"),
        np.array([None], object),
    ]
)
_values = _numbers | _texts | _arrays | st.booleans()


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_samples_end_in_a_decision_and_leave_the_station_sound(name: str, data: st.DataObject) -> None:
    """`prepare` and `decide` may raise, for then the loop degrades; `degrade` may not."""
    case = CASES[name]()
    run = _begun(case)
    for _ in range(data.draw(st.integers(1, 3))):
        pattern = data.draw(st.sampled_from(case.samples(run.clock.now())))
        known = st.sampled_from(sorted(pattern.values) or ["about"])
        spoilt = data.draw(st.dictionaries(known | _texts, _values, max_size=3))
        left_out = data.draw(st.sets(known, max_size=2))
        values: Any = {key: value for key, value in {**pattern.values, **spoilt}.items() if key not in left_out}
        sample = Sample(pattern.source, pattern.at, values, data.draw(st.just(pattern.key) | _texts))
        to = case.vertical.route(sample)
        if to is None:
            continue  # nobody's: the line records it as such
        station = run.stations[to]
        with contextlib.suppress(Exception):
            run.think(station.spec.name, sample)
        decision = checked(station.degrade(sample, REASONS[0]), station.spec.name)
        assert not case.unsafe(decision)
    json.dumps(run.states())
    run.probe(100)


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_command_is_answered(name: str, data: st.DataObject) -> None:
    case = CASES[name]()
    run = _begun(case)
    json_values = st.none() | st.booleans() | _numbers | _texts | st.lists(st.integers(), max_size=2)
    for _ in range(3):
        station, order, args = data.draw(st.sampled_from(case.orders))
        order = data.draw(st.just(order) | st.sampled_from(["", "drop table", "x" * 1000]))
        keys = st.sampled_from(sorted(args) or ["reason"])
        spoilt = {**args, **data.draw(st.dictionaries(keys, json_values, max_size=2))}
        who = data.draw(st.sampled_from(["", "anna"]))
        command = Command(order, run.clock.now(), spoilt, who, data.draw(st.sampled_from(["", "keeper"])))
        decision = run.order(station, command)
        assert isinstance(decision.reply, Reply)
        assert decision.reply.accepted or decision.reply.reason, "refused without a reason"
        assert decision.reply.accepted or not decision.events, "refused and recorded all the same"
    json.dumps(run.states())


def test_an_unknown_order_is_refused_with_the_reason(case: Case) -> None:
    run = _begun(case)
    for name in run.stations:
        reply = run.order(name, Command("no such order", run.clock.now())).reply
        assert reply is not None and not reply.accepted and reply.reason


def test_any_news_of_any_device_is_taken(case: Case) -> None:
    run = _begun(case)
    devices = [spec.name for spec in case.vertical.devices(case.settings)]
    actuators = [one for station in run.stations.values() for one in station.spec.actuators]
    for device in ("store", "ghost", *devices, *actuators):
        for code in ("disk-full", "store", "device-stopped", "made-up", ""):
            for ok in (False, True):
                for name in run.stations:
                    run.hear(name, DeviceNews(device, ok, run.clock.now(), code, "why it is so"))
    json.dumps(run.states())


def test_any_end_of_its_actions_is_taken(case: Case) -> None:
    run = _begun(case)
    for step in typical(case):
        step(run)
    actions = [(name, action) for name, decision in run.decisions for action in decision.actions]
    for name, action in [*actions, *((name, Action("ghost", None, 1.0)) for name in run.stations)]:
        for delivery in Delivery:
            run.follow(name, run.stations[name].acted(Acted(action, delivery, run.clock.now(), "why")), run.clock.now())


def test_time_comes_to_an_end_of_what_is_due(case: Case) -> None:
    run = _begun(case)
    for step in typical(case):
        step(run)
    for name, station in run.stations.items():
        run.follow(name, station.tick(run.clock.now()), run.clock.now())  # one that was not due
        due = station.due()
        if due is not None:
            run.clock.advance(max(0.0, due.since(run.clock.now())))
            now = run.clock.now()
            run.follow(name, station.tick(now), now)
            after = station.due()
            assert after is None or after > now, "it stays due"


def test_the_same_sample_leads_to_the_same_decision(case: Case) -> None:
    def story() -> Any:
        run = _begun(case)
        for step in typical(case):
            step(run)
        return run.probe(500), run.states()

    assert story() == story()
