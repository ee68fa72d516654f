"""The feature graph in whole numbers of eight bits, calibrated on the pictures that are taught from.

Activations are unsigned and per tensor, weights signed and per output channel, ranges the smallest and largest value
seen (static quantisation; Jacob et al., 2018, sections 2 and 3). Every tensor is turned into whole numbers and back
(QDQ form), which the runtime joins with the convolution between them. On a processor with VNNI or the like the
backbone takes little more than half its time; on others it may be slower, so that its use is a matter of measuring.
There the weights have seven bits: x86 without VNNI adds two products in 16 bits, which eight would overflow (ONNX
Runtime, "Quantize ONNX models", When to use reduce-range).

What rounding the weights adds to a channel in the mean is taken from its bias (Nagel et al., 2019, section 4.2, with
means that were measured): without that the errors of a layer shift what every later one sees.

Why not the runtime's own `quantize_static`: docs/decisions/0007.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from core.inference.session import Session
from core.models.card import Card, TensorSpec

#: More calibration pictures change the ranges little and take a tenth of a second each.
CALIBRATION_PICTURES = 10
_LEVELS = 255
_MOST_WEIGHT, _MOST_WEIGHT_REDUCED = 127, 64
#: The sum that a bias is added to has 32 bits.
_MOST_BIAS = 2.0**31 - 1

Floats = NDArray[np.float32]


def quantised(model: onnx.ModelProto, pictures: Sequence[Floats]) -> onnx.ModelProto:
    """`model`, which takes one float array, in eight bits; `pictures` are at least one input of it.

    Convolutions, what bounds them from zero on, and sums are whole numbers; everything else stays as it is.
    """
    graph = _Graph.of(model)
    return _Writer(model, graph, _look(model, graph, pictures)).model()


def overflows(machine: str = "", flags: str | None = None) -> bool:
    """Whether this processor would overflow where eight bits of weight meet eight of activation.

    `machine` and `flags` as `platform.machine` and /proc/cpuinfo give them; what is not known is taken to overflow.
    """
    machine = machine or platform.machine()
    if machine.lower() not in ("x86_64", "amd64"):
        return False
    return "vnni" not in (_cpu_flags() if flags is None else flags)


def _cpu_flags() -> str:
    try:
        return next(line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        return ""


def _groups(node: NodeProto) -> int:
    return next((int(one.i) for one in node.attribute if one.name == "group"), 1)


@dataclass(frozen=True, slots=True)
class _Graph:
    """What matters of the float graph. `bounds` are the Clip nodes that whole numbers do by themselves: from zero on,
    right after a convolution that nobody else asks; by their inputs."""

    nodes: Sequence[NodeProto]
    constants: dict[str, NDArray[np.float32]]
    bounds: dict[str, NodeProto]

    @classmethod
    def of(cls, model: onnx.ModelProto) -> _Graph:
        nodes = list(model.graph.node)
        constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        asked = [name for node in nodes for name in node.input] + [port.name for port in model.graph.output]
        alone = {node.output[0] for node in nodes if node.op_type == "Conv" and asked.count(node.output[0]) == 1}
        bounds = {
            node.input[0]: node
            for node in nodes
            if node.op_type == "Clip" and node.input[0] in alone and not np.any(constants.get(node.input[1], 1))
        }
        return cls(nodes, constants, bounds)

    def taken(self, node: NodeProto) -> list[str]:
        """What of its inputs must be whole numbers."""
        if node.op_type == "Conv":
            return [node.input[0]]
        if node.op_type == "Add" and not any(name in self.constants for name in node.input):
            return list(node.input)
        return []

    def given(self, node: NodeProto) -> str:
        """The name of what it gives as whole numbers; after its bounds, where it has some."""
        name = str(node.output[0])
        return str(self.bounds[name].output[0]) if name in self.bounds else name

    def channels(self, convolved: str) -> int:
        """How many channels the tensor has that goes into a convolution."""
        node = next(node for node in self.nodes if node.op_type == "Conv" and node.input[0] == convolved)
        return int(self.constants[node.input[1]].shape[1]) * _groups(node)

    def points(self) -> list[str]:
        """Every tensor that is to be whole numbers, once."""
        worked = [(self.taken(node), self.given(node)) for node in self.nodes if self.taken(node)]
        return list(dict.fromkeys(name for taken, given in worked for name in (*taken, given)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pictures made of the float graph: the smallest and the largest value of every point, and the means of
    the channels that go into a convolution, by the names of the tensors."""

    ranges: dict[str, tuple[float, float]]
    means: dict[str, NDArray[np.float64]]


_KINDS = ("Min", "Max", "Mean")


def _look(model: onnx.ModelProto, graph: _Graph, pictures: Sequence[Floats]) -> _Seen:
    points = graph.points()
    convolved = list(dict.fromkeys(node.input[0] for node in graph.nodes if node.op_type == "Conv"))
    (port,) = model.graph.input
    shape = tuple(dim.dim_value or -1 for dim in port.type.tensor_type.shape.dim)
    card = Card(
        name="seen", version="1", kind="seen", inputs=(TensorSpec(port.name, "float32", shape),),
        outputs=tuple(TensorSpec(f"seen.{kind}", "float32", (-1,)) for kind in _KINDS),
        intended_use="Calibration", licence="Apache-2.0",
    )  # fmt: skip
    session = Session(_probe(model, points, convolved).SerializeToString(), card)
    found = [session.run({port.name: picture}) for picture in pictures]
    low, high = np.min([one["seen.Min"] for one in found], axis=0), np.max([one["seen.Max"] for one in found], axis=0)
    means = np.mean([one["seen.Mean"] for one in found], axis=0, dtype=np.float64)
    ends = np.cumsum([graph.channels(name) for name in convolved])[:-1]
    return _Seen(
        dict(zip(points, zip(low.tolist(), high.tolist(), strict=True), strict=True)),
        dict(zip(convolved, np.split(means, ends), strict=True)),
    )


