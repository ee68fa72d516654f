from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest

from healthcare.signals.beat_graph import OUTPUT, beat_graph
from healthcare.signals.beat_network import Adam, Batch, Pass, Weights, beginning, mean_probabilities
from healthcare.signals.beat_package import drawn_beats
from healthcare.signals.templates import Floats


def _network(seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    weights = beginning(rng)
    for name in ("shift.shape", "shift.rhythm"):
        weights[name] = rng.normal(size=weights[name].shape).astype(np.float32)
    for name in ("scale.shape", "scale.rhythm"):
        weights[name] = rng.uniform(0.5, 2.0, weights[name].shape).astype(np.float32)
    return weights


def _loss(weights: Weights, batch: Batch, targets: Floats) -> float:
    return -float((targets * np.log(Pass(weights, batch).probabilities())).sum())


def test_the_gradients_are_those_of_the_loss() -> None:
    batch = drawn_beats(6, seed=2)
    exact = Batch(
        *(getattr(batch, name).astype(np.float64) for name in ("wave", "template", "shape", "rhythm", "present"))
    )
    weights = {name: value.astype(np.float64) for name, value in _network(0).items()}  # differences need the digits
    targets = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    run = Pass(weights, exact)  # type: ignore[arg-type]
    gradients = run.gradients(run.probabilities() - targets)  # type: ignore[arg-type]
    rng = np.random.default_rng(3)
    for name, gradient in gradients.items():
        for _ in range(3):
            place = tuple(rng.integers(0, size) for size in gradient.shape)
            losses = []
            for step in (1e-5, -1e-5):
                moved = {**weights, name: weights[name].copy()}
                moved[name][place] += step
                losses.append(_loss(moved, exact, targets))  # type: ignore[arg-type]
            assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(float(gradient[place]), rel=0.01, abs=1e-4), name


def test_a_lead_that_is_not_present_changes_nothing() -> None:
    batch = drawn_beats(8, seed=4)
    other = replace(batch, wave=batch.wave.copy(), template=batch.template.copy(), shape=batch.shape.copy())
    absent = batch.present == 0
    assert absent.any()
    for values in (other.wave, other.template, other.shape):
        values[absent] = 7.0
    network = _network(1)
    np.testing.assert_allclose(Pass(network, batch).scores, Pass(network, other).scores, atol=1e-5)


def test_the_order_of_the_leads_does_not_matter() -> None:
    batch = drawn_beats(8, seed=5)
    turned = Batch(
        batch.wave[:, ::-1], batch.template[:, ::-1], batch.shape[:, ::-1], batch.rhythm, batch.present[:, ::-1]
    )
    network = _network(1)
    np.testing.assert_allclose(Pass(network, batch).scores, Pass(network, turned).scores, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2])
def test_the_graph_gives_what_the_networks_give(count: int) -> None:
    networks = [_network(seed) for seed in range(count)]
    batch = drawn_beats(7, seed=6)
    model = beat_graph(networks, leads=2)
    onnx.checker.check_model(model, full_check=True)
    names = ("wave", "template", "shape", "rhythm", "present")
    found: Any = onnx.reference.ReferenceEvaluator(model).run(None, {name: getattr(batch, name) for name in names})
    np.testing.assert_allclose(found[0], mean_probabilities(networks, batch), atol=1e-5)
    assert model.graph.output[0].name == OUTPUT


def test_adam_finds_the_lowest_point() -> None:
    weights: Weights = {"x.b": np.array([5.0, -3.0], np.float32)}
    adam = Adam(weights, decay=0.0)
    for _ in range(2000):
        adam.step({"x.b": 2 * weights["x.b"]}, 0.02)
    assert np.abs(weights["x.b"]).max() < 1e-3
