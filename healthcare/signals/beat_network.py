"""The beat classifier's network: what it computes, how it learns, and its ONNX graph. Plain numpy, one thread.

Per lead: three strided convolutions over the wave and over what sets it apart from the template, a dense layer, and the
numbers of its shape. Leads that are present are averaged, so that any one lead will do. The numbers of the rhythm join,
two dense layers follow, then one score per class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat_features import RHYTHM
from healthcare.signals.beat_shape import SHAPE
from healthcare.signals.templates import WIDTH

Floats = NDArray[np.float32]
Weights = dict[str, Floats]

CLASS_COUNT = 3
KERNELS = ((9, 4, 12), (5, 2, 16))  # width, stride, filters
_LEAD_UNITS = 32
HIDDEN = (64, 32)


@dataclass(frozen=True, slots=True)
class Batch:
    """`wave`, `template`: n x leads x WIDTH; `shape`: n x leads x SHAPE; `rhythm`: n x RHYTHM; `present`: n x leads."""

    wave: Floats
    template: Floats
    shape: Floats
    rhythm: Floats
    present: Floats


def beginning(rng: np.random.Generator) -> Weights:
    """He's initial weights; `scale.*` and `shift.*` normalise the numbers and are set from the data, not learnt."""
    weights: Weights = {}
    width, depth = WIDTH, 2
    for index, (kernel, stride, filters) in enumerate(KERNELS):
        _dense(weights, f"conv{index}", kernel * depth, filters, rng)
        width, depth = (width - kernel) // stride + 1, filters
    _dense(weights, "lead", width * depth, _LEAD_UNITS, rng)
    units = _LEAD_UNITS + SHAPE + RHYTHM
    for index, hidden in enumerate(HIDDEN):
        _dense(weights, f"hidden{index}", units, hidden, rng)
        units = hidden
    _dense(weights, "score", units, CLASS_COUNT, rng)
    weights["score.w"] *= 0.3
    for name, numbers in (("shape", SHAPE), ("rhythm", RHYTHM)):
        weights[f"shift.{name}"], weights[f"scale.{name}"] = np.zeros(numbers, np.float32), np.ones(numbers, np.float32)
    return weights


def _dense(weights: Weights, name: str, inputs: int, outputs: int, rng: np.random.Generator) -> None:
    weights[f"{name}.w"] = (rng.normal(size=(inputs, outputs)) * np.sqrt(2.0 / inputs)).astype(np.float32)
    weights[f"{name}.b"] = np.zeros(outputs, np.float32)


