"""ORU^R01 of IHE PCD-01, and plain ORU^R01 without containment: readings and waves of each patient in the message.

PCD-01 (IHE PCD TF-2, 3.1) names each value by OBX-3 and places it in the device by OBX-4, MDS.VMD.CHANNEL.METRIC; what
is below a metric (a fifth number) are facets of it. Rows of the device tree have no value and no type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import Any

from healthcare.hl7.escapes import Separators
from healthcare.hl7.faults import Condition, Fault
from healthcare.hl7.message import Message, Segment
from healthcare.hl7.nomenclature import CUFF_CODE, CUFF_PARTS, CUFF_REF_ID, METRICS, Metric, named
from healthcare.hl7.notes import Notes, Times
from healthcare.hl7.orders import Group, groups_of
from healthcare.hl7.persons import NOBODY, Person, device_of, location_of, person_of
from healthcare.hl7.timestamps import Stamp
from healthcare.hl7.units import Unit, unit_of
from healthcare.hl7.values import Figure, absence, number_of, read
from healthcare.hl7.waves import Wave, is_facet, waves_of
from healthcare.measures import MEASURES

#: The fields of a row that say what it is, how it is written, and whether it holds at all.
_SAID_BY = (2, 3, 4, 6, 8, 11, 20)
_LONGEST_KEPT = 500
_said_of = itemgetter(*_SAID_BY)
_BLANK = [""] * (_SAID_BY[-1] + 1)


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
        for kind, got in _figures(row, notes):
            reading = _reading(kind, got, times(row, 14) or at, notes)
            key = (reading["measure"], reading["instance"])
            seen[key] += 1
            if seen[key] > 1:  # the same code twice at the same place: kept apart by its order
                reading["instance"] += f"#{seen[key]}"
            found.append(reading)
    return found


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a row says beside its number and its time, which is the same every second. `reading` without the two.

    `metric` None: no vital sign, `unknown` is what is counted where it holds something.
    """

    metric: Metric | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    type: str = ""
    absent: str = ""
    unit: Unit | None = None
    unit_counted: str = ""
    at_odds: str = ""
    unknown: str = ""


def _figures(row: Segment, notes: Notes) -> list[tuple[_Kind, Figure]]:
    """The vital signs of a row: none for a row of the device tree, a facet, a wave, or what we do not know."""
    if not row.raw(2) and not row.raw(5):
        return []
    kind = _kind_of(row)
    if kind is None:
        return _cuff(row)
    if kind.at_odds:
        notes.counts[kind.at_odds] += 1
    if kind.metric is None:
        if kind.unknown and row.raw(5):
            notes.counts[kind.unknown] += 1
        return []
    got = Figure(absent=kind.absent) if kind.absent else number_of(row, kind.type)
    notes.values += 1
    if got.unreadable:
        notes.unreadable += 1
        notes.fault(Fault(row.place(5), Condition.DATA_TYPE, f"is no number ({row.text(2)} of {row.text(3, 1)[:20]})"))
    return [(kind, got)]


def _cuff(row: Segment) -> list[tuple[_Kind, Figure]]:
    """Systolic, diastolic and mean in one NA; nothing where the row only heads the three."""
    if row.text(2).upper() != "NA" or not row.raw(5):
        return []
    absent = absence(row)
    parts = [Figure(absent=absent) if absent else read(row.text(5, part + 1), strict=False) for part in range(3)]
    return [(_of_metric(row, METRICS[code]), part) for code, part in zip(CUFF_PARTS, parts, strict=True)]


def _kind_of(row: Segment) -> _Kind | None:
    """None for a cuff's own row."""
    said: tuple[str, ...] = _said_of([*row.fields, *_BLANK])
    kind = _kind if sum(map(len, said)) < _LONGEST_KEPT else _kind.__wrapped__
    return kind(said, row.separators, row.charset)


@lru_cache(maxsize=4096)
def _kind(said: tuple[str, ...], separators: Separators, charset: str) -> _Kind | None:
    fields = _BLANK.copy()
    for number, raw in zip(_SAID_BY, said, strict=True):
        fields[number] = raw
    row = Segment("OBX", fields, 1, separators, charset)
    code, ref_id = row.text(3, 1), row.text(3, 2)
    if code == str(CUFF_CODE) or ref_id.upper() == CUFF_REF_ID:
        return None
    what = named(code, ref_id)
    at_odds = f"code-at-odds:{code}^{ref_id}"[:80] if what.at_odds else ""
    if what.metric is not None:
        return _of_metric(row, what.metric, at_odds)
    unknown = what.wave is None and not is_facet(row)
    return _Kind(at_odds=at_odds, unknown=f"code-unknown:{code}^{ref_id}"[:80] if unknown else "")


def _of_metric(row: Segment, metric: Metric, at_odds: str = "") -> _Kind:
    unit, counted = _unit(row, metric)
    reading = {
        "measure": metric.measure,
        "instance": row.text(4),
        "value": None,
        "unit": MEASURES[metric.measure].unit,
        "at_utc_s": None,
        "absent": "",
        "code": row.text(3, 1),
        "ref_id": row.text(3, 2) or metric.ref_ids[0],
        "site": row.text(20, 2) or row.text(20) or metric.site if row.raw(20) else metric.site,
        "zone_assumed": False,
        "questionable": any(row.part(flag).upper() == "QUES" for flag in row.repetitions(8)),
        "at_odds": bool(at_odds),
    }
    return _Kind(metric, reading, row.text(2).upper(), absence(row), unit, counted, at_odds)


def _unit(row: Segment, metric: Metric) -> tuple[Unit | None, str]:
    """The unit of OBX-6, and what is counted of it; None where it is not known or of something else."""
    if not row.raw(6):
        return Unit(metric.family), "unit-assumed"
    unit = unit_of(row.text(6)) or unit_of(row.text(6, 2))
    if unit is None or unit.family != metric.family:
        return None, f"unit-unknown:{row.text(6, 1)}^{row.text(6, 2)} of {metric.measure}"[:80]
    return unit, ""


def _reading(kind: _Kind, got: Figure, at: Stamp | None, notes: Notes) -> dict[str, Any]:
    """As in `Sample.values["readings"]`: the value in the unit of its measure, or why there is none."""
    reading = dict(kind.reading)
    value, reading["absent"] = got.value, got.absent
    if value is not None:
        if kind.unit_counted:
            notes.counts[kind.unit_counted] += 1
        if kind.unit is None:
            value, reading["absent"] = None, "unit"
        elif kind.unit.scale != 1 or kind.unit.shift:
            value = round(kind.unit.own(value), 3)
    reading["value"] = value
    if at is not None:
        reading["at_utc_s"], reading["zone_assumed"] = at.utc_s, at.zone_assumed
    return reading
