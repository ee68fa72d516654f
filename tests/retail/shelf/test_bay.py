import json
from typing import Any

import numpy as np
import pytest

from core.clock import Instant
from core.inference.request import Answer, Outcome
from retail.shelf.bay import GALLERY, SETUP, VIEW, BayStation
from retail.shelf.settings import BaySettings
from retail.work.sight import Sight
from simulators.shelf_people import hand
from simulators.shelf_scene import ShelfScene
from verticals.contract import Decision, DeviceNews, Level, Sample


class _Rig:
    def __init__(self) -> None:
        self.scene = ShelfScene(3)
        self.station = BayStation(BaySettings("drinks", "plan.toml", "still.png"))
        self.at_s = 0.0

    def bring(self, answers: list[Answer] | None = None, **values: Any) -> Decision:
        self.at_s += 1.0
        sample = Sample("bay-drinks", Instant(self.at_s, 1000 + self.at_s), values)
        asks = self.station.prepare(sample)
        self.asked = [] if asks is None else list(asks)
        return Decision() if asks is None else self.station.decide(sample, answers or [])

    def set_up(self) -> Decision:
        return self.bring(kind=SETUP, slots=json.dumps(self.scene.plan()["slots"]), still=self.scene.still())

    def view(self, people: Any = ()) -> Decision:
        return self.bring(kind=VIEW, image=self.scene.frame(people).picture)


@pytest.fixture
def rig() -> _Rig:
    rig = _Rig()
    rig.set_up()
    for _ in range(6):
        rig.view()
    return rig


def _slots(decision: Decision) -> dict[str, dict[str, Any]]:
    ((desk, sample),) = decision.tell
    assert desk == "store" and sample.values["kind"] == "slots" and sample.values["bay"] == "drinks"
    return {one["slot"]: one for one in json.loads(str(sample.values["slots"]))}


def test_before_its_set_up_a_bay_waits_and_keeps_nothing() -> None:
    rig = _Rig()
    assert rig.view() == Decision() and rig.station.health().state == "waiting"


def test_a_set_up_that_cannot_be_used_is_a_fault_and_the_one_before_stays(rig: _Rig) -> None:
    rig.bring(kind=SETUP, slots='[{"name": "x", "box": 3}]', still=rig.scene.still())
    assert "key 'box'" in rig.station.health().faults["bay-setup"]
    assert rig.view().live["bay"]["state"] == "watching"


def test_what_changed_is_told_to_the_desk_and_recorded_with_the_masked_picture(rig: _Rig) -> None:
    rig.scene.take("r1c1", 9)
    decisions = [rig.view() for _ in range(8)]
    recorded = [one for one in decisions if one.events]
    assert len(recorded) == 1
    (event,) = recorded[0].events
    assert [slot["held"] for slot in event.data["slots"]] == ["empty"] and event.subject == "drinks"
    picture = recorded[0].evidence["kept"].content
    assert isinstance(picture, np.ndarray) and picture.shape == rig.scene.still().shape
    assert _slots(recorded[0])["r1c1"]["state"] == "empty"


def test_the_desk_understands_what_a_bay_tells(rig: _Rig) -> None:
    rig.scene.take("r1c1", 9)
    told = [decision for decision in (rig.view() for _ in range(8)) if decision.tell][-1]
    desk = Sight()
    event = desk.take("drinks", _slots(told).values(), 1000.0)
    assert event is not None and desk.looks["drinks/r1c1"].state == "empty"
    assert desk.looks["drinks/r1c2"].facings == desk.looks["drinks/r1c2"].of > 0


def test_a_hand_is_blocked_to_the_desk_and_in_no_picture(rig: _Rig) -> None:
    x, y = rig.scene.centre("r1c2")
    drawn = hand((x, y), (x, 420.0), 2, (200, 40, 40), rig.scene.height, rig.scene.width)
    decision = rig.view([drawn])
    assert _slots(decision)["r1c2"]["state"] == "blocked" and not decision.events
    assert "r1c2" not in decision.live["bay"]["live"]


def test_a_camera_that_is_lost_makes_every_slot_blocked_and_says_since_when(rig: _Rig) -> None:
    decision = rig.station.device_changed(DeviceNews("bay-drinks", False, Instant(60, 1060), "camera-lost", "gone"))
    assert {one["state"] for one in _slots(decision).values()} == {"blocked"}
    assert {slot["blocked_since_utc_s"] for slot in decision.live["bay"]["slots"]} == {1060}
    assert rig.station.health().level is Level.FAULT
    rig.station.device_changed(DeviceNews("bay-drinks", True, Instant(61, 1061), "camera-lost"))
    for _ in range(4):
        rig.view()
    assert rig.station.health().level is Level.GOOD


def test_silence_is_noticed_by_time_alone(rig: _Rig) -> None:
    due = rig.station.due()
    assert due is not None and rig.station.tick(due.plus(-1)) == Decision()
    assert {one["state"] for one in _slots(rig.station.tick(due)).values()} == {"blocked"}
    assert rig.station.due() is None and "camera-silent" in rig.station.health().faults


def test_the_model_is_asked_only_about_a_slot_in_doubt_and_once(rig: _Rig) -> None:
    slot = "r1c2"
    product = next(one["product"] for one in rig.scene.plan()["slots"] if one["name"] == slot)
    rows = np.eye(8, dtype=np.float32)[:4]
    names = json.dumps([product, "04006381333931"])
    rig.bring(kind=GALLERY, names=names, photos="[2, 2]", vectors=rows, known_from=0.3)
    rig.view()
    assert rig.asked == []
    rig.scene.refill(slot, 25_000)
    answer = Answer(None, Outcome.ANSWERED, {"embedding": rows[2]})
    asked = 0
    for _ in range(14):
        rig.at_s += 1.0
        sample = Sample("bay-drinks", Instant(rig.at_s, rig.at_s), {"kind": VIEW, "image": rig.scene.frame().picture})
        asks = rig.station.prepare(sample)
        assert asks is not None
        asked += len(asks)
        decision = rig.station.decide(sample, [answer] * len(asks))
    assert asked == 1 and {one["slot"]: one["state"] for one in decision.live["bay"]["slots"]}[slot] == "wrong"


def test_without_an_answer_what_structure_says_holds(rig: _Rig) -> None:
    rig.at_s += 1
    sample = Sample("bay-drinks", Instant(rig.at_s, rig.at_s), {"kind": VIEW, "image": rig.scene.frame().picture})
    rig.station.prepare(sample)
    decision = rig.station.degrade(sample, "late: 2.1 s")
    assert {slot["state"] for slot in decision.live["bay"]["slots"]} == {"full"}
    assert rig.station.degrade(Sample("x", Instant(0, 0)), "error: x") == Decision()


@pytest.mark.parametrize(
    "image", [None, 3, np.zeros((4, 4, 3), np.uint8), np.zeros((64, 64), np.uint8), np.ones((64, 64, 3))]
)
def test_what_is_no_picture_is_absorbed(rig: _Rig, image: Any) -> None:
    assert rig.bring(kind=VIEW, image=image) == Decision()
