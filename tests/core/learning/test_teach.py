from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.inference.session import Session
from core.learning.backbone import Weights, read_weights
from core.learning.inspector import HEAT_MAP, IMAGE, SCORE
from core.learning.looking import FeatureStore, Looker
from core.learning.pictures import pixels_of
from core.learning.place_scoring import top_mean
from core.learning.teach import Picture, Taught, TeachSettings, teach
from core.models.card import Card
from tests.support.pictures import part_picture

_SMALL = TeachSettings(side_px=64, augment="shifts", register="no", region=(0.0, 0.0, 1.0, 1.0), eight_bits="no")


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


@pytest.mark.parametrize(
    ("settings", "height"),
    [(_SMALL, 72), (TeachSettings(side_px=128, augment="none"), 0)],
    ids=["one shape", "many shapes"],
)
def test_the_graph_scores_as_the_gaussian_it_was_made_of(
    settings: TeachSettings, height: int, weights: Weights
) -> None:
    heights = [height or 72 + 8 * (seed % 4) for seed in range(10)]
    pictures = [_picture(part_picture(seed, height=high), f"{seed}.png") for seed, high in enumerate(heights)]
    result = teach(pictures, settings, weights=weights)
    image = part_picture(900, flawed=True)
    seen, learnt = result.learnt.plan.seen, result.learnt
    (features,) = Looker(weights).look(seen.view, image, pixels_of(image), [None])
    places = seen.places.of_grid(*features.shape[:2])
    distances = learnt.gaussian.distances(features.reshape(-1, features.shape[2]), places)
    expected = top_mean(learnt.norm.standardise(distances, places))
    assert _score(_session(result), image) == pytest.approx(expected, rel=5e-3)


@pytest.mark.slow
def test_pictures_of_many_shapes_are_taught_from_and_judged(weights: Weights) -> None:
    pictures = [
        _picture(part_picture(seed, height=64 + 8 * (seed % 5), width=96 + 8 * (seed % 3)), f"{seed}.png")
        for seed in range(16)
    ]
    result = teach(pictures, TeachSettings(side_px=96, augment="none"), weights=weights)
    session = _session(result)
    good = [_score(session, part_picture(50 + index, height=64 + 8 * index)) for index in range(4)]
    flawed = [_score(session, part_picture(50 + index, height=64 + 8 * index, flawed=True)) for index in range(4)]
    assert np.mean(flawed) > np.mean(good)
    assert result.learnt.plan.seen.view.scale > 0


@pytest.mark.slow
def test_the_choice_is_told_with_what_was_tried(weights: Weights) -> None:
    plan = teach(_pictures(range(8)), TeachSettings(side_px=64), weights=weights).plan
    assert len(plan["tried"]) >= 3
    assert all(0 <= trial["auroc"] <= 1 for trial in plan["tried"])
    assert plan["view"] in plan["words"]


@pytest.mark.slow
def test_a_first_model_comes_before_the_best_and_can_judge(weights: Weights) -> None:
    early: list[Taught] = []
    last = teach(_pictures(range(8)), TeachSettings(side_px=64), weights=weights, first=early.append)
    assert len(early) == 1
    assert early[0].cpu_s < last.cpu_s
    assert np.isfinite(_score(_session(early[0]), part_picture(60)))


def test_teaching_again_with_more_pictures_looks_only_at_the_new(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    inner = Looker._features

    def counting(self: Looker, planes: NDArray[np.float32]) -> Any:
        counts.append(1)
        return inner(self, planes)

    monkeypatch.setattr(Looker, "_features", counting)
    first = teach(_pictures(range(8)), _SMALL, weights=weights, store=FeatureStore(tmp_path))
    again = teach(_pictures(range(8)), _SMALL, weights=weights, store=FeatureStore(tmp_path))
    assert len(counts) == 8 * 5
    assert again.model == first.model
    teach(_pictures(range(10)), _SMALL, weights=weights, store=FeatureStore(tmp_path))
    assert len(counts) == 10 * 5


def test_a_store_holds_no_more_than_it_may(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, most_bytes=5000)
    for index in range(6):
        store.put(f"key{index}", np.zeros((2, 2, 200), np.float16))
    store.tidy()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_masked_flaw_is_not_seen(weights: Weights) -> None:
    flawed = part_picture(3)
    flawed[40:60, 50:75] = 10
    masks = ((0.45, 0.5, 0.4, 0.4),)
    settings = TeachSettings(side_px=128, augment="none", register="no", region=(0.0, 0.0, 1.0, 1.0), masks=masks)
    session = _session(teach(_pictures(range(8)), settings, weights=weights))
    assert _score(session, flawed) == pytest.approx(_score(session, part_picture(3)), abs=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"augment": "twirl"}, "augment is 'twirl', expected one of none, shifts"),
        ({"register": "maybe"}, "register is 'maybe'"),
        ({"region": (0.5, 0.5, 0.6, 0.2)}, "does not lie in the picture"),
        ({"masks": ((0.1, 0.1, 0.0, 0.2),)}, "does not lie in the picture"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TeachSettings(**change)


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
        ([*map(part_picture, range(5)), part_picture(9)[..., 0]], r"5\.png: not a colour picture"),
        ([part_picture(0)] * 1001, "1001 pictures are too many"),
    ],
)
def test_pictures_that_cannot_be_taught_from_are_refused_in_words(
    images: list[NDArray[np.uint8]], said: str, weights: Weights
) -> None:
    with pytest.raises(InputError, match=said):
        teach([_picture(image, f"{index}.png") for index, image in enumerate(images)], _SMALL, weights=weights)
