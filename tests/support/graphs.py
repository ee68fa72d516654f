"""Tiny real ONNX graphs with their cards, and packages made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.models.card import Card, TensorSpec, Verdict
from core.models.golden import Golden, GoldenCase
from core.models.package import Package, write_package
from core.models.trust import SigningKey

_OPSET = [helper.make_opsetid("", 21)]
_FLOAT = TensorProto.FLOAT
_INT64 = TensorProto.INT64


def _model(nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[Any], constants: Sequence[Any] = ()) -> bytes:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=_OPSET, ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def score_graph(gain: float = 1.0) -> bytes:
    """`score` float32 [1] = `gain` * mean of `x` float32 [n]."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "one"], ["score"]),
    ]
    constants = [
        numpy_helper.from_array(np.array(gain, np.float32), "gain"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
    ]
    x = helper.make_tensor_value_info("x", _FLOAT, ["n"])
    score = helper.make_tensor_value_info("score", _FLOAT, [1])
    return _model(nodes, [x], [score], constants)


def score_card(name: str = "tiny", version: str = "1", threshold: float = 0.5) -> Card:
    return Card(
        name=name,
        version=version,
        kind="score",
        inputs=(TensorSpec("x", "float32", (-1,)),),
        outputs=(TensorSpec("score", "float32", (1,)),),
        intended_use="tests",
        licence="Apache-2.0",
        labels=("good", "defect"),
        limits={"threshold": threshold},
        verdict=Verdict("score", "threshold"),
    )


def score_golden(gain: float = 1.0) -> Golden:
    """Two cases on either side of a threshold of 0.5."""
    return Golden(
        tuple(
            GoldenCase(name, {"x": np.full(4, level, np.float32)}, {"score": np.array([gain * level], np.float32)})
            for name, level in (("good", 0.1), ("defect", 0.9))
        )
    )


def score_package(
    folder: Path, key: SigningKey, *, name: str = "tiny", version: str = "1", gain: float = 1.0, threshold: float = 0.5
) -> Package:
    return write_package(folder, score_card(name, version, threshold), score_graph(gain), score_golden(gain), key)


def awkward_graph() -> bytes:
    """`score` float32 [1] = `tag` after `steps` rounds of work; fails when `at` int64 [1] is not 0.

    `steps` int64 [] sets how long it takes: about 0.01 ms for each.
    """
    body_nodes = [
        helper.make_node("MatMul", ["state", "weight"], ["product"]),
        helper.make_node("Tanh", ["product"], ["state_out"]),
        helper.make_node("Identity", ["go"], ["go_out"]),
    ]
    body = helper.make_graph(
        body_nodes,
        "round",
        [
            helper.make_tensor_value_info("round", _INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", _FLOAT, [64, 128]),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state_out", _FLOAT, [64, 128]),
        ],
    )
    nodes = [
        helper.make_node("Loop", ["steps", "", "start"], ["end"], body=body),
        helper.make_node("ReduceMean", ["end"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["tag", "nothing"], ["tagged"]),
        helper.make_node("Gather", ["tagged", "at"], ["score"]),
    ]
    generator = np.random.default_rng(1)
    constants = [
        numpy_helper.from_array(generator.normal(0, 0.1, (128, 128)).astype(np.float32), "weight"),
        numpy_helper.from_array(np.ones((64, 128), np.float32), "start"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    inputs = [
        helper.make_tensor_value_info("tag", _FLOAT, [1]),
        helper.make_tensor_value_info("steps", _INT64, []),
        helper.make_tensor_value_info("at", _INT64, [1]),
    ]
    return _model(nodes, inputs, [helper.make_tensor_value_info("score", _FLOAT, [1])], constants)


def awkward_card(name: str = "awkward", version: str = "1") -> Card:
    return Card(
        name=name,
        version=version,
        kind="score",
        inputs=(TensorSpec("tag", "float32", (1,)), TensorSpec("steps", "int64", ()), TensorSpec("at", "int64", (1,))),
        outputs=(TensorSpec("score", "float32", (1,)),),
        intended_use="tests",
        licence="Apache-2.0",
        verdict=None,
    )


def awkward_inputs(tag: float = 1.0, *, steps: int = 0, fails: bool = False) -> dict[str, Any]:
    return {
        "tag": np.array([tag], np.float32),
        "steps": np.array(steps, np.int64),
        "at": np.array([7 if fails else 0], np.int64),
    }


def awkward_package(folder: Path, key: SigningKey, *, name: str = "awkward", version: str = "1") -> Package:
    golden = Golden((GoldenCase("one", awkward_inputs(2.0, steps=1), {"score": np.array([2.0], np.float32)}),))
    return write_package(folder, awkward_card(name, version), awkward_graph(), golden, key)


def stuck_graph() -> bytes:
    """`score` float32 [1] = `tag`, after `boxes` int64 [] boxes that do not touch were compared each with each.

    All of it in one node, which nothing ends in the middle: 40 000 boxes take some seconds.
    """
    nodes = [
        helper.make_node("Range", ["zero", "boxes", "step"], ["number"]),
        helper.make_node("Cast", ["number"], ["row"], to=_FLOAT),
        helper.make_node("Unsqueeze", ["row", "last"], ["column"]),
        helper.make_node("Mul", ["column", "corners"], ["spread"]),
        helper.make_node("Add", ["spread", "offsets"], ["all"]),
        helper.make_node("Unsqueeze", ["all", "first"], ["batch"]),
        helper.make_node("Unsqueeze", ["row", "both"], ["scores"]),
        helper.make_node("NonMaxSuppression", ["batch", "scores", "most", "overlap"], ["kept"]),
        helper.make_node("Cast", ["kept"], ["kept_float"], to=_FLOAT),
        helper.make_node("ReduceMax", ["kept_float"], ["largest"], keepdims=0),
        helper.make_node("Mul", ["largest", "nothing"], ["naught"]),
        helper.make_node("Add", ["tag", "naught"], ["score"]),
    ]
    constants = [
        numpy_helper.from_array(np.array(value, dtype), name)
        for name, value, dtype in (
            ("zero", 0, np.int64), ("step", 1, np.int64), ("last", [1], np.int64), ("first", [0], np.int64),
            ("both", [0, 1], np.int64), ("corners", [[0, 2, 0, 2]], np.float32),
            ("offsets", [[0, 0, 1, 1]], np.float32), ("most", [10**9], np.int64),
            ("overlap", [0.5], np.float32), ("nothing", 0, np.float32),
        )
    ]  # fmt: skip
    inputs = [helper.make_tensor_value_info("tag", _FLOAT, [1]), helper.make_tensor_value_info("boxes", _INT64, [])]
    return _model(nodes, inputs, [helper.make_tensor_value_info("score", _FLOAT, [1])], constants)


def stuck_inputs(tag: float = 1.0, *, boxes: int = 1) -> dict[str, Any]:
    return {"tag": np.array([tag], np.float32), "boxes": np.array(boxes, np.int64)}


def stuck_package(folder: Path, key: SigningKey, *, name: str = "stuck", version: str = "1") -> Package:
    card = Card(
        name=name,
        version=version,
        kind="score",
        inputs=(TensorSpec("tag", "float32", (1,)), TensorSpec("boxes", "int64", ())),
        outputs=(TensorSpec("score", "float32", (1,)),),
        intended_use="tests",
        licence="Apache-2.0",
    )
    golden = Golden((GoldenCase("one", stuck_inputs(2.0), {"score": np.array([2.0], np.float32)}),))
    return write_package(folder, card, stuck_graph(), golden, key)


def known_graph() -> bytes:
    """`y` = `x` float32 [n, 2] @ [[1, 2], [3, 4]] + 0.5: what the self-test carries as bytes."""
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["y"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([[1, 2], [3, 4]], np.float32), "weight"),
        numpy_helper.from_array(np.array(0.5, np.float32), "offset"),
    ]
    x = helper.make_tensor_value_info("x", _FLOAT, ["n", 2])
    y = helper.make_tensor_value_info("y", _FLOAT, ["n", 2])
    return _model(nodes, [x], [y], constants)


def work_graph(layers: int, width: int = 256) -> bytes:
    """`y` = `x` float32 [1, width, width] through `layers` matrix products: work of a fixed size, no free dimension."""
    generator = np.random.default_rng(2)
    nodes = []
    constants = []
    for layer in range(layers):
        weight = generator.normal(0, width**-0.5, (width, width)).astype(np.float32)
        constants.append(numpy_helper.from_array(weight, f"w{layer}"))
        last = layer == layers - 1
        nodes.append(
            helper.make_node("MatMul", [f"h{layer}" if layer else "x", f"w{layer}"], ["y" if last else f"h{layer + 1}"])
        )
    x = helper.make_tensor_value_info("x", _FLOAT, [1, width, width])
    y = helper.make_tensor_value_info("y", _FLOAT, [1, width, width])
    return _model(nodes, [x], [y], constants)


def work_card(name: str, width: int = 256) -> Card:
    spec = (1, width, width)
    return Card(
        name=name,
        version="1",
        kind="work",
        inputs=(TensorSpec("x", "float32", spec),),
        outputs=(TensorSpec("y", "float32", spec),),
        intended_use="tests",
        licence="Apache-2.0",
    )