class Pass:
    """One run of a batch forward, which can then be run back. `keep`: share of hidden units that are not dropped."""

    def __init__(
        self, weights: Mapping[str, Floats], batch: Batch, *, keep: float = 1.0, rng: np.random.Generator | None = None
    ) -> None:
        self._weights = weights
        self._batch = batch
        n, leads, _ = batch.wave.shape
        signals = np.stack((batch.wave, batch.wave - batch.template), axis=3).reshape(n * leads, WIDTH, 2)
        self._columns: list[Floats] = []
        self._shapes: list[tuple[int, ...]] = []
        self._maps: list[Floats] = []
        for index, (kernel, stride, _) in enumerate(KERNELS):
            columns = _columns(signals, kernel, stride)
            self._shapes.append(signals.shape)
            self._columns.append(columns)
            signals = np.maximum(columns @ weights[f"conv{index}.w"] + weights[f"conv{index}.b"], 0.0)
            self._maps.append(signals)
        self._flat = signals.reshape(n * leads, -1)
        self._lead = np.maximum(self._flat @ weights["lead.w"] + weights["lead.b"], 0.0)
        self._share = batch.present / np.maximum(batch.present.sum(axis=1, keepdims=True), 1.0)
        shape = (batch.shape - weights["shift.shape"]) * weights["scale.shape"]
        rhythm = (batch.rhythm - weights["shift.rhythm"]) * weights["scale.rhythm"]
        per_lead = np.concatenate((self._lead.reshape(n, leads, -1), shape), axis=2)
        units = np.concatenate((np.einsum("nl,nlu->nu", self._share, per_lead), rhythm), axis=1)
        self._inputs: list[Floats] = []
        self._masks: list[Floats | None] = []
        for index in range(len(HIDDEN)):
            self._inputs.append(units)
            units = np.maximum(units @ weights[f"hidden{index}.w"] + weights[f"hidden{index}.b"], 0.0)
            mask = None
            if rng is not None and keep < 1.0:
                mask = (rng.random(units.shape, np.float32) < keep).astype(np.float32) / np.float32(keep)
                units = units * mask
            self._masks.append(mask)
        self._units = units
        self.scores: Floats = units @ weights["score.w"] + weights["score.b"]

    def probabilities(self) -> Floats:
        return softmax(self.scores)

    def gradients(self, slope: Floats) -> Weights:
        """`slope`: of the loss by the scores, n x classes."""
        weights, batch = self._weights, self._batch
        n, leads, _ = batch.wave.shape
        out: Weights = {"score.w": self._units.T @ slope, "score.b": slope.sum(axis=0)}
        back = slope @ weights["score.w"].T
        activated = self._units
        for index in reversed(range(len(HIDDEN))):
            mask = self._masks[index]
            back = (back if mask is None else back * mask) * (activated > 0)
            out[f"hidden{index}.w"] = self._inputs[index].T @ back
            out[f"hidden{index}.b"] = back.sum(axis=0)
            activated = self._inputs[index]
            back = back @ weights[f"hidden{index}.w"].T
        units = self._lead.shape[1]
        back = (self._share[:, :, None] * back[:, None, :units]).reshape(n * leads, units)
        back = back * (self._lead > 0)
        out["lead.w"], out["lead.b"] = self._flat.T @ back, back.sum(axis=0)
        back = back @ weights["lead.w"].T
        for index in reversed(range(len(KERNELS))):
            kernel, stride, filters = KERNELS[index]
            back = back.reshape(self._maps[index].shape) * (self._maps[index] > 0)
            flat = back.reshape(-1, filters)
            columns = self._columns[index]
            out[f"conv{index}.w"] = columns.reshape(-1, columns.shape[2]).T @ flat
            out[f"conv{index}.b"] = flat.sum(axis=0)
            if index:
                back = _signals(back @ weights[f"conv{index}.w"].T, self._shapes[index], kernel, stride)
        return out


def _columns(signals: Floats, kernel: int, stride: int) -> Floats:
    """n x steps x (kernel x channels), each row the points under the kernel."""
    n, width, channels = signals.shape
    steps = (width - kernel) // stride + 1
    signals = np.ascontiguousarray(signals)
    s0, s1, s2 = signals.strides
    view = np.lib.stride_tricks.as_strided(signals, (n, steps, kernel * channels), (s0, s1 * stride, s2))
    return np.ascontiguousarray(view)


def _signals(columns: Floats, shape: tuple[int, ...], kernel: int, stride: int) -> Floats:
    """The adjoint of `_columns`: what comes back to each point."""
    n, steps, _ = columns.shape
    channels = shape[2]
    signals = np.zeros(shape, np.float32)
    parts = columns.reshape(n, steps, kernel, channels)
    for offset in range(kernel):
        signals[:, offset : offset + stride * steps : stride] += parts[:, :, offset]
    return signals


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


class Adam:
    """Kingma and Ba, 2015, with decoupled weight decay (Loshchilov and Hutter, 2019) of matrices."""

    def __init__(self, weights: Weights, decay: float) -> None:
        self._weights = weights
        self._mean = {name: np.zeros_like(value) for name, value in weights.items()}
        self._square = {name: np.zeros_like(value) for name, value in weights.items()}
        self._decay = decay
        self._steps = 0

    def step(self, gradients: Weights, rate: float) -> None:
        self._steps += 1
        first, second = 1 - 0.9**self._steps, 1 - 0.999**self._steps
        for name, gradient in gradients.items():
            mean, square, weight = self._mean[name], self._square[name], self._weights[name]
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient * gradient - square)
            if name.endswith(".w"):
                weight *= 1 - rate * self._decay
            weight -= rate / first * mean / (np.sqrt(square / second) + 1e-8)


def mean_probabilities(networks: Sequence[Mapping[str, Floats]], batch: Batch) -> Floats:
    """Of several networks together."""
    found = np.stack([Pass(weights, batch).probabilities() for weights in networks])
    mean: Floats = found.mean(axis=0)
    return mean
