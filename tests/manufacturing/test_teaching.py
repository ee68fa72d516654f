import json
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import InputError
from core.inference.session import Session
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from manufacturing.teaching import PICTURES, run
from tests.support.pictures import giant_png, lit_picture, part_picture, scratched_picture, write_good, write_png
from verticals.jobs.context import JobContext
from verticals.places import Places


def _context(places: Places, told: list[float] | None = None, stop_after: int = 10**9) -> JobContext:
    heard = told if told is not None else []
    return JobContext(
        app="manufacturing",
        job=1,
        who="anna",
        places=places,
        clock=SystemClock(),
        tell=lambda message: heard.append(message["share"]),
        asked_to_stop=lambda: len(heard) >= stop_after,
    )


def _shelf(places: Places) -> Shelf:
    return Shelf(places.models, Trust(places.keys), Gate())


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data")
    places.make("manufacturing")
    return places


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    write_good(tmp_path / "goods", 6)
    return tmp_path / "goods"


def _inputs(folder: Path, **more: Any) -> dict[str, Any]:
    usual = {"shift_px": 0, "augment": "none", "register": "no", "region": [0, 0, 1, 1], "eight_bits": "no"}
    return {"folder": str(folder), "recipe": "flange", **usual, **more}


def test_what_is_taught_stands_on_the_shelf_signed_and_can_be_activated(places: Places, goods: Path) -> None:
    result = run(_context(places), _inputs(goods))
    json.dumps(result, allow_nan=False)
    package = _shelf(places).activate("line-1", "flange", result["version"])
    assert package.sha256 == result["sha256"]
    assert package.signed_by_box
    assert package.card.limits == {"threshold": result["threshold"]}
    assert {case.name for case in package.golden.cases} >= {"flawed-0"}
    assert len(json.loads(package.files[PICTURES])) == 6
    assert [limit["rate"] for limit in result["limits"]] == [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02]
    assert [one["name"] for one in result["held_out"]] == [f"{index:03d}.png" for index in range(6)]
    assert "cannot prove" in result["note"]


def test_the_package_judges_good_and_flawed_parts(places: Places, goods: Path) -> None:
    result = run(_context(places), _inputs(goods))
    package = _shelf(places).package("flange", result["version"])
    session = Session(package.model, package.card)
    good, flawed = (
        float(session.run({"image": part_picture(77, flawed=flawed)})["score"][0]) for flawed in (False, True)
    )
    assert good <= package.card.limits["threshold"] < flawed


def _write_labelled(folder: Path) -> dict[str, Any]:
    """24 good parts, and 14 with a faint scratch that a few of the others would not show."""
    for seed in range(24):
        write_png(folder / "good" / f"{seed:03d}.png", lit_picture(seed))
    for seed in range(14):
        write_png(folder / "defect" / "scratch" / f"{seed:03d}.png", scratched_picture(500 + seed, 5))
    return _inputs(folder / "good", known_defects=str(folder / "defect"), false_reject_rate=0.02)


@pytest.mark.slow
def test_known_defects_that_help_are_part_of_the_model_and_the_report_says_what_they_buy(
    places: Places, tmp_path: Path
) -> None:
    result = run(_context(places), _write_labelled(tmp_path))
    json.dumps(result, allow_nan=False)
    labels = result["labels"]
    assert labels["on"], labels["why"]
    assert labels["kinds"] == {"scratch": 14}
    assert labels["recall_with"] > labels["recall_without"]
    assert labels["intervals"]["recall_with"][0] <= labels["recall_with"]
    caught = [one["score"] > result["threshold"] for one in result["defect_scores"]]
    assert sum(caught) / 14 == pytest.approx(labels["recall_with"], abs=0.1)
    assert {one["kind"] for one in result["defect_scores"]} == {"scratch"}
    package = _shelf(places).package("flange", result["version"])
    assert package.card.provenance["labels_used"] is True
    assert package.card.provenance["labels_recall_with"] == labels["recall_with"]
    assert "known-defects/scratch/000.png" in json.loads(package.files[PICTURES])
    assert package.card.limits == {"threshold": result["threshold"]}
    session = Session(package.model, package.card)
    found = [session.run({"image": scratched_picture(700 + seed, 5)})["score"][0] for seed in range(12)]
    assert sum(score > result["threshold"] for score in found) / 12 > labels["recall_without"]


