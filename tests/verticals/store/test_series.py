from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from tests.support.factories import AT_UTC_S, make_app_db
from verticals.store import tables
from verticals.store.database import reading
from verticals.store.series import Point, SeriesStore


@pytest.fixture
def store(tmp_path: Path) -> SeriesStore:
    return SeriesStore(make_app_db(tmp_path))


def _count(tmp_path: Path, table: Table) -> int:
    with reading(make_app_db(tmp_path)) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_written_together_is_one_row_until_its_minute_settles(store: SeriesStore, tmp_path: Path) -> None:
    for second in range(90):
        store.append([Point("spo2_pct", AT_UTC_S + second, 97.0 + second % 2), Point("hr_bpm", AT_UTC_S + second, 60)])
    assert (_count(tmp_path, tables.series), _count(tmp_path, tables.series_tail)) == (0, 90)
    store.append([], settle_before_utc_s=AT_UTC_S + 90)
    in_minutes = len({int((AT_UTC_S + second) // 60) for second in range(90)} - {int((AT_UTC_S + 90) // 60)})
    assert (_count(tmp_path, tables.series), _count(tmp_path, tables.series_tail)) == (2 * in_minutes, 1)
    times, values = store.read("spo2_pct", AT_UTC_S, AT_UTC_S + 3600)
    assert times.tolist() == [AT_UTC_S + second for second in range(90)]
    assert values.tolist() == [97.0 + second % 2 for second in range(90)]
    assert store.channels() == ["hr_bpm", "spo2_pct"]


def test_a_point_that_comes_after_its_minute_has_settled_is_there(store: SeriesStore) -> None:
    store.append([Point("a", AT_UTC_S, 1.0)])
    store.append([], settle_before_utc_s=AT_UTC_S + 120)
    store.append([Point("a", AT_UTC_S + 1, 2.0)], settle_before_utc_s=AT_UTC_S + 240)
    assert store.read("a", AT_UTC_S, AT_UTC_S + 60)[1].tolist() == [1.0, 2.0]


def test_told_twice_it_is_there_once_and_the_last_word_counts(store: SeriesStore) -> None:
    store.append([Point("a", AT_UTC_S, 1.0), Point("a", AT_UTC_S, 1.0)])
    store.append([], settle_before_utc_s=AT_UTC_S + 120)
    store.append([Point("a", AT_UTC_S, 3.0)])
    assert store.read("a", AT_UTC_S, AT_UTC_S + 60)[1].tolist() == [3.0]


def test_a_name_may_hold_any_sign(store: SeriesStore) -> None:
    store.append([Point("bed\n7/°C", AT_UTC_S, 1.0)])
    assert store.channels() == ["bed\n7/°C"]


def test_only_the_asked_span_is_read(store: SeriesStore) -> None:
    store.append([Point("a", AT_UTC_S + second / 2, second) for second in range(400)])
    times, _ = store.read("a", AT_UTC_S + 10, AT_UTC_S + 70)
    assert (times[0], times[-1], len(times)) == (AT_UTC_S + 10, AT_UTC_S + 69.5, 120)


def test_a_channel_without_points_is_empty(store: SeriesStore) -> None:
    times, values = store.read("nothing", 0, 1e12)
    assert (times.size, values.size) == (0, 0)


def test_a_gap_is_kept_as_one(store: SeriesStore) -> None:
    store.append([Point("a", AT_UTC_S, math.nan)])
    assert np.isnan(store.read("a", AT_UTC_S, AT_UTC_S + 1)[1]).tolist() == [True]


def test_old_minutes_are_dropped_in_slices(store: SeriesStore) -> None:
    store.append([Point("a", AT_UTC_S + 60 * minute, minute) for minute in range(10)])
    store.append([], settle_before_utc_s=AT_UTC_S + 3600)
    went = []
    while count := store.drop_before(AT_UTC_S + 60 * 7, minutes_at_once=3):
        went.append(count)
    assert went == [3, 3, 1]
    assert store.read("a", 0, 1e12)[1].tolist() == [7, 8, 9]


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 200_000), st.floats(allow_nan=False)), max_size=8
            ),
            st.none() | st.integers(0, 240),
        ),
        max_size=6,
    )
)
def test_whatever_was_appended_is_read_back_in_time_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[list[tuple[str, int, float]], int | None]]
) -> None:
    engine = make_app_db(tmp_path_factory.mktemp("series"))
    store = SeriesStore(engine)
    for batch, settled_s in batches:
        points = [Point(channel, AT_UTC_S + at_ms / 1000, value) for channel, at_ms, value in batch]
        store.append(points, settle_before_utc_s=None if settled_s is None else AT_UTC_S + settled_s)
    for channel in ("a", "b"):
        told = {at_ms: value for batch, _ in batches for name, at_ms, value in batch if name == channel}
        times, values = store.read(channel, AT_UTC_S, AT_UTC_S + 201)
        assert values.tolist() == [told[at_ms] for at_ms in sorted(told)]
        assert times == pytest.approx([AT_UTC_S + at_ms / 1000 for at_ms in sorted(told)], abs=1e-6)
    engine.dispose()
