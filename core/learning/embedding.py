"""Pictures of things to vectors that lie near each other where the things are alike; one graph from file to vector.

1. The middle square of the picture, made 320 px large, goes through EfficientNet-Lite2.
2. What is said of it: what the network pools (square roots of the means of 1280 channels), mean and spread of each
   channel of stage 5, which see finer marks, and the colours. Each part has length 1 times its weight.
3. A learnt projection, where there is one, turns this so that pictures of one thing spread alike in every direction.

`Learnt` holds tensors that replace the network's own, taught on the last block and the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.backbone import HEAD_CHANNELS, LITE2, Network, Tap, Weights, add_backbone, add_head_convolution
from core.learning.colour import COLOURS, add_colours
from core.learning.graph import GraphWriter, Port
from core.learning.view import LINEAR, ints
from core.models.card import TensorSpec

SIDE_PX = 320
#: The stage whose means and spreads are seen, and the last one.
_MIDDLE, _LAST = 5, 6
#: Weights of the parts: pooled, stage 5, colours.
PARTS = (1.0, 0.5, 0.5)
#: The colours are read from a picture so many times smaller.
_COLOUR_STEP = 4

IMAGE = TensorSpec("image", "uint8", (-1, -1, 3), "RGB, 0..255")


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """`said` (width) to (said - centre) @ matrix, width x dimensions."""

    centre: NDArray[np.float32] = field(repr=False)
    matrix: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What training adds to the published network: tensors by the names of its checkpoint, and the projection."""

    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict, repr=False)
    projection: Projection | None = None


def said_width(network: Network = LITE2) -> int:
    """How many numbers are said of a picture before any projection."""
    return HEAD_CHANNELS + 2 * network.stages[_MIDDLE].channels + COLOURS


def embedding_width(learnt: Learnt, network: Network = LITE2) -> int:
    return said_width(network) if learnt.projection is None else learnt.projection.matrix.shape[1]


def embedding_spec(learnt: Learnt, network: Network = LITE2) -> TensorSpec:
    return TensorSpec("embedding", "float32", (embedding_width(learnt, network),), "alike things have a large cosine")


def embedding_graph(
    weights: Weights, learnt: Learnt | None = None, network: Network = LITE2, side_px: int = SIDE_PX
) -> onnx.ModelProto:
    """`image` height x width x 3 uint8 RGB to `embedding`. Raises PackageError for weights that do not fit."""
    learnt = learnt or Learnt()
    graph = GraphWriter()
    planes = add_square(graph, IMAGE.name, side_px)
    taps = add_backbone(graph, planes, {**weights, **learnt.tensors}, side_px, (_MIDDLE, _LAST), network)
    said = _add_said(graph, planes, taps, {**weights, **learnt.tensors})
    if learnt.projection is not None:
        moved = graph.node("Sub", said, graph.constant(learnt.projection.centre[None]))
        said = graph.node("MatMul", moved, graph.constant(learnt.projection.matrix))
    spec = embedding_spec(learnt, network)
    graph.node("Reshape", said, ints(graph, spec.shape), named=spec.name)
    return graph.model(
        [Port(IMAGE.name, np.uint8, ("height", "width", 3))], [Port(spec.name, np.float32, spec.shape)], network.name
    )


def add_square(graph: GraphWriter, image: str, side_px: int) -> str:
    """1 x 3 x side x side float32: the middle square of `image`, height x width x 3 uint8."""
    size = graph.node("Shape", image, end=2)
    side = graph.node("ReduceMin", size, ints(graph, [0]), keepdims=1)
    first = graph.node("Div", graph.node("Sub", size, side), ints(graph, 2))
    square = graph.node("Slice", image, first, graph.node("Add", first, side), ints(graph, [0, 1]))
    whole = graph.node("Unsqueeze", square, ints(graph, [0]))
    small = graph.node("Resize", whole, "", "", ints(graph, [1, side_px, side_px, 3]), antialias=1, **LINEAR)
    return graph.node("Cast", graph.node("Transpose", small, perm=[0, 3, 1, 2]), to=onnx.TensorProto.FLOAT)


def _add_said(graph: GraphWriter, planes: str, taps: list[Tap], weights: Weights) -> str:
    """1 x width."""
    middle, last = taps
    head = add_head_convolution(graph, last, weights)
    pooled = graph.node("Sqrt", _mean(graph, head.name, head.channels))
    mean = _mean(graph, middle.name, middle.channels)
    square = _mean(graph, graph.node("Mul", middle.name, middle.name), middle.channels)
    variance = graph.node("Sub", square, graph.node("Mul", mean, mean))
    spread = graph.node("Sqrt", graph.node("Max", variance, graph.constant(0.0)))
    small = graph.node("AveragePool", planes, kernel_shape=[_COLOUR_STEP] * 2, strides=[_COLOUR_STEP] * 2)
    colours = graph.node("Sqrt", add_colours(graph, small))
    parts = (pooled, graph.node("Concat", mean, spread, axis=1), colours)
    weighted = [_of_length(graph, part, weight) for part, weight in zip(parts, PARTS, strict=True)]
    return graph.node("Concat", *weighted, axis=1)


def _mean(graph: GraphWriter, maps: str, channels: int) -> str:
    pooled = graph.node("GlobalAveragePool", maps)
    return graph.node("Reshape", pooled, ints(graph, [1, channels]))


def _of_length(graph: GraphWriter, vector: str, length: float) -> str:
    norm = graph.node("ReduceL2", vector, ints(graph, [1]), keepdims=1)
    unit = graph.node("Div", vector, graph.node("Max", norm, graph.constant(1e-6)))
    return graph.node("Mul", unit, graph.constant(length))
