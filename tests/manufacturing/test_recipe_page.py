"""The recipe pages over a real web process, as a browser without script gets them: every state, every change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest

from manufacturing.settings import CameraSettings, ModbusSettings
from tests.support.kiosks import LINE
from tests.support.kiosks_with_recipes import BY_PLC, RecipeKiosk
from tests.support.screens import PIN, Visitor, eventually

RECIPES = "/line/line-3/recipes"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[RecipeKiosk]:
    with running(tmp_path) as kiosk:
        yield kiosk


def running(folder: Path, **changes: object) -> RecipeKiosk:
    return RecipeKiosk(folder, line=replace(BY_PLC, **changes))  # type: ignore[arg-type]


@pytest.fixture
def engineer(kiosk: RecipeKiosk) -> Visitor:
    return signed_in(kiosk)


def signed_in(kiosk: RecipeKiosk, role: str = "engineer") -> Visitor:
    kiosk.run_line()
    kiosk.accounts.add("Engineer 2", PIN, {"manufacturing": role}, by="the test")
    visitor = kiosk.client()
    assert visitor.sign_in("Engineer 2").status_code == 303
    return visitor


def two_versions(kiosk: RecipeKiosk) -> None:
    """`flange` 1 and 2, and `bracket` 1; `flange 2` is in force."""
    first, second = kiosk.teach("1.0.0", limit=4.8), kiosk.teach("1.1.0", limit=5.0)
    kiosk.save("flange", first, plc_number=1, exposure_us=1500, threshold={"limit": 4.8, "rate": 0.01})
    kiosk.choose("flange", 1)
    said = {"plc_number": 1, "exposure_us": 1200, "threshold": {"limit": 5.15, "rate": 0.005}, "review_from": 3.9}
    kiosk.save("flange", second, reason="new lamp", **said)
    kiosk.choose("flange", 2, reason="fewer rejects")
    kiosk.save("bracket", kiosk.teach("2.0.0", name="bracket"), plc_number=2)


def change(visitor: Visitor, act: str, name: str, **values: str) -> httpx.Response:
    said = {"csrf": visitor.csrf(), "act": act, "name": name, "reason": "trial", **values}
    return visitor.post(RECIPES, data=said, follow_redirects=True)


def form_of(visitor: Visitor, name: str, version: int) -> dict[str, str]:
    """What a browser sends of the form as it was opened."""
    page = visitor.get(f"{RECIPES}/{name}", params={"edit": version}).text
    values = {}
    for tag in re.findall(r"<input[^>]*>", page):
        kind, field = re.search('type="(.*?)"', tag), re.search('name="(.*?)"', tag)
        if field and (kind is None or kind[1] != "radio" or " checked" in tag):
            value = re.search('value="(.*?)"', tag)
            values[field[1]] = value[1] if value else ""
    return values


def save(visitor: Visitor, name: str, version: int, **changed: str) -> httpx.Response:
    said = {**form_of(visitor, name, version), "csrf": visitor.csrf(), "reason": "trial", **changed}
    return visitor.post(f"{RECIPES}/{name}", data=said, follow_redirects=True)


def text(answer: httpx.Response) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


def row(answer: httpx.Response, name: str) -> str:
    """The words of one recipe's row in the list."""
    rows = re.findall(r'<li class="recipes__row.*?</li>', answer.text, re.DOTALL)
    return next(" ".join(re.sub(r"<[^>]+>", " ", it).split()) for it in rows if f'/{name}"' in it)


# --- the list ------------------------------------------------------------------------------------------------


