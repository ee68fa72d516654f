"""Real numerics of a bedside monitor, one message a minute, through a bed as the line would: at `due` in between."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from core.clock import Instant
from healthcare.alarms.finding import Finding
from healthcare.measures import MEASURES
from healthcare.vitals.delays_report import Setup, replay
from healthcare.vitals.numerics import BedNumerics, NumericsSettings
from tests.bench.test_alarm_delays import numerics_of

pytestmark = pytest.mark.samples
START = Instant(1_000.0, 1_780_000_000.0)


@pytest.mark.parametrize("record", ["s00001/s00001-2896-10-10-00-31n", "s25047/s25047-2704-05-04-10-44n"])
def test_a_bed_alarms_what_the_replay_says_and_shows_only_what_can_be(samples: Path, record: str) -> None:
    course = numerics_of(samples / "healthcare" / "bedside" / record)
    bed = BedNumerics(NumericsSettings(every_s=60.0))
    minutes = len(next(iter(course.values()))[0])
    raised: Counter[str] = Counter()
    present: set[tuple[str, str]] = set()
    for minute in range(minutes):
        at = START.plus(60.0 * minute)
        sent = [
            {"measure": measure, "value": value if value == value else None, "at_utc_s": at.utc_s}
            for measure, value in ((measure, values[minute]) for measure, (_, values) in course.items())
        ]
        findings: list[Finding] = []
        while (due := bed.due()) is not None and due < at:
            findings += bed.tick(due).findings
        findings += bed.take(json.dumps(sent), at).findings
        for one in findings:
            cause = (one.code, one.measure)
            raised[one.code] += one.present and cause not in present
            present = present | {cause} if one.present else present - {cause}
        for name, shown in bed.shown(at).items():
            assert not shown["text"] or MEASURES[name].plausible(float(shown["text"]))
    burden = replay(course, Setup())
    wanted = Counter(alarm.code for alarm in burden.alarms) + Counter({"hr-mismatch": burden.technical})
    assert +raised == wanted
