import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.gaussian import Row, fit

_SHRINKAGE = 0.1


def _features(rows: int, positions: int = 3, channels: int = 12) -> NDArray[np.float32]:
    rng = np.random.default_rng(rows)
    mixed = rng.normal(size=(rows, positions, channels)) @ rng.normal(size=(channels, channels))
    return (mixed + rng.normal(size=channels)).astype(np.float32)


def _rows(parts: int, copies: int) -> list[Row]:
    return [Row(part, copy > 0) for part in range(parts) for copy in range(copies + 1)]


@pytest.mark.parametrize("rows", [8, 40], ids=["fewer rows than channels", "more rows than channels"])
def test_distances_are_those_of_the_inverse_covariance(rows: int) -> None:
    features = _features(rows)
    fitted = fit(features.copy(), _rows(rows, 0), _SHRINKAGE)
    y = ((features - fitted.gaussian.mean) * fitted.gaussian.scale).astype(np.float64)
    new = _features(5)
    z = ((new - fitted.gaussian.mean) * fitted.gaussian.scale).astype(np.float64)
    expected = np.empty((5, 3))
    for position in range(3):
        covariance = y[:, position].T @ y[:, position] / (rows - 1) + _SHRINKAGE * np.eye(12)
        inverse = np.linalg.inv(covariance)
        expected[:, position] = np.sqrt(np.einsum("ic,cd,id->i", z[:, position], inverse, z[:, position]))
    assert fitted.gaussian.residual is (rows < 12)
    np.testing.assert_allclose(fitted.gaussian.distances(new), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "rows",
    [_rows(8, 0), _rows(4, 1), _rows(30, 0), _rows(10, 4), [*_rows(6, 1), Row(3), Row(3), Row(5, copy=True)]],
    ids=["few", "few with copies", "many", "many with copies", "parts of different sizes"],
)
def test_a_part_left_out_is_judged_as_if_it_had_never_been_there(rows: list[Row]) -> None:
    features = _features(len(rows))
    fitted = fit(features.copy(), rows, _SHRINKAGE)
    y = ((features - fitted.gaussian.mean) * fitted.gaussian.scale).astype(np.float64)
    judged = [index for index, row in enumerate(rows) if not row.copy]
    expected = np.empty((len(judged), 3))
    for place, index in enumerate(judged):
        others = y[[row.part != rows[index].part for row in rows]]
        for position in range(3):
            centred = others[:, position] - others[:, position].mean(0)
            covariance = centred.T @ centred / (len(rows) - 1) + _SHRINKAGE * np.eye(12)
            off = y[index, position] - others[:, position].mean(0)
            expected[place, position] = np.sqrt(off @ np.linalg.solve(covariance, off))
    np.testing.assert_allclose(fitted.held_out, expected, rtol=1e-5)


def test_a_channel_that_never_changes_does_no_harm() -> None:
    features = _features(10)
    features[:, :, 4] = 7.0
    fitted = fit(features, _rows(10, 0), _SHRINKAGE)
    assert np.isfinite(fitted.held_out).all()


def test_rows_that_are_all_the_same_are_refused() -> None:
    with pytest.raises(InputError, match="all the same"):
        fit(np.ones((6, 3, 12), np.float32), _rows(6, 0))


def test_one_part_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="at least two parts"):
        fit(_features(4), _rows(1, 3))
