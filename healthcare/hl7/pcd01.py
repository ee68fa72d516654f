"""ORU^R01 of IHE PCD-01, and plain ORU^R01 without containment: readings and waves of each patient in the message.

PCD-01 (IHE PCD TF-2, 3.1) names each value by OBX-3 and places it in the device by OBX-4, MDS.VMD.CHANNEL.METRIC; what
is below a metric (a fifth number) are facets of it. Rows of the device tree have no value and no type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from healthcare.hl7.faults import Condition, Fault
from healthcare.hl7.message import Message, Segment
from healthcare.hl7.nomenclature import CUFF_CODE, CUFF_PARTS, CUFF_REF_ID, METRICS, Metric, named
from healthcare.hl7.notes import Notes, Times
from healthcare.hl7.orders import Group, groups_of
from healthcare.hl7.persons import NOBODY, Person, device_of, location_of, person_of
from healthcare.hl7.timestamps import Stamp
from healthcare.hl7.units import unit_of
from healthcare.hl7.values import Figure, absence, figure, read
from healthcare.hl7.waves import Wave, is_facet, waves_of
from healthcare.measures import MEASURES


@dataclass(frozen=True, slots=True)
class Reported:
    """What a message says of one patient at one place. `readings` as in `Sample.values["readings"]`, before JSON."""

    person: Person
    location: str
    device: str
    readings: Sequence[dict[str, Any]]
    waves: Sequence[Wave]


def read_observations(message: Message, zone: tzinfo, notes: Notes) -> list[Reported]:
    """Each patient's. Raises MessageError where the message has no OBX."""
    message.required("OBX")
    times = Times(zone, notes)
    found: list[Reported] = []
    for group in groups_of(message):
        place = (person_of(group.pid) if group.pid else NOBODY, location_of(group.pv1), _device(group, message))
        waves = waves_of(group.obr, group.rows, times, notes.counts)
        own = Reported(*place, _readings(group, times, notes), waves)
        if found and place == (found[-1].person, found[-1].location, found[-1].device):
            last = found.pop()
            own = Reported(*place, [*last.readings, *own.readings], [*last.waves, *own.waves])
        found.append(own)
    return found


def _device(group: Group, message: Message) -> str:
    named_row = next((row for row in group.rows if row.raw(18)), None)
    return device_of(named_row, message.header)


def _readings(group: Group, times: Times, notes: Notes) -> list[dict[str, Any]]:
    at = times(group.obr, 7) if group.obr is not None else None
    found: list[dict[str, Any]] = []
    seen: Counter[tuple[str, str]] = Counter()
    for row in group.rows:
        for metric, got, at_odds in _figures(row, notes):
            reading = _reading(row, metric, got, times(row, 14) or at, notes) | {"at_odds": at_odds}
            key = (reading["measure"], reading["instance"])
            seen[key] += 1
            if seen[key] > 1:  # the same code twice at the same place: kept apart by its order
                reading["instance"] += f"#{seen[key]}"
            found.append(reading)
    return found


def _figures(row: Segment, notes: Notes) -> list[tuple[Metric, Figure, bool]]:
    """The vital signs of a row: none for a row of the device tree, a facet, a wave, or what we do not know."""
    if not row.raw(2) and not row.raw(5):
        return []
    code, ref_id = row.text(3, 1), row.text(3, 2)
    if code == str(CUFF_CODE) or ref_id.upper() == CUFF_REF_ID:
        return _cuff(row)
    what = named(code, ref_id)
    if what.at_odds:
        notes.counts[f"code-at-odds:{code}^{ref_id}"[:80]] += 1
    if what.metric is None:
        if what.wave is None and row.raw(5) and not is_facet(row):
            notes.counts[f"code-unknown:{code}^{ref_id}"[:80]] += 1
        return []
    got = figure(row)
    notes.values += 1
    if got.unreadable:
        notes.unreadable += 1
        notes.fault(Fault(row.place(5), Condition.DATA_TYPE, f"is no number ({row.text(2)} of {code[:20]})"))
    return [(what.metric, got, what.at_odds)]


def _cuff(row: Segment) -> list[tuple[Metric, Figure, bool]]:
    """Systolic, diastolic and mean in one NA; nothing where the row only heads the three."""
    if row.text(2).upper() != "NA" or not row.raw(5):
        return []
    absent = absence(row)
    parts = [Figure(absent=absent) if absent else read(row.text(5, part + 1), strict=False) for part in range(3)]
    return [(METRICS[code], part, False) for code, part in zip(CUFF_PARTS, parts, strict=True)]


def _reading(row: Segment, metric: Metric, got: Figure, at: Stamp | None, notes: Notes) -> dict[str, Any]:
    value, absent = got.value, got.absent
    if value is not None:
        value, absent = _in_own_unit(row, metric, value, notes)
    return {
        "measure": metric.measure,
        "instance": row.text(4),
        "value": value,
        "unit": MEASURES[metric.measure].unit,
        "at_utc_s": at.utc_s if at is not None else None,
        "absent": absent,
        "code": row.text(3, 1),
        "ref_id": row.text(3, 2) or metric.ref_ids[0],
        "site": row.text(20, 2) or row.text(20) or metric.site if row.raw(20) else metric.site,
        "zone_assumed": at is not None and at.zone_assumed,
        "questionable": any(row.part(flag).upper() == "QUES" for flag in row.repetitions(8)),
    }


def _in_own_unit(row: Segment, metric: Metric, value: float, notes: Notes) -> tuple[float | None, str]:
    """The value in the unit of its measure; None in a unit that is not known or of something else."""
    if not row.raw(6):
        notes.counts["unit-assumed"] += 1
        return value, ""
    unit = unit_of(row.text(6)) or unit_of(row.text(6, 2))
    if unit is None or unit.family != metric.family:
        notes.counts[f"unit-unknown:{row.text(6, 1)}^{row.text(6, 2)} of {metric.measure}"[:80]] += 1
        return None, "unit"
    return (value if unit.scale == 1 and not unit.shift else round(unit.own(value), 3)), ""
