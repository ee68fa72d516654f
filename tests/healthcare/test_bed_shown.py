"""What a bed tells its own page, and what it records of a set, through the real loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.wards import running_ward

NUMBERS: dict[str, Any] = {
    "hr_per_min": 95.0,
    "spo2_pct": 95.0,
    "rr_per_min": 22.0,
    "temp_cel": 38.4,
    "nibp_sys_mmhg": 104.0,
}
WHOLE = {"rr_per_min": "22", "spo2_pct": "95", "oxygen_device": "air", "nibp_sys_mmhg": "104", "pulse_per_min": "95",
         "consciousness": "A", "temp_cel": "38.4"}  # fmt: skip


async def test_the_monitor_alone_is_broken_down_and_asks_a_person_for_the_rest(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.hold(2, **NUMBERS)
        assert ward.told()["breakdown"] == []  # nobody is scored who is not here
        await ward.admit()
        await ward.hold(2, **NUMBERS)
        lines = {line["parameter"]: line for line in ward.told()["breakdown"]}
        assert (lines["rr_per_min"]["value"], lines["rr_per_min"]["points"]) == (22.0, 2)
        assert lines["oxygen"]["points"] is None and lines["consciousness"]["points"] is None
        assert lines["rr_per_min"]["at_utc_s"] is None and lines["sys_mmhg"]["at_utc_s"] is not None


async def test_limits_are_told_with_who_set_them_and_the_wards_own_beside(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        await ward.order(
            "bed-1", "set-limits", "charge", measure="hr_per_min", low=50, high=150, lasts_s=3600, reason="fever"
        )
        told = {row["measure"]: row for row in ward.told()["limits"]}
        hr = told["hr_per_min"]
        assert (hr["low"], hr["high"], hr["usual"], hr["who"], hr["reason"]) == (
            50.0, 150.0, [50, 120], "Charge nurse 03", "fever",
        )  # fmt: skip
        assert hr["until_utc_s"] is not None and told["spo2_pct"]["who"] == ""


async def test_a_set_is_full_when_it_is_whole_by_itself_and_the_monitor_of_that_moment(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        await ward.admit()
        first = await ward.rig.ask("bed-1", "enter-observations", values=WHOLE, author="Nurse 99")
        second = await ward.rig.ask("bed-1", "enter-observations", values={"temp_cel": "38.0"})
        assert first.accepted and second.accepted and first.data["response"].startswith("Urgent")
        await ward.rig.quiet()
        whole, part = ward.rig.recorded("observations")
        assert whole.data["full"] and not part.data["full"] and part.data["news2"]["complete"]
        assert [line["points"] for line in whole.data["breakdown"]] == [2, 1, 0, 1, 1, 0, 1]
        assert ward.told()["sets"] == ["set-1", "set-2"]
        struck = await ward.rig.ask("bed-1", "strike-observations", set="set-2", reason="wrong patient")
        assert struck.accepted
        await ward.rig.quiet()
        assert ward.told()["sets"] == ["set-1"]
