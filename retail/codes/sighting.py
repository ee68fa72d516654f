"""When a camera's read counts: its number is in the item list, and another frame says the same. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from core.clock import Instant
from retail.codes.scanned import Scanned

FRAMES_AGREE = 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """A product's code was there: `frames` agreed on it between `first` and `at`."""

    gtin: str
    frames: int
    first: Instant
    at: Instant


@dataclass(slots=True)
class _Claim:
    first: Instant
    last: Instant
    frames: int = 1
    told: Instant | None = None


@dataclass(slots=True)
class Sightings:
    """The reads of one camera. `items` is the item list (GTIN-14); it may be exchanged at any time.

    `within_s`: frames further apart agree on nothing. `again_after_s`: what stays in view is told that often; None: it
    is told once, and again when it was out of view for longer than `within_s`.
    `refused` counts reads that the item list does not know, by number: some are wrong reads, some unlisted products.
    """

    items: Set[str]
    within_s: float = 10.0
    again_after_s: float | None = 60.0
    refused: Counter[str] = field(default_factory=Counter)
    _claims: dict[str, _Claim] = field(default_factory=dict)

    def see(self, frame: Iterable[Scanned], at: Instant) -> list[Sighting]:
        """What counts now. One call is one frame; a code read twice in it is still one frame's word."""
        self._claims = {gtin: claim for gtin, claim in self._claims.items() if self._lives(claim, at)}
        gtins: dict[str, None] = {}
        for scanned in frame:
            gtin = next((one for one in (scanned.gtin, scanned.other_gtin) if one and one in self.items), "")
            if gtin:
                gtins[gtin] = None
            elif scanned.gtin:
                self._refuse(scanned.gtin)
        told = (self._claim(gtin, at) for gtin in gtins)
        return [sighting for sighting in told if sighting is not None]

    def _lives(self, claim: _Claim, at: Instant) -> bool:
        return at.since(claim.last) <= max(self.within_s, (self.again_after_s or 0.0) if claim.told else 0.0)

    def _claim(self, gtin: str, at: Instant) -> Sighting | None:
        claim = self._claims.get(gtin)
        if claim is None or at.since(claim.last) > self.within_s:
            self._claims[gtin] = _Claim(at, at, told=claim.told if claim else None)
            return None
        claim.frames, claim.last = claim.frames + 1, at
        again_s = math.inf if self.again_after_s is None else self.again_after_s
        due = claim.told is None or at.since(claim.told) >= again_s
        if claim.frames < FRAMES_AGREE or not due:
            return None
        claim.told = at
        return Sighting(gtin, claim.frames, claim.first, at)

    def _refuse(self, gtin: str) -> None:
        if gtin in self.refused or len(self.refused) < 1000:  # a camera that reads noise fills no memory
            self.refused[gtin] += 1
