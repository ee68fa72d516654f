"""The rules of one line: what is accepted, what is rejected and why, and what survives a restart."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.inference.request import Answer, ModelRef, Outcome
from manufacturing.results import ResultCode
from manufacturing.settings import CameraSettings, LineSettings, ModbusSettings, PlcSettings
from manufacturing.station import InspectionStation
from tests.support.clocks import FakeClock
from verticals.contract import Acted, Command, Decision, Delivery, DeviceNews, Event, Sample

IMAGE = np.zeros((8, 8, 3), np.uint8)


def line(**changes: Any) -> LineSettings:
    values: dict[str, Any] = {
        "name": "line-3",
        "title": "Line 3",
        "recipe": "flange",
        "plc": PlcSettings("opc.tcp://localhost:1"),
        "camera": CameraSettings(),
    }
    return LineSettings(**{**values, **changes})


class Bench:
    """A station with a recipe, on a clock that the test moves."""

    def __init__(self, **changes: Any) -> None:
        self.clock = FakeClock()
        self.station = InspectionStation(line(**changes), simulated=False, time_zone="UTC")
        self.counter = 0
        self.news("line-3-model", ok=True, detail=f"flange 1.0.0 {'ab' * 32}")

    def news(self, device: str, *, ok: bool, code: str = "", detail: str = "") -> Decision:
        return self.station.device_changed(DeviceNews(device, ok, self.clock.now(), code, detail))

    def sample(self, *, image: bool = True, counter: int | None = None) -> Sample:
        self.counter = self.counter + 1 if counter is None else counter
        values: dict[str, Any] = {"about": "part", "counter": self.counter, "passed": self.counter}
        if image:
            values["image"] = IMAGE
        return Sample("line-3-cell", self.clock.now(), values, key=str(self.counter))

    def judge(self, score: float, threshold: float = 2.0) -> Decision:
        sample = self.sample()
        asks = self.station.prepare(sample)
        assert asks is not None
        assert len(asks) == 1
        return self.station.decide(sample, [answer(score, threshold)])

    def order(self, name: str, **args: Any) -> Decision:
        command = Command(name, self.clock.now(), args, who="Operator 14", role="operator")
        return self.station.command(command)


def answer(score: float, threshold: float) -> Answer:
    heat = np.zeros((1, 1, 16, 16), np.float32)
    heat[0, 0, 4:8, 8:12] = score
    outputs = {"score": np.array([score], np.float32), "heat_map": heat}
    return Answer(ModelRef("flange", "1.0.0", "ab" * 32, {"threshold": threshold}), Outcome.ANSWERED, outputs)


def part(decision: Decision) -> Event:
    return next(event for event in decision.events if event.kind == "part")


def result(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = next(a.value for a in decision.actions if a.target == "line-3-cell.result")
    return found


def test_a_score_under_the_threshold_is_accepted_after_its_record() -> None:
    decision = Bench().judge(1.0)
    action = next(a for a in decision.actions if a.target.endswith(".result"))
    assert action.value["accept"]
    assert not action.protective
    assert part(decision).data["verdict"] == "accept"


def test_a_score_over_the_threshold_is_rejected_before_the_disk_write_and_says_where() -> None:
    decision = Bench().judge(3.0)
    action = next(a for a in decision.actions if a.target.endswith(".result"))
    assert not action.value["accept"]
    assert action.protective
    data = part(decision).data
    assert data["code"] == ResultCode.DEFECT
    assert data["where"] == {"x": 0.5, "y": 0.25, "w": 0.25, "h": 0.25}
    assert decision.evidence["image"].hold


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_rejected(score: float) -> None:
    decision = Bench().judge(score)
    assert not result(decision)["accept"]
    assert part(decision).data["code"] == ResultCode.MODEL_FAILED


def test_a_model_without_a_threshold_accepts_nothing() -> None:
    bench = Bench()
    sample = bench.sample()
    bare = Answer(ModelRef("flange", "1", "ab" * 32), Outcome.ANSWERED, {"score": np.array([0.0])})
    assert not result(bench.station.decide(sample, [bare]))["accept"]


def test_a_part_without_a_picture_is_rejected_with_its_code() -> None:
    bench = Bench()
    sample = bench.sample(image=False)
    assert bench.station.prepare(sample) == ()
    assert result(bench.station.decide(sample, []))["code"] == ResultCode.CAMERA_LOST


def test_what_the_camera_said_of_a_picture_that_could_not_be_used_stands_in_the_record() -> None:
    bench = Bench()
    sample = bench.sample(image=False)
    told = Sample(sample.source, sample.at, {**sample.values, "camera_error": "4.bmp: cut off"}, key=sample.key)
    assert part(bench.station.decide(told, [])).data["note"] == "4.bmp: cut off"


@pytest.mark.parametrize(("reason", "code"), [("late by 20 ms", ResultCode.LATE), ("failed", ResultCode.MODEL_FAILED)])
def test_no_answer_is_a_reject_with_a_code(reason: str, code: ResultCode) -> None:
    bench = Bench()
    decision = bench.station.degrade(bench.sample(), reason)
    assert result(decision)["code"] == code
    assert not result(decision)["accept"]


def test_three_late_results_in_a_row_raise_a_fault_that_a_person_resets() -> None:
    bench = Bench()
    for _ in range(3):
        action = next(a for a in bench.judge(1.0).actions if a.target.endswith(".result"))
        decision = bench.station.acted(Acted(action, Delivery.MISSED, bench.clock.now()))
    assert decision.events[0].data["code"] == "late-results"
    assert "late-results" in bench.station.health().faults
    reply = bench.order("reset").reply
    assert reply is not None
    assert reply.accepted
    assert "late-results" not in bench.station.health().faults


def test_a_result_in_time_ends_the_row_of_late_ones() -> None:
    bench = Bench()
    for delivery in (Delivery.MISSED, Delivery.MISSED, Delivery.SENT, Delivery.MISSED):
        action = next(a for a in bench.judge(1.0).actions if a.target.endswith(".result"))
        bench.station.acted(Acted(action, delivery, bench.clock.now()))
    assert not bench.station.health().faults


def test_without_a_recipe_ready_is_off() -> None:
    station = InspectionStation(line(), simulated=False, time_zone="UTC")
    decision = station.device_changed(DeviceNews("line-3-cell", True, FakeClock().now(), "plc-lost"))
    signals = next(a.value for a in decision.actions if a.target.endswith(".signals"))
    assert signals["Ready"] is False
    assert station.health().state == "waiting"


def test_a_full_disk_takes_ready_back_and_gives_it_again() -> None:
    bench = Bench()
    signals = bench.news("store", ok=False, code="disk-full").actions[-1].value
    assert signals["Ready"] is False
    assert bench.news("store", ok=True, code="disk-full").actions[-1].value["Ready"] is True


@pytest.mark.parametrize("code", ["store", "made-up", ""])
def test_a_record_that_does_not_answer_is_no_full_disk(code: str) -> None:
    bench = Bench()
    gone = bench.news("store", ok=False, code=code, detail="the database at dbhost does not answer (refused)")
    assert gone.actions[-1].value["Ready"] is False
    assert [(event.subject, event.data["raised"]) for event in gone.events] == [("store", True)]
    assert gone.live["standing"]["banner"]["word"] == "RECORD LOST"
    back = bench.news("store", ok=True, code=code)
    assert (back.actions[-1].value["Ready"], back.live["standing"]["faults"]) == (True, [])


def test_one_trouble_of_the_record_follows_the_other_and_both_end() -> None:
    bench = Bench()
    bench.news("store", ok=False, code="disk-full")
    changed = bench.news("store", ok=False, code="store")
    told = [(event.subject, event.data["raised"]) for event in changed.events]
    assert told == [("disk-full", False), ("store", True)]
    assert bench.news("store", ok=True, code="disk-full").live["standing"]["faults"] == []


def test_a_reconnected_plc_is_told_everything_again() -> None:
    bench = Bench()
    assert bench.news("line-3-cell", ok=True, code="plc-lost").actions
    assert bench.news("line-3-cell", ok=True, code="plc-lost").actions


def test_a_bypass_ends_by_itself_and_no_part_of_it_is_accepted() -> None:
    bench = Bench()
    reply = bench.order("bypass", reason="lens cleaning", for_s=60).reply
    assert reply is not None
    assert reply.accepted
    sample = bench.sample()
    assert bench.station.prepare(sample) == ()
    decision = bench.station.decide(sample, [])
    assert part(decision).data["verdict"] == "bypass"
    assert not result(decision)["accept"]
    due = bench.station.due()
    assert due is not None
    bench.clock.advance(60)
    assert bench.station.tick(bench.clock.now()).events[0].kind == "bypass-ended"
    assert bench.station.due() is None


@pytest.mark.parametrize("args", [{}, {"reason": "x", "for_s": 1e9}, {"reason": "x", "for_s": "soon"}])
def test_a_bypass_without_reason_or_end_is_refused(args: dict[str, Any]) -> None:
    bench = Bench()
    reply = bench.order("bypass", **args).reply
    assert reply is not None
    assert not reply.accepted
    assert bench.station.due() is None


def test_parts_that_the_plc_counted_and_nobody_recorded_are_accounted_for() -> None:
    bench = Bench()
    bench.judge(1.0)
    sample = bench.sample(counter=5)
    decision = bench.station.decide(sample, [answer(1.0, 2.0)])
    gap = decision.events[0]
    assert gap.kind == "unrecorded"
    assert (gap.data["from_counter"], gap.data["to_counter"], gap.data["count"]) == (2, 4, 3)
    counts = part(decision).data["counts"]
    assert counts["infeed"] == counts["good"] + counts["rejected"] == 5


def test_parts_that_passed_while_the_box_was_not_ready_are_counted_and_not_called_decided() -> None:
    bench = Bench()
    bench.judge(1.0)
    sample = bench.sample(counter=2)
    sample = replace(sample, values={**sample.values, "passed": 5})
    gap = bench.station.decide(sample, [answer(1.0, 2.0)]).events[0]
    assert (gap.kind, gap.subject, gap.data["why"]) == ("unrecorded", "after 1", "Passed while not ready")
    assert (gap.data["count"], gap.data["not_triggered"]) == (0, 3)


def test_counts_and_bypass_go_on_after_a_restart() -> None:
    bench = Bench()
    bench.judge(1.0)
    bench.judge(3.0)
    bench.order("bypass", reason="lens cleaning", for_s=60)
    state = bench.station.state(bench.clock.now())
    bench.clock.advance(20)
    again = InspectionStation(line(), simulated=False, time_zone="UTC")
    again.restore(state, [], bench.clock.now())
    assert again.tally.counts() == bench.station.tally.counts()
    due = again.due()
    assert due is not None
    assert due.since(bench.clock.now()) == pytest.approx(40)


def test_the_box_drives_a_gate_only_where_the_recipe_says_so() -> None:
    modbus = ModbusSettings("localhost", reject_coil=1, reject_after=0.8)
    gate = next(a for a in Bench(modbus=modbus).judge(3.0).actions if a.target.endswith(".gate"))
    assert gate.at_s == pytest.approx(0.8)
    assert gate.until_s == pytest.approx(0.9)
    assert not [a for a in Bench().judge(3.0).actions if a.target.endswith(".gate")]


def test_labels_are_for_a_part_and_of_a_known_kind() -> None:
    bench = Bench()
    for args, accepted in [({"label": "false-reject", "part": "7"}, True), ({"label": "nice", "part": "7"}, False)]:
        reply = bench.order("label", **args).reply
        assert reply is not None
        assert reply.accepted is accepted
    assert bench.station.tally.counts()["false_rejects"] == 1


def test_a_device_that_stopped_is_back_only_by_its_own_word() -> None:
    bench = Bench()
    bench.news("line-3-cell", ok=False, code="device-stopped", detail="it ended")
    bench.news("store", ok=True, code="store-busy")
    assert "device-stopped" in bench.station.health().faults
    bench.news("other", ok=False, code="device-stopped")
    back = bench.news("line-3-cell", ok=True, code="plc-lost")
    assert "device-stopped" in bench.station.health().faults
    assert not back.events
    ended = bench.news("other", ok=True)
    assert [(event.subject, event.data["raised"]) for event in ended.events] == [("device-stopped", False)]
    assert not bench.station.health().faults


def test_the_same_good_word_again_is_no_news_and_does_not_end_another_devices_stop() -> None:
    bench = Bench()
    bench.news("other", ok=False, code="device-stopped")
    assert not bench.news("line-3-cell", ok=True, code="device-stopped").events
    assert "device-stopped" in bench.station.health().faults
