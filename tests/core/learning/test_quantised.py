from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

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


def test_it_is_the_graph_of_the_runtimes_own_tool_and_nearer_to_the_floats(
    graphs: tuple[Any, Any], tmp_path: Path
) -> None:
    """Both calibrated by the same pictures; the tool leaves in the bias what rounding adds to it."""
    path = tmp_path / "theirs.onnx"
    copy = onnx.load_from_string(graphs[0].SerializeToString())
    quantize_static(
        copy, str(path), Calibration([planes(seed) for seed in range(6)]), quant_format=QuantFormat.QDQ,
        per_channel=True, op_types_to_quantize=["Conv", "Add", "Clip"], activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax, reduce_range=overflows(),
    )  # fmt: skip
    theirs = onnx.load(path)
    ops = [Counter(node.op_type for node in model.graph.node) for model in (graphs[1], theirs)]
    assert ops[0] == ops[1]
    for exact, ours, other in zip(*(run(model, planes(50)) for model in (*graphs, theirs)), strict=True):
        assert np.abs(ours - exact).mean() < 0.8 * np.abs(other - exact).mean()


def test_no_channel_is_shifted_as_a_whole(graphs: tuple[Any, Any]) -> None:
    """Rounded weights add up to something; on pictures like those calibrated with it is taken back."""
    for exact, rough in zip(run(graphs[0], planes(50)), run(graphs[1], planes(50)), strict=True):
        shift = (rough - exact).mean(axis=(2, 3))
        assert np.sqrt(np.square(shift).mean()) < 0.15 * exact.std()


class Calibration:
    """The calibration pictures as the library asks for them."""

    def __init__(self, pictures: list[NDArray[np.float32]]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {"image": picture}


def test_channels_without_weights_and_with_a_large_bias_hold() -> None:
    """A channel that is switched off keeps its bias; a bias far above its weights does not overflow the sums."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4, 3, 1, 1)).astype(np.float32)
    weights[1], weights[2] = 0, weights[2] * 1e-9
    bias = np.array([0.5, 2.0, 3.0, -1.0], np.float32)
    graph = GraphWriter()
    graph.node("Conv", "image", graph.constant(weights), graph.constant(bias), kernel_shape=[1, 1], named="out")
    ports = [Port("image", np.float32, (1, 3, 8, 8))], [Port("out", np.float32, (1, 4, 8, 8))]
    model = graph.model(*ports)
    images = [rng.normal(size=(1, 3, 8, 8)).astype(np.float32) for _ in range(4)]
    (exact,), (rough,) = (run(one, images[0]) for one in (model, quantised(model, images)))
    assert np.abs(exact - rough).max() < 0.1


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
