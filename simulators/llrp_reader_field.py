"""What a simulated RFID reader could hear: tags that come, move and go, and how loud each is at each antenna."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from retail.rfid.reports import TagReport

#: A tag and, antenna to dBm, how loud it would be without noise.
Audible = tuple[bytes, Mapping[int, float]]
#: The truth at a moment (seconds UTC): every tag that can be heard at all.
Truth = Callable[[float], Iterable[Audible]]


@dataclass(frozen=True, slots=True)
class Stay:
    """A tag at a place from a moment on; an empty place: it is out of reach."""

    from_utc_s: float
    place: str


@dataclass(slots=True)
class Shop:
    """Places with the antennas that hear them, and where each tag is when. An instance is a `Truth`."""

    levels_dbm: Mapping[str, Mapping[int, float]]
    _stays: dict[bytes, list[Stay]] = field(default_factory=dict)

    def put(self, epc: bytes, place: str, from_utc_s: float = 0.0) -> None:
        """From that moment on; later moments stay as they were told. Raises KeyError for an unknown place."""
        if place:
            self.levels_dbm[place]
        stays = self._stays.setdefault(epc, [])
        stays.append(Stay(from_utc_s, place))
        stays.sort(key=lambda stay: stay.from_utc_s)

    def place_of(self, epc: bytes, utc_s: float) -> str:
        return next((stay.place for stay in reversed(self._stays.get(epc, [])) if stay.from_utc_s <= utc_s), "")

    def __call__(self, utc_s: float) -> list[Audible]:
        places = ((epc, self.place_of(epc, utc_s)) for epc in self._stays)
        return [(epc, self.levels_dbm[place]) for epc, place in places if place]


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a reader hears: noise of its RSSI, its weakest read, and how often a tag stays unread in a cycle."""

    noise_db: float = 2.5
    sensitivity_dbm: float = -82.0
    missed: float = 0.1
    reads_a_cycle: int = 4


def heard(
    tags: Iterable[Audible],
    antennas: Sequence[int],
    begin_us: int,
    end_us: int,
    hearing: Hearing,
    rng: random.Random,
) -> list[TagReport]:
    """What one cycle reads, a report per tag and antenna; times are of the reader's clock."""
    found: list[TagReport] = []
    for epc, levels in tags:
        for antenna in antennas:
            level = levels.get(antenna)
            if level is None or rng.random() < hearing.missed:
                continue
            loud = level + rng.gauss(0.0, hearing.noise_db)
            if loud < hearing.sensitivity_dbm:
                continue
            first, last = sorted((rng.randint(begin_us, end_us), rng.randint(begin_us, end_us)))
            count = 1 + rng.randrange(hearing.reads_a_cycle)
            found.append(TagReport(epc, antenna, max(-128, min(0, round(loud))), first, last, True, count))
    return found
