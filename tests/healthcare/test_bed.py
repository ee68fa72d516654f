"""A bed through the real loop over a real store: what its monitor sends, what people do, what time brings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import Instant
from healthcare.bed import BedStation
from healthcare.lookback import unpacked
from healthcare.settings import BedSettings, HealthcareSettings
from tests.support.clocks import FakeClock
from tests.support.lines import until
from tests.support.wards import FIRST, SECOND, Ward, running_ward
from verticals.devices.replay import RecordingActuator

WELL: dict[str, Any] = {"hr_per_min": 72.0, "spo2_pct": 97.0, "rr_per_min": 15.0}
LOW: dict[str, Any] = {**WELL, "spo2_pct": 84.0}


async def test_a_low_saturation_alarms_after_its_delay_and_is_recorded_before_it_is_signalled(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.hold(5, **WELL)
        await ward.hold(14, **LOW)
        assert ward.alarms() == {}
        await ward.hold(3, **LOW)
        alarm = ward.alarms()["spo2-low"]
        assert (alarm["priority"], alarm["state"], alarm["sound"]) == ("medium", "active", "on")
        assert ward.told()["numerics"]["spo2_pct"]["text"] == "84"
        order = [
            "alarm" if "alarms" in message.data.get("data", {}) else message.topic
            for message in ward.rig.live.published
            if message.topic == "stored" or message.data.get("data", {}).get("alarms")
        ]
        assert order.index("stored") < len(order)
        assert ward.acts()[0] == "began"


async def test_a_dip_shorter_than_the_delay_alarms_nobody(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.hold(3, **WELL)
        await ward.hold(10, **LOW)
        await ward.hold(30, **WELL)
        assert ward.acts() == []


async def _monitor(ward: Ward, phase: str, location: str = SECOND) -> None:
    alarm: dict[str, Any] = {
        "id": "a-1", "phase": phase, "state": "active", "inactivation": "enabled", "priority": "PH", "type": "SP",
        "code": "199684", "ref_id": "MDC_EVT_ECG_ASYSTOLE", "text": "ASYSTOLE", "value": None, "limits": "",
        "source_code": "147842", "source_ref": "", "at_utc_s": ward.rig.clock.utc_s,
    }  # fmt: skip
    await ward.send("monitor-alarm", location=location, alarm=json.dumps(alarm))


async def test_a_monitors_own_alarm_is_there_at_once_and_stays_until_somebody_saw_it(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await _monitor(ward, "start")
        alarm = ward.alarms("bed-2")["asystole"]
        assert (alarm["priority"], alarm["source"]) == ("high", "monitor")
        await _monitor(ward, "end")
        assert ward.alarms("bed-2")["asystole"]["state"] == "latched"
        assert (await ward.rig.ask("bed-2", "acknowledge", alarm=alarm["id"])).accepted
        await ward.rig.quiet()
        assert ward.alarms("bed-2") == {}


async def test_a_bed_that_falls_silent_has_no_data_and_its_alarm_stays(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        await ward.hold(25, **LOW)
        await ward.rig.advance(11.0)
        await ward.rig.quiet()
        assert ward.told()["place"]["state"] == "no-data"
        alarms = ward.alarms()
        assert alarms["no-data"]["kind"] == "technical"
        assert (alarms["spo2-low"]["source_lost"], alarms["spo2-low"]["sound"]) == (True, "on")
        await ward.hold(25, **WELL)
        assert ward.told()["place"]["state"] == "monitoring"
        assert "no-data" not in ward.alarms()


async def test_nobody_answering_is_told_person_by_person(tmp_path: Path) -> None:
    clock = FakeClock()
    pager = RecordingActuator("pager", clock)
    async with running_ward(tmp_path, devices=[pager], clock=clock, pager=True) as ward:
        await ward.beat()
        await ward.rig.quiet()
        await ward.hold(20, spo2_pct=75.0)
        assert ward.alarms()["spo2-desat"]["priority"] == "high"
        await ward.hold(190, spo2_pct=75.0)
        await until(lambda: len(pager.taken) >= 4)
        called = [tuple(taken.action.value["people"]) for taken in pager.taken]
        assert called[:4] == [
            ("Nurse 12",), ("Nurse 14",), ("Charge nurse 03",), ("Nurse 12", "Nurse 14", "Charge nurse 03"),
        ]  # fmt: skip
        assert all("Anna" not in str(taken.action.value) for taken in pager.taken)


async def test_a_call_that_was_not_taken_goes_to_the_next_person_at_once(tmp_path: Path) -> None:
    clock = FakeClock()
    pager = RecordingActuator("pager", clock)
    pager.broken = "no answer"
    async with running_ward(tmp_path, devices=[pager], clock=clock, pager=True) as ward:
        await ward.beat()
        await ward.hold(20, spo2_pct=75.0)
        await until(lambda: ward.acts().count("stepped") >= 3)
        whys = [event.data["why"] for event in ward.rig.recorded("alarm") if event.data["act"] == "stepped"]
        assert any("not delivered" in why for why in whys)


async def test_alarms_are_the_same_after_a_kill(tmp_path: Path) -> None:
    """The disk as it is at that moment, without anything that a clean end would still write."""
    clock, here, there = FakeClock(), tmp_path / "here", tmp_path / "there"
    here.mkdir()
    async with running_ward(here, clock=clock) as ward:
        await ward.admit()
        await ward.hold(25, **LOW)
        alarm = ward.alarms()["spo2-low"]
        await ward.rig.ask("bed-1", "accept", alarm=alarm["id"])
        await ward.rig.quiet()
        before = ward.alarms()
        shutil.copytree(here, there, ignore=shutil.ignore_patterns("*.sock"))
    async with running_ward(there, clock=clock) as ward:
        await ward.rig.advance(0.1)
        await ward.numerics(**LOW)
        after = ward.alarms()
        named = ("id", "priority", "state", "owner", "accepted", "began_utc_s", "sound")
        assert [{name: alarm[name] for name in named} for alarm in after.values()] == [
            {name: alarm[name] for name in named} for alarm in before.values()
        ]
        assert ward.told()["patient"]["initials"] == "A.T."


async def test_a_set_of_observations_makes_the_score_whole(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        await ward.hold(2, hr_per_min=95.0, spo2_pct=95.0, rr_per_min=22.0, temp_cel=38.4, nibp_sys_mmhg=104.0)
        assert not ward.told()["news2"]["complete"]
        refused = await ward.rig.ask("bed-2", "enter-observations", values={"consciousness": "A"})
        assert not refused.accepted and "No patient" in refused.reason
        reply = await ward.rig.ask("bed-1", "enter-observations", values={"consciousness": "A", "oxygen_device": "air"})
        assert reply.accepted, reply.reason
        assert reply.data["news2"]["text"] == "6"  # RR 2, SpO2 1, BP 1, pulse 1, temperature 1
        await ward.rig.quiet()
        assert ward.told()["news2"]["complete"]
        (event,) = ward.rig.recorded("observations")
        assert event.data["values"]["consciousness"] == "A"


async def test_limits_of_a_patient_need_a_reason_and_hold_at_once(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        await ward.hold(20, **{**WELL, "hr_per_min": 128.0})
        assert "hr-high" in ward.alarms()
        assert not (await ward.rig.ask("bed-1", "set-limits", measure="hr_per_min", high=140, lasts_s=3600)).accepted
        reply = await ward.rig.ask(
            "bed-1", "set-limits", measure="hr_per_min", high=140, low=50, lasts_s=3600, reason="fever"
        )
        assert reply.accepted, reply.reason
        await ward.hold(15, **{**WELL, "hr_per_min": 128.0})
        assert "hr-high" not in ward.alarms()


async def test_a_patient_in_imaging_alarms_nobody_and_is_watched_when_the_monitor_measures(
    tmp_path: Path,
) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        await ward.hold(3, **WELL)
        assert (await ward.rig.ask("bed-1", "standby", why="in imaging")).accepted
        await ward.rig.advance(30.0)
        await ward.rig.quiet()
        assert ward.told()["place"]["state"] == "standby"
        assert ward.alarms() == {}
        await ward.numerics(**WELL)
        assert ward.told()["place"]["state"] == "monitoring"


async def test_the_waves_of_two_minutes_are_kept_with_an_alarm(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        for second in range(22):
            samples = np.full(250, 0.25, np.float32)
            await ward.rig.see("waves", "", kind="wave", location=FIRST, channel="ecg_ii_mv", rate_hz=250.0,
                               start_utc_s=ward.rig.clock.utc_s, samples=samples, sequence=second)  # fmt: skip
            await ward.hold(1, **LOW)
        alarms = (event for event in ward.rig.recorded("alarm") if event.data["act"] == "began")
        began = next(event for event in alarms if event.data["alarm"]["code"] == "spo2-low")
        found = ward.rig.recorder._evidence
        assert found is not None
        await until(lambda: found.get(began.data["evidence"]["waves"]))
        content = found.get(began.data["evidence"]["waves"])
        assert content is not None
        (wave,) = unpacked(content[0])
        assert wave.channel == "ecg_ii_mv"
        assert wave.samples[-1] == pytest.approx(0.25, abs=1e-3)


def test_a_state_of_before_there_were_waves_is_restored() -> None:
    ward = HealthcareSettings("W", [BedSettings("bed-1", "1", "a")])
    now = Instant(1000.0, 1_795_000_000.0)
    kept = {name: value for name, value in BedStation(ward.beds[0], ward).state(now).items() if name != "waves"}
    station = BedStation(ward.beds[0], ward)
    station.restore(kept, (), now)
    assert station.state(now)["waves"]["heard"] == {}
