"""The ROSpec that a reader is given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.rfid.rospec import Inventory, read_inventory
from retail.rfid.wire import MessageCutter, parameters
from tests.retail.rfid.vectors import ADD_ROSPEC


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 255), max_size=8, unique=True), st.integers(200, 60_000), st.integers(1, 9))
def test_a_reader_reads_what_was_meant(antennas: list[int], cycle_ms: int, number: int) -> None:
    wanted = Inventory(tuple(antennas), cycle_ms, number=number)
    read = read_inventory(wanted.encoded())
    assert (read.antennas, read.cycle_ms, read.number) == (wanted.antennas, cycle_ms, number)


def test_it_listens_for_nine_tenths_of_a_cycle() -> None:
    """AISpecStopTrigger of type duration (1) with 900 ms: the next cycle must find the reader idle."""
    assert bytes.fromhex("00b8000901") + (900).to_bytes(4, "big") in Inventory(cycle_ms=1000).encoded()


def test_the_power_is_that_of_the_antenna_or_of_all() -> None:
    """RFTransmitter: hop table 0, channel 0, the entry of the table of powers."""
    encoded = Inventory((1, 2), power_index={0: 81, 2: 40}).encoded()
    assert bytes.fromhex("00e0000a000000000051") in encoded
    assert bytes.fromhex("00e0000a000000000028") in encoded
    assert bytes.fromhex("00e0000a") not in Inventory((1, 2)).encoded()


def test_a_recorded_rospec_has_the_same_parts_in_the_same_order() -> None:
    """And is refused by who wants cycles: it is started once."""
    (message,) = MessageCutter().cut(bytes.fromhex(ADD_ROSPEC))
    (theirs,) = parameters(message.body)
    (ours,) = parameters(Inventory((1,)).encoded())
    assert [part.type for part in parameters(theirs.value, 6)] == [178, 183]
    assert [part.type for part in parameters(ours.value, 6)] == [178, 183, 237]
    with pytest.raises(InputError, match="periodically"):
        read_inventory(message.body)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_whatever_comes_as_a_rospec_is_read_or_refused(data: bytes) -> None:
    good = Inventory((1, 2)).encoded()
    for body in (data, good[: len(data)] + data, good[:6] + data + good[6 + len(data) :]):
        try:
            read_inventory(body)
        except InputError:
            continue
