"""The ONNX graph of the beat classifier: several networks as one, their probabilities averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from core.learning.graph import GraphWriter, Port
from healthcare.signals.beat_features import RHYTHM
from healthcare.signals.beat_network import CLASS_COUNT, HIDDEN, KERNELS
from healthcare.signals.beat_shape import SHAPE
from healthcare.signals.templates import WIDTH, Floats

OUTPUT = "probabilities"
#: Beats of one question, and leads of a beat.
BEATS = "beats"


def beat_graph(networks: Sequence[Mapping[str, Floats]], leads: int) -> onnx.ModelProto:
    """Inputs `wave`, `template` (beats x leads x WIDTH), `shape`, `rhythm`, `present`; output beats x classes."""
    writer = GraphWriter()
    apart = writer.node("Sub", "wave", "template")
    one = writer.constant([1], np.int64)
    waves = [writer.node("Unsqueeze", _flat(writer, name, WIDTH), one) for name in ("wave", apart)]
    signals = writer.node("Concat", *waves, axis=1)
    total = writer.node("ReduceSum", "present", one, keepdims=1)
    share = writer.node("Div", "present", writer.node("Max", total, writer.constant(1.0)))
    share = writer.node("Unsqueeze", share, writer.constant([2], np.int64))
    found = [_network(writer, weights, signals, share, leads) for weights in networks]
    mean = writer.node("Mean", *found) if len(found) > 1 else found[0]
    writer.node("Identity", mean, named=OUTPUT)
    sizes = (("wave", (leads, WIDTH)), ("template", (leads, WIDTH)), ("shape", (leads, SHAPE)), ("rhythm", (RHYTHM,)))
    inputs = [Port(name, np.float32, (BEATS, *size)) for name, size in (*sizes, ("present", (leads,)))]
    return writer.model(inputs, [Port(OUTPUT, np.float32, (BEATS, CLASS_COUNT))])


def _flat(writer: GraphWriter, name: str, width: int) -> str:
    return writer.node("Reshape", name, writer.constant([-1, width], np.int64))


def _network(writer: GraphWriter, weights: Mapping[str, Floats], signals: str, share: str, leads: int) -> str:
    depth = 2
    for index, (kernel, stride, filters) in enumerate(KERNELS):
        matrix = weights[f"conv{index}.w"].reshape(kernel, depth, filters).transpose(2, 1, 0)
        bias = writer.constant(weights[f"conv{index}.b"])
        signals = writer.node("Conv", signals, writer.constant(matrix), bias, strides=[stride])
        signals = writer.node("Relu", signals)
        depth = filters
    matrix = weights["lead.w"]  # rows by step, then filter; the graph flattens by filter, then step
    matrix = matrix.reshape(-1, depth, matrix.shape[1]).transpose(1, 0, 2).reshape(matrix.shape)
    lead = writer.node("Relu", _dense(writer, writer.node("Flatten", signals), matrix, weights["lead.b"]))
    lead = writer.node("Reshape", lead, writer.constant([-1, leads, matrix.shape[1]], np.int64))
    shape = _normalised(writer, "shape", weights)
    units = writer.node("Mul", writer.node("Concat", lead, shape, axis=2), share)
    units = writer.node("ReduceSum", units, writer.constant([1], np.int64), keepdims=0)
    units = writer.node("Concat", units, _normalised(writer, "rhythm", weights), axis=1)
    for index in range(len(HIDDEN)):
        units = writer.node("Relu", _dense(writer, units, weights[f"hidden{index}.w"], weights[f"hidden{index}.b"]))
    return writer.node("Softmax", _dense(writer, units, weights["score.w"], weights["score.b"]), axis=1)


def _dense(writer: GraphWriter, inputs: str, matrix: Floats, bias: Floats) -> str:
    return writer.node("Gemm", inputs, writer.constant(matrix), writer.constant(bias))


def _normalised(writer: GraphWriter, name: str, weights: Mapping[str, Floats]) -> str:
    apart = writer.node("Sub", name, writer.constant(weights[f"shift.{name}"]))
    return writer.node("Mul", apart, writer.constant(weights[f"scale.{name}"]))
