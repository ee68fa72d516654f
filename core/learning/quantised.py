"""The feature graph in whole numbers of eight bits, calibrated on the pictures that are taught from.

Activations are unsigned and per tensor, weights signed and per output channel, ranges the smallest and largest value
seen (static quantisation, QDQ form; Jacob et al., 2018, sections 2 and 3). On a processor with VNNI or the like the
backbone takes little more than half its time; on others it may be slower, so that its use is a matter of measuring.
There the weights have seven bits: x86 without VNNI adds two products in 16 bits, which eight would overflow (ONNX
Runtime, "Quantize ONNX models", When to use reduce-range).
"""

from __future__ import annotations

import logging
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

#: More calibration pictures change the ranges little and take a tenth of a second each.
CALIBRATION_PICTURES = 10
#: What is done between two convolutions must be whole numbers too, or every one of them is turned there and back.
_OPERATORS = ["Conv", "Add", "Clip"]


def quantised(model: onnx.ModelProto, pictures: Sequence[NDArray[np.float32]]) -> onnx.ModelProto:
    """`model`, which takes one float array, in eight bits; `pictures` are at least one input of it.

    Everything after the last convolution stays as it is.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    # The library writes into the model that it is given, and says by warning what we know.
    copy = onnx.load_from_string(model.SerializeToString())
    (taken,) = (port.name for port in model.graph.input)
    with tempfile.TemporaryDirectory(prefix="edgewise-quantise-") as folder, _quiet():
        path = Path(folder) / "quantised.onnx"
        quantize_static(
            copy, str(path), _Reader(taken, pictures), quant_format=QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=_OPERATORS, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax, reduce_range=overflows(),
        )  # fmt: skip
        return onnx.load(path)


def overflows(machine: str = "", flags: str | None = None) -> bool:
    """Whether this processor would overflow where eight bits of weight meet eight of activation.

    `machine` and `flags` as `platform.machine` and /proc/cpuinfo give them; what is not known is taken to overflow.
    """
    machine = machine or platform.machine()
    if machine.lower() not in ("x86_64", "amd64"):
        return False
    return "vnni" not in (_cpu_flags() if flags is None else flags)


def _cpu_flags() -> str:
    try:
        return next(line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        return ""


class _Reader:
    """The calibration pictures as the library asks for them."""

    def __init__(self, name: str, pictures: Sequence[NDArray[np.float32]]) -> None:
        self._inputs: Iterator[dict[str, Any]] = iter([{name: picture} for picture in pictures])

    def get_next(self) -> dict[str, Any] | None:
        """None after the last one."""
        return next(self._inputs, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """The library's advice to prepare the model first is for graphs that other tools exported."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
