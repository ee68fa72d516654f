import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.learning.threshold import choose_threshold
from manufacturing.evaluation import EvaluationSettings, evaluate, evaluate_seeds, false_rejects
from tests.support.pictures import lit_picture, part_picture, scratched_picture, write_dataset, write_png

_QUICK = EvaluationSettings(shift_px=0, augment="none", register="no", eight_bits="no")
_TIMES = ("teach_cpu_s", "latency_ms")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two kinds of defects: blots, and dark blocks of which each pixel is known."""
    folder = write_dataset(tmp_path_factory.mktemp("set"))
    for index in range(4):
        image = part_picture(3000 + index)
        mask = np.zeros_like(image)
        image[30:50, 60:80], mask[30:50, 60:80] = 10, 255
        write_png(folder / "test" / "block" / f"{index}.png", image)
        write_png(folder / "ground_truth" / "block" / f"{index}_mask.png", mask)
    return folder


@pytest.fixture(scope="module")
def figures(dataset: Path) -> dict[str, Any]:
    return evaluate(dataset, _QUICK)


def _without_times(figures: dict[str, Any]) -> dict[str, Any]:
    plan = {key: value for key, value in figures["plan"].items() if key != "precision"}
    return {key: value for key, value in (figures | {"plan": plan}).items() if key not in _TIMES}


def test_every_promised_figure_is_there(figures: dict[str, Any]) -> None:
    json.dumps(figures, allow_nan=False)
    assert figures["image_auroc"] == 1.0
    assert figures["defects"] == {"blot": 1.0, "block": 1.0}
    assert figures["images"] == {"taught_from": 8, "good": 6, "defects": {"blot": 6, "block": 4}, "masks": 4}
    assert figures["plan"]["copies"] == "none"
    for key in ("false_reject_rate", "escape_rate", "recall", "threshold", "teach_cpu_s"):
        assert isinstance(figures[key], float)
    for key in ("false_reject_ci95", "escape_ci95"):
        low, high = figures[key]
        assert 0 <= low <= high <= 1
    latency = figures["latency_ms"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]


def test_the_good_parts_of_the_test_are_held_against_what_was_foreseen_of_them(figures: dict[str, Any]) -> None:
    found = figures["false_rejects"]
    low, high = found["foreseen95"]
    assert found["parts"] == 6
    assert found["rejected"] == round(6 * figures["false_reject_rate"])
    assert found["kept"] == (low <= found["rejected"] <= high)


def test_a_part_is_rejected_once_whatever_the_number_of_its_pictures() -> None:
    threshold = choose_threshold(np.arange(40.0), range(40), 0.1)
    scores = np.array([50.0, 1.0, 60.0, 1.0, 1.0])
    assert threshold.rejected == 3
    found = false_rejects(threshold, scores, ["a", "a", "a", "b", "c"])
    assert found == {"parts": 3, "rejected": 1, "foreseen95": list(threshold.foreseen95(3)), "kept": True}
    assert not false_rejects(threshold, np.full(30, 50.0), [str(part) for part in range(30)])["kept"]


def test_masks_give_a_pixel_figure(figures: dict[str, Any]) -> None:
    assert figures["pixel_auroc"] > 0.9
    assert figures["images"]["masks"] == 4


@pytest.mark.slow
def test_a_seed_gives_the_same_figures_again(dataset: Path, figures: dict[str, Any]) -> None:
    assert _without_times(evaluate(dataset, replace(_QUICK, seed=0))) == _without_times(figures)
    assert evaluate(dataset, replace(_QUICK, seed=2))["threshold"] != figures["threshold"]


@pytest.mark.slow
def test_fewer_pictures_may_be_taught_from(dataset: Path) -> None:
    assert evaluate(dataset, replace(_QUICK, teach_from=5))["images"]["taught_from"] == 5


@pytest.mark.slow
def test_the_wished_rate_moves_the_threshold(dataset: Path, figures: dict[str, Any]) -> None:
    assert evaluate(dataset, replace(_QUICK, false_reject_rate=0.3))["threshold"] < figures["threshold"]


def test_too_few_defects_give_no_figures_with_labels(figures: dict[str, Any]) -> None:
    assert figures["with_labels"] == {"10": None, "30": None}  # of ten, five would have to be left


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good parts and faint scratches, half of the tested ones of named parts; two of these were taught from."""
    folder = tmp_path_factory.mktemp("labelled")
    for seed in range(20):
        part = f"part-{seed}" if seed < 2 else ""
        write_png(folder / "train" / "good" / part / f"{seed:03d}.png", lit_picture(seed))
    for seed in range(8):
        part = f"part-{seed}" if seed < 4 else ""
        write_png(folder / "test" / "good" / part / f"{seed:03d}.png", lit_picture(100 + seed))
    for seed in range(20):
        part = f"part-{seed}" if seed < 1 else ""
        write_png(folder / "test" / "scratch" / part / f"{seed:03d}.png", scratched_picture(500 + seed, 5))
    return folder


@pytest.fixture(scope="module")
def seeds(labelled: Path) -> dict[str, Any]:
    return evaluate_seeds(labelled, replace(_QUICK, labels=(10, 16), false_reject_rate=0.02), 2)


@pytest.mark.slow
def test_labelled_defects_are_taught_and_the_others_judged(seeds: dict[str, Any]) -> None:
    labels = seeds["each"][0]["with_labels"]
    ten = labels["10"]
    assert labels["16"] is None
    assert ten["defects"] == 10
    assert ten["on"], ten["why"]
    assert ten["recall"] > ten["without"]["recall"]
    assert 0 <= ten["false_reject_rate"] <= 1
    assert ten["image_auroc"] >= ten["without"]["image_auroc"] - 0.05


@pytest.mark.slow
def test_parts_that_were_taught_from_are_told_and_new_ones_judged_apart(seeds: dict[str, Any]) -> None:
    one = seeds["each"][0]
    assert one["parts_seen"] == 2 / 8
    assert (one["new_parts"]["good"], one["new_parts"]["defects"]) == (6, 19)
    assert 0 <= one["new_parts"]["image_auroc"] <= 1


def test_without_named_parts_nothing_is_said_of_new_ones(figures: dict[str, Any]) -> None:
    assert (figures["parts_seen"], figures["new_parts"]) == (None, None)


@pytest.mark.slow
def test_seeds_give_their_mean_and_each(seeds: dict[str, Any]) -> None:
    json.dumps(seeds, allow_nan=False)
    assert [one["seed"] for one in seeds["each"]] == [0, 1]
    assert seeds["false_rejects_kept"] == sum(one["false_rejects"]["kept"] for one in seeds["each"])
    assert seeds["mean"]["threshold"] == pytest.approx(np.mean([one["threshold"] for one in seeds["each"]]))
    recalls = [one["with_labels"]["10"]["recall"] for one in seeds["each"]]
    assert seeds["mean"]["with_labels.10.recall"] == pytest.approx(np.mean(recalls))


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize("name", ["cookies", "aliens"])
def test_real_parts_are_told_apart(name: str, samples: Path) -> None:
    figures = evaluate(samples / "manufacturing" / name, EvaluationSettings())
    assert figures["image_auroc"] >= 0.97
    low, high = figures["promised_false_reject_ci95"]
    assert figures["false_reject_ci95"][0] <= high
    assert figures["false_reject_ci95"][1] >= low
