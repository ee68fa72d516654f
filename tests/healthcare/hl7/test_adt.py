from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from healthcare.hl7.adt import Movement, read_movement
from healthcare.hl7.faults import MessageError
from healthcare.hl7.header import header_of
from healthcare.hl7.message import parse
from healthcare.hl7.notes import Notes
from tests.healthcare.hl7.messages import frame, movement


def read(message: bytes) -> Movement:
    parsed = parse(message)
    return read_movement(parsed, header_of(parsed), ZoneInfo("UTC"), Notes())


@pytest.mark.parametrize("event", ["A01", "A02", "A03", "A08", "A11", "A12", "A13"])
def test_every_event_names_patient_and_bed(event: str) -> None:
    found = read(movement(event, prior="W6^R1^B1"))
    assert (found.event, found.location, found.prior_location) == (event, "W7^R3^B2", "W6^R1^B1")
    assert found.person.as_json() == {
        "id": "12345", "family": "Müller", "given": "Anna", "birth_date": "1958-03-02", "sex": "F"
    }  # fmt: skip
    assert found.at_utc_s == datetime(2026, 7, 26, 10, 3, tzinfo=UTC).timestamp()


def test_the_medical_record_number_goes_before_others() -> None:
    rows = ("PID|||9^^^H^VN~5^^^H^PI", "PV1||I|W7")
    assert read(frame(*rows, kind="ADT^A08")).person.id == "5"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("PV1||I|W7",), "PID is missing"),
        (("PID|||^^^H^MR", "PV1||I|W7"), "PID-3 names no patient"),
        (("PID|||1",), "PV1 is missing"),
        (("PID|||1", "PV1||I|"), "PV1-3 names no bed"),
    ],
)
def test_an_admission_without_patient_or_bed_is_refused(rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(MessageError, match=says):
        read(frame(*rows, kind="ADT^A01"))


def test_an_update_needs_no_bed_and_a_discharge_tells_when() -> None:
    assert read(frame("PID|||1", kind="ADT^A08")).location == ""
    sent_utc_s = datetime(2026, 7, 26, 12, 5, tzinfo=UTC).timestamp()
    assert read(frame("EVN|A03", "PID|||1", kind="ADT^A03")).at_utc_s == sent_utc_s


def test_a_birthday_that_cannot_be_read_is_left_out() -> None:
    assert read(frame("PID|||1||||2.3.58", kind="ADT^A08")).person.birth_date == ""
    assert read(frame("PID|||1||||1958", kind="ADT^A08")).person.birth_date == "1958"
