"""The ward's desk through the real loop: who lies where, who is on duty, which screens sound, which feeds are heard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from healthcare.sector_shown import sector_shown
from healthcare.tables import stays_of
from tests.support.wards import FIRST, SECOND, Ward, running_ward
from verticals.contract import DeviceNews
from verticals.store.database import reading


async def _patient(ward: Ward, event: str, location: str = "", **who: str) -> None:
    await ward.admit(location, event, **who)


async def test_an_admission_reaches_its_bed_with_initials_and_age_and_no_name(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        assert ward.told()["patient"]["initials"] == "A.T."
        assert "Anna" not in json.dumps([dict(data) for data in ward.rig.live.data("live")])


async def test_a_ward_that_need_not_hide_names_shows_them(tmp_path: Path) -> None:
    async with running_ward(tmp_path, privacy=False) as ward:
        await _patient(ward, "A01", FIRST)
        assert sector_shown(ward.told(), "1", privacy=False)["who"] == "Test, Anna"
        assert sector_shown(ward.told(), "1")["who"] == "A.T."


async def test_a_transfer_moves_the_patient_and_leaves_an_empty_bed_behind(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A02", SECOND)
        assert ward.told("bed-1")["patient"] is None
        assert ward.told("bed-2")["patient"]["initials"] == "A.T."
        with reading(ward.rig.events.engine) as connection:
            (first,) = stays_of(connection, "bed-1")
            (second,) = stays_of(connection, "bed-2")
        assert first["over"] and not second["over"]
        assert first["until_utc_s"] == second["since_utc_s"]


async def test_a_transfer_off_the_ward_and_a_discharge_both_empty_the_bed(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A02", "W9^R1^B1")
        assert ward.told()["patient"] is None
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A03", FIRST)
        assert ward.told()["patient"] is None


async def test_a_bed_that_holds_somebody_else_takes_nobody_and_that_is_on_record(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A01", FIRST, id="4712", given="Bert")
        assert ward.told()["patient"]["initials"] == "A.T."
        (refused,) = ward.rig.recorded("adt-refused")
        assert "another patient" in refused.data["why"]


async def test_people_assign_swap_and_strike_out_where_no_message_does(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        ask = ward.rig.ask
        assert (await ask("ward", "assign", bed="bed-1", patient={"id": "1", "given": "Anna", "family": "T"})).accepted
        assert (await ask("ward", "assign", bed="bed-2", patient={"id": "2", "given": "Bert", "family": "U"})).accepted
        assert (await ask("ward", "transfer", bed="bed-1", to="bed-2")).accepted
        await ward.rig.quiet()
        assert ward.told("bed-1")["patient"]["initials"] == "B.U."
        refused = await ask("ward", "strike-out", bed="bed-1", reason="")
        assert not refused.accepted and "why" in refused.reason
        assert (await ask("ward", "strike-out", bed="bed-1", reason="wrong bed")).accepted
        assert not (await ask("ward", "discharge", bed="bed-1")).accepted
        assert not (await ask("ward", "assign", bed="bed-9", patient={"id": "3"})).accepted


async def test_the_roster_of_a_shift_reaches_the_beds(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.beat()
        await ward.rig.quiet()
        assert ward.told()["nurse"] == "N12"
        roster = {"bed-1": {"nurse": "Nurse 21", "buddy": "Nurse 12"}}
        wanted = {"beds": roster, "charge": "Charge nurse 04", "on_shift": []}
        assert not (await ward.order("ward", "roster", "nurse", **wanted)).accepted
        assert (await ward.order("ward", "roster", "charge", **wanted)).accepted
        assert ward.told()["nurse"] == "N21"
        assert ward.told("ward")["roster"]["charge"] == "Charge nurse 04"


async def test_pausing_audio_silences_what_sounds_and_nothing_that_comes(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.hold(20, spo2_pct=75.0)
        assert ward.alarms()["spo2-desat"]["sound"] == "on"
        assert (await ward.rig.ask("ward", "pause-audio")).accepted
        await ward.rig.quiet()
        assert ward.alarms()["spo2-desat"]["sound"] == "paused"
        await ward.hold(20, SECOND, spo2_pct=75.0)
        assert ward.alarms("bed-2")["spo2-desat"]["sound"] == "on"
        assert (await ward.rig.ask("ward", "resume-audio")).accepted
        await ward.rig.quiet()
        assert ward.alarms()["spo2-desat"]["sound"] == "on"


async def test_a_screen_sounds_after_every_tone_was_heard_and_is_missed_when_it_falls_silent(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        ask = ward.rig.ask
        refused = await ask("ward", "commission-audio", screen="station", tones=["high"])
        assert not refused.accepted and "Not every tone" in refused.reason
        assert (await ask("ward", "commission-audio", screen="station", tones=["high", "medium", "low"])).accepted
        assert (await ask("ward", "audio-state", screen="station", state="running", why="")).accepted
        assert ward.told("ward")["audio"]["screens"]["station"]["state"] == "running"
        await ward.rig.advance(11.0)
        await ward.rig.quiet()
        assert ward.told("ward")["audio"]["screens"]["station"]["state"] == "not heard"
        assert [event.data["state"] for event in ward.rig.recorded("audio-state")] == ["running", "not heard"]


async def test_a_feed_that_falls_silent_is_an_alarm_of_the_ward(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.beat()
        assert ward.told("ward")["feeds"][0]["ok"] is True
        await ward.send("link", feed="hl7", ok=False, age_s=12.0)
        alarm = ward.alarms("ward")["feed-lost"]
        assert (alarm["kind"], alarm["priority"], alarm["sound"]) == ("technical", "medium", "on")
        await ward.beat()
        assert ward.alarms("ward") == {}


async def test_a_feed_as_young_as_before_is_told_again_for_screens_count_on_from_it(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        for _ in range(3):
            await ward.send("link", feed="hl7", ok=True, age_s=0.1)
        told = [one["data"]["feeds"] for one in ward.rig.live.data("live") if "feeds" in one["data"]]
        assert [[feed["age_s"] for feed in feeds if feed["name"] == "hl7"] for feeds in told[-3:]] == [[0.1]] * 3


@pytest.mark.parametrize(("device", "code"), [("store", "store-lost"), ("pager", "pager-lost"), ("out", "out-waiting")])
async def test_a_device_of_the_box_that_is_lost_is_an_alarm_until_it_is_back(
    tmp_path: Path, device: str, code: str
) -> None:
    async with running_ward(tmp_path) as ward:
        for ok in (False, True):
            news = DeviceNews(device, ok, ward.rig.clock.now(), "" if ok else "lost", "" if ok else "no answer")
            ward.rig.lane("ward").order(news)
            await ward.rig.quiet()
            assert (code in ward.alarms("ward")) is not ok


async def test_an_order_that_is_not_known_is_refused(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        for station in ("ward", "bed-1"):
            reply = await ward.rig.ask(station, "sing")
            assert not reply.accepted and "sing" in reply.reason


async def test_patients_and_roster_are_there_after_a_restart(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        clock = ward.rig.clock
    async with running_ward(tmp_path, clock=clock) as ward:
        await ward.numerics(hr_per_min=72.0)
        assert ward.told()["patient"]["initials"] == "A.T."
        assert ward.told()["nurse"] == "N12"


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"id": ""}', '{"id": null}'])
async def test_a_movement_without_a_patient_changes_nothing(tmp_path: Path, spoilt: str) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.send("patient", event="A01", patient=spoilt, location=FIRST, prior_location="")
        assert ward.rig.recorded("stay") == []
        assert len(ward.rig.recorded("adt-refused")) == 1


async def test_a_movement_that_did_not_fit_is_set_aside_and_handed_in_again_when_it_does(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A01", FIRST, id="4712", given="Bert")
        (aside,) = ward.told("ward")["set_aside"]
        assert (aside["event"], aside["location"], aside["initials"]) == ("A01", FIRST, "B.T.")
        assert "Bert" not in json.dumps([dict(data) for data in ward.rig.live.data("live")])
        assert "adt-set-aside" in ward.rig.line.lanes["ward"].health()[0].faults
        refused = await ward.order("ward", "hand-in-movement", "nurse", number=aside["number"])
        assert not refused.accepted and "another patient" in refused.reason
    async with running_ward(tmp_path) as again:
        await again.order("ward", "discharge", "nurse", bed="bed-1")
        assert (await again.order("ward", "hand-in-movement", "nurse", number=aside["number"])).accepted
        assert again.told()["patient"]["initials"] == "B.T."
        assert again.told("ward")["set_aside"] == []
        (seen_to,) = again.rig.recorded("adt-seen-to")
        assert seen_to.who == "Charge nurse 03" and "Bert" not in json.dumps(dict(seen_to.data))
        assert not (await again.order("ward", "hand-in-movement", "nurse", number=aside["number"])).accepted


async def test_a_movement_is_dismissed_with_a_reason_and_not_without(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _patient(ward, "A01", FIRST)
        await _patient(ward, "A01", FIRST, id="4712", given="Bert")
        assert not (await ward.order("ward", "dismiss-movement", "nurse", number="1", reason=" ")).accepted
        assert not (await ward.order("ward", "dismiss-movement", "nurse", number="x", reason="typo")).accepted
        assert (await ward.order("ward", "dismiss-movement", "nurse", number="1", reason="typo")).accepted
        assert ward.told("ward")["set_aside"] == []
        assert ward.told()["patient"]["initials"] == "A.T."
