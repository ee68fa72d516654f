from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.errors import DiskFullError, StoreError
from tests.support.databases import open_in
from tests.support.factories import make_app_db, make_command, make_entries, make_entry, make_event, make_event_store
from verticals.contract import Event, Reply
from verticals.store import tables
from verticals.store.commands import Commands
from verticals.store.database import reading
from verticals.store.events import Entry, EventStore, to_json
from verticals.store.inbox import Inbox
from verticals.store.series import Point, SeriesStore

_counts = sa.MetaData()
_parts = sa.Table("parts", _counts, sa.Column("subject", sa.String, primary_key=True))


def project(event: Event, connection: Connection) -> None:
    if event.subject == "broken":
        raise ValueError("this part breaks the projection")
    connection.execute(_parts.insert().values(subject=event.subject))


def test_events_are_numbered_across_entries_and_transactions(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    first, second = store.append([make_entry("a", "b"), make_entry("c")])
    (third,) = store.append([make_entry("d")])
    assert [event.sequence for event in [*first, *second, *third]] == [1, 2, 3, 4]
    assert [event.subject for event in store.read()] == ["a", "b", "c", "d"]
    assert store.last_sequence() == 4


def test_what_was_recorded_is_read_back_as_it_was(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    data = MappingProxyType({"text": "größer \ud800", "list": [1, None], "inner": MappingProxyType({"a": 1})})
    event = Event("label", "part-7", 1.25, data, station="line-3", who="anna")
    [[recorded]] = store.append([Entry([event])])
    assert store.read() == [recorded]
    assert recorded.data == event.data


def test_numbers_of_numpy_are_recorded_as_numbers(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    store.append([Entry([make_event(score=np.float32(0.5), count=np.int64(3))])])
    assert store.read()[0].data == {"score": 0.5, "count": 3}


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused(tmp_path: Path, value: object) -> None:
    store = make_event_store(tmp_path)
    with pytest.raises(StoreError, match="cannot be recorded"):
        store.append([Entry([make_event(value=value)])])
    assert store.last_sequence() == 0


def test_reading_filters_by_station_kind_subject_and_number(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    store.append(
        [Entry([make_event("a"), make_event("b", kind="label"), make_event("c", station="line-4"), make_event("a")])]
    )
    assert [event.sequence for event in store.read(station="line-3")] == [1, 2, 4]
    assert [event.sequence for event in store.read(kinds=["label"])] == [2]
    assert [event.sequence for event in store.read(subject="a", after=1)] == [4]
    assert [event.sequence for event in store.read(limit=2, newest_first=True)] == [4, 3]


def test_projection_and_event_stand_or_fall_together(tmp_path: Path) -> None:
    store = make_event_store(tmp_path, project, _counts)
    with pytest.raises(ValueError, match="breaks"):
        store.append([make_entry("good"), make_entry("broken")])
    assert store.read() == []
    store.append([make_entry("good")])
    with reading(store.engine) as connection:
        assert connection.scalars(sa.select(_parts.c.subject)).all() == ["good"]


def test_only_the_entry_with_the_failing_projection_is_left_out(tmp_path: Path) -> None:
    store = make_event_store(tmp_path, project, _counts)
    outcomes = store.append_each([make_entry("a"), make_entry("b", "broken"), make_entry("c", "d")])
    assert isinstance(outcomes[1], ValueError)
    assert [(event.sequence, event.subject) for event in store.read()] == [(1, "a"), (2, "c"), (3, "d")]
    with reading(store.engine) as connection:
        assert connection.scalars(sa.select(_parts.c.subject)).all() == ["a", "c", "d"]


def test_a_state_knows_the_last_event_it_holds(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    assert store.load_state("line-3") == (None, 0)
    store.append([make_entry("a", states={"line-3": {"count": 1}}), make_entry("b"), make_entry("c")])
    assert store.load_state("line-3") == ({"count": 1}, 1)
    assert [event.subject for event in store.replay("line-3", 1)] == ["b", "c"]
    store.append([Entry(states={"line-3": {"count": 3}})])
    assert store.load_state("line-3") == ({"count": 3}, 3)


def test_the_newest_state_of_one_commit_wins(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    store.append([make_entry(str(n), states={"line-3": {"count": n}}) for n in (1, 2, 3)])
    assert store.load_state("line-3") == ({"count": 3}, 3)


def test_replay_reads_beyond_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verticals.store.events._REPLAY_PAGE", 3)
    store = make_event_store(tmp_path)
    store.append(make_entries(10))
    assert [event.sequence for event in store.replay("line-3", 2)] == list(range(3, 11))


def test_reply_inbox_and_series_are_committed_with_the_events(tmp_path: Path) -> None:
    engine = make_app_db(tmp_path)
    commands, inbox, store = Commands(engine), Inbox(engine), EventStore(engine, project)
    asked, brought = commands.ask("line-3", make_command()), inbox.bring("till", "4711", {})
    entry = make_entry(
        "a", replies=[(asked, Reply(True))], inbox_done=[brought], series=[Point("speed_mps", 60.0, 0.3)]
    )
    with pytest.raises(StoreError):  # there is no table `parts`
        store.append([entry])
    assert commands.reply_of(asked) is None
    assert [row.id for row in inbox.pending()] == [brought]
    EventStore(engine).append([entry])
    assert commands.reply_of(asked) == Reply(True)
    assert inbox.pending() == []
    assert SeriesStore(engine).read("speed_mps", 0, 120)[1].tolist() == [0.3]


def test_a_web_process_reads_through_a_connection_that_cannot_write(tmp_path: Path) -> None:
    make_event_store(tmp_path).append(make_entries(2))
    reader = EventStore(open_in(tmp_path, read_only=True))
    assert len(reader.read()) == 2
    with pytest.raises(StoreError, match=r"readonly|read-only"):
        reader.append(make_entries(1))


@pytest.mark.stores("sqlite")
def test_a_full_disk_is_said_as_such_and_recording_goes_on_when_there_is_room(tmp_path: Path) -> None:
    engine = open_in(tmp_path)
    tables.metadata.create_all(engine)
    store = EventStore(engine)
    store.append(make_entries(1))
    limit_pages(engine, pages=1)
    with pytest.raises(DiskFullError, match="disk is full"):
        store.append([Entry([make_event(text="x" * 200_000)])])
    limit_pages(engine, pages=1 << 20)
    store.append([Entry([make_event(text="x" * 200_000)])])
    assert [event.sequence for event in store.read()] == [1, 2]


def limit_pages(engine: sa.Engine, pages: int) -> None:
    """SQLite answers as it does for a full disk beyond so many pages (never below what the file has)."""
    with reading(engine) as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(st.lists(st.integers(0, 4), max_size=5), max_size=6), broken=st.sets(st.integers(0, 30)))
def test_numbers_have_no_gap_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[int]], broken: set[int]
) -> None:
    store = make_event_store(tmp_path_factory.mktemp("store"), project, _counts)
    count, expected = 0, []
    for group in groups:
        entries = []
        for events in group:
            count += 1
            names = [f"{count}-{n}" for n in range(events)]
            bad = count in broken and bool(names)
            entries.append(make_entry(*names, *(["broken"] if bad else [])))
            expected += [] if bad else names
        store.append_each(entries)
    recorded = store.read(limit=1000)
    assert [event.subject for event in recorded] == expected
    assert [event.sequence for event in recorded] == list(range(1, len(expected) + 1))
    store.engine.dispose()


def test_a_long_state_takes_a_fraction_of_its_text_and_comes_back_whole(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    state = {"beds": [{"name": f"bed-{number}", "heard": "°", "at_utc_s": number + 0.1} for number in range(200)]}
    store.append([Entry(states={"line-3": state})])
    assert store.load_state("line-3") == (state, 0)
    with reading(store.engine) as connection:
        kept = connection.scalar(sa.select(tables.states.c.data))
    assert kept is not None
    assert len(kept) < len(to_json(state)) / 3
