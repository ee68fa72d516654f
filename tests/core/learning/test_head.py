import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.gaussian import Row, fit
from core.learning.graph import GraphWriter, Port
from core.learning.head import HIGHEST, LOWEST, Gauge, Head, add_head, folds_of, out_of_fold, weight_for
from core.learning.portrait import STATISTICS, PictureFeatures, add_portrait, joined, portray, portray_good
from core.learning.scoring import norm_of, top_mean
from core.models.card import Card, TensorSpec

_POSITIONS, _CHANNELS = 64, 20
_ROWS = [Row(part, copy > 0) for part in range(12) for copy in range(3)]


def _features(rows: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    usual = np.random.default_rng(99).normal(size=(_POSITIONS, _CHANNELS))
    return (usual + 0.3 * rng.normal(size=(rows, _POSITIONS, _CHANNELS))).astype(np.float32)


def _head(seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    return Head(rng.normal(size=2 * _CHANNELS + STATISTICS).astype(np.float32), 0.7, -50.0, 50.0)


def _graph(head: Head, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> Session:
    graph = GraphWriter()
    seen = add_portrait(
        graph, "features", "standard", graph.constant(mean), graph.constant(scale), positions=_POSITIONS
    )
    add_head(graph, seen, "score", head, named="final")
    ports = [
        Port("features", np.float32, (1, _POSITIONS, _CHANNELS)),
        Port("standard", np.float32, (_POSITIONS,)),
        Port("score", np.float32, (1,)),
    ]
    model = graph.model(ports, [Port("final", np.float32, (1,))])
    card = Card(
        name="head", version="1", kind="features",
        inputs=tuple(TensorSpec(port.name, "float32", tuple(map(int, port.shape))) for port in ports),
        outputs=(TensorSpec("final", "float32", (1,)),), intended_use="tests", licence="Apache-2.0",
    )  # fmt: skip
    return Session(model.SerializeToString(), card)


def test_the_graph_gives_the_final_score_of_numpy() -> None:
    fitted = fit(_features(len(_ROWS)), _ROWS)
    gaussian, head = fitted.gaussian, _head()
    new = _features(6, seed=5)
    new[3:, 10:14] += 2
    standard = norm_of(fitted.held_out).standardise(gaussian.distances(new))
    scores = top_mean(standard)
    expected = head.apply(portray(new, standard, gaussian.mean, gaussian.scale), scores)
    session = _graph(head, gaussian.mean, gaussian.scale)
    for index in range(len(new)):
        final = session.run({
            "features": new[index : index + 1],
            "standard": standard[index].astype(np.float32),
            "score": scores[index : index + 1].astype(np.float32),
        })["final"]  # fmt: skip
        assert final[0] == pytest.approx(expected[index], rel=1e-5, abs=1e-5)


def test_a_taught_picture_is_seen_as_if_its_part_had_never_been_there() -> None:
    """Against an explicit mean of the other parts, with the channels' scale kept."""
    features = _features(len(_ROWS))
    vectors = features.copy()
    fitted = fit(vectors, _ROWS)
    found = portray_good(vectors, _ROWS, fitted.held_out, fitted.gaussian.mean, fitted.gaussian.scale)
    part = 4
    others = [row.part != part for row in _ROWS]
    judged = [index for index, row in enumerate(_ROWS) if not row.copy]
    kept = [_ROWS[index].part != part for index in judged]
    standard = norm_of(fitted.held_out[kept]).standardise(fitted.held_out[part : part + 1])
    own = features[judged[part]][None]
    alone = portray(own, standard, features[others].mean(0), fitted.gaussian.scale)
    np.testing.assert_allclose(found.residual[part], alone.residual[0], atol=1e-4)
    np.testing.assert_allclose(found.map_statistics[part], alone.map_statistics[0], atol=1e-6)
    np.testing.assert_allclose(found.pooled[part], alone.pooled[0], atol=1e-4)
    assert len(found) == 12


def test_statistics_rise_with_heat() -> None:
    calm, hot = np.linspace(-1, 1, _POSITIONS), np.linspace(-1, 1, _POSITIONS)
    hot[7] = 20
    features = _features(2)
    seen = portray(features, np.stack([calm, hot]), features[0], np.ones(_CHANNELS, np.float32))
    assert (seen.map_statistics[1, :3] > seen.map_statistics[0, :3] + 0.5).all()
    assert seen.map_statistics[0, 0] == pytest.approx(np.log(2))


def test_sets_are_joined_row_by_row() -> None:
    one = portray(_features(2), np.zeros((2, _POSITIONS)), _features(1)[0], np.ones(_CHANNELS, np.float32))
    both = joined([one, one])
    assert len(both) == 4
    np.testing.assert_array_equal(both.seen[2:], one.seen)


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
