"""The pieces of one product as they truly are: on the shelf in columns, in the back room, astray; by lot and expiry."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

#: A shopper takes the front piece, mostly of the oldest lot, which was filled to the front.
_TAKES_FRONT = 0.85
#: A shopper takes from the fullest column that often, else from any.
_TAKES_FULLEST = 0.5


@dataclass(slots=True)
class Lot:
    """`expires_utc_s` is infinite for what keeps."""

    name: str
    expires_utc_s: float
    pieces: int


@dataclass(slots=True)
class Stock:
    """Columns stand one behind the other `depth` deep; `astray` pieces stand in somebody else's slot."""

    facings: int
    depth: int
    columns: list[int] = field(default_factory=list)
    floor_lots: list[Lot] = field(default_factory=list)
    back_lots: list[Lot] = field(default_factory=list)
    astray: int = 0

    def __post_init__(self) -> None:
        self.columns = self.columns or [0] * self.facings

    @property
    def floor(self) -> int:
        return sum(self.columns)

    @property
    def backroom(self) -> int:
        return sum(lot.pieces for lot in self.back_lots)

    @property
    def room(self) -> int:
        """Pieces that still go on the shelf."""
        return self.facings * self.depth - self.floor

    @property
    def visible(self) -> int:
        """Facings with at least one piece in front."""
        return sum(1 for pieces in self.columns if pieces)

    def take(self, pieces: int, rng: random.Random) -> int:
        """How many of the wanted pieces were there to take from the shelf."""
        taken = min(pieces, self.floor)
        for _ in range(taken):
            filled = [column for column, stands in enumerate(self.columns) if stands]
            fullest = rng.random() < _TAKES_FULLEST
            column = max(filled, key=self.columns.__getitem__) if fullest else rng.choice(filled)
            self.columns[column] -= 1
            front = len(self.floor_lots) == 1 or rng.random() < _TAKES_FRONT
            _take_from(self.floor_lots, 0 if front else rng.randrange(len(self.floor_lots)))
        return taken

    def put_back(self, pieces: int) -> None:
        """Onto the shelf, as pieces of the lot that stands in front; a full shelf is overfilled."""
        if not pieces:
            return
        if not self.floor_lots:
            self.floor_lots.append(Lot("returned", float("inf"), 0))
        self.floor_lots[0].pieces += pieces
        self._fill(pieces)

    def receive(self, lot: Lot) -> None:
        self.back_lots.append(lot)
        self.back_lots.sort(key=lambda each: each.expires_utc_s)

    def refill(self, pieces: int) -> int:
        """Pieces brought from the back room to the shelf, earliest expiry first."""
        brought = max(0, min(pieces, self.backroom))
        left = brought
        while left:
            lot = self.back_lots[0]
            part = min(left, lot.pieces)
            self.floor_lots.append(Lot(lot.name, lot.expires_utc_s, part))
            lot.pieces -= part
            left -= part
            if not lot.pieces:
                self.back_lots.pop(0)
        self.floor_lots.sort(key=lambda each: each.expires_utc_s)
        self._fill(brought)
        return brought

    def pull(self, now_utc_s: float, rng: random.Random) -> tuple[int, int]:
        """Pieces taken out because their lot has expired: from the shelf, from the back room."""
        on_floor = sum(lot.pieces for lot in self.floor_lots if lot.expires_utc_s <= now_utc_s)
        behind = sum(lot.pieces for lot in self.back_lots if lot.expires_utc_s <= now_utc_s)
        self.floor_lots = [lot for lot in self.floor_lots if lot.expires_utc_s > now_utc_s]
        self.back_lots = [lot for lot in self.back_lots if lot.expires_utc_s > now_utc_s]
        for _ in range(on_floor):
            self.columns[rng.choice([column for column, stands in enumerate(self.columns) if stands])] -= 1
        return on_floor, behind

    def take_behind(self, pieces: int) -> int:
        """Pieces taken from the back room, of the lot that expires first."""
        taken = min(pieces, self.backroom)
        for _ in range(taken):
            _take_from(self.back_lots, 0)
        return taken

    def _fill(self, pieces: int) -> None:
        for _ in range(pieces):
            self.columns[min(range(self.facings), key=self.columns.__getitem__)] += 1


def _take_from(lots: list[Lot], index: int) -> None:
    lots[index].pieces -= 1
    if not lots[index].pieces:
        lots.pop(index)
