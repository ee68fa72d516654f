from __future__ import annotations

import numpy as np

from simulators.scenarios import Baseline, Episode, make_episode
from simulators.ward_bed import Bed, first_sample, is_sending
from simulators.ward_messages import ABP_SYS, HR, NIBP_SYS, SPO2, TEMP, Value
from simulators.ward_script import BedScript, person_of

UTC_S = 1_795_000_000.0


def make_bed(*episodes: Episode, **changes: object) -> Bed:
    values: dict[str, object] = {"bed": 1, "baseline": Baseline(), "episodes": episodes, "cuff_every_min": 1.0}
    return Bed(BedScript(**{**values, **changes}), "W7", 0, person_of(1))  # type: ignore[arg-type]


def play(bed: Bed, lasts_s: int) -> list[list[Value]]:
    """The rows of each second's message."""
    rows = []
    for second in range(lasts_s):
        condition = bed.condition(second)
        assert condition is not None
        bed.waves(second, second + 1, condition)
        numerics = bed.numerics(second + 1, condition)
        rows.append(bed.values(second + 1, UTC_S + second + 1, condition, numerics))
    return rows


def times_of(rows: list[list[Value]], path: str) -> list[int]:
    return [second + 1 for second, values in enumerate(rows) if any(value.metric.path == path for value in values)]


def test_heart_and_oxygen_come_each_second_cuff_and_thermometer_now_and_then() -> None:
    rows = play(make_bed(), 140)
    assert times_of(rows, HR.path) == times_of(rows, SPO2.path) == list(range(1, 141))
    assert times_of(rows, NIBP_SYS.path) == [15, 75, 135]
    assert times_of(rows, TEMP.path) == [2, 62, 122]
    cuff = next(value for value in rows[14] if value.metric is NIBP_SYS)
    assert cuff.taken_utc_s == UTC_S + 15 - 4


def test_systolic_is_above_mean_is_above_diastolic() -> None:
    rows = play(make_bed(make_episode("deterioration", 1, 0, 1, amount=3)), 16)
    pressures = [value.value or 0 for value in rows[14] if value.taken_utc_s is not None]
    assert pressures[0] > pressures[2] > pressures[1] > 10


def test_a_line_in_the_artery_and_a_second_probe_are_there_when_scripted() -> None:
    rows = play(make_bed(abp=True, second_probe=True), 3)
    assert times_of(rows, ABP_SYS.path) == [1, 2, 3]
    assert [value.metric.path for value in rows[1] if value.metric.code == TEMP.code] == ["1.26.1.1", "1.26.2.1"]


def test_a_value_that_nobody_took_is_not_sent_and_one_that_is_lost_is_sent_as_none() -> None:
    rows = play(make_bed(make_episode("probe-off", 1, 2, 10), baseline=Baseline(temp_cel=None), sentinel="-999"), 6)
    assert times_of(rows, TEMP.path) == []
    lost = next(value for value in rows[4] if value.metric is SPO2)
    assert lost.value is None and lost.sentinel == "-999"


def test_a_cuff_finds_nothing_without_a_pulse() -> None:
    rows = play(make_bed(make_episode("asystole", 1, 10, 10)), 30)
    assert times_of(rows, NIBP_SYS.path) == []


def test_a_monitor_that_is_off_in_standby_or_without_patient_sends_nothing() -> None:
    bed = make_bed(make_episode("monitor-off", 1, 10, 10), make_episode("standby", 1, 30, 10))
    assert [is_sending(bed.condition(moment)) for moment in (5, 15, 25, 35, 45)] == [True, False, True, False, True]
    left = bed.leave()
    assert left is not None and bed.leave() is None
    assert bed.condition(5) is None and not is_sending(None)
    bed.lay(*left)
    assert bed.person == left[0] and is_sending(bed.condition(5))


def test_samples_are_counted_from_the_beginning_of_the_ward() -> None:
    assert [first_sample("ecg_ii_mv", 0.25 * step) for step in range(4)] == [0, 63, 125, 188]
    assert first_sample("resp_ohm", 0.25) == 13


def test_the_same_seed_gives_the_same_bed() -> None:
    first, again = make_bed(), make_bed()
    condition = first.condition(0)
    assert condition is not None
    np.testing.assert_array_equal(first.waves(0, 1, condition)["pleth"], again.waves(0, 1, condition)["pleth"])
