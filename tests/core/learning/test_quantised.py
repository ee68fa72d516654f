from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from core.learning.backbone import build_backbone, read_weights
from core.learning.graph import GraphWriter, Port
from core.learning.quantised import overflows, quantised
from tests.support.pictures import part_picture

STAGES = (3, 4, 5)


def planes(seed: int, side: int = 96) -> NDArray[np.float32]:
    return part_picture(seed, height=side, width=side).transpose(2, 0, 1)[None].astype(np.float32)


def run(model: Any, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"image": image}))


@pytest.fixture(scope="module")
def graphs() -> tuple[Any, Any]:
    model = build_backbone(read_weights(), 96, STAGES)
    before = model.SerializeToString()
    eight = quantised(model, [planes(seed) for seed in range(6)])
    assert model.SerializeToString() == before
    return model, eight


def test_eight_bits_see_what_floats_see(graphs: tuple[Any, Any]) -> None:
    for exact, rough in zip(run(graphs[0], planes(50)), run(graphs[1], planes(50)), strict=True):
        assert exact.shape == rough.shape
        assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.97


@pytest.mark.parametrize(
    ("machine", "flags", "over"),
    [("x86_64", "flags: avx2 avx512_vnni", False), ("x86_64", "flags: avx2", True), ("x86_64", "", True),
     ("AMD64", "flags: avx_vnni", False), ("aarch64", "", False)],
)  # fmt: skip
def test_a_processor_without_vnni_gets_a_bit_less(machine: str, flags: str, over: bool) -> None:
    assert overflows(machine, flags) is over


def test_the_graph_is_a_third_as_large_and_its_convolutions_are_whole_numbers(graphs: tuple[Any, Any]) -> None:
    assert graphs[1].ByteSize() < 0.35 * graphs[0].ByteSize()
    weights = {name for node in graphs[1].graph.node if node.op_type == "Conv" for name in node.input[1:2]}
    from_whole = {node.output[0] for node in graphs[1].graph.node if node.op_type == "DequantizeLinear"}
    assert weights <= from_whole


def test_a_graph_becomes_part_of_another_one(graphs: tuple[Any, Any]) -> None:
    whole = GraphWriter()
    dark = whole.node("Mul", "image", whole.constant(0.5))
    twice = [whole.include(graphs[1], {"image": name}) for name in (dark, "image")]
    for number, names in enumerate(twice):
        whole.node("Identity", names[0], named=f"out{number}")
    shape = ("one", "channels", "rows", "columns")
    ports = [Port(f"out{number}", np.float32, shape) for number in (0, 1)]
    model = whole.model([Port("image", np.float32, (1, 3, 96, 96))], ports)
    image = planes(51)
    for found, wanted in zip(run(model, image), (image * np.float32(0.5), image), strict=True):
        np.testing.assert_array_equal(found, run(graphs[1], wanted)[0])


def test_an_input_that_nothing_feeds_is_an_error(graphs: tuple[Any, Any]) -> None:
    with pytest.raises(KeyError):
        GraphWriter().include(graphs[1], {"picture": "image"})
