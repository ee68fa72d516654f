"""Whatever comes over the wire ends in samples or in a fault with its place; never in anything else."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import InputError
from healthcare.hl7.feed import Feed
from healthcare.hl7.message import parse
from healthcare.hl7.mllp import MllpServer
from healthcare.hl7.nomenclature import named
from healthcare.hl7.timestamps import read_stamp
from healthcare.hl7.units import unit_of
from healthcare.hl7.values import NO_VALUES
from tests.healthcare.hl7.listeners import Line, listening, sending
from tests.healthcare.hl7.listeners import settings as listener_settings
from tests.healthcare.hl7.messages import OBSERVATIONS, WAVE, alarm, frame, heartbeat, movement, observations

AT = Instant(100.0, 1_785_067_500.0)
GOLDEN = [
    observations(),
    frame(*OBSERVATIONS, *WAVE[2:]),
    alarm(),
    heartbeat(),
    movement("A02", prior="W6^R1^B1"),
    frame("OBR|1", "OBX|1|NA|150020|1|120^80^93|kPa", "OBX|2|SN|150456||>^90|%", "OBX|3|NM|150344||98.6|[degF]"),
]
#: Pieces that mean something to a reader, to be strewn over a message.
PIECES = st.sampled_from(
    [
        *(b"|", b"^", b"~", b"&", b"\\", b"\r", b"\n", b"\\X", b"\\F\\", b'""', b"\x00", b"\xff", b"\xc3", b"9" * 400),
        *(b"MSH|^~\\&|", b"PID|", b"OBR|", b"OBX|1|NA|131329|", b"OBX|1|NM|", b"0^MDC_ATTR_SAMP_RATE", b"196616"),
        *(b"-100", b"1e400", b"8388607", b"nan", b"20261301", b"+9999", b"99999999999999999999", b"68484"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message with pieces replaced, taken out or strewn in."""
    message = bytearray(draw(st.sampled_from(GOLDEN)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(message)))
        gone = draw(st.sampled_from([0, 0, 1, 3, 20, 200]))
        message[at : at + gone] = draw(PIECES | st.binary(max_size=3))
    return bytes(message)


@st.composite
def rows(draw: st.DrawFn) -> bytes:
    """A message whose rows hold anything in any field."""
    text = st.text(st.sampled_from("0123456789.+-^~&\\XMNSAé \x7f"), max_size=8)
    kind = draw(st.sampled_from(["ORU^R01^ORU_R01", "ORU^R40^ORU_R40", "ADT^A01^ADT_A01", "ORU^W01"]))
    segments = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(["OBX", "OBR", "PID", "PV1", "EVN"]))
        fields = [draw(text) for _ in range(draw(st.integers(0, 20)))]
        if name == "OBX" and len(fields) > 4:
            fields[1] = draw(st.sampled_from(["NM", "NA", "SN", "ST", ""]))
            fields[2] = draw(
                st.sampled_from(["147842", "131329^MDC_ECG_ELEC_POTL_I", "150020", "68484", "196670", "0"])
            )
        segments.append("|".join([name, *fields]))
    return frame(*segments, kind=kind)


def heard(message: bytes) -> None:
    feed = Feed("feed", ZoneInfo("Europe/Berlin"), AT)
    taking = feed.take(message, AT)
    assert feed.counts["broken"] == 0
    for sample in taking.samples:
        assert sample.values["kind"] in ("numerics", "wave", "monitor-alarm", "link", "patient")
        for reading in json.loads(str(sample.values.get("readings", "[]"))):
            assert reading["value"] is None or (abs(reading["value"]) < 1e20 and not reading["absent"])
            assert reading["value"] is not None or reading["absent"]
        if sample.values["kind"] == "wave":
            samples = sample.values["samples"]
            assert isinstance(samples, np.ndarray)
            assert not np.isinf(samples).any()
        if sample.values["kind"] == "monitor-alarm":
            json.loads(str(sample.values["alarm"]), parse_constant=pytest.fail)
    for reply in feed.replies(taking, feed.settled(taking, [None] * len(taking.waits)), AT):
        assert parse(reply).required("MSA").text(1)[:1] in ("A", "C")


@settings(deadline=None, max_examples=60)
@given(damaged() | rows())
def test_damaged_messages_and_rows_of_anything_end_in_samples_or_faults(message: bytes) -> None:
    heard(message)


@pytest.mark.slow
@settings(deadline=None, max_examples=5000)
@given(damaged() | rows())
def test_many_damaged_messages_end_in_samples_or_faults(message: bytes) -> None:
    heard(message)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: b"MSH|^~\\&|" + data))
def test_bytes_end_in_a_message_or_an_input_error(data: bytes) -> None:
    try:
        parse(data)
    except InputError as error:
        assert error.message.startswith("HL7: ")
    heard(data)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=30))
def test_texts_end_in_a_time_a_unit_a_name_or_nothing(text: str) -> None:
    named(text, text)
    unit_of(text, text)
    try:
        read_stamp(text, ZoneInfo("Europe/Berlin"))
    except InputError:
        return


@pytest.mark.parametrize("kind", ["NM", "SN", "ST", "TX", "NA", ""])
def test_no_mark_of_no_value_ever_becomes_a_number(kind: str) -> None:
    feed = Feed("feed", ZoneInfo("UTC"), AT)
    for mark in sorted(NO_VALUES):
        for text in {str(mark), str(int(mark)) if mark == int(mark) else str(mark)}:
            value = f"^{text}" if kind == "SN" else text
            codes = ("147842", "150456", "150344", "150037", "150087")
            rows = [f"OBX|{number}|{kind}|{code}|1.1.{number}|{value}" for number, code in enumerate(codes, 1)]
            taking = feed.take(frame(*rows, id=text + kind), AT)
            readings = json.loads(str(taking.samples[0].values["readings"]))
            assert [(one["value"], one["absent"]) for one in readings] == [(None, "no-value")] * len(codes)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.binary(max_size=200) | damaged(), max_size=8))
async def test_the_listener_outlives_whatever_is_sent(pieces: list[bytes]) -> None:
    line, server = Line(), MllpServer("feed", listener_settings())
    async with listening(server, line):
        async with sending(server) as stranger:
            for piece in pieces:
                stranger.writer.write(piece)
            stranger.writer.write_eof()
            await stranger.reader.read()
        async with sending(server) as client:
            assert await client.ask(observations("last")) == ("AA", "last")
