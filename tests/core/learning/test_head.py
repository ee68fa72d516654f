import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.graph import GraphWriter, Port
from core.learning.head import HIGHEST, LOWEST, Gauge, Head, add_head, folds_of, out_of_fold, weight_for
from core.learning.place_gaussian import Fitted, PlaceGaussian, Row, Vectors, fit
from core.learning.place_scoring import MapNorm, norm_of, top_mean
from core.learning.portrait import STATISTICS, PictureFeatures, add_portrait, joined, portray, portray_good
from core.models.card import Card, TensorSpec

_POSITIONS, _CHANNELS = 64, 20
_ROWS = [Row(part, copy > 0) for part in range(12) for copy in range(3)]
#: A place of its own for every position, and few places that positions share.
_DEALT = {"each its own": np.arange(_POSITIONS), "shared": np.arange(_POSITIONS) // 10}


@pytest.fixture(params=list(_DEALT.values()), ids=list(_DEALT))
def places(request: pytest.FixtureRequest) -> NDArray[np.intp]:
    return np.asarray(request.param, np.intp)


def _features(rows: int, seed: int = 0, positions: int = _POSITIONS) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    usual = np.random.default_rng(99).normal(size=(_POSITIONS, _CHANNELS))[:positions]
    return (usual + 0.3 * rng.normal(size=(rows, positions, _CHANNELS))).astype(np.float32)


def _vectors(features: NDArray[np.float32], places: NDArray[np.intp]) -> Vectors:
    rows = np.repeat(np.arange(len(features)), features.shape[1])
    return Vectors(features.reshape(-1, _CHANNELS), np.tile(places, len(features)), rows)


def _fitted(features: NDArray[np.float32], rows: list[Row], places: NDArray[np.intp]) -> Fitted:
    return fit(_vectors(features, places), rows, int(places.max()) + 1, 200)


def _norm(fitted: Fitted, kept: NDArray[np.bool_], places: NDArray[np.intp]) -> MapNorm:
    judged = kept & ~np.isnan(fitted.held_out)
    return norm_of(fitted.held_out[judged], np.tile(places, len(_ROWS))[judged], len(fitted.gaussian.mean))


def _head(seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    return Head(rng.normal(size=2 * _CHANNELS + STATISTICS).astype(np.float32), 0.7, -50.0, 50.0)


def _graph(head: Head, gaussian: PlaceGaussian) -> Session:
    graph = GraphWriter()
    seen = add_portrait(graph, "vectors", "standard", "places", gaussian)
    add_head(graph, seen, "score", head, named="final")
    ports = [
        Port("vectors", np.float32, ("positions", _CHANNELS)),
        Port("standard", np.float32, ("positions",)),
        Port("places", np.int64, ("positions",)),
        Port("score", np.float32, (1,)),
    ]
    model = graph.model(ports, [Port("final", np.float32, (1,))])
    card = Card(
        name="head", version="1", kind="features",
        inputs=tuple(
            TensorSpec(port.name, np.dtype(port.dtype).name, tuple(-1 if size == "positions" else int(size)
            for size in port.shape)) for port in ports
        ),
        outputs=(TensorSpec("final", "float32", (1,)),), intended_use="tests", licence="Apache-2.0",
    )  # fmt: skip
    return Session(model.SerializeToString(), card)


@pytest.mark.parametrize("positions", [_POSITIONS, 50, 3], ids=["all", "fewer", "hardly any"])
def test_the_graph_gives_the_final_score_of_numpy(positions: int, places: NDArray[np.intp]) -> None:
    """However many positions there are."""
    fitted = _fitted(_features(len(_ROWS)), _ROWS, places)
    gaussian, head = fitted.gaussian, _head()
    norm = _norm(fitted, np.ones(len(fitted.held_out), bool), places)
    session = _graph(head, gaussian)
    new = _features(6, seed=5, positions=positions)
    new[3:, 1:14] += 2
    dealt = places[:positions]
    for vectors in new:
        standard = norm.standardise(gaussian.distances(vectors, dealt), dealt)
        score = np.array([top_mean(standard)])
        expected = head.apply(portray(vectors, standard, gaussian.mean[dealt], gaussian.scale), score)
        final = session.run({
            "vectors": vectors, "standard": standard.astype(np.float32), "places": dealt.astype(np.int64),
            "score": score.astype(np.float32),
        })["final"]  # fmt: skip
        assert final[0] == pytest.approx(expected[0], rel=1e-5, abs=1e-5)


def test_a_taught_picture_is_seen_as_if_its_part_had_never_been_there(places: NDArray[np.intp]) -> None:
    """Against an explicit mean of the other parts, with the channels' scale kept."""
    features = _features(len(_ROWS))
    fitted = _fitted(features, _ROWS, places)
    found = portray_good(_vectors(features, places), _ROWS, fitted)
    part = 4
    others = np.array([row.part != part for row in _ROWS])
    judged = [index for index, row in enumerate(_ROWS) if not row.copy]
    norm = _norm(fitted, np.repeat(others, _POSITIONS), places)
    mean = np.stack([features[others][:, places == place].mean((0, 1)) for place in range(places.max() + 1)])
    own = slice(judged[part] * _POSITIONS, (judged[part] + 1) * _POSITIONS)
    standard = norm.standardise(fitted.held_out[own], places)
    alone = portray(features[judged[part]], standard, mean[places], fitted.gaussian.scale)
    np.testing.assert_allclose(found.residual[part], alone.residual[0], atol=1e-4)
    np.testing.assert_allclose(found.map_statistics[part], alone.map_statistics[0], atol=1e-6)
    np.testing.assert_allclose(found.pooled[part], alone.pooled[0], atol=1e-6)
    assert len(found) == 12


def test_statistics_rise_with_heat() -> None:
    calm, hot = np.linspace(-1, 1, _POSITIONS), np.linspace(-1, 1, _POSITIONS)
    hot[7] = 20
    one, other = (_seen(standard).map_statistics[0] for standard in (calm, hot))
    assert (other[:3] > one[:3] + 0.5).all()
    assert one[0] == pytest.approx(np.log(2))


def test_sets_are_joined_row_by_row() -> None:
    one = _seen(np.zeros(_POSITIONS))
    both = joined([one, one])
    assert len(both) == 2
    np.testing.assert_array_equal(both.seen[1:], one.seen)


def _seen(standard: NDArray[np.float64]) -> PictureFeatures:
    return portray(_features(1)[0], standard, _features(1, 1)[0], np.ones(_CHANNELS, np.float32))


def test_what_a_head_adds_and_takes_away_is_bounded() -> None:
    values = np.random.default_rng(0).normal(3, 2, 50)
    gauge = Gauge.of(values, np.random.default_rng(1).normal(5, 0.5, 50), 0.5)
    unit = 0.5 * gauge.spread
    assert gauge.contribution(np.array([-1e3, 1e3])).tolist() == pytest.approx([LOWEST * unit, HIGHEST * unit])
    assert gauge.contribution(values).mean() == pytest.approx(0, abs=0.1 * unit)


def test_a_gauged_discriminant_is_one_linear_form() -> None:
    from core.learning.discriminant import discriminate

    rng = np.random.default_rng(3)
    pooled = rng.normal(4, 1, (30, 6)).astype(np.float32)
    nothing = np.empty((30, 0), np.float32)
    features = PictureFeatures(pooled, nothing, nothing, nothing, nothing)
    found = discriminate(features.seen, np.arange(30) < 8)
    values = found.values(features.seen)
    gauge = Gauge.of(values[8:], rng.normal(2, 0.3, 22), 1.0)
    np.testing.assert_allclose(gauge.head(found).contribution(features), gauge.contribution(values), atol=1e-5)


def test_the_weight_rises_from_a_half_to_one_at_thirty_labels() -> None:
    assert weight_for(0) == 0.5
    assert weight_for(15) == 0.75
    assert weight_for(30) == weight_for(200) == 1.0


def test_folds_keep_parts_together_and_deal_defects_evenly() -> None:
    parts = [0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    defect = np.array([part in (1, 2, 5, 7) for part in parts])
    folds = folds_of(parts, defect, 4, seed=1)
    assert all(len({folds[i] for i, other in enumerate(parts) if other == part}) == 1 for part in parts)
    assert sorted({int(fold) for fold in folds[defect]}) == [0, 1, 2, 3]


def test_noise_is_worth_nothing_out_of_fold() -> None:
    rng = np.random.default_rng(6)
    x, defect = rng.normal(size=(80, 200)), np.arange(80) < 20
    values = out_of_fold(x, defect, folds_of(range(80), defect, 5, 0))
    assert abs(values[defect].mean() - values[~defect].mean()) < values.std()
