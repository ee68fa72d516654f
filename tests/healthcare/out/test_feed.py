from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.errors import StoreError
from healthcare.alarms.finding import Finding
from healthcare.out.feed import Feed
from healthcare.out.messages import FHIR, PCD04
from healthcare.out.settings import FhirSettings, OutSettings, Pcd04Settings
from healthcare.out.subject import About
from healthcare.tables import metadata, project
from tests.healthcare.out.records import BY_NUMBER, Alarmed, entered
from tests.support.box_db import make_box_db
from tests.support.clocks import START_UTC_S, FakeClock
from tests.support.factories import make_app_db
from verticals.contract import Event
from verticals.outgoing.cursor import Cursor
from verticals.store.events import Entry, EventStore
from verticals.store.outbox import Outbox
from verticals.store.series import Point, SeriesStore

OUT = OutSettings(
    fhir=FhirSettings("http://127.0.0.1:1/r4"), pcd04=Pcd04Settings("127.0.0.1"),
    identity="record-number", record_system="https://hospital.example/mrn",
)  # fmt: skip
BEDS = {"bed-7": About("Ward 7", "bed-7", "7", "W7^R3^B2")}


def _place(bed: str) -> About:
    return BEDS.get(bed, About("Ward 7"))


def stay(number: int, patient: str, since_s: float, until_s: float | None = None, struck: str = "") -> Event:
    data = {
        "number": number, "bed": "bed-7", "since_utc_s": START_UTC_S + since_s, "who": "", "how": "A01",
        "until_utc_s": None if until_s is None else START_UTC_S + until_s, "struck": struck,
        "patient": {"id": patient, "family": "Test", "given": "Anna", "birth_date": "1958-03-02", "sex": "F"},
    }  # fmt: skip
    return Event("stay", "bed-7", START_UTC_S + since_s, data, "ward")


@dataclass
class Box:
    """The two databases of a box, which outlive whatever works on them."""

    folder: Path
    app: Engine
    box: Engine
    clock: FakeClock
    out: OutSettings = OUT

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.box, self.clock)

    def record(self, *events: Event) -> None:
        EventStore(self.app, project).append([Entry(events=list(events))])

    def feed(self, outbox: Any = None) -> Feed:
        """A new one, as after a start of the process."""
        cursor = Cursor(self.folder / "out.json")
        return Feed(self.app, outbox or self.outbox, cursor, self.out, BY_NUMBER, _place)

    def work(self, after_s: float = 0.0) -> int:
        return self.feed().work(START_UTC_S + after_s, BEDS)

    def waiting(self, stream: str) -> list[dict[str, Any]]:
        return [dict(parcel.payload) for parcel in self.outbox.next(stream)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    app, box = make_app_db(tmp_path, metadata), make_box_db(tmp_path)
    found = Box(tmp_path, app, box, FakeClock())
    found.record(stay(1, "4711", -60.0))
    found.work()
    yield found
    app.dispose()
    box.dispose()


def test_what_was_recorded_before_the_first_start_is_not_sent(tmp_path: Path) -> None:
    fresh = Box(tmp_path, make_app_db(tmp_path, metadata), make_box_db(tmp_path), FakeClock())
    fresh.record(*Alarmed().finds())
    assert fresh.work() == 0
    fresh.record(*entered({"rr_per_min": 20}))
    fresh.work()
    assert fresh.waiting(PCD04) == []


def test_an_alarm_leads_to_messages_about_who_lies_there(box: Box) -> None:
    box.record(*Alarmed().finds())
    assert box.work() == 3
    assert ["PID|||4711^^^Ward 7^MR" in each["message"] for each in box.waiting(PCD04)] == [True]
    told = [each for message in box.waiting(FHIR) for each in message["resources"]]
    assert [each["resourceType"] for each in told] == ["Communication", "Communication"]
    assert {each["subject"]["identifier"]["value"] for each in told} == {"4711"}


def test_a_second_look_sends_nothing_twice(box: Box) -> None:
    box.record(*Alarmed().finds())
    assert box.work() == 3
    assert box.work() == 0
    assert len(box.waiting(FHIR)) == 2


class Killed(Exception):
    """The process ends here."""


class KilledOutbox:
    """Puts some messages and then is killed, before the cursor moves."""

    def __init__(self, outbox: Outbox, after: int) -> None:
        self._put: Callable[..., int] = outbox.put
        self._left = after

    def put(self, *args: Any, **kwargs: Any) -> int:
        if not self._left:
            raise Killed
        self._left -= 1
        return self._put(*args, **kwargs)


@pytest.mark.parametrize("after", range(5))
def test_a_kill_between_commit_and_outbox_loses_nothing_and_doubles_nothing(box: Box, after: int) -> None:
    ward = Alarmed()
    box.record(*ward.finds(), *ward.acknowledged(20.0))
    with pytest.raises(Killed):
        box.feed(KilledOutbox(box.outbox, after)).work(START_UTC_S, BEDS)
    _all_is_there_once(box)


def test_a_kill_between_outbox_and_cursor_doubles_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    ward = Alarmed()
    box.record(*ward.finds(), *ward.acknowledged(20.0))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Cursor, "move", _killed)
        box.work()
    _all_is_there_once(box)


