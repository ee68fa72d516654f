"""How counts, shelf cameras and tag readers change what is believed of a product."""

from __future__ import annotations

import numpy as np

from retail.stock.evidence import FLOOR, IMPORT, Counted, Seen, Tagged
from retail.stock.likelihood import Likelihood, counted, facings_table, seen, tagged
from retail.stock.mass import FLOOR_AXIS, flat, mixed, place_mass, weighed
from retail.stock.track import AXES, Knowledge, Reading, Since, Track, suppose_refill

#: An imported opening figure is wrong that often, by about so many pieces beside a share of it.
_IMPORT_WRONG, _IMPORT_OFF, _IMPORT_SHARE = 0.4, 2.0, 0.2
#: Beside what is believed, a count is held against any number at all with this probability.
_ANYTHING = 0.02
_SURPRISING, _RARE = 0.3, 0.05
TAGS_OWN = 25.0  # tags that the store's share of tags read is worth for one product


def see(track: Track, knowledge: Knowledge, look: Seen) -> None:
    """A camera's facings: full weight when they changed, less when nothing moved, for a mistake stays as the shelf
    does.
    """
    profile, before = knowledge.profile, track.sight
    if not profile.capacity:
        return
    power = _power(before, look.facings, look.at_utc_s, profile.depth)
    if not power:
        assert before is not None
        before.at_utc_s = look.at_utc_s
        return
    facings = facings_table(profile.facings, profile.depth, *knowledge.reliability.camera.mean())
    likely = seen(look.facings, facings, len(track.table), profile.step)
    if float(place_mass(track.table, FLOOR_AXIS) @ likely) < _SURPRISING:
        suppose_refill(track, knowledge, 0.002)
        likely = seen(look.facings, facings, len(track.table), profile.step)
    repeats = before.repeats + 1 if before and before.value == look.facings and not before.moved else 0
    track.table = weighed(track.table, FLOOR_AXIS, likely if power == 1.0 else likely**power)
    track.sight = Reading(look.facings, look.at_utc_s, 0, repeats)


def _power(before: Reading | None, value: int, at_utc_s: float, depth: int) -> float:
    if before is None or before.value != value:
        return 1.0
    if not before.moved:
        return 0.25 if at_utc_s - before.at_utc_s > 8 * 3600.0 else 0.0
    return min(1.0, before.moved / max(1, depth)) if before.moved >= max(1, depth // 2) else 0.0


def read_tags(track: Track, knowledge: Knowledge, round_: Tagged) -> None:
    """One round of a zone's readers. The same tags fail again and again: each round without a move weighs less."""
    before = track.tags.get(round_.place)
    repeats = before.repeats + 1 if before and not before.moved else 0
    if knowledge.profile.step == 1:
        axis = AXES[round_.place]
        likely = _of_tags(round_.tags, track.table.shape[axis], knowledge)
        if float(place_mass(track.table, axis) @ likely) < _RARE:
            suppose_refill(track, knowledge, 0.002)
            likely = _of_tags(round_.tags, track.table.shape[axis], knowledge)
        track.table = weighed(track.table, axis, likely ** (1.0 / (2 + repeats)))
    track.tags[round_.place] = Reading(round_.tags, round_.at_utc_s, 0, repeats)


def _of_tags(tags: int, cells: int, knowledge: Knowledge) -> Likelihood:
    store = knowledge.reliability
    worth = TAGS_OWN + (knowledge.read.of if knowledge.read else 0.0)
    return tagged(tags, cells, store.read.shrunk(knowledge.read, TAGS_OWN), min(worth, 150.0), store.stray.value)


def count(track: Track, knowledge: Knowledge, found: Counted) -> None:
    """A count replaces what was believed, but for the share of counts that a second person would not confirm."""
    cells, axis = round(found.quantity / knowledge.profile.step), AXES[found.place]
    imported = found.source == IMPORT
    mistaken = _IMPORT_WRONG if imported else max(0.005, knowledge.reliability.miscounted.value)
    width = _IMPORT_OFF + _IMPORT_SHARE * cells if imported else 1.0 + cells / 12
    suppose_refill(track, knowledge, 0.002)
    anywhere = flat(max(track.table.shape[axis] - 1, round(cells + 4 * width) + 2))
    other = place_mass(track.table, 1 - axis)
    free = np.outer(anywhere, other) if axis == FLOOR_AXIS else np.outer(other, anywhere)
    prior = mixed(track.table, free, 0.5 if imported else _ANYTHING)
    track.table = weighed(prior, axis, counted(cells, prior.shape[axis], mistaken, width))
    note_count(track, found)


def note_count(track: Track, found: Counted) -> None:
    """What a count says beside the number."""
    track.book[found.place] = found.quantity
    track.since[found.place] = Since(found.quantity, found.at_utc_s, found.source)
    if found.place == FLOOR and found.source != IMPORT:
        track.quiet, track.quiet_utc_s = 0.0, found.at_utc_s
