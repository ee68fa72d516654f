"""What a count teaches: of the camera and the tags that spoke before it, of losses, unrecorded refills and other
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from retail.stock.evidence import FLOOR, IMPORT, Counted, Profile
from retail.stock.likelihood import facings_hypotheses
from retail.stock.reliability import Camera, Reliability, Share
from retail.stock.track import Since, Track

_SIGHT_OLD_S, _TAGS_OLD_S = 14 * 3600.0, 3 * 3600.0
_RECOUNT_S, _PAIR_S = 2 * 3600.0, 3600.0


@dataclass(frozen=True, slots=True)
class Variance:
    """What a count found beyond the book, and what the ledger had recorded since the count before."""

    place: str
    pieces: int
    since: Since
    at_utc_s: float


@dataclass(slots=True)
class Own:
    """What is learnt of one product alone; `half` waits for the count of its other place."""

    lost: Share
    read: Share
    half: Variance | None = None


def own() -> Own:
    return Own(Share(0.0, 0.0), Share(0.0, 0.0))


def learn(found: Counted, track: Track, profile: Profile, store: Reliability, product: Own) -> None:
    """Before the count changes the track."""
    if found.source == IMPORT:
        return
    since = track.since.get(found.place)
    if since and since.source != IMPORT and _untouched(since) and found.at_utc_s - since.at_utc_s <= _RECOUNT_S:
        store.miscounted.learn(float(found.quantity != since.counted), 2.0)
        return
    _learn_sight(found, track, profile, store.camera)
    _learn_tags(found, track, store, product)
    if since and since.source != IMPORT:
        variance = Variance(found.place, found.quantity - track.book.get(found.place, 0), since, found.at_utc_s)
        half, product.half = product.half, variance
        if half and half.place != found.place and found.at_utc_s - half.at_utc_s <= _PAIR_S:
            floor, behind = (variance, half) if found.place == FLOOR else (half, variance)
            _learn_losses(floor, behind, store, product)
            product.half = None
        elif not since.carried and found.place == FLOOR:
            _learn_floor(variance.pieces, since, store, product)
            product.half = None


def _untouched(since: Since) -> bool:
    return not (since.out or since.received or since.carried)


def _learn_sight(found: Counted, track: Track, profile: Profile, camera: Camera) -> None:
    sight = track.sight
    if not sight or found.place != FLOOR or sight.moved or found.at_utc_s - sight.at_utc_s > _SIGHT_OLD_S:
        return
    exact_even, exact_rand, exact_packed, even, rand, packed = facings_hypotheses(
        sight.value, found.quantity, profile.facings, profile.depth
    )
    camera.learn(
        (1 - error) * (e * exact_even + r * exact_rand + p * exact_packed) + error * (e * even + r * rand + p * packed)
        for (e, r, p), error in camera.hypotheses()
    )


def _learn_tags(found: Counted, track: Track, store: Reliability, product: Own) -> None:
    tags = track.tags.get(found.place)
    if not tags or tags.moved or found.at_utc_s - tags.at_utc_s > _TAGS_OLD_S:
        return
    read = min(tags.value, found.quantity)
    store.read.learn(read, found.quantity)
    product.read.learn(read, found.quantity)
    store.stray.learn(max(0, tags.value - found.quantity), 1.0)


def _learn_losses(floor: Variance, behind: Variance, store: Reliability, product: Own) -> None:
    """What the floor has more and the back room less was carried without a record; the rest is lost or found."""
    carried = 0
    if floor.pieces > 0 > behind.pieces:
        carried = min(floor.pieces, -behind.pieces)
    elif floor.pieces < 0 < behind.pieces:
        carried = -min(-floor.pieces, behind.pieces)
    store.unrecorded.learn(max(0, carried), floor.since.carried)
    _learn_floor(floor.pieces - carried, floor.since, store, product)
    left = behind.pieces + carried
    most = 3 + behind.since.received // 3
    store.back_lost.learn(min(most, max(0, -left)), behind.since.received)
    store.back_found.learn(min(most, max(0, left)), behind.since.received)


def _learn_floor(pieces: int, since: Since, store: Reliability, product: Own) -> None:
    """One odd count teaches no more than a third of what was sold."""
    most = 3 + since.out // 3
    for share in (store.lost, product.lost):
        share.learn(min(most, max(0, -pieces)), since.out)
    store.found.learn(min(most, max(0, pieces)), since.out)
