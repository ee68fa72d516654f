from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import Weights, read_weights
from core.learning.head import Head
from core.learning.inspector import CHANNELS, HEAT_MAP, IMAGE, SCORE
from core.learning.known_defects import DefectTrial
from core.learning.learnt import Learnt
from core.learning.looking import Looker
from core.learning.pictures import pixels_of
from core.learning.place_scoring import top_mean
from core.learning.portrait import STATISTICS, portray
from core.learning.teach import Picture, Taught, TeachSettings, teach, with_defects
from core.models.card import Card
from tests.support.pictures import lit_picture, part_picture, scratched_picture

_ONE_SHAPE = TeachSettings(side_px=64, augment="none", register="no", region=(0.0, 0.0, 1.0, 1.0), eight_bits="no")
_MANY_SHAPES = TeachSettings(side_px=96, augment="none", eight_bits="no")


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights()


@pytest.fixture(scope="module")
def goods() -> list[Picture]:
    return [_picture(lit_picture(seed), f"{seed}.png", part=f"part-{seed // 2}") for seed in range(24)]


@pytest.fixture(scope="module")
def taught(goods: list[Picture], weights: Weights) -> Taught:
    return teach(goods, _ONE_SHAPE, weights=weights)


@pytest.fixture(scope="module")
def trial(taught: Taught, goods: list[Picture], weights: Weights) -> DefectTrial:
    return DefectTrial(taught.learnt, goods, Looker(weights))


def _picture(image: NDArray[np.uint8], name: str = "x.png", part: str = "", kind: str = "") -> Picture:
    return Picture(name, lambda: image, part, kind)


def _defects(count: int, kind: str = "scratch") -> list[Picture]:
    return [_picture(scratched_picture(500 + index), f"{index}.png", kind=kind) for index in range(count)]


def _session(learnt: Learnt) -> Session:
    card = Card(
        name="taught", version="1", kind="inspection", inputs=(IMAGE,), outputs=(SCORE, HEAT_MAP),
        intended_use="tests", licence="Apache-2.0",
    )  # fmt: skip
    return Session(learnt.model(), card)


def _scores(learnt: Learnt, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    session = _session(learnt)
    return np.array([float(session.run({"image": image})["score"][0]) for image in images])


def test_known_defects_that_help_become_a_head_in_the_graph(taught: Taught, trial: DefectTrial) -> None:
    better = with_defects(taught, trial, _defects(14), 0.02)
    outcome = better.head_outcome
    assert outcome is not None and outcome.on, outcome and outcome.summary
    assert outcome.kinds == {"scratch": 14}
    assert better.model != taught.model
    assert len(outcome.defect_scores) == 14
    np.testing.assert_array_equal(better.held_out, outcome.good_scores)
    new = [scratched_picture(700 + index) for index in range(12)]
    before = (_scores(taught.learnt, new) > taught.threshold.value).mean()
    after = (_scores(better.learnt, new) > better.threshold.value).mean()
    assert after > before
    good = [lit_picture(800 + index) for index in range(12)]
    assert (_scores(better.learnt, good) <= better.threshold.value).mean() >= 0.8


def test_what_stays_off_changes_nothing_but_what_is_said(taught: Taught, trial: DefectTrial) -> None:
    same = with_defects(taught, trial, _defects(3), 0.02)
    assert same.head_outcome is not None
    assert "3 defective parts are too few" in same.head_outcome.why
    assert (same.model, same.threshold) == (taught.model, taught.threshold)
    assert len(same.head_outcome.defect_scores) == 3


def test_defects_under_another_lamp_are_not_learnt_from(taught: Taught, trial: DefectTrial) -> None:
    dark = [
        _picture(np.asarray(scratched_picture(500 + seed) * 0.9, np.uint8), f"{seed}.png", kind="x")
        for seed in range(12)
    ]
    outcome = with_defects(taught, trial, dark, 0.02).head_outcome
    assert outcome is not None and not outcome.on
    assert outcome.shortcut is not None and not outcome.shortcut.passed


def test_a_good_picture_among_the_defects_is_named(taught: Taught, trial: DefectTrial) -> None:
    with pytest.raises(InputError, match=r"odd\.png: this picture is among the good parts and among the known"):
        with_defects(taught, trial, [_picture(lit_picture(3), "odd.png", kind="x")], 0.02)


def test_a_defect_of_a_known_part_stays_with_its_part(trial: DefectTrial) -> None:
    """Five pictures of two parts, one of which was seen whole, are two parts."""
    defects = [replace(one, part=f"part-{index % 2 * 100}") for index, one in enumerate(_defects(5))]
    assert "2 defective parts are too few" in trial.run(defects, 0.02).why


def test_defects_that_show_nothing_are_refused_before_anything_is_taught(
    goods: list[Picture], weights: Weights
) -> None:
    blind = _picture(np.zeros((72, 96, 3), np.uint8), "dark.png", kind="x")
    with pytest.raises(InputError, match=r"dark\.png: the picture shows nothing"):
        teach(goods, _ONE_SHAPE, weights=weights, defects=[blind])


@pytest.mark.parametrize("settings", [_ONE_SHAPE, _MANY_SHAPES], ids=["one shape", "many shapes"])
def test_the_graph_with_a_head_scores_as_numpy(settings: TeachSettings, weights: Weights) -> None:
    heights = [72 if settings is _ONE_SHAPE else 72 + 8 * (seed % 4) for seed in range(10)]
    pictures = [_picture(part_picture(seed, height=high), f"{seed}.png") for seed, high in enumerate(heights)]
    rng = np.random.default_rng(0)
    head = Head(rng.normal(0, 0.1, 2 * CHANNELS + STATISTICS).astype(np.float32), 0.3, -50.0, 50.0)
    learnt = replace(teach(pictures, settings, weights=weights).learnt, head=head)
    seen = learnt.plan.seen
    for image in (part_picture(900, flawed=True), part_picture(901, height=144, width=120)):
        (grid,) = Looker(weights).look(seen.view, image, pixels_of(image), [None])
        vectors, places = grid.reshape(-1, grid.shape[2]), seen.places.of_grid(*grid.shape[:2])
        standard = learnt.norm.standardise(learnt.gaussian.distances(vectors, places), places)
        features = portray(vectors, standard, learnt.gaussian.mean[places], learnt.gaussian.scale)
        expected = head.apply(features, np.array([top_mean(standard)]))
        assert _scores(learnt, [image]) == pytest.approx(expected, rel=5e-3, abs=0.02)
