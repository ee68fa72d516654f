"""Pictures made small by whole pixels, as graph nodes: the quickest way that the runtime has."""

from __future__ import annotations

import numpy as np
import onnx

from core.learning.graph import GraphWriter


def add_means(graph: GraphWriter, picture: str, down: int, across: int, *, grey: bool = False) -> str:
    """The name of 1 x 3 x rows x columns float32, or of 1 x 1 where `grey`: each pixel the mean of `down` x `across`.

    `picture` is height x width x 3 uint8 of any size; what is left over at its far edges is not seen. One convolution
    means and takes the colours apart, or together.
    """
    rows = graph.node("Shape", picture, end=1)
    shape = graph.node("Concat", graph.constant([1, 1], np.int64), rows, graph.constant([-1], np.int64), axis=0)
    floats = graph.node("Cast", graph.node("Reshape", picture, shape), to=onnx.TensorProto.FLOAT)
    sides = [down, 3 * across]
    kernel = np.full((1, 1, *sides), 1 / (3 * down * across))
    if not grey:
        kernel = np.zeros((3, 1, *sides))
        for colour in range(3):
            kernel[colour, 0, :, colour::3] = 1 / (down * across)
    return graph.node("Conv", floats, graph.constant(kernel), kernel_shape=sides, strides=sides)
