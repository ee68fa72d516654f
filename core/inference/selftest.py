"""Finds out which execution providers work here, by a graph whose answers are known."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import EngineError
from core.inference.providers import Provider, listed
from core.inference.session import Session
from core.models.card import Card, TensorSpec

#: y = x @ [[1, 2], [3, 4]] + 0.5 for x float32 [n, 2], as ONNX (IR 10, opset 21); tests make it again and compare.
KNOWN_GRAPH = base64.b64decode(
    "CAo6nwEKHAoBeAoGd2VpZ2h0Egdwcm9kdWN0IgZNYXRNdWwKGQoHcHJvZHVjdAoGb2Zmc2V0EgF5IgNBZGQSBHRpbnkqIAgCCAIQ"
    "AUIGd2VpZ2h0ShAAAIA/AAAAQAAAQEAAAIBAKhAQAUIGb2Zmc2V0SgQAAAA/WhQKAXgSDwoNCAESCQoDEgFuCgIIAmIUCgF5Eg8K"
    "DQgBEgkKAxIBbgoCCAJCBAoAEBU="
)
_X = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]], np.float32)
_Y = np.array([[1.5, 2.5], [3.5, 4.5], [-0.5, 0.5]], np.float32)
_CARD = Card(
    name="self-test",
    version="1",
    kind="self-test",
    inputs=(TensorSpec("x", "float32", (-1, 2)),),
    outputs=(TensorSpec("y", "float32", (-1, 2)),),
    intended_use="finding out whether an execution provider works",
    licence="Apache-2.0",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a provider gives right answers here; `reason` says why not."""

    provider: Provider
    usable: bool
    reason: str = ""


def try_providers(providers: Sequence[Provider] | None = None) -> list[Finding]:
    """One finding for each of `providers`, or for all that the library was built with."""
    return [_try(item) for item in (listed() if providers is None else providers)]


def _try(provider: Provider) -> Finding:
    try:
        got = Session(KNOWN_GRAPH, _CARD, provider=provider).run({"x": _X})["y"]
    except EngineError as error:
        return Finding(provider, usable=False, reason=error.message)
    if not np.allclose(got, _Y, rtol=1e-3, atol=1e-3):
        return Finding(provider, usable=False, reason=f"answers {got.tolist()}, right is {_Y.tolist()}")
    return Finding(provider, usable=True)
