"""A model package whose score is how bright a picture is: 0 black, `gain` white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from core.models.card import Card, TensorSpec, Verdict
from core.models.golden import Golden, GoldenCase
from core.models.package import Package, write_package
from core.models.trust import Trust


def brightness_package(folder: Path, trust: Trust, *, name: str, version: str = "1", gain: float = 1.0) -> Package:
    """`image` HxWx3 uint8 in, `score` float32 [1] out; the limit is half of `gain`."""
    golden = Golden(tuple(_case(case, level, gain) for case, level in (("good", 51), ("defect", 204))))
    card = Card(
        name=name,
        version=version,
        kind="score",
        inputs=(TensorSpec("image", "uint8", (-1, -1, 3)),),
        outputs=(TensorSpec("score", "float32", (1,)),),
        intended_use="tests",
        licence="Apache-2.0",
        labels=("good", "defect"),
        limits={"threshold": gain / 2},
        verdict=Verdict("score", "threshold"),
    )
    return write_package(folder, card, _graph(gain), golden, trust.box_key())


def _case(name: str, level: int, gain: float) -> GoldenCase:
    image = np.full((4, 4, 3), level, np.uint8)
    return GoldenCase(name, {"image": image}, {"score": np.array([gain * level / 255], np.float32)})


def _graph(gain: float) -> bytes:
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "one"], ["score"]),
    ]
    constants = [
        numpy_helper.from_array(np.array(gain / 255, np.float32), "gain"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["h", "w", 3])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, [1])
    graph = helper.make_graph(nodes, "brightness", [image], [score], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
