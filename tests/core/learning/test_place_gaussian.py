import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.place_gaussian import Row, Vectors, fit, fit_and_judge

_SHRINKAGE = 0.1
_CHANNELS = 12


def _vectors(rows: int, each: int = 1, places: int = 2) -> Vectors:
    """`each` vectors of every row at every place."""
    rng = np.random.default_rng(rows)
    count = rows * places * each
    values = rng.normal(size=(count, _CHANNELS)) @ rng.normal(size=(_CHANNELS, _CHANNELS)) + rng.normal(size=_CHANNELS)
    return Vectors(values, np.tile(np.repeat(np.arange(places), each), rows), np.repeat(np.arange(rows), places * each))


def _distances(
    values: NDArray[np.floating], asked: NDArray[np.floating], scale: NDArray[np.floating], divisor: int
) -> NDArray[np.float64]:
    """Squared, by the inverse of the whole covariance."""
    y = (values - values.mean(0)) * scale
    z = (asked - values.mean(0)) * scale
    covariance = y.T @ y / divisor + _SHRINKAGE * np.eye(_CHANNELS)
    return np.asarray(np.sqrt(np.einsum("ic,cd,id->i", z, np.linalg.inv(covariance), z)))


@pytest.mark.parametrize("rows", [8, 40], ids=["fewer vectors than channels", "more vectors than channels"])
def test_with_every_direction_distances_are_those_of_the_inverse_covariance(rows: int) -> None:
    vectors = _vectors(rows)
    gaussian = fit(vectors, [Row(part) for part in range(rows)], 2, _CHANNELS, _SHRINKAGE).gaussian
    found = gaussian.distances(vectors.values, vectors.places)
    for place in range(2):
        own = vectors.values[vectors.places == place]
        expected = _distances(own, own, gaussian.scale, rows - 1)
        np.testing.assert_allclose(found[vectors.places == place], expected, rtol=2e-3)


@pytest.mark.parametrize("each", [1, 3], ids=["one vector of a picture", "several vectors of a picture"])
def test_a_part_left_out_is_judged_as_if_it_had_never_been_there(each: int) -> None:
    rows = [*(Row(part, copy) for part in range(8) for copy in (False, True)), Row(3, ghost=True), Row(5)]
    vectors = _vectors(len(rows), each)
    fitted = fit(vectors, rows, 2, _CHANNELS, _SHRINKAGE)
    part, ghost = (np.array([getattr(row, name) for row in rows])[vectors.rows] for name in ("part", "ghost"))
    for index in np.flatnonzero(~np.array([row.copy for row in rows])[vectors.rows]):
        at = (vectors.places == vectors.places[index]) & ~ghost
        others = vectors.values[at & (part != part[index])]
        expected = _distances(others, vectors.values[[index]], fitted.gaussian.scale, int(at.sum()) - 1)
        assert fitted.held_out[index] == pytest.approx(expected[0], rel=1e-4)
    assert np.isnan(fitted.held_out[vectors.rows == 1]).all()


def test_with_few_directions_parts_are_judged_by_what_is_taught_without_them() -> None:
    rows = [Row(part) for part in range(30)]
    vectors = _vectors(30)
    fitted = fit_and_judge(vectors, rows, 2, 4, folds=30)
    kept = vectors.rows != 7
    without = fit(Vectors(vectors.values[kept], vectors.places[kept], vectors.rows[kept]), rows, 2, 4, judge=False)
    expected = without.gaussian.distances(vectors.values[~kept], vectors.places[~kept])
    np.testing.assert_allclose(fitted.held_out[~kept], expected, rtol=1e-6)


