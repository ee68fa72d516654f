"""A monitor that names another patient than the one who is known to lie in its bed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.clock import Instant
from healthcare.identity import Identity
from tests.support.wards import FIRST, PATIENT, Ward, running_ward


async def measured(ward: Ward, patient: str, **measures: float) -> None:
    told = [
        {"measure": name, "instance": "1.1.1.1", "value": value, "unit": "", "at_utc_s": ward.rig.clock.utc_s,
         "absent": "", "code": "", "ref_id": "", "site": ""}
        for name, value in measures.items()
    ]  # fmt: skip
    await ward.send("numerics", location=FIRST, readings=json.dumps(told), patient=patient)


async def alarmed(ward: Ward, patient: str) -> None:
    alarm: dict[str, Any] = {
        "id": "a-1", "phase": "start", "state": "active", "inactivation": "enabled", "priority": "PH", "type": "SP",
        "code": "196670", "ref_id": "MDC_EVT_LO", "text": "SpO2 LOW", "value": 80.0, "unit": "%", "limits": "90-100",
        "abnormality": "L", "source_code": "150456", "source_ref": "MDC_PULS_OXIM_SAT_O2", "at_utc_s": None,
    }  # fmt: skip
    await ward.send("monitor-alarm", location=FIRST, alarm=json.dumps(alarm), patient=patient)


def shown(ward: Ward) -> object:
    return ward.told()["numerics"]["hr_per_min"]["text"]


async def test_what_a_monitor_measures_of_another_patient_is_told_and_never_mixed(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit(FIRST)
        await measured(ward, PATIENT["id"], hr_per_min=72)
        assert shown(ward) == "72" and "other-patient" not in ward.alarms()
        await measured(ward, "4799", hr_per_min=140)
        alarm = ward.alarms()["other-patient"]
        assert (alarm["priority"], alarm["kind"]) == ("medium", "technical")
        assert shown(ward) == "72", "140 is somebody else's"
        (told,) = ward.rig.recorded("patient-contradicted")
        assert told.data == {"monitor": "4799", "known": "4711", "on": True, "set_aside": 1}
        await measured(ward, "4799", hr_per_min=141)
        await measured(ward, PATIENT["id"], hr_per_min=75)
        assert shown(ward) == "75" and "other-patient" not in ward.alarms()
        assert ward.rig.recorded("patient-contradicted")[-1].data["set_aside"] == 2


async def test_the_alarm_of_a_monitor_that_names_another_patient_comes_at_once_and_as_high(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit(FIRST)
        await alarmed(ward, "4799")
        (alarm,) = [alarm for alarm in ward.alarms().values() if alarm["source"] == "monitor"]
        assert alarm["priority"] == "high"
        assert "other-patient" in ward.alarms()


async def test_it_ends_when_the_new_patient_is_admitted_and_their_values_count_from_then_on(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit(FIRST)
        await measured(ward, "4799", hr_per_min=140)
        await ward.admit(FIRST, "A03")
        await ward.admit(FIRST, id="4799", given="Bert")
        assert "other-patient" not in ward.alarms()
        await measured(ward, "4799", hr_per_min=140)
        assert shown(ward) == "140"


async def test_it_is_still_told_after_a_restart(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit(FIRST)
        await measured(ward, "4799", hr_per_min=140)
    async with running_ward(tmp_path) as again:
        await measured(again, "", hr_per_min=141)
        assert "other-patient" in again.alarms()
        assert again.told()["numerics"].get("hr_per_min", {}).get("text") != "141"


async def test_a_site_whose_monitors_number_patients_otherwise_is_not_bothered(tmp_path: Path) -> None:
    async with running_ward(tmp_path, monitors_name_patients=False) as ward:
        await ward.admit(FIRST)
        await measured(ward, "4799", hr_per_min=140)
        assert shown(ward) == "140" and "other-patient" not in ward.alarms()


def at(seconds: float) -> Instant:
    return Instant(seconds, 1e9 + seconds)


@pytest.mark.parametrize(("said", "known"), [("4711", "004711"), (" ab1", "AB1 "), ("", "4711"), ("4711", "")])
def test_the_same_number_written_otherwise_and_no_number_contradict_nothing(said: str, known: str) -> None:
    assert not Identity().judge(said, known, at(0))


def test_a_monitor_that_was_cleared_contradicts_for_a_minute_and_no_longer() -> None:
    identity = Identity()
    assert identity.judge("4799", "4711", at(0))
    assert identity.judge("", "4711", at(59))
    assert not identity.judge("", "4711", at(61))
    assert identity.set_aside == 2
