from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from core.errors import PackageError
from core.learning.backbone import build_backbone, read_weights

_GOLDEN = Path(__file__).with_name("golden") / "backbone.npz"


def _picture(side: int) -> NDArray[np.uint8]:
    """The picture that golden/make_golden.py gave to the reference network."""
    y, x, channel = np.mgrid[0:side, 0:side, 0:3]
    waves = np.sin(x / (5.0 + channel)) + np.cos(y / (7.0 - channel)) + np.sin((x + 2 * y) / 23.0)
    return np.asarray(np.round((waves + 3.0) * 42.0), np.uint8)


def golden_differences(side_px: int, stages: Sequence[int]) -> float:
    """The largest difference to the reference network, as a share of the largest value of its stage."""
    model = build_backbone(read_weights(), side_px, stages)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = _picture(side_px).transpose(2, 0, 1)[None].astype(np.float32)
    outputs = session.run(None, {"image": image})
    differences = []
    with np.load(_GOLDEN) as golden:
        for key in golden.files:
            side, stage, every = map(int, key.split("-"))
            if side == side_px:
                got = outputs[list(stages).index(stage)].ravel()[::every]
                differences.append(np.abs(got - golden[key]).max() / np.abs(golden[key]).max())
    assert len(differences) == len(stages)
    return float(max(differences))


@pytest.mark.parametrize(("side_px", "stages"), [(64, range(7)), (75, (3, 4, 5)), (256, (3, 4, 5))])
def test_every_stage_agrees_with_the_reference_network(side_px: int, stages: Sequence[int]) -> None:
    assert golden_differences(side_px, stages) <= 1e-5


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
