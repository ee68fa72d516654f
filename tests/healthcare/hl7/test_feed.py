from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.clock import Instant
from core.errors import StoreError
from healthcare.hl7 import feed as feed_module
from healthcare.hl7.acknowledge import Outcome, Result
from healthcare.hl7.feed import Feed, Taking
from healthcare.hl7.message import parse
from tests.healthcare.hl7.messages import LOW_SPO2, OBSERVATIONS, WAVE, alarm, frame, heartbeat, movement, observations

AT = Instant(100.0, 1_785_067_500.0)


def make_feed() -> Feed:
    return Feed("feed-1", ZoneInfo("UTC"), AT)


def answered(feed: Feed, taking: Taking, *errors: Exception | None) -> list[str]:
    """What is answered when the samples ended like this; all of them recorded where nothing is said."""
    outcome = feed.settled(taking, list(errors) or [None] * len(taking.waits))
    return [parse(reply).required("MSA").text(1) for reply in feed.replies(taking, outcome, AT)]


def take(message: bytes) -> tuple[Taking, list[str]]:
    feed = make_feed()
    taking = feed.take(message, AT)
    return taking, answered(feed, taking)


def test_observations_become_a_sample_of_numerics() -> None:
    taking, codes = take(observations())
    (sample,) = taking.samples
    assert codes == ["AA"]
    assert (sample.source, sample.at) == ("feed-1", AT)
    assert sample.key == "ACME_GW^ACDE48234567ABCD^EUI-64|1001"
    values = dict(sample.values)
    (reading,) = json.loads(str(values.pop("readings")))
    assert values == {"kind": "numerics", "location": "W7^R3^B2", "device": "ACDE48234567ABCD", "patient": "12345"}
    assert (reading["measure"], reading["value"]) == ("hr_per_min", 75.0)
    assert sample.recorded.owed


def test_waves_are_numbered_by_bed_and_channel() -> None:
    feed = make_feed()
    numbers: list[Any] = []
    for message in ("1", "2"):
        taking = feed.take(frame(*WAVE, id=message), AT)
        numbers += [(sample.values["channel"], sample.values["sequence"]) for sample in taking.samples]
    assert numbers == [("ecg_ii_mv", 0), ("pleth", 0), ("ecg_ii_mv", 1), ("pleth", 1)]
    samples = taking.samples[0].values["samples"]
    assert isinstance(samples, np.ndarray)
    assert samples.dtype == np.float32


def test_a_wave_without_a_time_is_dated_by_its_arrival() -> None:
    rows = ("OBX|1|NA|131329|1|1^2^3^4", "OBX|2|NM|68320|1.1|4")
    taking, _ = take(frame(*rows))
    assert taking.samples[0].values["start_utc_s"] == AT.utc_s - 1.0


def test_an_alarm_a_heartbeat_and_a_movement() -> None:
    values = take(alarm())[0].samples[0].values
    assert (values["kind"], values["location"], json.loads(str(values["alarm"]))["code"]) == (
        "monitor-alarm", "W7^R3^B2", "196670"
    )  # fmt: skip
    values = take(heartbeat())[0].samples[0].values
    assert (values["kind"], values["heard_utc_s"]) == ("link", AT.utc_s)
    values = take(movement("A02", prior="W6^R1^B1"))[0].samples[0].values
    assert (values["kind"], values["event"], values["location"], values["prior_location"]) == (
        "patient", "A02", "W7^R3^B2", "W6^R1^B1"
    )  # fmt: skip
    assert json.loads(str(values["patient"]))["family"] == "Müller"


def test_a_bed_without_a_known_vital_sign_is_still_heard() -> None:
    taking, codes = take(frame("PID|||1", "PV1||I|W7^R3^B2", "OBX|1|NM|1^MDC_OTHER||5"))
    assert codes == ["AA"]
    assert taking.samples[0].values["readings"] == "[]"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", "AE"),
        (b"nonsense", "AE"),
        (b"MSH|^~\\&|A\rnonsense\r", "AE"),
        (frame("PID|||1"), "AE"),
        (frame("PID|||1", "OBX|1|NM|147842||seventy"), "AE"),
        (alarm("OBR|1"), "AE"),
        (movement("A01", place=""), "AE"),
        (frame(*OBSERVATIONS, kind="MDM^T02"), "AR"),
        (observations().replace(b"|2.6|", b"|9|"), "AR"),
        (observations().replace(b"|P|", b"|T|"), "AR"),
    ],
)
def test_what_cannot_be_used_gives_no_sample_and_an_error_with_its_place(message: bytes, code: str) -> None:
    feed = make_feed()
    taking = feed.take(message, AT)
    assert (taking.samples, taking.waits) == ((), ())
    (reply,) = feed.replies(taking, feed.settled(taking, []), AT)
    answer = parse(reply)
    assert answer.required("MSA").text(1) == code
    assert answer.required("ERR").text(3).startswith(("1", "2"))
    assert b"seventy" not in reply


def test_a_broken_message_is_answered_with_its_own_id() -> None:
    feed = make_feed()
    taking = feed.take(observations("555").replace(b"OBX|2", b"obx|2"), AT)
    assert parse(feed.replies(taking, taking.outcome, AT)[0]).required("MSA").text(2) == "555"


