from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from core.errors import PackageError
from core.learning.backbone import (
    LITE0,
    LITE2,
    Network,
    add_backbone,
    add_head_convolution,
    build_backbone,
    read_weights,
)
from core.learning.graph import GraphWriter, Port

_GOLDEN = Path(__file__).with_name("golden")
_FILES = {LITE0: "backbone.npz", LITE2: "lite2.npz"}
#: What golden/make_golden.py calls the head convolution.
_HEAD = 7


def _picture(side: int) -> NDArray[np.uint8]:
    """The picture that golden/make_golden.py gave to the reference network."""
    y, x, channel = np.mgrid[0:side, 0:side, 0:3]
    waves = np.sin(x / (5.0 + channel)) + np.cos(y / (7.0 - channel)) + np.sin((x + 2 * y) / 23.0)
    return np.asarray(np.round((waves + 3.0) * 42.0), np.uint8)


def _differences(outputs: dict[int, NDArray[np.float32]], side_px: int, network: Network) -> list[float]:
    """The largest difference to the reference network of each kept stage, as a share of its largest value there."""
    differences = []
    with np.load(_GOLDEN / _FILES[network]) as golden:
        for key in golden.files:
            side, stage, every = map(int, key.split("-"))
            if side == side_px and stage in outputs:
                got = outputs[stage].ravel()[::every]
                differences.append(np.abs(got - golden[key]).max() / np.abs(golden[key]).max())
    return differences


def golden_differences(side_px: int, stages: Sequence[int], network: Network = LITE0) -> float:
    """The largest difference to the reference network, as a share of the largest value of its stage."""
    model = build_backbone(read_weights(network), side_px, stages, network)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = _picture(side_px).transpose(2, 0, 1)[None].astype(np.float32)
    outputs = dict(zip(stages, session.run(None, {"image": image}), strict=True))
    differences = _differences(outputs, side_px, network)
    assert len(differences) == len(stages)
    return float(max(differences))


@pytest.mark.parametrize(
    ("network", "side_px", "stages"),
    [
        (LITE0, 64, range(7)), (LITE0, 75, (3, 4, 5)), (LITE0, 256, (3, 4, 5)),
        (LITE2, 64, range(7)), (LITE2, 75, (3, 5)), (LITE2, 320, (5, 6)),
    ],
)  # fmt: skip
def test_every_stage_agrees_with_the_reference_network(network: Network, side_px: int, stages: Sequence[int]) -> None:
    assert golden_differences(side_px, stages, network) <= 1e-5


@pytest.mark.parametrize("side_px", [64, 320])
def test_the_head_convolution_agrees_with_the_reference_network(side_px: int) -> None:
    graph, weights = GraphWriter(), read_weights(LITE2)
    (last,) = add_backbone(graph, "image", weights, side_px, (6,), LITE2)
    head = add_head_convolution(graph, last, weights)
    graph.node("Identity", head.name, named="head")
    model = graph.model(
        [Port("image", np.float32, (1, 3, side_px, side_px))],
        [Port("head", np.float32, (1, head.channels, head.grid, head.grid))],
    )
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (values,) = session.run(None, {"image": _picture(side_px).transpose(2, 0, 1)[None].astype(np.float32)})
    (difference,) = _differences({_HEAD: values}, side_px, LITE2)
    assert difference <= 1e-5


def test_a_larger_network_is_the_smaller_one_scaled() -> None:
    assert [stage.blocks for stage in LITE2.stages] == [1, 3, 3, 4, 4, 5, 1]
    assert [stage.channels for stage in LITE2.stages] == [16, 24, 48, 88, 120, 208, 352]


def test_weights_that_lack_a_tensor_are_a_package_error() -> None:
    weights = read_weights()
    del weights["_blocks.7._bn1.running_var"]
    with pytest.raises(PackageError, match=r"_blocks\.7\._bn1\.running_var' is missing"):
        build_backbone(weights, 64, (3,))


def test_weights_of_another_shape_are_a_package_error() -> None:
    weights = read_weights()
    weights["_conv_stem.weight"] = weights["_conv_stem.weight"][:, :2]
    with pytest.raises(PackageError, match=r"'_conv_stem\.weight' has shape \(32, 2, 3, 3\)"):
        build_backbone(weights, 64, (3,))
