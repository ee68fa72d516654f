"""A belief in words: the number, how sure, which source disagrees and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retail.stock.evidence import FLOOR, Profile
from retail.stock.likelihood import facings_table
from retail.stock.mass import Mass, mean_of, place_mass, quantiles, sum_mass
from retail.stock.phantom import Silence
from retail.stock.senses import TAGS_OWN
from retail.stock.track import AXES, Knowledge, Track

STORE = "store"
#: The interval holds the true number at least that often.
INTERVAL = 0.90
_TOLD_SHARES = ((1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2)
_DISAGREES = 0.03
_LOOK_OLD_S = 36 * 3600.0
_HIGH, _MEDIUM = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Belief:
    """On-hand of a product at a place. `low` to `high`: 90 %. `confidence`: that it is within one piece, or a tenth,
    of `on_hand`.

    `empty`: probability that there is none. `book`: what the ledger says. `disagree`: book, camera, RFID, as far as
    they do.
    """

    gtin: str
    place: str
    on_hand: int
    expected: float
    low: int
    high: int
    confidence: float
    empty: float
    book: int
    disagree: tuple[str, ...]
    reason: str

    @property
    def word(self) -> str:
        return "high" if self.confidence >= _HIGH else "medium" if self.confidence >= _MEDIUM else "low"


def belief_of(track: Track, knowledge: Knowledge, place: str) -> Belief:
    """Of one place."""
    mass = place_mass(track.table, AXES[place])
    book = track.book.get(place, 0)
    said = _disagreeing(track, knowledge, place, mass, book)
    return _told(knowledge.profile, place, mass, book, said, _sources(track, knowledge, place, book))


def total_of(track: Track, knowledge: Knowledge) -> Belief:
    """Of both places together."""
    mass = sum_mass(track.table)
    book = sum(track.book.values())
    said = ["book"] if book < 0 or _tail(mass, round(book / knowledge.profile.step)) < (1 - INTERVAL) / 2 else []
    return _told(knowledge.profile, STORE, mass, book, said, [f"book says {book}"])


def silence_of(track: Track, knowledge: Knowledge, now_utc_s: float) -> Silence:
    """For the phantom rule; a camera that has not spoken for long is not asked."""
    sight, camera = track.sight, ""
    if sight and now_utc_s - sight.at_utc_s <= _LOOK_OLD_S:
        few = sight.value <= knowledge.profile.facings // 2
        camera = "empty" if not sight.value else "low" if few else "full"
    return Silence(
        knowledge.profile.gtin, sum(track.book.values()), track.quiet, max(0.0, now_utc_s - track.quiet_utc_s) / 3600,
        camera, sight.value if sight else 0, 1 - float(track.table[:, 0].sum()), float(track.table[0].sum()),
    )  # fmt: skip


def _told(profile: Profile, place: str, mass: Mass, book: int, said: Sequence[str], sources: Sequence[str]) -> Belief:
    step = profile.step
    low, middle, high = quantiles(mass, _TOLD_SHARES)
    near = max(1, round(middle / 10))
    confidence = float(mass[max(0, middle - near) : middle + near + 1].sum())
    who = f"; {' and '.join(said)} disagree{'s' if len(said) == 1 else ''}" if said else ""
    words = f"Probably {middle * step} ({low * step} to {high * step}): {', '.join(sources)}{who}."
    return Belief(
        profile.gtin, place, middle * step, mean_of(mass) * step, low * step, high * step, min(1.0, confidence),
        float(mass[0]), book, tuple(said), words,
    )  # fmt: skip


def _disagreeing(track: Track, knowledge: Knowledge, place: str, mass: Mass, book: int) -> list[str]:
    """Sources whose word would be rare if the belief is right."""
    found = []
    cell = round(book / knowledge.profile.step)
    if book < 0 or _tail(mass, cell) < (1 - INTERVAL) / 2:
        found.append("book")
    if place == FLOOR and track.sight and _surprise_of_look(track, knowledge, mass) < _DISAGREES:
        found.append("camera")
    if place in track.tags and _surprise_of_tags(track, knowledge, place, mass) < _DISAGREES:
        found.append("RFID")
    return found


def _tail(mass: Mass, cell: int) -> float:
    """Of the probability, what lies at the cell and beyond it, on the side away from the middle."""
    if cell >= len(mass):
        return 0.0
    below = float(mass[: cell + 1].sum())
    return min(below, 1 - below + float(mass[cell]))


def _surprise_of_look(track: Track, knowledge: Knowledge, mass: Mass) -> float:
    sight, profile = track.sight, knowledge.profile
    if not sight or not profile.capacity or sight.moved > profile.depth:
        return 1.0
    table = facings_table(profile.facings, profile.depth, *knowledge.reliability.camera.mean())
    rows = np.minimum(np.arange(len(mass)) * profile.step, len(table) - 1)
    return _rarity(mass @ table[rows], sight.value)


def _surprise_of_tags(track: Track, knowledge: Knowledge, place: str, mass: Mass) -> float:
    """Two-sided tail of a normal with the mean and variance of the tags that the belief expects."""
    reading, store = track.tags[place], knowledge.reliability
    if reading.moved or knowledge.profile.step > 1:
        return 1.0
    share = store.read.shrunk(knowledge.read, TAGS_OWN)
    mean, stray = mean_of(mass), store.stray.value
    spread = float(mass @ (np.arange(len(mass)) - mean) ** 2)
    variance = share**2 * spread + mean * share * (1 - share) * 2 + stray + 0.25
    return math.erfc(abs(reading.value - mean * share - stray) / math.sqrt(2 * variance))


def _rarity(said: Mass, value: int) -> float:
    """How much of the probability of all readings those hold that are no more likely than this one."""
    value = min(max(value, 0), len(said) - 1)
    return float(said[said <= said[value] * (1 + 1e-9)].sum() / said.sum())


def _sources(track: Track, knowledge: Knowledge, place: str, book: int) -> list[str]:
    parts = [f"book says {book}"]
    if place == FLOOR and track.sight:
        parts.append(f"camera sees {track.sight.value} of {knowledge.profile.facings} facings")
    if place in track.tags:
        tags = track.tags[place].value
        parts.append(f"{tags} tag{'' if tags == 1 else 's'} read")
    if place == FLOOR and track.quiet >= 3:
        parts.append(f"no sale where about {track.quiet:.0f} were expected")
    return parts