@pytest.mark.slow
def test_known_defects_that_are_not_used_are_told_with_the_reason(places: Places, goods: Path, tmp_path: Path) -> None:
    for seed in range(6):
        write_png(tmp_path / "defect" / "blot" / f"{seed}.png", part_picture(300 + seed, flawed=True))
    plain = run(_context(places), _inputs(goods))
    result = run(_context(places), _inputs(goods, known_defects=str(tmp_path / "defect")))
    assert plain["labels"] is None and plain["defect_scores"] == []
    assert not result["labels"]["on"] and result["labels"]["why"]
    assert result["threshold"] == plain["threshold"]
    assert all(one["score"] > result["threshold"] for one in result["defect_scores"])


def test_progress_is_told_up_to_the_end(places: Places, goods: Path) -> None:
    told: list[float] = []
    context = _context(places, told)
    run(context, _inputs(goods))
    assert told == sorted(told)


def test_a_cancelled_job_leaves_the_shelf_as_it_was(places: Places, goods: Path) -> None:
    context = _context(places, stop_after=1)
    assert run(context, _inputs(goods)) == {}
    assert context.saw_cancel
    assert _shelf(places).list() == []


def _corrupt(folder: Path) -> None:
    path = folder / "003.png"
    path.write_bytes(path.read_bytes()[:-40])


def _not_a_picture(folder: Path) -> None:
    (folder / "notes.jpg").write_bytes(b"these are not the pixels you are looking for")


def _black(folder: Path) -> None:
    write_png(folder / "001.png", part_picture(0) * 0)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _one(folder: Path) -> None:
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()


def _identical(folder: Path) -> None:
    for path in folder.iterdir():
        write_png(path, part_picture(0))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_corrupt, r"003\.png: the picture is cut off"),
        (_not_a_picture, r"notes\.jpg: not a PNG, JPEG or BMP picture"),
        (lambda folder: giant_png(folder / "giant.png"), r"giant\.png: 100000 x 100000 pixels are more than the limit"),
        (_black, r"001\.png: the picture shows nothing"),
        (_empty, r"goods: there are no pictures in this folder"),
        (_one, r"1 pictures of good parts are too few, at least 5 are needed"),
        (_identical, r"the pictures are all the same"),
    ],
)
def test_pictures_that_cannot_be_taught_from_are_named_and_nothing_is_lost(
    spoil: Any, said: str, places: Places, goods: Path
) -> None:
    before = run(_context(places), _inputs(goods))
    spoil(goods)
    with pytest.raises(InputError, match=said):
        run(_context(places), _inputs(goods))
    kept = {before["version"], before["first_version"]}
    assert {entry.version for entry in _shelf(places).list()} == kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"folder": None}, "needs 'folder'"),
        ({"folder": "/no/such/folder"}, "/no/such/folder: cannot be read as a folder"),
        ({"recipe": "../up"}, "needs 'recipe'"),
        ({"false_reject_rate": "1%"}, "'false_reject_rate' is '1%', expected a number from 0 to 0.5"),
        ({"false_reject_rate": 0}, "a false-reject rate of 0.0 cannot be kept"),
        ({"shift_px": -1}, "'shift_px' is -1"),
        ({"augment": "twirl"}, "augment is 'twirl'"),
        ({"region": [0, 0, 1]}, "'region' is"),
        ({"masks": 3}, "'masks' is no list"),
        ({"known_defects": 3}, "'known_defects' is no folder"),
        ({"known_defects": "/no/such/folder"}, "/no/such/folder: cannot be read as a folder"),
        ({"colour": "red"}, "does not know 'colour'"),
    ],
)
def test_inputs_that_cannot_be_worked_with_are_refused(
    change: dict[str, Any], said: str, places: Places, goods: Path
) -> None:
    with pytest.raises(InputError, match=said):
        run(_context(places), {**_inputs(goods), **change})
