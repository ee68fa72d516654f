from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import InputError
from verticals.devices.notices import (
    AdjustNotice,
    BusyNotice,
    FailedNotice,
    FrameNotice,
    Notice,
    PingNotice,
    PongNotice,
    RingNotice,
    SetNotice,
    StateNotice,
    TriggerNotice,
    pack,
    parse,
)

EXAMPLES: list[Notice] = [
    RingNotice(3, 4, 6_220_800),
    FrameNotice(7, 3, 2, 18, 9, 1080, 1920, Instant(12.5, 1.7e9), "part 17 ü"),
    FailedNotice(7, "camera folder /x cannot be read"),
    TriggerNotice(7, Instant(12.5, 1.7e9), 13.25, "part 17"),
    PingNotice(),
    PongNotice(),
    BusyNotice(2.3),
    StateNotice(False, "unplugged"),
    AdjustNotice(7, {"exposure_us": 1500, "gain": "auto"}),
    SetNotice(7, {"exposure_us": 1499.5}),
]


@pytest.mark.parametrize("notice", EXAMPLES, ids=lambda notice: type(notice).__name__)
def test_a_notice_comes_through_unchanged(notice: Notice) -> None:
    assert parse(pack(notice)) == notice


@pytest.mark.parametrize("text", [b"", b"[]", b'{"gain": true}', b'{"gain": null}', b'{"gain": NaN}',
                                  b'{"gain": 1e999}', b'{"gain": [1]}', b"\xff", b"[" * 3000])  # fmt: skip
def test_settings_that_are_none_are_refused(text: bytes) -> None:
    with pytest.raises(InputError):
        parse(pack(AdjustNotice(7, {}))[:-2] + text)


def test_settings_that_are_too_long_are_not_sent() -> None:
    with pytest.raises(InputError, match="too long"):
        pack(AdjustNotice(7, {"x" * 3000: 1}))


@pytest.mark.parametrize("notice", EXAMPLES, ids=lambda notice: type(notice).__name__)
def test_a_notice_cut_short_is_an_error(notice: Notice) -> None:
    shortest = 1 + notice.layout.size
    for length in range(shortest):
        with pytest.raises(InputError):
            parse(pack(notice)[:length])


def test_a_notice_with_bytes_too_many_is_an_error() -> None:
    with pytest.raises(InputError, match="too many"):
        parse(pack(PingNotice()) + b"x")


def test_a_ticket_that_is_too_long_is_refused_at_both_ends() -> None:
    with pytest.raises(InputError, match="too long"):
        pack(TriggerNotice(1, Instant(0, 0), 0.0, "x" * 257))
    with pytest.raises(InputError, match="257 bytes"):
        parse(pack(TriggerNotice(1, Instant(0, 0), 0.0, "x" * 256)) + b"x")


def test_a_long_error_text_is_cut_and_still_reads() -> None:
    notice = parse(pack(FailedNotice(1, "ü" * 4000)))
    assert isinstance(notice, FailedNotice)
    assert notice.text.startswith("üüü")


def test_times_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="nan"):
        parse(pack(BusyNotice(float("nan"))))


@given(st.binary(max_size=5000))
def test_any_bytes_are_a_notice_or_an_input_error(packet: bytes) -> None:
    with suppress(InputError):
        parse(packet)


@given(st.integers(1, 10), st.binary(max_size=200))
def test_any_bytes_behind_a_known_kind_are_a_notice_or_an_input_error(kind: int, body: bytes) -> None:
    with suppress(InputError):
        notice = parse(bytes((kind,)) + body)
        assert isinstance(notice, FailedNotice | StateNotice) or parse(pack(notice)) == notice


_VALUES = st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12) | st.text(max_size=20)


@given(st.integers(0, 2**32 - 1), st.dictionaries(st.text(max_size=20), _VALUES, max_size=8))
def test_any_settings_come_through_unchanged(request: int, settings: dict[str, float | str]) -> None:
    assert parse(pack(AdjustNotice(request, settings))) == AdjustNotice(request, settings)
