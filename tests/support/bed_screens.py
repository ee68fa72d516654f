"""A bed's pages over a real web process: bed 7 of the design with a day behind it, in series, events and evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from core.clock import Instant
from healthcare import bed_page, limits_page, observations_page
from healthcare.alarms.alarm import Alarm
from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.lookback import WaveChunk, WaveRing
from healthcare.settings import AlarmSettings
from healthcare.vitals.news2 import PARAMETERS, points_of
from tests.support.screens import Trial
from tests.support.ward_json import NOW_UTC_S, alarm, bed, news2, numerics, reading
from tests.support.ward_screens import MANIFEST, PAGES, Ward, WardRig, ecg_mv, panel, pleth
from verticals.contract import Event, Evidence, Role
from verticals.store.events import Entry
from verticals.store.evidence import EvidenceStore
from verticals.store.series import Point, SeriesStore

BED_PAGES = (*bed_page.PAGES, *limits_page.PAGES, *observations_page.PAGES)
BEGAN_UTC_S = NOW_UTC_S - 43.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class BedWard(Ward):
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    on_shift: Sequence[str] = ("Nurse 12", "Nurse 14")


class BedRig(WardRig):
    """Clinicians beside nurses, and a page for each bed."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.ward = BedWard(self.ward.beds, **settings)
        self._settings = self.ward
        manifest = replace(MANIFEST, roles=(*MANIFEST.roles, Role("clinician", "Clinician", includes=("charge",))))
        self._vertical = Trial(replace(panel(), pages=(*PAGES, *BED_PAGES)), manifest)

    def __enter__(self) -> Self:
        super().__enter__()
        folder = self.places.evidence(MANIFEST.name)
        self.kept = EvidenceStore(folder, self.store.engine, 1e9, 0.0, self.clock)
        self.numbers = SeriesStore(self.store.engine)
        return self

    def happened(self, *events: Event) -> None:
        """Recorded, with what it means for the ward's tables."""
        self.store.append([Entry(events)])
        self.project(*events)

    def day_of_the_design(self) -> None:
        """Bed 7: worse since the morning, SpO2 below 88 % when the alarm began, one hour without a monitor."""
        self.stay("bed-7", "Kern", "Anna", since_utc_s=NOW_UTC_S - 48 * _HOUR_S)
        self.numbers.append(list(_day()))
        waves = self.kept.put(Evidence(_waves()))
        sets = [(1, 23.0, 16.0, 97.0, 80.0), (2, 11.0, 17.0, 96.0, 84.0), (3, 5.0, 20.0, 95.0, 98.0)]
        entered = [
            observed(number, NOW_UTC_S - hours * _HOUR_S, {**SET, "rr_per_min": rr, "spo2_pct": spo2, "temp_cel": 37.2,
                                                           "pulse_per_min": pulse, "sys_mmhg": 118.0})
            for number, hours, rr, spo2, pulse in sets
        ]  # fmt: skip
        advice = {"text": "RR 18 to 22, SpO₂ 95 to 93 in 1 h", "at_utc_s": NOW_UTC_S - 34 * 60}
        limits = {"text": "HR limits 50-130 to 50-140: fever"}
        earlier: dict[str, Any] = {
                   "code": "hr-high", "label": "HR", "text": "141 > 140 /min", "priority": Priority.MEDIUM,
                   "ended_utc_s": NOW_UTC_S - 1.4 * _HOUR_S, "owner": "Nurse 14"}  # fmt: skip
        self.happened(
            *entered,
            Event("limits", "hr_per_min", NOW_UTC_S - 4.1 * _HOUR_S, limits, "bed-7", "Clinician 08"),
            began(2, NOW_UTC_S - 1.41 * _HOUR_S, "ended", **earlier),
            Event("advice", "bed-7", NOW_UTC_S - 34 * 60, advice, "bed-7"),
            observed(4, NOW_UTC_S - 12 * 60, SET),
            began(1, BEGAN_UTC_S, waves=waves, owner="Nurse 14"),
        )
        self.tell(bed_7=told())


def told(**changed: Any) -> dict[str, Any]:
    """What bed 7 tells in that moment."""
    values = numerics(
        hr_per_min=reading("132", source="ECG"), spo2_pct=reading("82", alarm="high"), rr_per_min="28",
        temp_cel=reading("38.4", at_utc_s=NOW_UTC_S - 12 * 60), nibp_sys_mmhg=reading("88", at_utc_s=NOW_UTC_S - 240),
        nibp_dia_mmhg=reading("52", at_utc_s=NOW_UTC_S - 240),
    )  # fmt: skip
    monitor = {"rr_per_min": 28.0, "spo2_pct": 82.0, "sys_mmhg": 88.0, "pulse_per_min": 132.0, "temp_cel": 38.4}
    lines: list[dict[str, Any]] = [{"parameter": name, "points": None} for name in PARAMETERS]
    for line in lines:
        value = monitor.get(line["parameter"])
        if value is not None:
            line |= {"value": value, "points": points_of(line["parameter"], value), "at_utc_s": None}
    own = {"who": "Clinician 08", "reason": "fever", "until_utc_s": NOW_UTC_S + 6 * _HOUR_S}
    site = {"who": "", "reason": "", "until_utc_s": None}
    limits = [
        {"measure": "hr_per_min", "low": 50.0, "high": 140.0, "usual": [50.0, 120.0], **own},
        {"measure": "spo2_pct", "low": 88.0, "high": None, "usual": [88.0, None], **site},
        {"measure": "rr_per_min", "low": 8.0, "high": 30.0, "usual": [8.0, 30.0], **site},
        {"measure": "temp_cel", "low": 35.0, "high": 39.0, "usual": [35.0, 39.0], **site},
        {"measure": "nibp_sys_mmhg", "low": 85.0, "high": None, "usual": [85.0, None], **site},
        {"measure": "abp_sys_mmhg", "low": 90.0, "high": 180.0, "usual": [90.0, 180.0], **site},
    ]
    score = news2("7", 12, risk="high", delta="+3", words="7")
    more = {"breakdown": lines, "limits": limits, "sets": ["set-1", "set-2", "set-3", "set-4"],
            "scale": {"scale": 1, "who": "", "reason": ""}}  # fmt: skip
    known = bed(alarm(began_utc_s=BEGAN_UTC_S, owner="Nurse 14"), numerics=values, news2=score)
    return known | more | changed


