"""Saving, choosing, rolling back, retiring: versions never change, the old one stays until the new one is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from manufacturing.results import ResultCode
from manufacturing.settings import CameraSettings
from tests.support.lines_with_recipes import RecipeLine, model, sha_of


def kinds(line: RecipeLine) -> list[str]:
    return [event.kind for event in line.events if event.kind.startswith("recipe")]


def test_the_first_model_of_a_line_is_recipe_version_1_by_itself() -> None:
    line = RecipeLine()
    assert kinds(line) == ["recipe-saved", "recipe-chosen"]
    saved = line.events[0].data["recipe"]
    assert (saved["name"], saved["version"], saved["reason"]) == ("flange", 1, "first model")
    data = line.part().data
    assert (data["verdict"], data["recipe"], data["threshold"]) == ("accept", {"name": "flange", "version": 1}, 2.0)
    line.restart()
    assert kinds(line) == ["recipe-saved", "recipe-chosen"], "it is the first only once"


def test_a_line_without_a_model_judges_nothing_and_is_not_ready() -> None:
    line = RecipeLine(first="")
    line.tell_wish()
    assert line.signals["Ready"] is False
    assert line.part().data["code"] == ResultCode.NO_RECIPE


def test_another_model_is_the_next_version_once_it_is_loaded() -> None:
    line = RecipeLine()
    assert line.order("activate", name="flange", version="2").accepted
    assert line.in_force == "flange 1"
    assert line.part().data["model"]["sha256"] == sha_of("flange 1")
    line.keep()
    assert line.in_force == "flange 2"
    assert line.part().data["model"]["sha256"] == sha_of("flange 2")
    assert kinds(line)[-3:] == ["recipe-asked", "recipe-saved", "recipe-chosen"]
    assert line.events[-1].kind == "part"


def test_a_model_that_cannot_be_activated_leaves_everything_as_it_was() -> None:
    line = RecipeLine()
    line.broken.add("flange 2")
    line.order("activate", name="flange", version="2")
    line.keep()
    assert line.in_force == "flange 1"
    assert line.part().data["verdict"] == "accept"
    assert line.order("activate", name="flange", version="3").accepted


def test_a_chosen_version_comes_into_force_when_its_model_is_loaded_and_not_before() -> None:
    line = RecipeLine()
    assert line.save("bracket").data == {"name": "bracket", "version": 1}
    line.order("choose-recipe", name="bracket")
    assert (line.in_force, line.signals["RecipeIdActive"], line.signals["Ready"]) == ("flange 1", "flange 1", True)
    line.keep()
    assert (line.in_force, line.signals["RecipeIdActive"], line.signals["Ready"]) == ("bracket 1", "bracket 1", True)
    chosen = line.events[-1].data
    assert (chosen["how"], chosen["reason"], chosen["role"], chosen["in_force"]) == (
        "hand",
        "a reason",
        "engineer",
        True,
    )


def test_one_whose_model_does_not_load_is_refused_and_the_old_one_stays() -> None:
    line = RecipeLine()
    line.broken.add("bracket 1")
    line.save("bracket")
    line.keep()
    assert line.order("choose-recipe", name="bracket").accepted
    line.keep()
    refused = next(event for event in line.events if event.kind == "recipe-refused")
    assert "golden vectors" in refused.data["why"]
    assert (line.in_force, line.faults(), line.part().data["verdict"]) == ("flange 1", {}, "accept")


def test_rolling_back_brings_the_version_that_was_released_before() -> None:
    line = RecipeLine()
    line.save("flange", version="2")
    line.keep()
    line.order("choose-recipe", name="flange")
    line.keep()
    assert line.in_force == "flange 2"
    assert line.order("rollback-recipe", name="flange").accepted
    line.keep()
    assert line.in_force == "flange 1"
    assert line.part().data["model"]["sha256"] == sha_of("flange 1")
    reply = line.order("rollback-recipe", name="flange")
    assert not reply.accepted and "before" in reply.reason


def test_a_version_never_changes_and_the_next_one_has_the_next_number() -> None:
    line = RecipeLine()
    line.save("bracket", threshold={"limit": 1.5, "rate": 0.01})
    line.save("bracket", version="2")
    book = line.station.changeover.book
    first, second = book.find("bracket", 1), book.find("bracket", 2)
    assert first is not None and second is not None
    assert first.threshold is not None and second.threshold is None
    assert book.released("bracket") == first, "a later version is released when somebody chooses it"


def test_an_explicit_limit_judges_and_the_band_below_it_is_for_people_to_look_at() -> None:
    line = RecipeLine()
    line.save("bracket", threshold={"limit": 4.0, "rate": 0.01}, review_from=3.0)
    line.order("choose-recipe", name="bracket")
    line.keep()
    for score, verdict, review in [(2.5, "accept", None), (3.5, "accept", True), (4.5, "reject", None)]:
        data = line.part(score).data
        assert (data["verdict"], data.get("review"), data["threshold"]) == (verdict, review, 4.0)


def test_a_retired_recipe_cannot_be_chosen_and_one_in_force_cannot_be_retired() -> None:
    line = RecipeLine()
    line.save("bracket", number=4)
    assert not line.order("retire-recipe", name="flange").accepted
    assert line.order("retire-recipe", name="bracket").accepted
    assert not line.order("choose-recipe", name="bracket").accepted
    line.ask_for(4)
    assert "unknown-recipe" in line.faults()
    assert line.save("bracket", number=4).data["version"] == 2, "a name that comes back goes on counting"


@pytest.mark.parametrize(
    ("role", "operators_choose", "accepted"),
    [("operator", False, False), ("operator", True, True), ("engineer", False, True), ("", True, False)],
)
def test_who_may_choose(role: str, operators_choose: bool, accepted: bool) -> None:
    line = RecipeLine(operators_choose=operators_choose)
    line.save("bracket")
    assert line.order("choose-recipe", role=role, name="bracket").accepted is accepted


def test_operators_choose_only_what_is_released_and_save_nothing() -> None:
    line = RecipeLine(operators_choose=True)
    line.save("bracket")
    line.save("bracket", version="2")
    assert not line.order("choose-recipe", role="operator", name="bracket", version=2).accepted
    assert not line.order("save-recipe", role="operator", name="clip", model=model("clip")).accepted
    assert not line.order("rollback-recipe", role="operator", name="bracket").accepted


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": " "}, "reason"),
        ({"model": {"name": "bracket", "version": "1"}}, "sha256"),
        ({"plc_number": 0}, "plc_number"),
        ({"threshold": {"limit": "much"}}, "limit"),
        ({"threshold": {"limit": 1.0, "rate": 2}}, "rate"),
        ({"review_from": 3.0, "threshold": 2.0}, "review band"),
        ({"exposure_us": -5}, "exposure_us"),
        ({"region": {"x": 0}}, "region"),
        ({"masks": [[0.1] * 9000]}, "masks"),
        ({"tags": {"Ready": 5}}, "tags"),
        ({"tags": {"RecipeId": "ns=2;s=x"}}, "RecipeId"),
        ({"modbus": {"valid_coil": 3}}, "no Modbus"),
        ({"name": "../x"}, "name"),
        ({"colour": "red"}, "colour"),
        ({"models": {"top": model("bracket")}, "model": None}, "one camera"),
    ],
)
def test_what_makes_no_recipe_is_refused_in_plain_words(wrong: dict[str, Any], says: str) -> None:
    line = RecipeLine()
    reply = line.order("save-recipe", **{"name": "bracket", "model": model("bracket"), **wrong})
    assert not reply.accepted
    assert says in reply.reason
    assert line.station.changeover.book.find("bracket") is None


@pytest.mark.parametrize("kind", ["camera.folder", "camera.rtsp"])
@pytest.mark.parametrize(("light", "what"), [({"exposure_us": 900}, "exposure"), ({"gain": 2}, "gain")])
def test_a_camera_that_takes_no_light_from_here_is_named_when_the_recipe_is_saved(
    kind: Any, light: dict[str, Any], what: str
) -> None:
    line = RecipeLine(camera=CameraSettings(kind))
    reply = line.order("save-recipe", name="bracket", model=model("bracket"), reason="darker parts", **light)
    assert not reply.accepted
    assert f"camera 'camera' ({kind}) takes no {what} from here" in reply.reason
    other = RecipeLine(camera=CameraSettings("camera.usb"))
    assert other.order("save-recipe", name="bracket", model=model("bracket"), reason="darker parts", **light).accepted


def test_a_number_of_the_plc_belongs_to_one_recipe() -> None:
    line = RecipeLine()
    line.save("bracket", number=4)
    reply = line.save("clip", number=4)
    assert not reply.accepted and "'bracket'" in reply.reason
    assert line.save("bracket", number=4, version="2").accepted


def test_a_line_whose_plc_does_not_choose_has_no_numbers() -> None:
    line = RecipeLine(chooses=False)
    assert "chooses_recipes" in line.save("bracket", number=4).reason
    assert "RecipeNumberActive" not in line.signals


@pytest.fixture
def two_cameras() -> RecipeLine:
    cameras = (CameraSettings(name="top"), CameraSettings(name="side"))
    line = RecipeLine(first="", camera=None, cameras=cameras)
    models = {"top": model("top"), "side": model("side")}
    assert not line.order("save-recipe", name="bracket", models={"top": model("top")}).accepted
    assert line.order("save-recipe", name="bracket", models=models).accepted
    line.order("choose-recipe", name="bracket")
    line.keep()
    return line


def test_several_cameras_are_judged_by_a_model_each_and_one_defect_rejects(two_cameras: RecipeLine) -> None:
    assert set(two_cameras.engine.values()) == {sha_of("top 1"), sha_of("side 1")}
    fine = two_cameras.part(views={"top": 1.0, "side": 1.5}).data
    assert (fine["verdict"], fine["view"], fine["score"]) == ("accept", "side", 1.5)
    assert {view: found["model"]["sha256"] for view, found in fine["views"].items()} == {
        "top": sha_of("top 1"),
        "side": sha_of("side 1"),
    }
    bad = two_cameras.part(views={"top": 3.0, "side": 1.0}).data
    assert (bad["verdict"], bad["view"], bad["views"]["side"]["score"]) == ("reject", "top", 1.0)


@pytest.mark.parametrize("views", [{"top": 1.0}, {"side": 1.0}, {"": 1.0}, {"top": 1.0, "side": float("nan")}])
def test_a_view_that_is_missing_or_unjudged_rejects(two_cameras: RecipeLine, views: dict[str, float]) -> None:
    data = two_cameras.part(views=views).data
    assert data["verdict"] == "reject"
    assert data["code"] in (ResultCode.CAMERA_LOST, ResultCode.MODEL_FAILED)
