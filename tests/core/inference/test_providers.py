from __future__ import annotations

import pytest

from core.errors import EngineError
from core.inference.providers import CPU, listed, place, provider, runtime


def test_the_processor_is_always_listed() -> None:
    assert provider("cpu") is CPU
    assert CPU in listed()


def test_a_provider_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(EngineError, match=r"no execution provider 'abacus'.*Known are: tensorrt, .*cpu"):
        provider("abacus")


def test_the_place_names_provider_and_library() -> None:
    assert place(CPU).startswith(f"cpu, onnxruntime {runtime().__version__}, ")
