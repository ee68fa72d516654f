import numpy as np

from core.learning.scoring import held_out_scores, norm_of, top_mean


def test_the_score_is_the_mean_of_the_hottest_three_per_cent() -> None:
    values = np.arange(256.0)
    assert top_mean(np.random.default_rng(0).permutation(values)) == values[-8:].mean()


def test_a_small_map_is_scored_by_its_hottest_position() -> None:
    assert top_mean(np.array([[1.0, 5.0, 2.0]])).tolist() == [5.0]


def test_what_is_usual_at_a_position_scores_nought() -> None:
    maps = np.random.default_rng(0).normal(5, 2, (30, 16)) + np.arange(16)
    norm = norm_of(maps)
    np.testing.assert_allclose(norm.standardise(norm.mean), 0)
    np.testing.assert_allclose(norm.mean, maps.mean(0))


def test_the_spread_of_few_parts_leans_on_the_common_one_and_of_many_on_its_own() -> None:
    calm_and_wild = np.array([0.2, 2.0] * 8)
    spread = {n: norm_of(np.random.default_rng(0).normal(0, calm_and_wild, (n, 16))).spread for n in (10, 5000)}
    assert spread[10][0] > 1.0
    assert spread[5000][0] < 0.3


def test_maps_that_are_all_the_same_give_finite_scores() -> None:
    assert np.isfinite(held_out_scores(np.ones((6, 16)), range(6))).all()


def test_a_picture_has_no_say_in_what_is_usual_when_it_is_scored() -> None:
    maps = np.random.default_rng(1).normal(5, 1, (12, 16))
    scores = held_out_scores(maps, [0, 0, *range(1, 11)])
    assert scores[0] == top_mean(norm_of(maps[2:]).standardise(maps[0]))
    assert scores[5] == top_mean(norm_of(np.delete(maps, 5, 0)).standardise(maps[5]))
