"""The PLC asks for a recipe: nothing is judged by another one, whatever comes in between and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manufacturing.results import ResultCode
from tests.support.lines_with_recipes import RecipeLine, sha_of
from verticals.contract import DeviceNews, Sample


@pytest.fixture
def line() -> RecipeLine:
    """Three recipes: flange (by hand only), bracket is number 4, clip number 5; all in memory."""
    line = RecipeLine()
    line.save("bracket", number=4)
    line.save("clip", number=5)
    line.keep()
    return line


def test_a_recipe_in_memory_is_in_force_at_once(line: RecipeLine) -> None:
    line.ask_for(4)
    assert (line.in_force, line.signals["RecipeNumberActive"], line.signals["Ready"]) == ("bracket 1", 4, True)
    data = line.part().data
    assert (data["verdict"], data["recipe"]["name"]) == ("accept", "bracket")
    assert data["model"]["sha256"] == sha_of("bracket 1")
    assert line.events[-2].data["how"] == "plc"


def test_while_it_is_loaded_ready_is_down_and_a_part_that_comes_all_the_same_is_rejected() -> None:
    line = RecipeLine()
    line.save("bracket", number=4)
    line.ask_for(4)
    assert (line.in_force, line.signals["Ready"], line.signals["Fault"]) == ("flange 1", False, False)
    assert line.station.health().state == "waiting"
    data = line.part().data
    assert (data["verdict"], data["code"], data["why"]) == ("reject", ResultCode.WRONG_RECIPE, "Recipe not in force")
    assert data["note"] == "the PLC asked for 4, in force was flange 1"
    line.keep()
    assert (line.in_force, line.signals["Ready"], line.signals["RecipeNumberActive"]) == ("bracket 1", True, 4)
    assert line.part().data["verdict"] == "accept"


def test_an_unknown_number_is_a_fault_that_a_right_one_ends(line: RecipeLine) -> None:
    line.ask_for(7)
    assert "The PLC asks for recipe 7, which does not exist here." in line.faults()["unknown-recipe"]
    assert (line.signals["Ready"], line.signals["Fault"]) == (False, True)
    assert line.part().data["code"] == ResultCode.WRONG_RECIPE
    line.ask_for(8)
    assert "recipe 8" in line.faults()["unknown-recipe"]
    line.ask_for(5)
    assert (line.faults(), line.signals["Ready"], line.in_force) == ({}, True, "clip 1")
    raised = [event.data["raised"] for event in line.events if event.subject == "unknown-recipe"]
    assert raised == [True, False]


def test_a_part_is_never_judged_by_the_recipe_before_or_after_its_own(line: RecipeLine) -> None:
    line.ask_for(4)
    assert line.part(asked=5).data["code"] == ResultCode.WRONG_RECIPE
    assert line.part(asked=0).data["code"] == ResultCode.WRONG_RECIPE
    assert line.part(asked=4).data["verdict"] == "accept"


@pytest.mark.parametrize("number", [None, -3, "4", 4.5, True])
def test_a_number_that_cannot_be_read_is_no_recipe(line: RecipeLine, number: Any) -> None:
    values = {"about": "recipe"} if number is None else {"about": "recipe", "recipe_number": number}
    line.take(line.station.decide(Sample("line-3-cell", line.clock.now(), values), ()))
    assert "cannot be read" in line.faults()["unknown-recipe"]
    assert line.part(asked=0).data["code"] == ResultCode.WRONG_RECIPE


def test_no_wish_leaves_in_force_what_is(line: RecipeLine) -> None:
    line.ask_for(4)
    line.ask_for(0)
    assert (line.in_force, line.part().data["verdict"]) == ("bracket 1", "accept")


def test_a_person_cannot_put_in_force_what_the_plc_does_not_ask_for(line: RecipeLine) -> None:
    line.ask_for(4)
    line.save("clip", number=5, version="2")
    reply = line.order("choose-recipe", name="clip")
    assert reply.accepted and "the PLC asks for recipe 4" in reply.reason
    line.keep()
    assert line.in_force == "bracket 1"
    line.ask_for(5)
    line.keep()
    assert line.in_force == "clip 2", "released, it is what number 5 means now"


def test_a_new_version_of_the_recipe_asked_for_takes_over_when_it_is_loaded(line: RecipeLine) -> None:
    line.ask_for(4)
    line.save("bracket", number=4, version="2")
    line.order("choose-recipe", name="bracket")
    assert line.part().data["recipe"]["version"] == 1
    line.keep()
    assert line.part().data["recipe"]["version"] == 2
    assert line.part().data["model"]["sha256"] == sha_of("bracket 2")


def test_a_model_that_does_not_load_is_a_fault_until_another_recipe_is_asked_for(line: RecipeLine) -> None:
    line.broken.add("hook 1")
    line.save("hook", number=6)
    line.keep()
    line.ask_for(6)
    line.keep()
    assert "golden vectors" in line.faults()["recipe-failed"]
    assert (line.signals["Ready"], line.part().data["code"]) == (False, ResultCode.WRONG_RECIPE)
    line.ask_for(4)
    assert (line.faults(), line.part().data["verdict"]) == ({}, "accept")
    line.broken.clear()
    line.ask_for(6)
    line.keep()
    assert line.in_force == "hook 1", "asked for again it is tried again"


def test_only_so_many_recipes_stay_in_memory_and_those_used_last_stay() -> None:
    line = RecipeLine(recipes_loaded=3)
    for number in range(1, 7):
        line.save(f"part-{number}", number=number)
    line.keep()
    for number in (1, 2, 3, 1, 4, 5, 1, 6, 2):
        line.ask_for(number)
        line.keep()
        assert line.in_force == f"part-{number} 1"
        assert len(line.engine) <= 3
        assert line.part().data["verdict"] == "accept"
    assert {sha_of(f"part-{number} 1") for number in (1, 6, 2)} == set(line.engine.values())


def test_after_a_restart_the_same_recipe_is_in_force_once_its_model_is_back(line: RecipeLine) -> None:
    line.ask_for(4)
    line.restart()
    assert (line.in_force, line.signals["Ready"]) == ("bracket 1", False)
    assert line.part().data["code"] == ResultCode.WRONG_RECIPE
    line.keep()
    assert (line.in_force, line.signals["Ready"]) == ("bracket 1", True)
    assert line.part().data["recipe"]["name"] == "bracket"


def test_events_after_the_last_saved_state_are_made_up_for(line: RecipeLine) -> None:
    from manufacturing.station import InspectionStation

    state, known = line.station.state(line.clock.now()), len(line.events)
    line.save("hook", number=6)
    line.keep()
    line.ask_for(6)
    again = InspectionStation(line.line, simulated=False, time_zone="UTC")
    again.restore(state, line.events[known:], line.clock.now())
    assert again.changeover.book.state() == line.station.changeover.book.state()


def test_a_keeper_that_began_again_costs_no_recipe(line: RecipeLine) -> None:
    line.ask_for(4)
    news = DeviceNews("line-3-model", False, line.clock.now(), "recipe-failed", "the shelf is gone")
    line.take(line.station.device_changed(news))
    line.keep()
    assert (line.faults(), line.in_force, line.part().data["verdict"]) == ({}, "bracket 1", "accept")


NAMES = ["flange", "bracket", "clip", "hook"]
STEPS = st.one_of(
    st.tuples(st.just("wish"), st.integers(0, 5)),
    st.tuples(st.just("part"), st.integers(-1, 5)),
    st.tuples(st.just("keep"), st.integers(1, 3)),
    st.tuples(st.just("save"), st.tuples(st.sampled_from(NAMES), st.integers(1, 4), st.integers(1, 3))),
    st.tuples(st.sampled_from(["choose", "rollback", "retire"]), st.sampled_from(NAMES)),
    st.tuples(st.just("activate"), st.integers(2, 3)),
    st.tuples(st.just("break"), st.tuples(st.sampled_from(NAMES), st.integers(1, 3))),
    st.tuples(st.sampled_from(["restart", "keeper", "mend"]), st.just(0)),
)


def _step(line: RecipeLine, name: str, value: Any) -> None:
    if name == "wish":
        line.ask_for(value)
    elif name == "keep":
        line.keep(value)
    elif name == "save":
        line.save(value[0], number=value[1], version=str(value[2]))
    elif name == "activate":
        line.order("activate", name="flange", version=str(value))
    elif name == "break":
        line.broken.add(f"{value[0]} {value[1]}")
    elif name == "mend":
        line.broken.clear()
    elif name == "restart":
        line.restart()
    elif name == "keeper":
        line.begin()
    else:
        line.order(f"{name}-recipe", name=value)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40), st.integers(2, 3))
def test_no_part_is_accepted_by_a_model_other_than_that_of_the_recipe_asked_for(
    steps: list[tuple[str, Any]], memory: int
) -> None:
    line = RecipeLine(recipes_loaded=memory)
    for name, value in steps:
        if name != "part":
            _step(line, name, value)
            continue
        asked = line.wish if value < 0 else value
        book = line.station.changeover.book
        meant = book.by_number(asked) if asked else book.in_force
        data = line.part(asked=asked).data
        if data["verdict"] == "accept":
            assert meant is not None
            assert (data["recipe"]["name"], data["recipe"]["version"]) == (meant.name, meant.version)
            assert data["model"]["sha256"] == meant.model.sha256
            assert asked == line.wish
        elif asked == line.wish and line.signals.get("Ready"):
            assert data["code"] == ResultCode.PASS, "with Ready up nothing stands in the way"


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_the_recipe_asked_for_comes_into_force_whatever_went_before(steps: list[tuple[str, Any]]) -> None:
    line = RecipeLine(recipes_loaded=2)
    for name, value in steps:
        if name != "part":
            _step(line, name, value)
    line.broken.clear()
    line.ask_for(0)
    line.keep()
    free = next(number for number in range(6, 20) if line.station.changeover.book.by_number(number) is None)
    assert line.save("gear", number=free).accepted
    line.ask_for(free)
    line.keep()
    assert (line.in_force, line.signals["Ready"]) == ("gear 1", True)
    assert line.part().data["verdict"] == "accept"
