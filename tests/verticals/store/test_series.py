from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.support.factories import AT_UTC_S, make_app_db
from verticals.store import tables
from verticals.store.database import reading
from verticals.store.series import Point, SeriesStore


@pytest.fixture
def store(tmp_path: Path) -> SeriesStore:
    return SeriesStore(make_app_db(tmp_path))


def test_points_of_a_minute_share_a_row(store: SeriesStore, tmp_path: Path) -> None:
    for second in range(90):
        store.append([Point("spo2_pct", AT_UTC_S + second, 97.0 + second % 2), Point("hr_bpm", AT_UTC_S + second, 60)])
    with reading(make_app_db(tmp_path)) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.series)) == 4
    times, values = store.read("spo2_pct", AT_UTC_S, AT_UTC_S + 3600)
    assert times.tolist() == [AT_UTC_S + second for second in range(90)]
    assert values.tolist() == [97.0 + second % 2 for second in range(90)]
    assert store.channels() == ["hr_bpm", "spo2_pct"]


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
    went = []
    while count := store.drop_before(AT_UTC_S + 60 * 7, minutes_at_once=3):
        went.append(count)
    assert went == [3, 3, 1]
    assert store.read("a", 0, 1e12)[1].tolist() == [7, 8, 9]


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(
        st.lists(
            st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 200_000), st.floats(allow_nan=False)), max_size=8
        ),
        max_size=6,
    )
)
def test_whatever_was_appended_is_read_back_in_time_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, int, float]]]
) -> None:
    engine = make_app_db(tmp_path_factory.mktemp("series"))
    store = SeriesStore(engine)
    for batch in batches:
        store.append([Point(channel, AT_UTC_S + at_ms / 1000, value) for channel, at_ms, value in batch])
    for channel in ("a", "b"):
        mine = [(at_ms, value) for batch in batches for name, at_ms, value in batch if name == channel]
        times, values = store.read(channel, AT_UTC_S, AT_UTC_S + 201)
        mine.sort(key=lambda item: item[0])
        assert values.tolist() == [value for _, value in mine]
        assert times == pytest.approx([AT_UTC_S + at_ms / 1000 for at_ms, _ in mine], abs=1e-6)
    engine.dispose()
