"""Stock on record that is not there: suspected from silence and an empty look, as evidence for a check.

Never a correction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SILENCE = 0.02
_CAMERA_SAYS = frozenset({"empty", "low"})
#: How likely the back room must be to hold some for the answer to be a refill.
_BEHIND = 0.5
#: In so unlikely a silence it would have been refilled: then it is a check all the same.
_LONG_SILENCE = SILENCE**2


@dataclass(frozen=True, slots=True)
class Silence:
    """Of a product: `book` pieces on record, `visits` with a purchase expected since the last sale
    `since_h` hours ago.

    `camera`: the slot's state, "" where no camera looks. `behind`: probability that the back room holds any.
    `empty`: that the shelf holds none, as believed.
    """

    gtin: str
    book: int
    visits: float
    since_h: float
    camera: str
    facings: int = 0
    behind: float = 0.0
    empty: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`task`: check (nothing seems to be there) or refill (the back room should have it).

    `no_sale`: P of such a silence.
    """

    gtin: str
    task: str
    no_sale: float
    reason: str


def no_sale_probability(visits: float) -> float:
    """Of none where so many were expected (Poisson)."""
    return math.exp(-max(0.0, visits))


def suspect(found: Silence) -> Suspicion | None:
    """Book above 0, a silence of probability below 0.02, and a camera that sees the slot empty or low."""
    probability = no_sale_probability(found.visits)
    if found.book <= 0 or probability >= SILENCE or found.camera not in _CAMERA_SAYS:
        return None
    behind = found.behind >= _BEHIND and probability >= _LONG_SILENCE
    where = "the back room should have some" if found.behind >= _BEHIND else "the back room should have none"
    reason = (
        f"{found.book} on record, but no sale in {found.since_h:.0f} h where {found.visits:.1f} were expected "
        f"(chance {probability * 100:.1g} %), and the camera sees the slot {found.camera}; {where}."
    )
    return Suspicion(found.gtin, "refill" if behind else "check", probability, reason)
