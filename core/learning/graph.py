"""Writes ONNX graphs node by node; names are made here so that parts can be joined without clashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

#: Opset 18 brought `antialias` to Resize; every ONNX Runtime that we allow runs it.
OPSET = 18
_IR_VERSION = 9


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph. A text in `shape` is the name of a free dimension."""

    name: str
    dtype: Any
    shape: tuple[int | str, ...]


class GraphWriter:
    """`node` and `constant` give the name of what they made, to be used as an input of the next node."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._included = 0

    def constant(self, value: NDArray[Any] | Sequence[int] | Sequence[float] | float, dtype: Any = np.float32) -> str:
        """A list of whole numbers must be given its `dtype` (np.int64 for shapes and axes)."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def node(self, op: str, *inputs: str, named: str | None = None, outputs: int = 1, **attributes: Any) -> str:
        """The first output's name; `named` names it. With several `outputs` the others are `<name>.1`, `<name>.2`."""
        name = named or f"n{len(self._nodes)}"
        names = [name, *(f"{name}.{index}" for index in range(1, outputs))]
        self._nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return name

    def include(self, model: onnx.ModelProto, inputs: Mapping[str, str]) -> list[str]:
        """The names of `model`'s outputs, its nodes now part of this graph; `inputs` says what feeds it, by its names.

        Raises KeyError for an input of it that nothing feeds.
        """
        self._included += 1
        known = {port.name: inputs[port.name] for port in model.graph.input}

        def ours(name: str) -> str:
            return known.setdefault(name, f"g{self._included}.{name}") if name else ""

        for constant in model.graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(constant)
            copy.name = ours(constant.name)
            self._constants.append(copy)
        for node in model.graph.node:
            taken = onnx.NodeProto()
            taken.CopyFrom(node)
            taken.name = ""
            taken.input[:] = [ours(name) for name in node.input]
            taken.output[:] = [ours(name) for name in node.output]
            self._nodes.append(taken)
        return [ours(port.name) for port in model.graph.output]

    def model(self, inputs: Sequence[Port], outputs: Sequence[Port], note: str = "") -> onnx.ModelProto:
        """The whole model, checked. Raises onnx.checker.ValidationError for a graph that does not hold together."""
        graph = helper.make_graph(
            self._nodes,
            "edgewise",
            [_value_info(p) for p in inputs],
            [_value_info(p) for p in outputs],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="edgewise"
        )
        model.doc_string = note
        onnx.checker.check_model(model)
        return model


def _value_info(port: Port) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(port.name, helper.np_dtype_to_tensor_dtype(np.dtype(port.dtype)), port.shape)
