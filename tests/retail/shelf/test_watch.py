from collections import Counter

import numpy as np
import pytest

from core.clock import Instant
from core.errors import InputError
from retail.shelf.facings import Facing
from retail.shelf.gallery import Match
from retail.shelf.plan import plan_of, slots_json
from retail.shelf.watch import BayWatch
from simulators.shelf_people import hand
from simulators.shelf_scene import Light, ShelfScene, View
from tests.retail.shelf.scenes import CALM_FRAMES, Bay, calm_bay, copied, one_shelf, watched


@pytest.fixture
def bay() -> Bay:
    return calm_bay()


def test_goods_that_are_taken_leave_low_and_then_empty_slots(bay: Bay) -> None:
    assert set(bay.said().values()) == {"full"}
    name = max(bay.scene.names, key=lambda one: bay.scene.facings()[one])
    total = bay.scene.facings()[name]
    assert total == 3
    for left in range(total - 1, -1, -1):
        bay.scene.take(name)
        bay.look(CALM_FRAMES)
        assert bay.watch.standing[name].facings == left
        assert bay.said() == bay.scene.truth()
    bay.scene.refill(name)
    bay.look(CALM_FRAMES)
    assert bay.said() == bay.scene.truth() and bay.said()[name] == "full"


def test_neither_light_nor_a_nudge_of_the_camera_changes_a_word() -> None:
    bay = calm_bay(shelves=2)
    bay.scene.take("r1c1", 3)
    bay.look(CALM_FRAMES)
    before = bay.said()
    bay.scene.light = Light(0.7, (1.05, 1.0, 0.92), 0.12)
    bay.look(CALM_FRAMES)
    bay.scene.view = View((12.0, -7.0), 0.6, 1.01)
    bay.look(CALM_FRAMES)
    assert bay.said() == before == bay.scene.truth() and not bay.sight.place.lost
    assert len(bay.seen.permitted) >= 4  # what the nudge took out of the picture stays masked


def test_a_hand_before_a_slot_holds_its_word_and_is_shown_nowhere(bay: Bay) -> None:
    x, y = bay.scene.centre("r1c2")
    drawn = hand((x, y), (x, bay.scene.height + 40.0), 1, (150, 30, 30), bay.scene.height, bay.scene.width)
    frame = bay.scene.frame([drawn])
    bay.look(CALM_FRAMES, frame)
    assert "r1c2" not in bay.seen.permitted and bay.watch.standing["r1c2"].blocked_since is not None
    assert bay.said()["r1c2"] == "full"
    told = {one["slot"]: one["state"] for one in (standing.told() for standing in bay.watch.standing.values())}
    assert told["r1c2"] == "blocked"


def test_a_product_that_does_not_belong_is_unknown_until_the_gallery_names_it(bay: Bay) -> None:
    name = "r1c2"
    bay.scene.refill(name, 23_456)
    bay.look(12)
    assert bay.said()[name] == "unknown" and name not in bay.seen.permitted
    assert any(one.facing is Facing.DOUBTFUL for one in bay.sight.facings[name]) and name in bay.sight.doubtful
    bay.look(8, matches={name: Match("another", 0.9, 0.1, known=True)})
    assert bay.said()[name] == "wrong" and bay.watch.standing[name].told()["found"] == "another"


def test_the_gallery_can_say_that_what_looks_strange_is_the_product(bay: Bay) -> None:
    name = "r1c2"
    bay.scene.refill(name, 23_456)
    product = next(slot.product for slot in bay.watch.plan.slots if slot.name == name)
    bay.look(14, matches={name: Match(product, 0.9, 0.1, known=True)})
    assert bay.said()[name] == "full"


def test_another_view_altogether_is_lost_and_shows_nothing(bay: Bay) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    held = bay.said()
    for _ in range(3):
        bay.sight = bay.watch.look(noise, Instant(99, 99))
        bay.seen = bay.watch.conclude(bay.sight, {})
    assert bay.sight.place.lost and not bay.seen.permitted and bay.said() == held


def test_without_a_frame_every_slot_is_blocked(bay: Bay) -> None:
    assert set(bay.watch.lost(Instant(50, 50))) == set(bay.scene.names)
    assert all(standing.told()["state"] == "blocked" for standing in bay.watch.standing.values())


def test_slots_that_stay_as_they_were_keep_their_words_when_others_are_drawn(bay: Bay) -> None:
    bay.scene.take("r1c1", 9)
    bay.look(CALM_FRAMES)
    slots = slots_json(bay.watch.plan)
    slots[1]["name"] = "renamed"
    after = copied(bay, bay.watch)
    after.watch = BayWatch(plan_of({"bay": "x", "slots": slots}, "the plan"), bay.watch.still)
    after.watch.go_on(bay.watch)
    assert after.said() == {"r1c1": "empty", "renamed": "unknown", "r1c3": "full"}
    assert after.watch.looks.seen_empty == {"r1c1"}
    after.look(CALM_FRAMES)
    assert after.said() == {"r1c1": "empty", "renamed": "full", "r1c3": "full"}


def test_a_slot_that_lies_elsewhere_is_another_slot(bay: Bay) -> None:
    moved = [{**slot, "box": [slot["box"][0], 0.1, *slot["box"][2:]]} for slot in slots_json(bay.watch.plan)]
    watch = BayWatch(plan_of({"bay": "x", "slots": moved}, "the plan"), bay.watch.still)
    watch.go_on(bay.watch)
    assert {str(standing.state) for standing in watch.standing.values()} == {"unknown"}


def test_stills_of_two_sizes_are_refused() -> None:
    scene = one_shelf(0)
    with pytest.raises(InputError, match="the empty still is"):
        BayWatch(plan_of(scene.plan(), "scene"), scene.still(), scene.still()[:100])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 18))
def test_many_stories_are_told_right(seed: int) -> None:
    """Once things have stood still for two seconds, every word about an open slot is right; without a gallery another
    product is unknown."""
    words: Counter[tuple[str, str]] = Counter()
    for one in watched(ShelfScene(seed), seed, 200):
        if one.told.settled >= 10:
            words.update((one.told.states[name], one.said[name]) for name in one.said)
    open_words = {pair: count for pair, count in words.items() if pair[1] != "blocked"}
    right = sum(
        count for (truth, said), count in open_words.items() if said == truth or (truth, said) == ("wrong", "unknown")
    )
    assert right >= 0.98 * sum(open_words.values()), words
    assert not any(said == "empty" and truth != "empty" for truth, said in words)
