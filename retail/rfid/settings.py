"""What a site says about one RFID reader: one table, read with the app's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from core.settings import STRICT_KEYS, Count, Lasting, Name, Port

_MOST_ANTENNAS = 256

Antenna = Annotated[int, Field(ge=1, le=_MOST_ANTENNAS)]
Decibels = Annotated[float, Field(ge=0, le=60)]


@dataclass(frozen=True)
class ReaderSettings:
    """`zones`: a place of the store to the antennas that hear it. `gate_dbm`: weaker reads of a new tag count for
    nothing; a tag that is there stays down to `stay_db` below. `margin_db`: another zone hears it that much louder,
    `hold_cycles` cycles in a row, before it has moved. It is gone when its zone was listened to for `gone_after` and at
    least `missed_cycles` cycles without a read. `power_index`: an entry of the reader's table of powers, unless set the
    reader's own. `quiet_after`: so long without a read of an antenna that had many is a fault."""

    __pydantic_config__ = STRICT_KEYS
    name: Name
    host: Annotated[str, Field(min_length=1, max_length=253)]
    zones: Annotated[Mapping[str, Annotated[Sequence[Antenna], Field(min_length=1)]], Field(min_length=1)]
    port: Port = 5084
    version: Literal["1.0.1", "1.1"] = "1.0.1"
    cycle: Lasting = 1.0
    keepalive: Lasting = 10.0
    session: Annotated[int, Field(ge=0, le=3)] = 1
    expected_tags: Annotated[int, Field(ge=1, le=65535)] = 32
    power_index: Annotated[int, Field(ge=0, le=65535)] = 0
    gate_dbm: Annotated[float, Field(ge=-128, le=0)] = -70.0
    stay_db: Decibels = 6.0
    margin_db: Decibels = 6.0
    hold_cycles: Count = 2
    gone_after: Lasting = 30.0
    missed_cycles: Count = 3
    quiet_after: Lasting = 600.0

    def __post_init__(self) -> None:
        listed = [antenna for antennas in self.zones.values() for antenna in antennas]
        twice = next((antenna for antenna in listed if listed.count(antenna) > 1), None)
        if twice is not None:
            raise ValueError(f"antenna {twice} is in two zones")
        if not 0.2 <= self.cycle <= 60.0:
            raise ValueError('cycle from "200ms" to "60s"')

    @property
    def antennas(self) -> dict[int, str]:
        """Antenna to its zone."""
        return {antenna: zone for zone, antennas in self.zones.items() for antenna in antennas}

    @property
    def station(self) -> str:
        """The name of its station and of its device."""
        return f"reader-{self.name}"
