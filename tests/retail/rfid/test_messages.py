"""Requests, answers and events, against recorded bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.rfid import messages
from retail.rfid.messages import Attempt, Capabilities, Kind, ReaderEvent
from retail.rfid.reports import read_report
from retail.rfid.rospec import read_inventory
from retail.rfid.wire import Message, MessageCutter, tlv
from tests.retail.rfid import vectors


def _body(data: str) -> bytes:
    (message,) = MessageCutter().cut(bytes.fromhex(data))
    return message.body


def test_the_recorded_connection_is_a_success_with_its_time() -> None:
    event = messages.read_event(_body(vectors.ATTEMPT))
    assert (event.attempt, event.timestamp_us, event.utc) == (Attempt.SUCCESS, 1557458516414125, True)
    assert messages.event(event) == _body(vectors.ATTEMPT)


def test_recorded_answers_are_read() -> None:
    for data in (vectors.ADD_ROSPEC_RESPONSE, vectors.ENABLE_RESPONSE_ZEBRA, vectors.CLOSE_RESPONSE):
        assert messages.read_status(_body(data)).ok
        assert messages.status() == _body(data)
    refused = messages.read_status(_body(vectors.REFUSED))
    assert (refused.code, refused.words, refused.ok) == (101, "LLRP [409] : //AccessSpecID : invalid", False)


@pytest.mark.parametrize(
    ("kind", "number", "body", "data"),
    [
        (Kind.ENABLE_ROSPEC, 17, messages.spec_id(1), vectors.ENABLE_ROSPEC),
        (Kind.ENABLE_ROSPEC, 8, messages.spec_id(1), vectors.ENABLE_ROSPEC_ZEBRA),
        (Kind.DELETE_ROSPEC, 11, messages.spec_id(1), vectors.DELETE_ROSPEC),
        (Kind.DELETE_ACCESSSPEC, 9, messages.spec_id(431), vectors.DELETE_ACCESSSPEC),
        (Kind.CLOSE_CONNECTION, 35, b"", vectors.CLOSE),
    ],
)
def test_requests_are_the_bytes_that_others_send(kind: Kind, number: int, body: bytes, data: str) -> None:
    assert Message(kind, number, body).encoded() == bytes.fromhex(data)


def test_capabilities_go_there_and_back() -> None:
    wanted = Capabilities(4, True, 25882, 2001002, "5.12.0 Ä")
    assert messages.read_capabilities(messages.capabilities(wanted)) == wanted


def test_antennas_go_there_and_back() -> None:
    assert messages.read_antennas(messages.antennas({1: True, 2: False})) == {1: True, 2: False}


def test_the_configuration_asks_for_keep_alives() -> None:
    assert messages.read_keepalive_ms(messages.set_config(10_000)) == 10_000
    assert messages.read_keepalive_ms(b"\0") is None


@pytest.mark.parametrize(
    "event",
    [
        ReaderEvent(5, False, closed=True),
        ReaderEvent(5, antennas={3: False}),
        ReaderEvent(5, buffer_pct=80),
        ReaderEvent(5, overflow=True),
        ReaderEvent(5, exception="too hot"),
        ReaderEvent(5, rospec=messages.ROSPEC_ENDED),
        ReaderEvent(5, attempt=Attempt.CLIENT_INITIATED_EXISTS),
    ],
)
def test_events_go_there_and_back(event: ReaderEvent) -> None:
    assert messages.read_event(messages.event(event)) == event


def test_events_that_are_not_known_are_left_out() -> None:
    body = tlv(246, tlv(128, b"\0" * 7 + b"\x05"), tlv(1023, b"\0\0\x65\x1avendor"), tlv(248, b"\0\1\x80"))
    assert messages.read_event(body) == ReaderEvent(5)


@pytest.mark.parametrize(
    "read",
    [messages.read_status, messages.read_capabilities, messages.read_event, messages.read_versions],
)
def test_an_answer_that_says_nothing_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(InputError):
        read(b"")


def test_an_error_without_words_is_an_error() -> None:
    assert not messages.read_error(b"").ok
    assert messages.read_error(messages.status(110, "version")).words == "version"


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(vectors.EVERYTHING), st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_spoilt_messages_are_read_or_refused(data: str, place: int, junk: bytes) -> None:
    body = _body(data)
    place = min(place, len(body))
    _read_all(body[:place] + junk + body[place + len(junk) :])


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_whatever_a_reader_says_is_read_or_refused(body: bytes) -> None:
    _read_all(body)


@pytest.mark.slow
@settings(deadline=None, max_examples=5000)
@given(st.sampled_from(vectors.EVERYTHING), st.integers(0, 200), st.binary(min_size=1, max_size=6))
def test_five_thousand_spoilt_messages_are_read_or_refused(data: str, place: int, junk: bytes) -> None:
    body = _body(data)
    place = min(place, len(body))
    spoilt = body[:place] + junk + body[place + len(junk) :]
    _read_all(spoilt)
    for read in (read_report, read_inventory):
        try:
            read(spoilt)
        except InputError:
            continue


def _read_all(body: bytes) -> None:
    for read in (
        messages.read_status,
        messages.read_error,
        messages.read_capabilities,
        messages.read_antennas,
        messages.read_keepalive_ms,
        messages.read_versions,
        messages.read_event,
    ):
        try:
            read(body)
        except InputError:
            continue