def test_one_unreadable_value_among_others_is_a_warning() -> None:
    feed = make_feed()
    taking = feed.take(frame(*OBSERVATIONS, "OBX|3|NM|150456||none|%"), AT)
    (reply,) = feed.replies(taking, feed.settled(taking, [None]), AT)
    assert parse(reply).required("MSA").text(1) == "AA"
    assert parse(reply).required("ERR").text(4) == "W"
    assert len(taking.samples) == 1


def test_a_repeated_message_is_acknowledged_again_and_taken_once() -> None:
    feed = make_feed()
    first = feed.take(observations(), AT)
    assert answered(feed, first) == ["AA"]
    again = feed.take(observations(), AT)
    assert (again.samples, again.waits, again.repeated) == ((), (), True)
    assert answered(feed, again) == ["AA"]


def test_a_repetition_may_have_a_new_time_in_msh() -> None:
    feed = make_feed()
    answered(feed, feed.take(observations(), AT))
    again = observations().replace(b"20260726120500+0000||ORU", b"20260726120530+0000||ORU")
    assert feed.take(again, AT).repeated


def test_a_number_used_anew_for_something_else_is_a_new_message() -> None:
    feed = make_feed()
    answered(feed, feed.take(observations(), AT))
    other = feed.take(observations().replace(b"|75|", b"|76|"), AT)
    assert len(other.samples) == 1
    assert feed.counts["control-id-reused"] == 1


def test_the_same_number_of_another_sender_is_another_message() -> None:
    feed = make_feed()
    answered(feed, feed.take(observations(), AT))
    assert not feed.take(observations().replace(b"ACME_GW", b"OTHER_GW"), AT).repeated


def test_a_repetition_while_the_first_is_being_recorded_waits_with_it() -> None:
    feed = make_feed()
    first = feed.take(observations(), AT)
    again = feed.take(observations(), AT)
    assert again.samples == ()
    assert list(again.waits) == [first.samples[0].recorded]
    assert answered(feed, first) == answered(feed, again) == ["AA"]
    assert feed.take(observations(), AT).waits == ()


def test_what_could_not_be_recorded_is_an_error_and_is_taken_when_it_comes_again() -> None:
    feed = make_feed()
    first = feed.take(observations(), AT)
    assert answered(feed, first, StoreError("full")) == ["AE"]
    again = feed.take(observations(), AT)
    assert len(again.samples) == 1
    assert answered(feed, again) == ["AA"]
    assert feed.take(observations(), AT).repeated


def test_only_what_is_missing_is_taken_again() -> None:
    feed = make_feed()
    first = feed.take(frame(*OBSERVATIONS, *WAVE[2:]), AT)
    assert [sample.values["kind"] for sample in first.samples] == ["numerics", "wave", "wave"]
    assert answered(feed, first, None, StoreError("full"), None) == ["AE"]
    again = feed.take(frame(*OBSERVATIONS, *WAVE[2:]), AT)
    assert [sample.values.get("channel") for sample in again.samples] == ["ecg_ii_mv"]
    assert answered(feed, again) == ["AA"]


def test_the_failure_of_a_first_heard_by_its_repetition_alone_is_no_dead_end() -> None:
    """The link of the first was lost; its sender repeats on another one."""
    feed = make_feed()
    feed.take(observations(), AT)
    again = feed.take(observations(), AT)
    assert answered(feed, again, StoreError("full")) == ["AE"]
    assert len(feed.take(observations(), AT).samples) == 1


def test_a_message_whose_samples_never_left_is_new_when_it_comes_again() -> None:
    feed = make_feed()
    feed.forget(feed.take(observations(), AT))
    assert len(feed.take(observations(), AT).samples) == 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REMEMBERED", 3)
    feed = make_feed()
    for number in range(5):
        answered(feed, feed.take(observations(str(number)), AT))
    assert not feed.take(observations("0"), AT).repeated
    assert feed.take(observations("4"), AT).repeated


def test_counts_do_not_grow_with_what_a_sender_invents() -> None:
    feed = make_feed()
    for number in range(10):
        rows = [f"OBX|{row}|NM|{9_000_000 + 100 * number + row}^X||1" for row in range(100)]
        answered(feed, feed.take(frame("PID|||1", *rows, id=str(number)), AT))
    assert len(feed.counts) <= 302
    assert sum(feed.counts.values()) >= 1010


def test_a_fault_of_ours_is_an_error_and_says_no_name(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("Müller")

    monkeypatch.setattr(feed_module, "read_movement", broken)
    taking, codes = take(movement("A01"))
    assert (taking.samples, codes) == ((), ["AE"])
    assert "ZeroDivisionError" in caplog.text
    assert "Müller" not in caplog.text


def test_a_frame_that_was_too_long_is_answered_with_its_id() -> None:
    feed = make_feed()
    taking = feed.too_long(alarm(*LOW_SPO2)[:300], 200)
    assert taking.outcome.result is Result.ERROR
    assert taking.header.control_id == "2001"
    assert isinstance(feed.too_long(b"\xff\xff", 200).outcome, Outcome)
