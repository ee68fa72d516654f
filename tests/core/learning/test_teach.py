from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import Weights, read_weights
from core.learning.inspector import HEAT_MAP, IMAGE, SCORE, Eye, feature_graph, features_spec
from core.learning.teach import Picture, Taught, TeachSettings, shifted, teach
from core.models.card import Card
from tests.support.pictures import part_picture

_SMALL = TeachSettings(side_px=64)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights()


@pytest.fixture(scope="module")
def taught(weights: Weights) -> Taught:
    return teach(_pictures(range(8)), _SMALL, weights=weights)


def _pictures(seeds: Sequence[int]) -> list[Picture]:
    return [_picture(part_picture(seed), f"{seed}.png") for seed in seeds]


def _picture(image: NDArray[np.uint8], name: str = "x.png", part: str = "") -> Picture:
    return Picture(name, lambda: image, part)


def _session(taught: Taught) -> Session:
    return Session(taught.model, _card((SCORE, HEAT_MAP)))


def _card(outputs: Sequence[object]) -> Card:
    return Card(
        name="taught",
        version="1",
        kind="inspection",
        inputs=(IMAGE,),
        outputs=tuple(outputs),  # type: ignore[arg-type]
        intended_use="tests",
        licence="Apache-2.0",
    )


def _score(session: Session, image: NDArray[np.uint8]) -> float:
    return float(session.run({"image": image})["score"][0])


def test_flawed_parts_score_higher_than_good_ones(taught: Taught) -> None:
    session = _session(taught)
    good = [_score(session, part_picture(seed)) for seed in range(100, 110)]
    flawed = [_score(session, part_picture(seed, flawed=True)) for seed in range(200, 210)]
    assert min(flawed) > max(good)
    assert min(flawed) > taught.threshold.value


def test_the_heat_map_is_hot_where_the_flaw_is(taught: Taught) -> None:
    image = part_picture(3)
    image[40:60, 50:75] = 10
    heat = _session(taught).run({"image": image})["heat_map"]
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert heat.shape == (64, 64)
    assert 40 / 72 - 0.15 < row / 64 < 60 / 72 + 0.15
    assert 50 / 96 - 0.15 < column / 64 < 75 / 96 + 0.15


def test_a_picture_of_another_size_is_judged_alike(taught: Taught) -> None:
    large = np.kron(part_picture(5), np.ones((2, 2, 1), np.uint8))
    assert _score(_session(taught), large) < taught.threshold.value


def test_the_same_pictures_teach_the_same_bytes(taught: Taught, weights: Weights) -> None:
    assert teach(_pictures(range(8)), _SMALL, weights=weights).model == taught.model


@pytest.mark.parametrize("count", [8, 24], ids=["all channels", "some channels"])
def test_the_graph_scores_as_the_gaussian_it_was_made_of(
    count: int, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.learning.teach as module
    from core.learning.gaussian import Fitted, fit
    from core.learning.inspector import inspector_graph
    from core.learning.scoring import norm_of, top_mean

    kept: list[Fitted] = []
    eyes: list[Eye] = []

    def keeping_fit(*arguments: Any) -> Fitted:
        kept.append(fit(*arguments))
        return kept[-1]

    def keeping_graph(weights: Weights, eye: Eye, *arguments: Any) -> Any:
        eyes.append(eye)
        return inspector_graph(weights, eye, *arguments)

    monkeypatch.setattr(module, "fit", keeping_fit)
    monkeypatch.setattr(module, "inspector_graph", keeping_graph)
    result = teach(_pictures(range(count)), _SMALL, weights=weights)
    looked = Session(feature_graph(weights, eyes[0]).SerializeToString(), _card((features_spec(eyes[0]),))).run(
        {"image": part_picture(900, flawed=True)}
    )["features"]
    expected = top_mean(norm_of(kept[0].held_out).standardise(kept[0].gaussian.distances(looked)))[0]
    assert _score(_session(result), part_picture(900, flawed=True)) == pytest.approx(expected, rel=1e-4)
    assert result.channels == (384 if count == 8 else 200)


def test_pictures_of_one_part_are_held_out_together(weights: Weights) -> None:
    pictures = [
        _picture(part_picture(seed), f"{seed}.png", part=f"part-{seed // 2}" if seed < 10 else "") for seed in range(14)
    ]
    assert teach(pictures, _SMALL, weights=weights).threshold.parts == 9


def test_the_same_pixels_twice_are_one_part(weights: Weights) -> None:
    pictures = [*_pictures(range(6)), _picture(part_picture(2), "again.png")]
    assert teach(pictures, _SMALL, weights=weights).threshold.parts == 6


def test_a_stranger_among_the_good_is_named(weights: Weights) -> None:
    pictures = [*_pictures(range(12)), _picture(part_picture(50, flawed=True), "odd.png")]
    assert teach(pictures, _SMALL, weights=weights).doubtful == ("odd.png",)


def test_progress_goes_up_and_can_stop_the_work(weights: Weights) -> None:
    told: list[float] = []

    def tell(share: float, text: str) -> None:
        told.append(share)
        if len(told) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach(_pictures(range(8)), _SMALL, tell, weights)
    assert told == sorted(told)
    assert len(told) == 4


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([part_picture(0)], "1 pictures of good parts are too few, at least 5 are needed"),
        ([], "0 pictures of good parts are too few"),
        ([part_picture(0)] * 6, "the pictures are all the same"),
        ([part_picture(0)] * 4 + [part_picture(1)] * 3, "show 2 different good parts, at least 5"),
        ([np.zeros((72, 96, 3), np.uint8)] * 6, r"0\.png: the picture shows nothing"),
        ([*map(part_picture, range(5)), np.zeros((72, 96, 3), np.uint8)], r"5\.png: the picture shows nothing"),
        ([*map(part_picture, range(5)), part_picture(9, height=96)], r"5\.png: 96 x 96 pixels, but 0\.png has 96 x 72"),
        ([*map(part_picture, range(5)), part_picture(9)[..., 0]], r"5\.png: not a colour picture"),
        ([part_picture(0)] * 1001, "1001 pictures are too many"),
    ],
)
def test_pictures_that_cannot_be_taught_from_are_refused_in_words(
    images: list[NDArray[np.uint8]], said: str, weights: Weights
) -> None:
    with pytest.raises(InputError, match=said):
        teach([_picture(image, f"{index}.png") for index, image in enumerate(images)], _SMALL, weights=weights)


@pytest.mark.parametrize(("x", "y"), [(2, 0), (-2, 0), (0, 3), (0, -3)])
def test_a_shifted_copy_repeats_its_edge(x: int, y: int) -> None:
    image = part_picture(0)
    moved = shifted(image, x, y)
    assert moved.shape == image.shape
    assert (moved[10 + y, 20 + x] == image[10, 20]).all()
    edge = (0, 20) if y > 0 else (-1, 20) if y < 0 else (10, 0) if x > 0 else (10, -1)
    assert (moved[edge] == image[edge]).all()
