"""A hand-held's own camera as its scanner: the page sends pictures, the box reads the codes and says which count.

A picture is read in memory and forgotten: nobody asked whoever is in it. The rule of `codes/sighting.py` holds: what
counts is in the item list, and two pictures agree on it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any

from core.clock import Instant
from core.errors import InputError
from retail.catalogue.item_code import resolve
from retail.codes.scan import StoreCodes
from retail.codes.scanned import Kind, Scanned
from retail.codes.sighting import Sightings
from retail.figures_shown import local
from retail.office_frame import zone_of
from verticals.devices.pictures import decode_picture
from verticals.web import Answered, Asked, Data, Desk, Page

if TYPE_CHECKING:
    from retail.codes.camera import CodeRead

_MOST_PIXELS = 4_000_000
_HAND_HELDS = 64
_NAME_CHARACTERS = range(8, 65)
#: Out of view for so long, it is another piece of the same product.
_GONE_S = 1.5
_PLAIN = frozenset({Kind.GTIN, Kind.RESTRICTED})


class HandCameras:
    """What the cameras saw just now, of the hand-helds that looked last. Any thread of the web process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[str, Sightings] = OrderedDict()

    def look(self, desk: Desk, asked: Asked) -> Answered:
        """`found`: what counts since this picture, `{"code", "gtin"}` each; `unlisted`: numbers that nobody knows.

        Raises InputError for what is no picture, or a large one, and for a hand-held without a name.
        """
        hand = asked.form.get("hand", "")
        if len(hand) not in _NAME_CHARACTERS or not hand.isprintable():
            raise InputError("a hand-held's camera names itself by 8 to 64 characters", hint="Load the page anew.")
        if len(asked.files) != 1:
            raise InputError(f"{len(asked.files)} pictures came, expected: one")
        from retail.codes.camera import read_codes  # loaded late: most stores scan with scanners

        image = decode_picture(asked.files[0].content, "the camera's picture", _MOST_PIXELS)
        now = desk.clock.now()
        reads = read_codes(image, retries=False)
        today = local(now.utc_s, zone_of(desk)).date()
        scanned = [_scanned(read, today, desk.settings) for read in reads]
        codes = {code for one in scanned for code in (one.read, one.gtin, one.other_gtin) if code}
        with desk.read() as connection:
            known = resolve(connection, codes)
        return Data(self._counted(hand, [_meant(one, known) for one in scanned], set(known.values()), now))

    def _counted(self, hand: str, frame: Sequence[Scanned], items: set[str], now: Instant) -> dict[str, Any]:
        with self._lock:
            sightings = self._seen.setdefault(hand, Sightings(frozenset(), within_s=_GONE_S, again_after_s=None))
            self._seen.move_to_end(hand)
            while len(self._seen) > _HAND_HELDS:
                self._seen.popitem(last=False)
            sightings.items = items
            told = [one.gtin for one in sightings.see(frame, now)]
        texts = {one.gtin: one.read for one in frame}
        unlisted = sorted({one.gtin for one in frame if one.gtin and one.gtin not in items})
        return {"found": [{"code": texts[gtin], "gtin": gtin} for gtin in told], "unlisted": unlisted}


def _scanned(read: CodeRead, today: date, settings: Any) -> Scanned:
    """As a scanner would type it, without the AIM identifier of a plain number; a number that is no product's by itself
    may be one of this store."""
    try:
        scanned = read.scanned(today, StoreCodes(tuple(settings.restricted)))
    except InputError:
        return Scanned(read.text, Kind.GTIN, read.symbology)
    return replace(scanned, read=read.text) if scanned.kind in _PLAIN else scanned


def _meant(scanned: Scanned, known: dict[str, str]) -> Scanned:
    """With the product that the catalogue gives this code to, where it knows one."""
    given = next((known[code] for code in (scanned.read, scanned.gtin, scanned.other_gtin) if code in known), "")
    return replace(scanned, gtin=given, other_gtin="") if given else scanned


PAGES = (Page("/hand/camera", HandCameras().look, "associate", methods=("POST",)),)
