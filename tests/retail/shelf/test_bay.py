import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.inference.request import Answer, ModelRef, Outcome
from retail.shelf.bay import GALLERY, SETUP, VIEW, BayStation
from retail.shelf.plan import plan_of, slots_json
from retail.shelf.settings import BaySettings
from retail.work.sight import Sight
from simulators.shelf_people import hand
from tests.retail.shelf.scenes import CALM_FRAMES, copied, one_shelf
from verticals.contract import Command, Decision, DeviceNews, Level, Sample


class _Rig:
    def __init__(self) -> None:
        self.scene = one_shelf(3)
        self.station = BayStation(BaySettings("drinks", "plan.toml", "still.png"))
        self.at_s = 0.0

    def bring(self, answers: list[Answer] | None = None, **values: Any) -> Decision:
        self.at_s += 1.0
        sample = Sample("bay-drinks", Instant(self.at_s, 1000 + self.at_s), values)
        asks = self.station.prepare(sample)
        self.asked = [] if asks is None else list(asks)
        return Decision() if asks is None else self.station.decide(sample, answers or [])

    @property
    def slots(self) -> list[dict[str, Any]]:
        return slots_json(plan_of(self.scene.plan(), "scene"))

    def set_up(self) -> Decision:
        return self.bring(kind=SETUP, slots=json.dumps(self.slots), still=self.scene.still())

    def view(self, people: Any = ()) -> Decision:
        return self.bring(kind=VIEW, image=self.scene.frame(people).picture)

    def order(self, name: str = "plan", role: str = "lead", **args: Any) -> Decision:
        return self.station.command(Command(name, Instant(self.at_s, 1000 + self.at_s), args, "anna", role))

    def gallery(self, names: list[str], vectors: np.ndarray[Any, np.dtype[np.float32]], made_by: str = "") -> None:
        """As many photos of each, in one view."""
        photos = [len(vectors) // len(names)] * len(names)
        self.bring(kind=GALLERY, names=json.dumps(names), photos=json.dumps(photos), vectors=vectors[:, None],
                   known_from=0.3, embedded_by=made_by)  # fmt: skip

    def see(self, frames: int, answer: Answer) -> tuple[int, str]:
        """How often the model was asked, and what is held of the second slot at the end."""
        asked = 0
        for _ in range(frames):
            self.at_s += 1.0
            values: dict[str, Any] = {"kind": VIEW, "image": self.scene.frame().picture}
            sample = Sample("bay-drinks", Instant(self.at_s, self.at_s), values)
            asks = self.station.prepare(sample)
            assert asks is not None
            asked += len(asks)
            decision = self.station.decide(sample, [answer] * len(asks))
        held = {one["slot"]: one["held"] for one in decision.live["bay"]["slots"]}
        return asked, held["r1c2"]


@cache
def _calm() -> _Rig:
    rig = _Rig()
    rig.set_up()
    for _ in range(CALM_FRAMES):
        rig.view()
    return rig


@pytest.fixture
def rig() -> _Rig:
    """It was looked at once; every test has its own copy."""
    calm = _calm()
    assert calm.station._watch is not None
    return copied(calm, calm.station._watch)


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


def _says(vector: np.ndarray[Any, np.dtype[np.float32]], version: str = "1") -> Answer:
    return Answer(ModelRef("products", version, "ab" * 32), Outcome.ANSWERED, {"embedding": vector})


def test_the_model_is_asked_only_about_a_slot_in_doubt_and_once(rig: _Rig) -> None:
    rows = np.eye(8, dtype=np.float32)[:4]
    rig.gallery([rig.slots[1]["product"], "04006381333931"], rows, "products 1")
    rig.view()
    assert rig.asked == []
    rig.scene.refill("r1c2", 25_000)
    assert rig.see(12, _says(rows[2])) == (1, "wrong")


def test_a_gallery_that_grew_is_asked_about_what_was_unknown_before(rig: _Rig) -> None:
    rows = np.eye(8, dtype=np.float32)
    rig.gallery([rig.slots[1]["product"]], rows[:2], "products 1")
    rig.scene.refill("r1c2", 25_000)
    assert rig.see(12, _says(rows[5])) == (1, "unknown")
    rig.gallery([rig.slots[1]["product"], "04006381333931"], rows[[0, 1, 5, 6]], "products 1")
    assert rig.see(6, _says(rows[5])) == (1, "wrong")


def test_a_gallery_of_another_model_is_compared_with_nothing_and_the_bay_says_so(rig: _Rig) -> None:
    rows = np.eye(8, dtype=np.float32)[:4]
    rig.gallery([rig.slots[1]["product"], "04006381333931"], rows, "products 1")
    rig.scene.refill("r1c2", 25_000)
    assert rig.see(12, _says(rows[2], "2"))[1] == "unknown"
    fault = rig.station.health().faults["gallery-model"]
    assert fault == "the gallery was made with products 1, this box has products 2: enrol its products again"


@pytest.mark.parametrize("vectors", [None, 3, np.ones((2, 8), np.float32), np.full((2, 1, 8), np.nan, np.float32)])
def test_a_gallery_that_cannot_be_used_is_a_fault(rig: _Rig, vectors: Any) -> None:
    rig.bring(kind=GALLERY, names='["a", "b"]', photos="[1, 1]", vectors=vectors, known_from=0.3)
    assert "gallery" in rig.station.health().faults


def test_slots_that_are_drawn_count_from_that_moment_on(rig: _Rig) -> None:
    drawn = [rig.slots[0], {**rig.slots[1], "name": "new"}]
    decision = rig.order(slots=drawn)
    assert decision.reply is not None and decision.reply.accepted and decision.reply.data == {"slots": 2}
    (event,) = decision.events
    assert (event.kind, event.subject, event.who) == ("plan", "drinks", "anna")
    assert [slot["name"] for slot in event.data["plan"]["slots"]] == ["r1c1", "new"]
    told = {name: one["state"] for name, one in _slots(decision).items()}
    assert told == {"r1c1": "full", "new": "unknown", "r1c2": "unknown", "r1c3": "unknown"}
    for _ in range(CALM_FRAMES):
        decision = rig.view()
    assert {one["slot"]: one["held"] for one in decision.live["bay"]["slots"]} == {"r1c1": "full", "new": "full"}


@pytest.mark.parametrize(
    ("role", "name", "slots", "said"),
    [
        ("associate", "plan", None, "takes a lead"),
        ("lead", "plan", [], "expected 1 to 400"),
        ("admin", "plan", [{"name": "x", "box": [0, 0, 2, 1]}], "inside it"),
        ("lead", "dance", None, "does not know the order 'dance'"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused_and_changes_nothing(
    rig: _Rig, role: str, name: str, slots: Any, said: str
) -> None:
    decision = rig.order(name, role, slots=rig.slots if slots is None else slots)
    assert decision.reply is not None and not decision.reply.accepted and said in decision.reply.reason
    assert not decision.events and len(rig.view().live["bay"]["slots"]) == 3


def test_a_new_bay_has_a_still_and_waits_for_its_slots_to_be_drawn() -> None:
    rig = _Rig()
    refused = rig.order(slots=rig.slots).reply
    assert refused is not None and "no reference still yet" in refused.reason
    rig.bring(kind=SETUP, slots="[]", still=rig.scene.still())
    assert "no slots are drawn yet" in rig.station.health().faults["bay-setup"]
    reply = rig.order(slots=rig.slots).reply
    assert reply is not None and reply.accepted
    assert rig.view().live["bay"]["state"] == "watching" and not rig.station.health().faults


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


_TEXTS = st.sampled_from(["", "[]", "{", "[3]", '["a"]', "[null]", "[1e400]", '[{"name": "a", "box": [0, 0, 1, 1]}]'])
_ARRAYS = st.sampled_from([
    np.zeros((40, 60, 3), np.uint8), np.full((48, 64, 3), 90, np.uint8), np.zeros((0, 1, 8), np.float32),
    np.ones((1, 1, 8), np.float32), np.full((1, 2, 8), np.inf), np.array(["x"]), np.array([None], object),
])  # fmt: skip
_NAMES = st.sampled_from(
    ["slots", "still", "empty", "names", "photos", "vectors", "known_from", "embedded_by", "image"]
)
_BROUGHT = st.dictionaries(_NAMES, _TEXTS | _ARRAYS | st.floats() | st.booleans(), max_size=6)


@settings(deadline=None, max_examples=60)
@given(brought=st.lists(st.tuples(st.sampled_from([SETUP, GALLERY, VIEW]), _BROUGHT), max_size=5))
def test_whatever_a_device_brings_the_station_stays_sound(brought: list[tuple[str, dict[str, Any]]]) -> None:
    rig = _Rig()
    for kind, values in brought:
        rig.bring(kind=kind, **values)
        assert rig.station.health().state in ("waiting", "watching", "lost")
