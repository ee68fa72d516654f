"""How the colours of a picture are spread, as graph nodes: a histogram over lightness and the two opponent colours.

Source: sRGB as in IEC 61966-2-1, CIE L*a*b* as in ISO/CIE 11664-4, white D65. Every pixel counts in the two nearest
bins of each axis by its distance, so that a little more light moves the histogram a little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.learning.graph import GraphWriter

#: Bins of lightness, of green to red and of blue to yellow, and what the middles of the first and last stand for.
BINS = (4, 8, 8)
_RANGES = ((12.5, 87.5), (-56.0, 56.0), (-56.0, 56.0))
COLOURS = BINS[0] * BINS[1] * BINS[2]

#: Linear RGB to X, Y, Z, each divided by that of the white.
_TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041],
]) / np.array([[0.95047], [1.0], [1.08883]])  # fmt: skip
#: f(X), f(Y), f(Z) and 1 to L*, a*, b*.
_TO_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_LAB_OFFSET = np.array([-16.0, 0.0, 0.0])
_DARK = 216 / 24389


def add_colours(graph: GraphWriter, planes: str) -> str:
    """The name of 1 x 256, shares of the pixels of `planes`, 1 x 3 x height x width float32 sRGB 0..255."""
    pixels = graph.node("Reshape", planes, graph.constant([3, -1], np.int64))
    lab = _add_lab(graph, graph.node("Mul", pixels, graph.constant(1 / 255)))
    lightness, red, yellow = (
        _add_bins(graph, graph.node("Gather", lab, graph.constant([axis], np.int64), axis=0), BINS[axis], _RANGES[axis])
        for axis in range(3)
    )
    red = graph.node("Unsqueeze", red, graph.constant([1], np.int64))
    yellow = graph.node("Unsqueeze", yellow, graph.constant([0], np.int64))
    hue = graph.node("Reshape", graph.node("Mul", red, yellow), graph.constant([BINS[1] * BINS[2], -1], np.int64))
    counts = graph.node("MatMul", lightness, graph.node("Transpose", hue, perm=[1, 0]))
    flat = graph.node("Reshape", counts, graph.constant([1, -1], np.int64))
    total = graph.node("ReduceSum", flat, graph.constant([1], np.int64), keepdims=1)
    return graph.node("Div", flat, total)


def _add_lab(graph: GraphWriter, rgb: str) -> str:
    """3 x pixels of L*, a*, b*, from 3 x pixels sRGB 0..1."""
    bent = graph.node("Div", graph.node("Add", rgb, graph.constant(0.055)), graph.constant(1.055))
    linear = _either(
        graph, rgb, 0.04045,
        graph.node("Pow", bent, graph.constant(2.4)), graph.node("Mul", rgb, graph.constant(1 / 12.92)),
    )  # fmt: skip
    xyz = graph.node("MatMul", _matrix(graph, _TO_XYZ), linear)
    root = graph.node("Pow", graph.node("Max", xyz, graph.constant(_DARK)), graph.constant(1 / 3))
    straight = graph.node("Add", graph.node("Mul", xyz, graph.constant(24389 / 27 / 116)), graph.constant(16 / 116))
    answer = graph.node("MatMul", _matrix(graph, _TO_LAB), _either(graph, xyz, _DARK, root, straight))
    return graph.node("Add", answer, _matrix(graph, _LAB_OFFSET[:, None]))


def _add_bins(graph: GraphWriter, values: str, count: int, ends: tuple[float, float]) -> str:
    """count x pixels: how much of each pixel of `values`, 1 x pixels, belongs to each bin; 1 in all."""
    middles = np.linspace(*ends, count)
    kept = graph.node("Clip", values, graph.constant(ends[0]), graph.constant(ends[1]))
    off = graph.node("Abs", graph.node("Sub", kept, _matrix(graph, middles[:, None])))
    share = graph.node("Mul", off, graph.constant(1 / (middles[1] - middles[0])))
    return graph.node("Relu", graph.node("Sub", graph.constant(1.0), share))


def _either(graph: GraphWriter, value: str, limit: float, above: str, below: str) -> str:
    return graph.node("Where", graph.node("Greater", value, graph.constant(limit)), above, below)


def _matrix(graph: GraphWriter, values: NDArray[np.float64]) -> str:
    return graph.constant(values)
