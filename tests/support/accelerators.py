"""An execution provider that the installed library does not have: real graphs on the processor under its name."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.inference.providers import runtime

_CPU = "CPUExecutionProvider"


class Accelerator:
    """Listed from the start. `there`: sessions can be made and run; `gain` falsifies its answers; `slow_s` its pace."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str = "OpenVINOExecutionProvider") -> None:
        self.name = name
        self.there = True
        self.left_out = False
        self.gain = 1.0
        self.slow_s = 0.0
        self._make = runtime().InferenceSession
        monkeypatch.setattr(runtime(), "get_available_providers", lambda: [name, _CPU])
        monkeypatch.setattr(runtime(), "InferenceSession", self._session)

    def _session(self, model: bytes, options: Any, *, providers: list[str], **more: Any) -> Any:
        asked = providers[0]
        if asked == self.name and not self.there:
            raise RuntimeError("the driver does not answer")
        session = self._make(model, options, providers=[_CPU])
        return session if asked == _CPU or self.left_out else _Session(self, session)


class _Session:
    def __init__(self, device: Accelerator, session: Any) -> None:
        self._device = device
        self._session = session

    def get_providers(self) -> list[str]:
        return [self._device.name, _CPU]

    def get_inputs(self) -> Any:
        return self._session.get_inputs()

    def get_outputs(self) -> Any:
        return self._session.get_outputs()

    def run(self, names: Any, inputs: Any, options: Any = None) -> Any:
        if not self._device.there:
            raise RuntimeError("the device was removed")
        time.sleep(self._device.slow_s)
        return [value * self._device.gain for value in self._session.run(names, inputs, options)]
