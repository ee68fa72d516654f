"""The golden gate: a package is used only after it gave its golden answers on this box, on this provider."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EngineError, GoldenError
from core.inference.providers import CPU, Provider, place
from core.inference.session import Session
from core.models.card import Card
from core.models.golden import GoldenCase
from core.models.package import Package

_HINT = "It is not used here. Make the package for this kind of box, or keep the one before."


class Gate:
    """Runs golden vectors on one execution provider."""

    def __init__(self, provider: Provider = CPU) -> None:
        self._provider = provider

    @property
    def place(self) -> str:
        """Provider, library and processor: what passed here passes again until this changes."""
        return place(self._provider)

    def check(self, package: Package) -> None:
        """Raises GoldenError naming the first case whose verdict is flipped or whose numbers are out of tolerance."""
        try:
            session = Session(package.model, package.card, provider=self._provider)
        except EngineError as error:
            title = f"{package.card.name} {package.card.version}"
            raise GoldenError(f"{title}: {error.message}", hint=_HINT) from error
        require_golden(session, package)


def require_golden(session: Session, package: Package) -> None:
    """Raises GoldenError where `session` does not give the golden answers of `package`."""
    card = package.card
    title = f"{card.name} {card.version}"
    for case in package.golden.cases:
        try:
            got = session.run(case.inputs)
        except EngineError as error:
            raise GoldenError(f"{title}: golden case '{case.name}': {error.message}", hint=_HINT) from error
        reason = difference(card, case, got)
        if reason:
            where = place(session.provider)
            raise GoldenError(f"{title}: golden case '{case.name}' on {where}: {reason}", hint=_HINT)


def difference(card: Card, case: GoldenCase, got: dict[str, NDArray[Any]]) -> str:
    """In words, how `got` differs from what the case expects; empty when it does not. A flipped verdict comes first."""
    for name, expected in case.expected.items():
        if got[name].shape != expected.shape:
            return f"output '{name}': expected the shape {list(expected.shape)}, got {list(got[name].shape)}"
    reasons = [_flipped(card, case, got), *(_off(card, name, case.expected[name], got[name]) for name in case.expected)]
    return next(filter(None, reasons), "")


def _flipped(card: Card, case: GoldenCase, got: dict[str, NDArray[Any]]) -> str:
    verdict = card.verdict
    if verdict is None:
        return ""
    expected, found = case.expected[verdict.output], got[verdict.output]
    if verdict.rule == "argmax":
        wanted, given = np.argmax(expected, axis=-1), np.argmax(found, axis=-1)
        return "" if np.array_equal(wanted, given) else f"verdict flipped: expected {wanted}, got {given}"
    limit = card.limits[verdict.limit]
    flipped = (expected > limit) != (found > limit)
    if not flipped.any():
        return ""
    at = int(np.flatnonzero(flipped)[0])
    return (
        f"verdict flipped: '{verdict.output}' expected {expected.flat[at]:.9g}, got {found.flat[at]:.9g}, "
        f"limit '{verdict.limit}' {limit:.9g}"
    )


def _off(card: Card, name: str, expected: NDArray[Any], got: NDArray[Any]) -> str:
    wanted, given = expected.astype(np.float64), got.astype(np.float64)
    allowed = card.tolerance.absolute + card.tolerance.relative * np.abs(wanted)
    apart = np.abs(given - wanted)
    wrong = ~(apart <= allowed)  # written so that NaN on either side is wrong
    if not wrong.any():
        return ""
    at = int(np.argmax(np.where(wrong, np.nan_to_num(apart - allowed, nan=np.inf), -np.inf)))
    return (
        f"output '{name}' expected {wanted.flat[at]:.9g}, got {given.flat[at]:.9g} at {at}, "
        f"allowed are {allowed.flat[at]:.3g} apart; {int(wrong.sum())} of {wrong.size} numbers are out"
    )
