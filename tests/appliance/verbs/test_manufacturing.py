import argparse
import csv
import json
from pathlib import Path

import numpy as np
import pytest

from appliance.verbs import manufacturing
from core.errors import InputError
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from manufacturing.vertical import MANIFEST, Manufacturing
from tests.support.brightness import brightness_package
from tests.support.pictures import write_dataset, write_good, write_png
from verticals.contract import Event
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db

#: One way of looking, no choice among several: what is tested here is not the teaching.
QUICK = ("--augment", "none", "--register", "no", "--eight-bits", "no")


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    manufacturing.register(parser.add_subparsers())
    arguments = parser.parse_args(["manufacturing", *words])
    return int(arguments.run(arguments))


def test_evaluate_writes_one_json_document_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), *QUICK, "--json") == 0
    written = capsys.readouterr()
    found = json.loads(written.out)
    assert (found["image_auroc"], found["pixel_auroc"]) == (
        1.0,
        None,
    )  # without masks there is nothing to say of pixels
    assert written.err == ""


@pytest.mark.slow
def test_evaluate_tells_a_person_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), *QUICK) == 0
    written = capsys.readouterr()
    assert "Image AUROC 1.0000 on 6 good and 6 defective; pixel AUROC no masks." in written.out
    assert written.err == ""


@pytest.mark.slow
def test_evaluate_tells_what_labels_buy_and_what_is_known_of_new_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write_dataset(tmp_path)
    for side in ("train", "test"):
        write_good(dataset / side / "good" / "serial-4", 1, first=40 if side == "train" else 41)
    words = ("evaluate", "--dataset", str(dataset), *QUICK, "--labels")
    assert _run(*words, "1,2") == 0
    written = capsys.readouterr().out
    assert "With 1 labelled defects, of 5 others: recall 100.0% (without 100.0%)" in written
    assert "Not used: 1 defective parts are too few" in written
    assert "With 2" not in written
    assert "of the good pictures show parts that were taught from. New parts alone: image AUROC 1.0000" in written
    assert _run(*words, "0") == 0
    assert "labelled" not in capsys.readouterr().out


@pytest.mark.slow
def test_evaluate_over_seeds_tells_mean_and_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), *QUICK, "--seeds", "2") == 0
    assert "seed 1: image AUROC" in capsys.readouterr().out


@pytest.mark.slow
def test_teach_tells_what_known_defects_bought(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "set")
    (tmp_path / "known").mkdir()
    (dataset / "test" / "blot").rename(tmp_path / "known" / "blot")
    words = ("teach", str(dataset / "train" / "good"), "--recipe", "flange", "--data", str(tmp_path / "var"))
    assert _run(*words, *QUICK, "--known-defects", str(tmp_path / "known")) == 0
    assert "labelled defects are not used" in capsys.readouterr().out


def test_teach_puts_a_package_on_the_shelf_and_activates_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_good(tmp_path / "goods", 6)
    data = tmp_path / "var"
    words = ("teach", str(tmp_path / "goods"), "--recipe", "flange", *QUICK, "--data", str(data))
    assert _run(*words, "--activate", "line-3", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    places = Places(data)
    active = Shelf(places.models, Trust(places.keys), Gate()).active("line-3")
    assert active is not None
    assert (active.card.name, active.sha256) == ("flange", result["sha256"])


@pytest.mark.parametrize(
    "words",
    [
        ("--false-reject-rate", "0"),
        ("--false-reject-rate", "0.7"),
        ("--seeds", "0"),
        ("--seed", "-1"),
        ("--seed", "1", "--seeds", "2"),
        ("--teach-from", "x"),
    ],
)
def test_numbers_that_make_no_sense_are_bad_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        _run("evaluate", "--dataset", "x", *words)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.fixture
def judging(tmp_path: Path) -> Path:
    """A data directory whose slot `line-3` has a model that rejects bright pictures, beside some in `shots`."""
    places = Places(tmp_path / "var")
    places.make("manufacturing")
    trust = Trust(places.keys)
    brightness_package(tmp_path / "made", trust, name="flange")
    shelf = Shelf(places.models, trust, Gate())
    shelf.install(tmp_path / "made")
    shelf.activate("line-3", "flange", "1")
    for name, level in (("dark", 20), ("bright", 250), ("late/bright", 240)):
        file = tmp_path / "shots" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_png(file, np.full((8, 8, 3), level, np.uint8))
    return places.data


def test_replay_gives_each_picture_the_verdict_that_the_line_would(
    judging: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("replay", str(judging.parent / "shots"), "--slot", "line-3", "--data", str(judging))
    assert _run(*words, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert {row["picture"]: row["verdict"] for row in result["each"]} == {
        "dark.png": "accept", "bright.png": "reject", "late/bright.png": "reject",
    }  # fmt: skip
    assert (result["accepted"], result["rejected"], result["not_judged"]) == (1, 2, 0)
    assert _run(*words, "--limit", "2") == 0
    written = capsys.readouterr()
    table = list(csv.DictReader(written.out.splitlines()))
    assert {(row["verdict"], row["threshold"]) for row in table} == {("accept", "2.0")}
    assert written.err == "flange 1: 3 accepted, 0 rejected, 0 not judged of 3. Limit: as given.\n"


def _record_recipe(data: Path, sha256: str) -> None:
    """A recipe of the slot's name on record, whose limit is above every picture's score."""
    recipe = {"name": "line-3", "version": 1, "threshold": {"limit": 3.0}}
    recipe |= {"model": {"name": "flange", "version": "1", "sha256": sha256}}
    event = Event("recipe-saved", "line-3", 0.0, {"recipe": recipe, "version": 1}, "cell")
    engine = open_database(prepare_app_db(Places(data), MANIFEST))
    EventStore(engine, Manufacturing().project).append([Entry(events=(event,))])
    engine.dispose()


def test_replay_judges_by_the_limit_of_the_released_recipe_where_it_is_of_this_model(
    judging: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("replay", str(judging.parent / "shots"), "--slot", "line-3", "--data", str(judging), "--json")
    active = Shelf(judging / "models", Trust(judging / "keys"), Gate()).active("line-3")
    assert active is not None
    _record_recipe(judging, "0" * 64)
    _run(*words)
    other = json.loads(capsys.readouterr().out)
    _record_recipe(judging, active.sha256)
    _run(*words)
    own = json.loads(capsys.readouterr().out)
    assert (other["limit_of"], other["rejected"]) == ("model", 2)
    assert (own["limit_of"], own["rejected"], own["each"][0]["threshold"]) == ("recipe", 0, 3.0)


def test_a_picture_that_cannot_be_judged_is_a_reject_and_a_finding(
    judging: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = judging.parent / "shots"
    (folder / "torn.png").write_bytes(b"no picture")
    assert _run("replay", str(folder), "--slot", "line-3", "--data", str(judging), "--json") == 1
    result = json.loads(capsys.readouterr().out)
    [torn] = [row for row in result["each"] if row["picture"] == "torn.png"]
    assert (torn["verdict"], torn["code"], result["not_judged"]) == ("reject", 102, 1)
    assert "torn.png" in torn["why"]


def test_a_replay_without_a_model_or_a_picture_says_so(judging: Path) -> None:
    with pytest.raises(InputError, match="no model is active for 'line-9'"):
        _run("replay", str(judging.parent / "shots"), "--slot", "line-9", "--data", str(judging))
    with pytest.raises(InputError, match="no pictures"):
        _run("replay", str(judging), "--slot", "line-3", "--data", str(judging))
