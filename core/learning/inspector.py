"""The graphs of an inspection: from a picture of any size to features, and from there to score and heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from core.learning.backbone import Weights, add_backbone
from core.learning.gaussian import PositionGaussian
from core.learning.graph import GraphWriter, Port
from core.learning.scoring import MapNorm, top_count
from core.models.card import TensorSpec

HEAT_MAP_SIDE = 64
_LINEAR: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}

#: What every graph here takes: one picture, height x width x 3, RGB.
IMAGE = TensorSpec("image", "uint8", (-1, -1, 3), "RGB, 0..255")
SCORE = TensorSpec("score", "float32", (1,), "standard deviations of good parts")
HEAT_MAP = TensorSpec("heat_map", "float32", (HEAT_MAP_SIDE, HEAT_MAP_SIDE), "standard deviations of good parts")


@dataclass(frozen=True, slots=True)
class Eye:
    """How a picture is looked at: squeezed to `side_px` square, features from the ends of `stages` of the backbone.

    `channels` keeps only these of the stages' channels, all where it is empty. The grid is that of the first stage.
    """

    side_px: int = 256
    stages: tuple[int, ...] = (3, 4, 5)
    channels: tuple[int, ...] = ()


def feature_graph(weights: Weights, eye: Eye) -> onnx.ModelProto:
    """`image` to `features`, 1 x positions x channels float32."""
    graph = GraphWriter()
    name, positions, channels = _add_features(graph, weights, eye)
    graph.node("Identity", name, named="features")
    return graph.model([_port(IMAGE)], [Port("features", np.float32, (1, positions, channels))])


def features_spec(eye: Eye) -> TensorSpec:
    return TensorSpec("features", "float32", (1, -1, len(eye.channels) or -1))


def inspector_graph(weights: Weights, eye: Eye, gaussian: PositionGaussian, norm: MapNorm) -> onnx.ModelProto:
    """`image` to `score` and `heat_map`: everything between picture and verdict in one graph."""
    graph = GraphWriter()
    features, positions, _ = _add_features(graph, weights, eye)
    distances = _add_distances(graph, features, gaussian)
    usual = graph.node("Sub", distances, graph.constant(norm.mean))
    standard = graph.node("Mul", usual, graph.constant(1 / norm.spread))
    hottest = graph.node("TopK", standard, _ints(graph, [top_count(positions)]), outputs=2)
    graph.node("ReduceMean", hottest, _ints(graph, [0]), keepdims=1, named="score")
    side = round(positions**0.5)
    grid = graph.node("Reshape", standard, _ints(graph, [1, 1, side, side]))
    large = graph.node("Resize", grid, "", "", _ints(graph, [1, 1, HEAT_MAP_SIDE, HEAT_MAP_SIDE]), **_LINEAR)
    graph.node("Reshape", large, _ints(graph, [HEAT_MAP_SIDE, HEAT_MAP_SIDE]), named="heat_map")
    return graph.model([_port(IMAGE)], [_port(SCORE), _port(HEAT_MAP)])


def _add_features(graph: GraphWriter, weights: Weights, eye: Eye) -> tuple[str, int, int]:
    """The name of 1 x positions x channels, and these two sizes."""
    picture = graph.node("Unsqueeze", "image", _ints(graph, [0]))
    # Height x width x channel is squeezed as it comes: turning the large picture around first would cost more.
    squeezed = graph.node(
        "Resize", picture, "", "", _ints(graph, [1, eye.side_px, eye.side_px, 3]), antialias=1, **_LINEAR
    )
    planes = graph.node("Cast", graph.node("Transpose", squeezed, perm=[0, 3, 1, 2]), to=onnx.TensorProto.FLOAT)
    taps = add_backbone(graph, planes, weights, eye.side_px, eye.stages)
    grid = taps[0].grid
    maps = [
        tap.name
        if tap.grid == grid
        else graph.node("Resize", tap.name, "", "", _ints(graph, [1, tap.channels, grid, grid]), **_LINEAR)
        for tap in taps
    ]
    channels = sum(tap.channels for tap in taps)
    joined = graph.node("Concat", *maps, axis=1)
    if eye.channels:
        channels = len(eye.channels)
        joined = graph.node("Gather", joined, _ints(graph, eye.channels), axis=1)
    rows = graph.node("Reshape", joined, _ints(graph, [1, channels, grid * grid]))
    return graph.node("Transpose", rows, perm=[0, 2, 1]), grid * grid, channels


def _add_distances(graph: GraphWriter, features: str, gaussian: PositionGaussian) -> str:
    """The name of a vector, one Mahalanobis distance per position."""
    positions, channels = gaussian.mean.shape
    shifted = graph.node("Sub", features, graph.constant(gaussian.mean))
    vectors = graph.node("Mul", shifted, graph.constant(gaussian.scale))
    each = graph.node("Reshape", vectors, _ints(graph, [positions, 1, channels]))
    along = graph.node("MatMul", each, graph.constant(gaussian.directions.transpose(0, 2, 1)))
    axes = _ints(graph, [1, 2])
    squared = graph.node("ReduceSumSquare", along, axes, keepdims=0)
    if gaussian.residual:
        beside = graph.node("Sub", graph.node("ReduceSumSquare", each, axes, keepdims=0), squared)
        squared = graph.node("Mul", beside, graph.constant(1 / gaussian.shrinkage))
    return graph.node("Sqrt", graph.node("Max", squared, graph.constant(0.0)))


def _ints(graph: GraphWriter, values: Sequence[int]) -> str:
    return graph.constant(values, np.int64)


def _port(spec: TensorSpec) -> Port:
    names = ("height", "width")
    shape: list[Any] = [size if size > 0 else names[axis] for axis, size in enumerate(spec.shape)]
    return Port(spec.name, np.dtype(spec.dtype), tuple(shape))
