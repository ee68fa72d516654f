"""A ward of two beds with a line of its own over a real store, and what its monitors would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from healthcare.settings import BedSettings, HealthcareSettings, PagerSettings
from healthcare.tables import metadata
from healthcare.vertical import Healthcare
from tests.support.lines import Plan, Rig, running_line, until
from verticals.contract import Command, Reply, Sample
from verticals.devices.base import Device
from verticals.runtime.live import LiveMessage

FIRST, SECOND = "W7^R1^B1", "W7^R1^B2"
BEDS = (
    BedSettings("bed-1", "1", FIRST, nurse="Nurse 12", buddy="Nurse 14"),
    BedSettings("bed-2", "2", SECOND, devices=("0009FBFFFE000002",)),
)
PATIENT = {"id": "4711", "family": "Test", "given": "Anna", "birth_date": "1958-03-02", "sex": "F"}


def ward_settings(**changes: Any) -> HealthcareSettings:
    usual: dict[str, Any] = {"charge": "Charge nurse 03", "on_shift": ("Nurse 12", "Nurse 14")}
    return HealthcareSettings("Ward 7", BEDS, **{**usual, **changes})


class Ward:
    """The rig of a running ward; each `numerics` is one message of a monitor, received now."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    async def send(self, kind: str, key: str = "", **values: Any) -> Sample:
        sample = await self.rig.see("hl7", key, kind=kind, **values)
        await self.rig.quiet()
        return sample

    async def numerics(self, location: str = FIRST, **measures: float | None) -> Sample:
        at_utc_s = self.rig.clock.utc_s
        told = [
            {"measure": name, "instance": "1.1.1.1", "value": value, "unit": "", "at_utc_s": at_utc_s,
             "absent": "" if value is not None else "not measured", "code": "", "ref_id": "", "site": ""}
            for name, value in measures.items()
        ]  # fmt: skip
        return await self.send("numerics", location=location, readings=json.dumps(told), patient="")

    async def beat(self) -> None:
        """The feed's sign of life, which the desk hears each second."""
        await self.send("link", feed="hl7", ok=True, age_s=0.5)

    async def admit(self, location: str = FIRST, event: str = "A01", **who: str) -> None:
        patient = json.dumps({**PATIENT, **who})
        await self.send("patient", event=event, patient=patient, location=location, prior_location="")
        await self.rig.quiet()

    async def hold(self, seconds: float, location: str = FIRST, **measures: float | None) -> None:
        """The same values once a second for so long."""
        for _ in range(round(seconds)):
            await self.numerics(location, **measures)
            await self.rig.advance(1.0)
        await self.rig.quiet()

    async def order(self, station: str, name: str, role: str, **args: Any) -> Reply:
        """Of a person with this role, by the store as the web process does it."""
        command = Command(name, self.rig.clock.now(), args, "Charge nurse 03", role)
        number = await asyncio.to_thread(self.rig.commands.ask, station, command)
        self.rig.live.receive(LiveMessage("command", {"id": number}))
        await until(lambda: {"id": number} in self.rig.live.data("command"))
        await self.rig.quiet()
        reply = self.rig.commands.reply_of(number)
        assert reply is not None
        return reply

    def told(self, station: str = "bed-1") -> dict[str, Any]:
        """What screens know of a station now."""
        merged: dict[str, Any] = {}
        for data in self.rig.live.data("live"):
            if data["station"] == station:
                merged |= data["data"]
        return merged

    def alarms(self, station: str = "bed-1") -> dict[str, Any]:
        return {alarm["code"]: alarm for alarm in self.told(station).get("alarms", ())}

    def acts(self, station: str = "bed-1") -> list[str]:
        return [event.data["act"] for event in self.rig.recorded("alarm") if event.station == station]


@asynccontextmanager
async def running_ward(
    folder: Path, *, devices: Sequence[Device] = (), clock: Any = None, pager: bool = False, **changes: Any
) -> AsyncIterator[Ward]:
    """Begun anew over the same folder it is the ward after a restart."""
    if pager:
        changes["pager"] = PagerSettings("http://127.0.0.1:1/call")
    settings = ward_settings(**changes)
    vertical = Healthcare()
    plan = Plan(folder, vertical.stations(settings), vertical, devices, clock=clock, tables=[metadata])
    async with running_line(plan) as rig:
        yield Ward(rig)
