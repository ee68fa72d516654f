import argparse
import json
from pathlib import Path

import pytest

from appliance.verbs import manufacturing
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from tests.support.pictures import write_dataset, write_good
from verticals.places import Places


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    manufacturing.register(parser.add_subparsers())
    arguments = parser.parse_args(["manufacturing", *words])
    return int(arguments.run(arguments))


def test_evaluate_writes_one_json_document_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), "--shift-px", "0", "--json") == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["image_auroc"] == 1.0
    assert written.err == ""


def test_evaluate_tells_a_person_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), "--shift-px", "0") == 0
    written = capsys.readouterr()
    assert "Image AUROC 1.0000 on 6 good and 6 defective; pixel AUROC no masks." in written.out
    assert written.err == ""


def test_evaluate_over_seeds_tells_mean_and_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path)
    assert _run("evaluate", "--dataset", str(dataset), "--shift-px", "0", "--seeds", "2") == 0
    assert "seed 1: image AUROC" in capsys.readouterr().out


def test_teach_puts_a_package_on_the_shelf_and_activates_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_good(tmp_path / "goods", 6)
    data = tmp_path / "var"
    words = ("teach", str(tmp_path / "goods"), "--recipe", "flange", "--shift-px", "0", "--data", str(data))
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
