"""The one ROSpec a reader is given: which antennas to listen on, how long a cycle is, what to report after each.

Once enabled the reader begins a cycle every `cycle_ms`, listens for nine tenths of it and reports at its end what was
read. With a start trigger `immediate` it would do so once: a ROSpec without stop trigger ends with its last AISpec
(LLRP 1.0.1, 10.2.1.1.2). A cycle that ran into the next one's begin would cost that one, hence the nine tenths.
Source: LLRP 1.0.1, 10.2.1 (ROSpec), 10.2.4 (AISpec), 13.2.1 (ROReportSpec), 15.2.1 (C1G2), 16.2.4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from retail.rfid.wire import fields, parameters, tlv

ROSPEC, BOUNDARY, START_TRIGGER, PERIODIC, STOP_TRIGGER = 177, 178, 179, 180, 182
AISPEC, AISPEC_STOP, INVENTORY = 183, 184, 186
ANTENNA_CONFIGURATION, RF_TRANSMITTER = 222, 224
REPORT_SPEC, CONTENT_SELECTOR = 237, 238
C1G2_INVENTORY, C1G2_SINGULATION = 330, 336
_DISABLED, _PERIODIC, _NO_STOP, _DURATION, _GEN2 = 0, 2, 0, 1, 1
_AT_END_OF_ROSPEC, _AS_MANY_AS_THERE_ARE = 2, 0
_LISTENS = 0.9
#: Antenna, RSSI, first and last time, count: bits 12, 10, 9, 8 and 7 of TagReportContentSelector.
_CONTENT = 0x1780


@dataclass(frozen=True, slots=True)
class Inventory:
    """`antennas` empty: all of the reader. `power_index`: antenna to an entry of the reader's table of powers.

    `session` and `tags` (how many are expected) are those of Gen2 singulation; session 1 lets a strong tag rest for up
    to 5 s, so that weak ones are heard.
    """

    antennas: tuple[int, ...] = ()
    cycle_ms: int = 1000
    session: int = 1
    tags: int = 32
    power_index: Mapping[int, int] = field(default_factory=dict)
    number: int = 1

    def encoded(self) -> bytes:
        """The body of ADD_ROSPEC."""
        boundary = tlv(
            BOUNDARY,
            tlv(START_TRIGGER, bytes([_PERIODIC]), tlv(PERIODIC, struct.pack("!II", 0, self.cycle_ms))),
            tlv(STOP_TRIGGER, struct.pack("!BI", _NO_STOP, 0)),
        )
        head = struct.pack("!IBB", self.number, 0, _DISABLED)
        return tlv(ROSPEC, head, boundary, self._aispec(), _report_spec())

    def _aispec(self) -> bytes:
        antennas = self.antennas or (0,)
        stop = tlv(AISPEC_STOP, struct.pack("!BI", _DURATION, round(self.cycle_ms * _LISTENS)))
        inventory = tlv(INVENTORY, struct.pack("!HB", 1, _GEN2), *map(self._antenna, antennas))
        return tlv(AISPEC, struct.pack(f"!H{len(antennas)}H", len(antennas), *antennas), stop, inventory)

    def _antenna(self, antenna: int) -> bytes:
        parts = [struct.pack("!H", antenna)]
        power = self.power_index.get(antenna, self.power_index.get(0))
        if power is not None:
            parts.append(tlv(RF_TRANSMITTER, struct.pack("!HHH", 0, 0, power)))
        singulation = tlv(C1G2_SINGULATION, struct.pack("!BHI", self.session << 6, self.tags, 0))
        parts.append(tlv(C1G2_INVENTORY, b"\0", singulation))
        return tlv(ANTENNA_CONFIGURATION, *parts)


def _report_spec() -> bytes:
    head = struct.pack("!BH", _AT_END_OF_ROSPEC, _AS_MANY_AS_THERE_ARE)
    return tlv(REPORT_SPEC, head, tlv(CONTENT_SELECTOR, struct.pack("!H", _CONTENT)))


def read_inventory(body: bytes) -> Inventory:
    """Number, antennas and cycle of an ADD_ROSPEC, as a reader takes it. Raises InputError for what is none."""
    for parameter in parameters(body):
        if parameter.type == ROSPEC:
            number, _, _ = fields("IBB", parameter.value, "ROSpec")
            inner = {found.type: found.value for found in parameters(parameter.value, 6)}
            if BOUNDARY in inner and AISPEC in inner:
                return Inventory(_antennas(inner[AISPEC]), _cycle_ms(inner[BOUNDARY]), number=number)
    raise InputError("an ADD_ROSPEC without a ROSpec with boundaries and an AISpec")


def _antennas(data: bytes) -> tuple[int, ...]:
    (count,) = fields("H", data, "antennas")
    return tuple(antenna for antenna in fields(f"{count}H", data[2:], "antennas") if antenna)


def _cycle_ms(data: bytes) -> int:
    """Raises InputError for a ROSpec that is not begun again and again."""
    for trigger in parameters(data):
        if trigger.type == START_TRIGGER:
            for inner in parameters(trigger.value, 1):
                if inner.type == PERIODIC:
                    return fields("II", inner.value, "period")[1]
    raise InputError("a ROSpec that is not begun periodically")
