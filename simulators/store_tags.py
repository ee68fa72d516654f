"""The tagged pieces of a simulated store: every piece has a number of its own and is where the world says.

An instance of `Tags` is the truth of a simulated reader (`llrp_reader_field.Truth`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retail.codes.sgtin import Sgtin
from simulators.llrp_reader_field import Audible
from simulators.store_facts import BACKROOM, FLOOR
from simulators.store_products import Product
from simulators.store_world import World

#: Antenna to dBm: each place has an antenna of its own and is faint at the other's.
LEVELS_DBM: Mapping[str, Mapping[int, float]] = {FLOOR: {1: -52.0, 2: -76.0}, BACKROOM: {2: -50.0, 1: -78.0}}
ZONES = {FLOOR: (1,), BACKROOM: (2,)}
_PREFIX_DIGITS = 7


@dataclass(slots=True)
class Tags:
    """`follow` before each look: the tags then are as many in each place as there are pieces."""

    products: Sequence[Product]
    _held: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)
    _made: dict[str, int] = field(default_factory=dict)

    def __call__(self, utc_s: float) -> list[Audible]:
        return [
            (epc, LEVELS_DBM[place])
            for held in self._held.values()
            for place, epcs in held.items()
            for epc in epcs
        ]  # fmt: skip

    def follow(self, world: World) -> None:
        """What stands astray is still heard on the floor."""
        for product in self.products:
            gtin = product.gtin
            floor = world.on_hand(gtin, FLOOR) + world.astray(gtin)
            self._set(gtin, floor, world.on_hand(gtin, BACKROOM))

    def _set(self, gtin: str, floor: int, behind: int) -> None:
        """Refills carry tags over, sales take them out, what is new comes into the back room."""
        held = self._held.setdefault(gtin, {FLOOR: [], BACKROOM: []})
        on_floor, in_back = held[FLOOR], held[BACKROOM]
        while len(on_floor) + len(in_back) < floor + behind:
            in_back.append(self._new(gtin))
        while len(on_floor) > floor and len(in_back) >= behind:
            on_floor.pop(0)
        while len(on_floor) < floor and in_back:
            on_floor.append(in_back.pop(0))
        while len(on_floor) > floor:
            in_back.append(on_floor.pop())
        del in_back[behind:]

    def _new(self, gtin: str) -> bytes:
        self._made[gtin] = self._made.get(gtin, 0) + 1
        prefix, item = gtin[1 : 1 + _PREFIX_DIGITS], gtin[0] + gtin[1 + _PREFIX_DIGITS : 13]
        return Sgtin(prefix, item, str(self._made[gtin])).encoded()