def _probe(model: onnx.ModelProto, points: Sequence[str], convolved: Sequence[str]) -> onnx.ModelProto:
    """`model` with three rows of numbers for outputs: Min and Max of each of `points`, Means of the channels of each of
    `convolved`, one after the other."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    axes = {"flat": [1], "pixels": [0, 2, 3]}
    probe.graph.initializer.extend(numpy_helper.from_array(np.array(one), f"seen.{name}") for name, one in axes.items())
    for kind, names in zip(_KINDS, (points, points, convolved), strict=True):
        parts = [f"seen.{kind}{number}" for number in range(len(names))]
        for part, name in zip(parts, names, strict=True):
            if kind == "Mean":
                nodes = [helper.make_node("ReduceMean", [name, "seen.pixels"], [part], keepdims=0)]
            else:
                nodes = [
                    helper.make_node(f"Reduce{kind}", [name], [f"{part}.all"], keepdims=0),
                    helper.make_node("Reshape", [f"{part}.all", "seen.flat"], [part]),
                ]
            probe.graph.node.extend(nodes)
        probe.graph.node.append(helper.make_node("Concat", parts, [f"seen.{kind}"], axis=0))
        probe.graph.output.append(helper.make_tensor_value_info(f"seen.{kind}", TensorProto.FLOAT, ["count"]))
    return probe


class _Writer:
    """Writes the graph anew, node by node, in its order."""

    def __init__(self, model: onnx.ModelProto, graph: _Graph, seen: _Seen) -> None:
        self._source = model
        self._graph = graph
        self._seen = seen
        self._whole: dict[str, str] = {}  # by the name of a float tensor: that of the same from whole numbers
        self._scales: dict[str, float] = {}
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._most_weight = _MOST_WEIGHT_REDUCED if overflows() else _MOST_WEIGHT

    def model(self) -> onnx.ModelProto:
        for port in self._source.graph.input:
            self._point(port.name)
        bounded = {node.output[0] for node in self._graph.bounds.values()}
        for node in self._graph.nodes:
            if node.output[0] not in bounded:
                self._nodes.append(self._worked(node))
                self._point(self._nodes[-1].output[0])
        used = {name for node in self._nodes for name in node.input}
        kept = [one for one in self._source.graph.initializer if one.name in used]
        source = self._source.graph
        graph = helper.make_graph(self._nodes, source.name, source.input, source.output, [*kept, *self._constants])
        model = helper.make_model(graph, opset_imports=self._source.opset_import, ir_version=self._source.ir_version)
        onnx.checker.check_model(model)
        return model

    def _worked(self, node: NodeProto) -> NodeProto:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [self._whole.get(name, name) for name in node.input]
        if node.op_type == "Conv":
            copy.input[1:] = self._weights(node)
            copy.output[0] = self._graph.given(node)
        return copy

    def _point(self, name: str) -> None:
        """Turns `name` into whole numbers and back, where it is to be so."""
        if name not in self._seen.ranges:
            return
        low, high = self._seen.ranges[name]
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / _LEVELS or 1.0
        with_zero = [
            self._constant(f"{name}.scale", np.float32(scale)),
            self._constant(f"{name}.zero", np.uint8(np.clip(round(-low / scale), 0, _LEVELS))),
        ]
        self._nodes.append(helper.make_node("QuantizeLinear", [name, *with_zero], [f"{name}.whole"]))
        self._nodes.append(helper.make_node("DequantizeLinear", [f"{name}.whole", *with_zero], [f"{name}.back"]))
        self._whole[name], self._scales[name] = f"{name}.back", scale

    def _weights(self, node: NodeProto) -> list[str]:
        """Weights with one scale for each output channel, and the bias at the scale of the sums it is added to."""
        weights, bias = (self._graph.constants[name].astype(np.float64) for name in node.input[1:3])
        taken = self._scales[node.input[0]]
        scales = np.abs(weights).max(axis=(1, 2, 3)) / self._most_weight
        scales = np.maximum(scales, np.abs(bias) / (taken * _MOST_BIAS))
        scales = np.where(scales > 0, scales, 1.0).astype(np.float32)
        whole = np.round(weights / scales[:, None, None, None]).clip(-self._most_weight, self._most_weight)
        rounded = (whole * scales[:, None, None, None] - weights).sum(axis=(2, 3))
        each = len(weights) // _groups(node)
        means = self._seen.means[node.input[0]].reshape(_groups(node), -1).repeat(each, axis=0)
        bias = bias - (rounded * means).sum(axis=1)
        sums = scales * np.float32(taken)
        added = np.round(bias / sums).clip(-_MOST_BIAS, _MOST_BIAS)
        return [
            self._back(f"{node.output[0]}.weights", whole.astype(np.int8), scales),
            self._back(f"{node.output[0]}.bias", added.astype(np.int32), sums),
        ]

    def _back(self, name: str, whole: NDArray[np.signedinteger], scales: Floats) -> str:
        """The name of the float tensor made of `whole`, which has a scale for each entry of its first axis."""
        inputs = [
            self._constant(f"{name}.whole", whole),
            self._constant(f"{name}.scale", scales),
            self._constant(f"{name}.zero", np.zeros(len(scales), whole.dtype)),
        ]
        self._nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}.back"], axis=0))
        return f"{name}.back"

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name
