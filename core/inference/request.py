"""What is asked of a model and what comes back. A late or failed answer is a value, never a stale result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """`inputs` by the names and shapes of the model's card, for the model that is active under `model`."""

    model: str
    inputs: Arrays


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Exactly which package answered. `limits` are the card's, such as the decision threshold."""

    name: str
    version: str
    sha256: str
    limits: Mapping[str, float] = field(default_factory=dict)


class Outcome(StrEnum):
    ANSWERED = "answered"
    LATE = "late"
    FAILED = "failed"


_NO_OUTPUTS: Arrays = MappingProxyType({})


class Answer(NamedTuple):
    """`outputs` are there only when `outcome` is ANSWERED; otherwise `reason` says why not."""

    model: ModelRef | None
    outcome: Outcome
    outputs: Arrays = _NO_OUTPUTS
    reason: str = ""
    queued_s: float = 0.0
    run_s: float = 0.0

    def scalar(self, name: str) -> float:
        """The one number of output `name`. Raises KeyError or ValueError when it is not one number."""
        return float(np.asarray(self.outputs[name]).reshape(()))


class Engine(Protocol):
    """Where answers come from: in this process, or another machine behind the same face."""

    async def infer(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        """Never raises for lateness or a failed run; lower `priority` numbers go first."""
        ...

    def active(self, model: str) -> ModelRef | None:
        """What answers for `model` now; None when nothing is active."""
        ...