def _all_is_there_once(box: Box) -> None:
    box.work()
    assert [json.dumps(each).count('"Communication"') for each in box.waiting(FHIR)] == [1, 1, 1]
    assert [("start" in each["message"], "|continue|" in each["message"]) for each in box.waiting(PCD04)] == [
        (True, False), (False, True)
    ]  # fmt: skip


def _killed(*_: Any) -> None:
    raise Killed


def test_messages_are_in_the_order_of_the_record_and_keys_tell_them_apart(box: Box) -> None:
    ward = Alarmed()
    over = Finding("spo2-low", False, measure="spo2_pct")
    box.record(*ward.finds(), *ward.acknowledged(20.0), *ward.finds(over, 60.0))
    box.work()
    phases = [each["message"].split("68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.1.3|")[1][:5] for each in box.waiting(PCD04)]
    assert phases == ["start", "conti", "end||"]


def test_an_alarm_that_outlasts_a_stay_is_still_about_that_patient(box: Box) -> None:
    ward = Alarmed()
    box.record(*ward.finds())
    box.record(stay(1, "4711", -60.0, until_s=30.0), stay(2, "4712", 40.0))
    box.record(*ward.finds(Finding("spo2-low", False, measure="spo2_pct"), 60.0))
    box.work()
    assert ["4711^" in each["message"] for each in box.waiting(PCD04)] == [True, True]


def test_a_stay_that_was_struck_out_is_nobodys(box: Box) -> None:
    box.record(stay(1, "4711", -60.0, until_s=5.0, struck="wrong patient"))
    box.record(*Alarmed().finds())
    box.work()
    assert ["4711" in each["message"] for each in box.waiting(PCD04)] == [False]


def test_a_set_and_its_striking_out_are_the_same_observations(box: Box) -> None:
    box.record(*entered({"rr_per_min": 20, "nibp_sys_mmhg": 120, "nibp_dia_mmhg": 80}, strike=True))
    box.work()
    first, struck = (message["resources"] for message in box.waiting(FHIR))
    assert [each["id"] for each in first] == [each["id"] for each in struck]
    assert {each["status"] for each in first} == {"final"}
    assert {each["status"] for each in struck} == {"entered-in-error"}


def test_each_minute_the_latest_of_each_sign_is_sent(box: Box) -> None:
    minute = START_UTC_S // 60 * 60 + 60
    SeriesStore(box.app).append(
        [Point("bed-7/hr_per_min", minute + 10, 70.0), Point("bed-7/hr_per_min", minute + 50, 72.0),
         Point("bed-7/nibp_sys_mmhg", minute + 30, 118.0), Point("bed-7/nibp_dia_mmhg", minute + 30, 76.0),
         Point("bed-7/hr_per_min", minute + 61, 99.0)]
    )  # fmt: skip
    box.work(minute + 60 - START_UTC_S)  # not over yet: readings may still be on their way
    assert box.waiting(FHIR) == []
    box.work(minute + 66 - START_UTC_S)
    box.work(minute + 70 - START_UTC_S)
    [message] = box.waiting(FHIR)
    rate, pressure = message["resources"]
    assert rate["valueQuantity"]["value"] == 72
    assert rate["device"]["display"] == "Monitor of Ward 7, bed 7"
    assert [part["valueQuantity"]["value"] for part in pressure["component"]] == [118, 76]


def test_after_a_day_off_no_more_than_the_past_hour_is_looked_through(box: Box) -> None:
    box.out = replace(OUT, fhir=FhirSettings("http://127.0.0.1:1/r4", vitals_every=900.0))
    now = START_UTC_S + 86_400
    points = [Point("bed-7/hr_per_min", now - ago_s, 70.0) for ago_s in (80_000.0, 1800.0)]
    SeriesStore(box.app).append(points)
    box.work(86_400)
    assert len(box.waiting(FHIR)) == 1


def test_a_record_that_was_restored_goes_on_from_its_end(box: Box) -> None:
    Cursor(box.folder / "out.json").move(1_000_000, START_UTC_S)
    assert box.work() == 0
    box.record(*Alarmed().finds())
    assert box.work() == 3


def test_a_cursor_that_cannot_be_read_begins_with_what_comes(box: Box) -> None:
    box.record(*Alarmed().finds())
    (box.folder / "out.json").write_text("{")
    assert box.work() == 0
    assert Cursor(box.folder / "out.json").known


def test_a_cursor_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Cursor(tmp_path / "file" / "out.json").move(1, 1.0)