def test_a_line_without_recipes_says_what_to_do(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    assert "No recipe yet" in text(engineer.get(RECIPES)) and "/line/line-3/teach" in engineer.get(RECIPES).text
    assert "The engineer teaches" in text(kiosk.client().get(RECIPES))


def test_each_recipe_says_where_it_stands_and_what_it_is(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    page = engineer.get(RECIPES)
    in_force = row(page, "flange")
    sha8 = kiosk.station.changeover.book.in_force.model.sha256[:8]  # type: ignore[union-attr]
    for said in ("In force", "flange 2", "flange 1.1.0", sha8, "5.15", "0.5 %", "3.90", "1200 µs", "new lamp"):
        assert said in in_force
    assert "Engineer 2, engineer" in in_force and "Choose" not in in_force
    assert row(page, "bracket").startswith("Ready bracket 1") and "Choose" in row(page, "bracket")


def test_nine_recipes_are_two_pages_and_the_one_in_force_comes_first(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    model = kiosk.teach("1.0.0")
    for number in range(9):
        kiosk.save(f"part-{number}", model)
    kiosk.choose("part-8", 1)
    first, second = engineer.get(RECIPES), engineer.get(RECIPES, params={"page": "2"})
    assert [page.text.count("recipes__open") for page in (first, second)] == [8, 1]
    assert "1 of 2" in text(first) and first.text.index("part-8") < first.text.index("part-0")


def test_a_wish_of_the_plc_that_nobody_can_fulfil_is_said_first(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.ask_for(7)
    eventually(lambda: "WRONG RECIPE" in text(engineer.get(RECIPES)))
    assert "The PLC asks for 7, which does not exist here. Ready is off." in text(engineer.get(RECIPES))
    kiosk.ask_for(1)
    eventually(lambda: "The PLC asks for 1, which is flange." in text(engineer.get(RECIPES)))
    assert "WRONG RECIPE" not in text(engineer.get(RECIPES))


def test_a_line_whose_plc_does_not_choose_says_so(tmp_path: Path) -> None:
    with running(tmp_path, plc=LINE.plc) as kiosk:
        assert "People choose; the PLC does not choose recipes here." in text(signed_in(kiosk).get(RECIPES))


def test_a_model_that_has_gone_or_was_spoilt_is_named(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.save("cover", {**kiosk.teach("1.0.0", name="cover"), "version": "9"})
    spoilt = kiosk.places.models / "packages" / "bracket" / "2.0.0" / "model.onnx"
    spoilt.write_bytes(spoilt.read_bytes() + b"x")
    page = engineer.get(RECIPES)
    assert "gone from the shelf" in row(page, "cover")
    assert "broken:" in row(page, "bracket") and "broken:" not in row(page, "flange")


# --- changes -------------------------------------------------------------------------------------------------


def test_choosing_asks_for_a_reason_and_says_what_will_change(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    asks = engineer.get(RECIPES, params={"do": "choose", "name": "flange", "version": "1"})
    assert "Choose flange 1?" in text(asks) and "In force now: flange 2" in text(asks)
    assert "limit 5.15 → 4.80" in text(asks) and "exposure 1200 → 1500 µs" in text(asks)
    refused = change(engineer, "choose", "flange", version="1", reason=" ")
    assert refused.status_code == 409 and "Say the reason for the change" in text(refused)
    assert "Choose flange 1?" in text(refused)


def test_a_chosen_version_is_being_loaded_until_it_is_in_force(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.save("flange", kiosk.teach("1.2.0"), plc_number=1)
    page = change(engineer, "choose", "flange", version="3")
    assert "flange 3 is being loaded" in text(page) and "goes on with flange 2" in text(page)
    again = change(engineer, "choose", "bracket", version="1")
    assert again.status_code == 409 and "still being loaded" in text(again)
    kiosk.keep()
    assert row(engineer.get(RECIPES), "flange").startswith("In force flange 3")
    assert "being loaded" not in text(engineer.get(RECIPES))


def test_a_version_that_the_plc_does_not_ask_for_is_released(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.ask_for(2)
    kiosk.keep()
    assert row(engineer.get(RECIPES), "bracket").startswith("In force bracket 1")
    page = change(engineer, "choose", "flange", version="1")
    assert "Released for its number" in text(page) and row(page, "bracket").startswith("In force")
    assert row(page, "flange").startswith("Ready flange 1")


def test_a_model_that_does_not_load_says_why_and_the_old_one_stays(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.save("flange", kiosk.teach("1.2.0"), plc_number=1)
    kiosk.played.broken.add("flange 1.2.0")
    change(engineer, "choose", "flange", version="3")
    kiosk.keep()
    page = text(engineer.get(RECIPES))
    assert "NOT LOADED" in page and "flange 3" in page and "its golden vectors do not pass" in page
    assert "flange 2 stays in force" in page
    assert "not loaded" in text(engineer.get(f"{RECIPES}/flange", params={"show": "history"}))


def test_rolling_back_names_the_version_and_brings_it(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    assert "Roll back to flange 1" in text(engineer.get(RECIPES))
    assert "Roll back to flange 1?" in text(engineer.get(RECIPES, params={"do": "rollback", "name": "flange"}))
    page = change(engineer, "rollback", "flange", quick="Too many rejects", reason="")
    assert row(page, "flange").startswith("In force flange 1")
    assert "nothing before" in text(page)
    history = text(engineer.get(f"{RECIPES}/flange", params={"show": "history"}))
    assert "rolled back to" in history and "Too many rejects" in history


def test_a_retired_recipe_stays_to_be_looked_at_and_cannot_be_chosen(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    assert "in force: choose another one first" in text(change(engineer, "retire", "flange"))
    page = change(engineer, "retire", "bracket")
    assert row(page, "bracket").startswith("Retired bracket 1") and "Choose" not in row(page, "bracket")
    one = engineer.get(f"{RECIPES}/bracket")
    assert "first version" in text(one) and "do=choose" not in one.text and "edit=" not in one.text


def test_a_line_that_is_silent_takes_no_change_and_the_page_says_so(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    kiosk.silence_line()
    eventually(lambda: "kiosk--dead" in engineer.get(RECIPES).text)
    assert "LINE DOES NOT ANSWER" in text(engineer.get(RECIPES))
    refused = change(engineer, "choose", "bracket", version="1")
    assert refused.status_code == 409 and "The line does not answer. Nothing was done." in text(refused)


@pytest.mark.parametrize("allowed", [False, True])
def test_an_operator_looks_and_chooses_only_where_it_is_allowed(tmp_path: Path, *, allowed: bool) -> None:
    with running(tmp_path, operators_choose=allowed) as kiosk:
        operator = signed_in(kiosk, "operator")
        two_versions(kiosk)
        page = operator.get(RECIPES)
        assert ("Choose" in row(page, "bracket")) is allowed
        assert "do=rollback" not in page.text and "/teach" not in page.text and "Sign in" in text(page)
        one = operator.get(f"{RECIPES}/bracket")
        assert "do=retire" not in one.text and "edit=" not in one.text and ("do=choose" in one.text) is allowed
        answer = change(operator, "choose", "bracket", version="1")
        assert answer.status_code == (200 if allowed else 409)
        assert operator.post(f"{RECIPES}/flange", data={"csrf": operator.csrf()}).status_code in (303, 403)
        assert change(operator, "retire", "bracket").status_code == 409


# --- one recipe ----------------------------------------------------------------------------------------------


def test_versions_say_only_what_changed(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    page = text(engineer.get(f"{RECIPES}/flange"))
    for said in ("model 1.0.0 → 1.1.0", "limit 4.80 → 5.15", "rate 1 % → 0.5 %", "review from none → 3.9",
                 "exposure 1500 → 1200 µs", "first version", "Engineer 2, engineer: new lamp"):  # fmt: skip
        assert said in page
    assert "PLC number" not in page.partition("first version")[0]


def test_the_region_is_drawn_over_a_part_of_the_recipe(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    kiosk.save("flange", kiosk.teach("1.0.0"), region={"x": 0.1, "y": 0.05, "w": 0.8, "h": 0.9},
               masks=[[[0.2, 0.2], [0.4, 0.2], [0.3, 0.5]], [0.5, 0.5, 0.25, 0.1], "round", 7])  # fmt: skip
    empty = engineer.get(f"{RECIPES}/flange")
    assert "No part with a picture is on record." in text(empty)
    part = kiosk.part(7)
    page = engineer.get(f"{RECIPES}/flange").text
    assert f"/evidence/{part.data['evidence']['image']}" in page
    assert 'class="still__region" x="80.0" y="30.0" width="640.0" height="540.0"' in page
    assert 'points="160.0,120.0 320.0,120.0 240.0,300.0"' in page
    assert 'points="400.0,300.0 600.0,300.0 600.0,360.0 400.0,360.0"' in page
    assert page.count("<polygon") == 2, "what is no shape is not drawn"
    assert "another recipe" in page, "the part's record names no recipe"


def test_a_name_that_does_not_exist_is_not_found(engineer: Visitor) -> None:
    assert engineer.get(f"{RECIPES}/nothing").status_code == 404
    assert engineer.get("/line/line-9/recipes").status_code == 404


def test_the_form_opened_and_sent_makes_the_same_recipe_again(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    page = save(engineer, "flange", 2)
    assert page.status_code == 200 and "nothing but the reason" in text(page)
    old, new = (kiosk.station.changeover.book.find("flange", number) for number in (2, 3))
    assert old and new
    assert new == replace(old, version=3, reason="trial", at_utc_s=new.at_utc_s, who="Engineer 2", role="engineer")
    assert "3 is saved" in row(engineer.get(RECIPES), "flange"), "saved, and not in force"


def test_numbers_are_changed_and_what_is_typed_stays_when_refused(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    refused = save(engineer, "flange", 2, exposure_us="soon", limit="5,5", section="limit")
    assert refused.status_code == 409 and "Exposure is a number, not 'soon'" in text(refused)
    assert 'value="5,5"' in refused.text and re.search('value="limit"[^>]* checked', refused.text)
    without = save(engineer, "flange", 2, reason="", section="reason")
    assert without.status_code == 409 and "Say the reason for the change" in text(without)
    page = text(save(engineer, "flange", 2, limit="5,5", exposure_us="", plc_number="9"))
    assert "limit 5.15 → 5.50" in page and "rate 0.5 % → not known" in page
    assert "exposure 1200 → as it is" in page and "PLC number 1 → 9" in page


def test_a_limit_of_another_models_scores_does_not_go_along(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    other = kiosk.teach("1.3.0", limit=6.0)
    value = f"{other['name']} {other['version']} {other['sha256']}"
    refused = save(engineer, "flange", 2, **{"model-": value})
    assert refused.status_code == 409 and "the scores of another model" in text(refused)
    assert "6.00" in text(refused)
    page = text(save(engineer, "flange", 2, **{"model-": value, "limit": "", "review_from": ""}))
    assert "model 1.1.0 → 1.3.0" in page and "limit 5.15 → the model's own" in page


def test_a_model_that_cannot_be_used_is_shown_and_not_taken(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    spoilt = kiosk.places.models / "packages" / "flange" / "1.1.0" / "model.onnx"
    spoilt.write_bytes(spoilt.read_bytes() + b"x")
    page = engineer.get(f"{RECIPES}/flange", params={"edit": 2})
    assert "broken:" in text(page)
    refused = save(engineer, "flange", 2)
    assert refused.status_code == 409 and "The model is not chosen" in text(refused)


def test_every_place_of_the_modbus_map_can_be_moved(tmp_path: Path) -> None:
    with running(tmp_path, modbus=ModbusSettings(host="10.1.2.3", reject_coil=4)) as kiosk:
        visitor = signed_in(kiosk)
        two_versions(kiosk)
        page = visitor.get(f"{RECIPES}/flange", params={"edit": 2})
        assert page.text.count('name="modbus-') == 9 + 3
        moved = {"modbus-score_register": "20", "modbus-word_order": "low-first"}
        assert "Modbus score register the line's → 20" in text(save(visitor, "flange", 2, **moved))
        recipe = kiosk.station.changeover.book.find("flange", 3)
        assert recipe and recipe.modbus == {"score_register": 20, "word_order": "low-first"}
        refused = save(visitor, "flange", 3, **{"modbus-score_register": "70000"})
        assert refused.status_code == 409 and "score_register" in text(refused)


def test_a_line_with_two_cameras_has_a_model_for_each(tmp_path: Path) -> None:
    cameras = (CameraSettings("camera.usb", name="top"), CameraSettings("camera.usb", name="side"))
    with running(tmp_path, camera=None, cameras=cameras) as kiosk:
        visitor = signed_in(kiosk)
        top, side = kiosk.teach("1.0.0", name="top"), kiosk.teach("1.0.0", name="side")
        assert kiosk.order("save-recipe", name="cube", models={"top": top, "side": side}).accepted
        page = visitor.get(f"{RECIPES}/cube", params={"edit": 1})
        assert "Model of top" in text(page) and "Model of side" in text(page)
        turned = f"{side['name']} {side['version']} {side['sha256']}"
        assert "model of top top 1.0.0 → side 1.0.0" in text(save(visitor, "cube", 1, **{"model-top": turned}))


def test_every_change_is_audited(kiosk: RecipeKiosk, engineer: Visitor) -> None:
    two_versions(kiosk)
    save(engineer, "flange", 2)
    change(engineer, "choose", "bracket", version="1")
    acts = [entry.act for entry in kiosk.audit.read() if entry.act.endswith("-recipe")]
    assert acts == ["save-recipe", "choose-recipe"]
