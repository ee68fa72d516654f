"""Reads between two samples: one for each tag and antenna, the loudest, with the time of the last and how many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.clock import Instant
from retail.rfid.reports import TagReport

MOST_TAGS = 50_000  # of one sample; what is more is counted and left out


@dataclass(slots=True)
class Gathered:
    """`rssi_dbm` None: the reader does not say."""

    epc: str
    antenna: int
    rssi_dbm: int | None
    at: Instant
    count: int


class Gathering:
    def __init__(self) -> None:
        self._tags: dict[tuple[bytes, int], Gathered] = {}
        self.left_out = 0

    def add(self, tags: Iterable[tuple[TagReport, Instant]]) -> None:
        for tag, at in tags:
            key = (tag.epc, tag.antenna or 0)
            known = self._tags.get(key)
            if known is not None:
                known.count += tag.count
                known.at = max(known.at, at)
                if tag.rssi_dbm is not None:
                    known.rssi_dbm = max(tag.rssi_dbm, -128 if known.rssi_dbm is None else known.rssi_dbm)
            elif len(self._tags) < MOST_TAGS:
                self._tags[key] = Gathered(tag.epc.hex().upper(), key[1], tag.rssi_dbm, at, tag.count)
            else:
                self.left_out += 1

    def take(self) -> list[Gathered]:
        """All of them; it is empty afterwards."""
        taken = list(self._tags.values())
        self._tags.clear()
        return taken
