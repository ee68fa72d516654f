"""The pages of the ward behind the wall, over a real web process: who is signed in, who lies where, what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from healthcare import (
    downtime_page,
    due_page,
    handover_page,
    movements_page,
    patients_page,
    phone_page,
    roster_page,
    tables,
)
from tests.support.screens import PIN, Trial, Visitor
from tests.support.ward_json import NOW_UTC_S
from tests.support.ward_json import ward as desk_json
from tests.support.ward_screens import MANIFEST, PAGES, WardRig, panel
from verticals.contract import Event
from verticals.store.database import writing

ROOMS = (phone_page, roster_page, patients_page, movements_page, due_page, handover_page, downtime_page)


class RoomRig(WardRig):
    """`as_(name, role)` is a visitor who is signed in; `record` writes events, and what they mean, into the store."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        pages = (*PAGES, *(page for room in ROOMS for page in room.PAGES))
        self._vertical = Trial(replace(panel(), pages=pages), MANIFEST)
        self._people: dict[str, Visitor] = {}

    def __enter__(self) -> RoomRig:
        super().__enter__()
        tables.metadata.create_all(self.store.engine)
        return self

    def as_(self, name: str, role: str = "nurse") -> Visitor:
        if name not in self._people:
            self.accounts.add(name, PIN, {"healthcare": role}, by="the test")
            visitor = self.client()
            visitor.sign_in(name, PIN)
            self._people[name] = visitor
        return self._people[name]

    def record(self, *events: Event) -> list[Event]:
        recorded = super().record(*events)
        with writing(self.store.engine) as connection:
            for event in recorded:
                tables.project(event, connection)
        return recorded


def roster(beds: dict[str, tuple[str, str]], charge: str = "Charge nurse 03", on_shift: Iterable[str] = ()) -> Any:
    """As the desk tells it: nurse and buddy by bed."""
    two = {bed: {"nurse": nurse, "buddy": buddy} for bed, (nurse, buddy) in beds.items()}
    return {"charge": charge, "on_shift": list(on_shift), "beds": two}


def desk(**changed: Any) -> dict[str, Any]:
    """The desk of a ward whose bed 7 is Nurse 14's, with Nurse 12 behind her."""
    own = {"roster": roster({"bed-7": ("Nurse 14", "Nurse 12")}, on_shift=["Nurse 12", "Nurse 14"]), "phones": {}}
    return desk_json(**(own | changed))


def stay(number: int, bed: str, patient: str, *, hours: float = 24, **changed: Any) -> Event:
    """A stay that began some hours ago."""
    who = {"id": patient, "family": "Koch", "given": "Anna", "birth_date": "1958-03-02", "sex": "F"}
    data = {"number": number, "bed": bed, "patient": who, "since_utc_s": NOW_UTC_S - hours * 3600, "until_utc_s": None,
            "who": "", "how": "A01", "struck": ""}  # fmt: skip
    return Event("stay", bed, NOW_UTC_S, data | changed, "ward")
