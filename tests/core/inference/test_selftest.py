from __future__ import annotations

import numpy as np
import pytest

from core.inference import selftest
from core.inference.providers import CPU, Provider
from core.inference.selftest import KNOWN_GRAPH, try_providers
from tests.support.graphs import known_graph


def test_the_processor_gives_the_known_answers() -> None:
    assert [(finding.provider, finding.usable) for finding in try_providers()] == [(CPU, True)]


def test_the_graph_it_carries_is_the_one_it_says() -> None:
    import onnx

    # The bytes may differ between versions of onnx; what they mean may not.
    assert onnx.load_from_string(KNOWN_GRAPH).graph == onnx.load_from_string(known_graph()).graph


def test_a_provider_that_is_not_there_is_not_usable_and_says_why() -> None:
    (finding,) = try_providers([Provider("cuda", "CUDAExecutionProvider")])
    assert not finding.usable
    assert "cannot run on cuda" in finding.reason


def test_a_provider_that_answers_wrong_is_not_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_Y", np.zeros((3, 2), np.float32))
    (finding,) = try_providers([CPU])
    assert not finding.usable
    assert "right is" in finding.reason
