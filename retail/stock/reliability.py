"""How far each source can be trusted, learnt from counts: a count shows what the others should have said before it.

Every figure begins as a stated assumption worth a number of observations and moves with what counts show; the store
has one
`Reliability`, and where products differ (theft, tags that do not read) a product has its own, shrunk to the store's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: How a shelf empties: all columns alike, at random, one after the other; and how often a look is off by one facing.
_SHARES = [
    (even / 4, rand / 4, 1 - (even + rand) / 4)
    for even, rand in itertools.product(range(5), repeat=2)
    if even + rand <= 4
]
_ERRORS = (0.01, 0.03, 0.06, 0.12, 0.25)


@dataclass(slots=True)
class Share:
    """`events` in `of` chances; begins as an assumption worth `of` chances."""

    events: float
    of: float

    @property
    def value(self) -> float:
        return self.events / self.of

    def learn(self, events: float, of: float) -> None:
        self.events += events
        self.of += of

    def shrunk(self, own: Share | None, worth: float) -> float:
        """The value of one product: its own chances, and the store's value as `worth` more."""
        return self.value if own is None else (own.events + worth * self.value) / (own.of + worth)


def _lost() -> Share:
    return Share(4.0, 200.0)


@dataclass(slots=True)
class Camera:
    """Weights of how a shelf empties and of the error, as the posterior over a grid; `looks` counted against it."""

    log_weights: list[float] = field(default_factory=lambda: [0.0] * (len(_SHARES) * len(_ERRORS)))
    looks: int = 0

    def learn(self, likelihoods: Iterable[float]) -> None:
        """One look held against a count: its probability under each of `hypotheses()`."""
        self.log_weights = [
            weight + float(np.log(max(1e-6, likelihood)))
            for weight, likelihood in zip(self.log_weights, likelihoods, strict=True)
        ]
        most = max(self.log_weights)
        self.log_weights = [weight - most for weight in self.log_weights]
        self.looks += 1

    @staticmethod
    def hypotheses() -> Iterable[tuple[tuple[float, float, float], float]]:
        return itertools.product(_SHARES, _ERRORS)

    def mean(self) -> tuple[tuple[float, float, float], float]:
        """(even, random, packed) shares, rounded to 0.05, and the error share rounded to 0.01."""
        weights = np.exp(np.array(self.log_weights))
        weights /= weights.sum()
        grid = np.array([(*shares, error) for shares, error in self.hypotheses()])
        even, rand, _, error = weights @ grid
        even, rand = round(even * 20) / 20, round(rand * 20) / 20
        return (even, rand, max(0.0, 1 - even - rand)), max(0.01, round(float(error), 2))


@dataclass(slots=True)
class Reliability:
    """`lost`, `found`: pieces per piece sold at the floor; `back_lost`, `back_found`: per piece received.

    `unrecorded`: pieces refilled without a record per piece refilled with one. `read`: tags read of those there.
    `stray`: tags read too many, per round. `miscounted`: counts that a second person does not confirm, halved.
    """

    lost: Share = field(default_factory=_lost)
    found: Share = field(default_factory=lambda: Share(2.0, 200.0))
    back_lost: Share = field(default_factory=lambda: Share(2.0, 200.0))
    back_found: Share = field(default_factory=lambda: Share(1.0, 200.0))
    unrecorded: Share = field(default_factory=lambda: Share(20.0, 200.0))
    miscounted: Share = field(default_factory=lambda: Share(2.0, 60.0))
    read: Share = field(default_factory=lambda: Share(36.0, 40.0))
    stray: Share = field(default_factory=lambda: Share(2.0, 20.0))
    camera: Camera = field(default_factory=Camera)

    def state(self) -> dict[str, Any]:
        shares = {name: [share.events, share.of] for name, share in self._shares().items()}
        return {"shares": shares, "camera": [list(self.camera.log_weights), self.camera.looks]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Reliability:
        weights, looks = state["camera"]
        made = cls(camera=Camera([float(weight) for weight in weights], int(looks)))
        for name, (events, of) in state["shares"].items():
            if name in made._shares():
                setattr(made, name, Share(float(events), float(of)))
        return made

    def _shares(self) -> dict[str, Share]:
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: share for name, share in found.items() if isinstance(share, Share)}
