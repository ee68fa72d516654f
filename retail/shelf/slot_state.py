"""From what was seen of a slot to what is said of it: one word, confirmed over frames, held while nothing is seen.

A blocked view says nothing of the stock: the last word holds, with the moment since when it is old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.clock import Instant
from retail.catalogue.item_code import gtin_of
from retail.shelf.facings import Facing, FacingSight
from retail.shelf.gallery import Match
from retail.shelf.plan import Slot


class SlotState(StrEnum):
    FULL = "full"
    LOW = "low"
    EMPTY = "empty"
    WRONG = "wrong"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SlotSight:
    """What one frame shows; `facings` is None where it cannot be told, `product` what else was recognised."""

    state: SlotState
    facings: int | None = None
    confidence: float = 0.0
    product: str = ""


BLOCKED = SlotSight(SlotState.BLOCKED)


def judged(slot: Slot, facings: Sequence[FacingSight], match: Match | None) -> SlotSight:
    """`match` is what the gallery says of a doubtful slot; None where it was not asked."""
    there = sum(one.facing is Facing.THERE for one in facings)
    doubtful = [one for one in facings if one.facing is Facing.DOUBTFUL]
    confidence = min(one.confidence for one in facings)
    if doubtful:
        return _doubtful(slot, there, len(doubtful), match)
    if there == 0:
        return SlotSight(SlotState.EMPTY, 0, confidence)
    state = SlotState.LOW if there <= slot.low and there < slot.facings else SlotState.FULL
    return SlotSight(state, there, confidence, slot.product)


def _doubtful(slot: Slot, there: int, doubtful: int, match: Match | None) -> SlotSight:
    """The embedding has the word only where structure has none."""
    if match is None or not match.known or not slot.product:
        return SlotSight(SlotState.UNKNOWN, None, 0.5)
    if not _same_product(match.product, slot.product):
        return SlotSight(SlotState.WRONG, there, match.likeness, match.product)
    seen = there + doubtful
    state = SlotState.LOW if seen <= slot.low and seen < slot.facings else SlotState.FULL
    return SlotSight(state, seen, match.likeness, slot.product)


def _same_product(one: str, other: str) -> bool:
    """A GTIN may be written with leading zeros or without."""
    return one == other or (gtin_of(one) == gtin_of(other) != "")


@dataclass(frozen=True, slots=True)
class Patience:
    """Frames that must agree before a word is said: goods come and go, "wrong" and "unknown" accuse somebody."""

    frames: int = 3
    doubtful_frames: int = 6


@dataclass(slots=True)
class SlotStanding:
    """What is said of one slot. `since` is when its word began, `blocked_since` when the view was lost, if it is."""

    slot: Slot
    patience: Patience = Patience()
    state: SlotState = SlotState.UNKNOWN
    facings: int | None = None
    confidence: float = 0.0
    product: str = ""
    since: Instant | None = None
    blocked_since: Instant | None = None
    _coming: SlotSight | None = field(default=None, repr=False)
    _seen: int = field(default=0, repr=False)

    def see(self, sight: SlotSight, at: Instant) -> bool:
        """Takes in one frame; true when what is said has changed."""
        if sight.state is SlotState.BLOCKED:
            self._coming, self._seen = None, 0
            if self.blocked_since is None:
                self.blocked_since = at
                return True
            return False
        opened = self.blocked_since is not None
        self.blocked_since = None
        return self._confirm(sight, at) or opened

    def _confirm(self, sight: SlotSight, at: Instant) -> bool:
        same = self._coming is not None and _word(self._coming) == _word(sight)
        self._seen = self._seen + 1 if same else 1
        self._coming = sight
        doubtful = sight.state in (SlotState.WRONG, SlotState.UNKNOWN)
        if self._seen < (self.patience.doubtful_frames if doubtful else self.patience.frames):
            return False
        changed = (self.state, self.facings, self.product) != _word(sight)
        if changed:
            self.since = at
        self.state, self.facings, self.product = _word(sight)
        self.confidence = sight.confidence
        return changed

    def told(self) -> dict[str, Any]:
        """For the store's desk: blocked is said as such, whatever is held."""
        blocked = self.blocked_since is not None
        return {
            "slot": self.slot.name,
            "product": self.slot.product,
            "state": str(SlotState.BLOCKED if blocked else self.state),
            "facings": self.facings or 0,
            "of": self.slot.facings,
            "confidence": round(min(max(self.confidence, 0.0), 1.0), 3),
            "found": self.product if self.state is SlotState.WRONG else "",
        }

    def shown(self) -> dict[str, Any]:
        """For screens: the word that holds, and since when it is old."""
        return self.told() | {
            "held": str(self.state),
            "since_utc_s": self.since.utc_s if self.since else None,
            "blocked_since_utc_s": self.blocked_since.utc_s if self.blocked_since else None,
        }


def _word(sight: SlotSight) -> tuple[SlotState, int | None, str]:
    return sight.state, sight.facings, sight.product