def _steep(count: int, channels: int, seed: int) -> NDArray[np.floating]:
    """Vectors that differ much in few directions and little in the others, as features do."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, channels)) * np.exp(-np.arange(channels) / 15)
    turned = mixed @ np.linalg.qr(rng.normal(size=(channels, channels)))[0]
    return np.asarray(turned + 0.05 * rng.normal(size=(count, channels)), np.float16)


def test_the_directions_found_are_those_of_the_whole_covariance_whatever_the_start() -> None:
    vectors = Vectors(_steep(150, 120, 1), np.zeros(150, np.intp), np.arange(150))
    rows = [Row(part) for part in range(150)]
    alone = fit(vectors, rows, 1, 20, judge=False).gaussian
    other = Vectors(_steep(150, 120, 1) + _steep(150, 120, 2) * np.float16(0.1), vectors.places, vectors.rows)
    again = fit(vectors, rows, 1, 20, judge=False, near=fit(other, rows, 1, 20, judge=False).gaussian).gaussian
    y = (vectors.values.astype(np.float64) - alone.mean[0]) * alone.scale
    kept = np.linalg.svd(y, full_matrices=False)[2][:20]
    for found in (alone, again):
        axes = found.directions[0] / np.linalg.norm(found.directions[0], axis=1, keepdims=True)
        assert np.linalg.norm(axes @ kept.T, axis=1).min() > 0.98  # none of them lies outside
        np.testing.assert_allclose(
            found.distances(vectors.values, vectors.places), alone.distances(vectors.values, vectors.places), rtol=0.02
        )


def test_vectors_that_hardly_differ_in_most_directions_still_have_their_axes() -> None:
    values = np.zeros((150, 120))
    values[:, :3] = np.random.default_rng(3).normal(size=(150, 3))
    vectors = Vectors(values, np.zeros(150, np.intp), np.arange(150))
    gaussian = fit(vectors, [Row(part) for part in range(150)], 1, 20, judge=False).gaussian
    lengths = np.linalg.norm(gaussian.directions[0], axis=1)
    assert (lengths[:3] > 0.5).all()
    assert np.isfinite(gaussian.distances(values, vectors.places)).all()


def test_parts_with_unlike_numbers_of_pictures_are_each_judged_without_their_own() -> None:
    rows = [Row(0), Row(0), Row(0, copy=True), Row(1), Row(2), Row(2, copy=True), *(Row(part) for part in range(3, 9))]
    vectors = _vectors(len(rows), places=1)
    fitted = fit(vectors, rows, 1, _CHANNELS, _SHRINKAGE)
    for index, row in enumerate(rows):
        if not row.copy:
            others = vectors.values[[other.part != row.part for other in rows]]
            expected = _distances(others, vectors.values[[index]], fitted.gaussian.scale, len(rows) - 1)
            assert fitted.held_out[index] == pytest.approx(expected[0], rel=1e-4)


def test_a_part_that_is_alone_at_its_place_is_judged_by_the_spread_that_is_taken_for_granted() -> None:
    vectors = _vectors(8)
    alone = np.where(vectors.rows == 7, 1, 0)
    fitted = fit(Vectors(vectors.values, alone, vectors.rows), [Row(part) for part in range(8)], 2, 12, _SHRINKAGE)
    y = (vectors.values[alone == 1] - fitted.gaussian.mean[1]) * fitted.gaussian.scale
    np.testing.assert_allclose(
        fitted.held_out[alone == 1], np.sqrt(np.square(y).sum(1) / _SHRINKAGE), rtol=1e-3, atol=1e-4
    )


def test_a_ghost_changes_nothing_of_what_is_taught() -> None:
    vectors = _vectors(9)
    rows = [*(Row(part) for part in range(8)), Row(2, ghost=True)]
    kept = vectors.rows < 8
    alone = fit(Vectors(vectors.values[kept], vectors.places[kept], vectors.rows[kept]), rows[:8], 2, _CHANNELS)
    np.testing.assert_array_equal(fit(vectors, rows, 2, _CHANNELS).gaussian.directions, alone.gaussian.directions)


def test_one_part_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="at least two parts"):
        fit(_vectors(4), [Row(0)] * 4, 2, 4)


def test_vectors_that_are_all_the_same_are_refused() -> None:
    vectors = _vectors(6)
    with pytest.raises(InputError, match="all the same"):
        fit(Vectors(np.ones_like(vectors.values), vectors.places, vectors.rows), [Row(p) for p in range(6)], 2, 4)
