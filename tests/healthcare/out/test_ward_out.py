"""From a monitor's numbers to a receiver: a whole ward on a whole line, with a FHIR server and an alarm manager."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from healthcare.out.device import make
from healthcare.out.settings import FhirSettings, OutSettings, Pcd04Settings
from healthcare.vertical import Healthcare
from tests.healthcare.out.receivers import alarm_manager, fhir_server
from tests.healthcare.out.structure import faults
from tests.support.clocks import FakeClock
from tests.support.lines import until
from tests.support.wards import running_ward, ward_settings
from verticals.devices.base import Surroundings
from verticals.places import Places


async def test_an_alarm_and_its_acknowledgement_reach_both_receivers(tmp_path: Path) -> None:
    places, clock = Places(tmp_path), FakeClock()
    places.app("healthcare").mkdir()
    with fhir_server() as server, alarm_manager() as manager:
        out = OutSettings(fhir=FhirSettings(server.url), pcd04=Pcd04Settings("127.0.0.1", manager.port))
        [spec] = Healthcare().devices(replace(ward_settings(), out=out))
        device = make(spec, Surroundings("healthcare", places, clock))
        async with running_ward(places.app("healthcare"), devices=[device], clock=clock, out=out) as ward:
            await until((places.app("healthcare") / "out.json").exists, 30.0)
            await ward.admit()
            await ward.hold(20.0, spo2_pct=82.0, hr_per_min=90.0)
            assert "spo2-low" in ward.alarms()
            await ward.order("bed-1", "acknowledge", "nurse")
            await ward.rig.advance(2.0)
            await until(lambda: len(manager.messages) >= 2)
            await until(lambda: any("inResponseTo" in each for each in server.resources.values()))
            await ward.hold(80.0, spo2_pct=97.0, hr_per_min=90.0)
            await until(lambda: "Observation" in server.kinds())
    low = [alarm for alarm in manager.alarms if alarm["source_ref"] == "MDC_PULS_OXIM_SAT_O2"]
    assert [alarm["phase"] for alarm in low][:2] == ["start", "continue"]
    assert low[-1]["phase"] == "end"
    assert [fault for each in server.resources.values() for fault in faults(each)] == []
    assert "4711" not in str(server.resources) + str(manager.messages)
    assert "Anna" not in str(server.resources) + str(manager.messages)
