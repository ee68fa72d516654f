from __future__ import annotations

from pathlib import Path
from typing import Any

from healthcare.tables import alarms_between, find_alarm
from tests.support.wards import running_ward
from verticals.store.database import reading

LOW: dict[str, Any] = {"hr_per_min": 72.0, "spo2_pct": 84.0}
WELL: dict[str, Any] = {"hr_per_min": 72.0, "spo2_pct": 97.0}


async def test_an_alarm_is_one_row_with_what_became_of_it(tmp_path: Path) -> None:
    async with running_ward(tmp_path) as ward:
        began_utc_s = ward.rig.clock.utc_s
        await ward.hold(20, **LOW)
        alarm = ward.alarms()["spo2-low"]
        with reading(ward.rig.events.engine) as connection:
            row = find_alarm(connection, alarm["id"])
        assert row is not None
        assert (row["bed"], row["state"], row["priority"], row["measure"]) == ("bed-1", "active", "medium", "spo2_pct")
        await ward.rig.ask("bed-1", "acknowledge", alarm=alarm["id"])
        await ward.hold(30, **WELL)
        with reading(ward.rig.events.engine) as connection:
            rows = alarms_between(connection, began_utc_s, began_utc_s + 3600, "bed-1")
            assert alarms_between(connection, began_utc_s, began_utc_s + 3600, "bed-2") == []
        (row,) = (row for row in rows if row["code"] == "spo2-low")
        assert (row["state"], row["acknowledged_by"]) == ("ended", "anna")
        assert row["began_utc_s"] < row["acknowledged_utc_s"] < row["ended_utc_s"]