def _day() -> Sequence[Point]:
    """Every 20 s of a day, nothing from 09:30 to 10:30 before now; then two minutes as told each second."""
    points = []
    for at in np.arange(NOW_UTC_S - 24 * _HOUR_S, BEGAN_UTC_S - 120, 20.0).tolist():
        ago = (NOW_UTC_S - at) / _HOUR_S
        if 9.5 < ago < 10.5:
            continue
        worse = max(0.0, 8.0 - ago) / 8.0
        wave = math.sin(at / 1700.0)
        told = {"hr_per_min": 76 + 2 * wave + 30 * worse, "spo2_pct": 97 + wave / 2 - 4 * worse,
                "rr_per_min": 16 + wave + 6 * worse}  # fmt: skip
        points += [Point(f"bed-7/{name}", at, float(round(value))) for name, value in told.items()]
    for ago in (23.5, 21, 17, 13, 11, 8, 5, 4, 3, 2, 1, 0.07):
        at = NOW_UTC_S - ago * _HOUR_S
        worse = max(0.0, 8.0 - ago) / 8.0
        points.append(Point("bed-7/nibp_sys_mmhg", at, round(118 - 30 * worse**3)))
        points.append(Point("bed-7/nibp_dia_mmhg", at, round(72 - 20 * worse**3)))
        points.append(Point("bed-7/temp_cel", at, 36.9 + 1.5 * worse))
    for second in range(-120, 44):
        at = BEGAN_UTC_S + second
        points.append(Point("bed-7/spo2_pct", at, float(max(82, 92 - max(0, second + 78) // 13))))
        points.append(Point("bed-7/hr_per_min", at, 120.0 + second // 12))
        points.append(Point("bed-7/rr_per_min", at, 26.0))
    return points


def _waves() -> bytes:
    """Two minutes of ECG II and pleth up to the alarm, with three seconds of nothing in the middle."""
    ring = WaveRing()
    for name, rate_hz, shape in (("ecg_ii_mv", 250.0, ecg_mv), ("pleth", 125.0, pleth)):
        times = np.arange(0, 120, 1 / rate_hz)
        samples = np.array([shape((at * 2.1) % 1.0) for at in times.tolist()], np.float32)
        samples[(times > 96) & (times < 99)] = np.nan
        ring.add(WaveChunk(name, rate_hz, BEGAN_UTC_S - 120, samples))
    return ring.packed()


def observed(number: int, at_utc_s: float, values: dict[str, Any], **more: Any) -> Event:
    """A full set: `values` by the parameters of NEWS2."""
    lines = [
        {"parameter": name, "value": values[name], "points": points_of(name, values[name]), "at_utc_s": at_utc_s}
        for name in PARAMETERS
    ]
    told = news2(str(sum(line["points"] for line in lines)), risk="high")
    data = {"set": f"set-{number}", "author": "Nurse 14", "taken_utc_s": at_utc_s, "news2": told, "full": True,
            "late": False, "breakdown": lines, "values": {}}  # fmt: skip
    return Event("observations", f"set-{number}", at_utc_s, data | more, "bed-7", "Nurse 14")


SET = {"rr_per_min": 22.0, "spo2_pct": 93.0, "oxygen": False, "sys_mmhg": 104.0, "pulse_per_min": 108.0,
       "consciousness": "A", "temp_cel": 38.4}  # fmt: skip


def began(number: int, at_utc_s: float, act: str = "began", waves: str = "", **changed: Any) -> Event:
    """An alarm of bed 7 as its station records it."""
    finding = Finding(changed.pop("code", "spo2-low"), True, changed.pop("text", "82 < 88 %"), 82.0, 88.0, "spo2_pct")
    made = Alarm(
        id=f"bed-7/{number}", code=finding.code, kind=AlarmClass.PHYSIOLOGICAL, priority=Priority.HIGH, label="SpO₂",
        finding=finding, began_utc_s=at_utc_s, latching=False, audible=True,
    )  # fmt: skip
    made = replace(made, **changed)
    data: dict[str, Any] = {"act": act, "number": number, "alarm": made.to_json(Instant(0.0, at_utc_s))}
    data |= {"evidence": {"waves": waves}} if waves else {}
    return Event("alarm", made.id, at_utc_s, data, "bed-7")
