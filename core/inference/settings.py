"""What a site may say about inference; everything else is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.settings import STRICT_KEYS


@dataclass(frozen=True)
class InferenceSettings:
    """`provider` is where models run: "auto" measures, a name asks for that one."""

    __pydantic_config__ = STRICT_KEYS
    provider: Literal["auto", "cpu", "openvino", "openvino-gpu", "openvino-npu", "cuda", "tensorrt"] = "auto"
