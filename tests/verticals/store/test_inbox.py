from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clocks import FakeClock
from tests.support.factories import make_app_db
from verticals.store.events import Entry, EventStore
from verticals.store.inbox import Brought, Inbox


def test_the_same_source_and_key_are_stored_once_and_the_first_stands(tmp_path: Path) -> None:
    clock = FakeClock()
    inbox = Inbox(make_app_db(tmp_path), clock)
    first = inbox.bring("till", "4711", {"sold": 2})
    assert inbox.bring("till", "4711", {"sold": 3}) == first
    other = inbox.bring("scanner", "4711", {})
    at_utc_s = clock.now().utc_s
    assert inbox.pending() == [
        Brought(first, "till", "4711", {"sold": 2}, at_utc_s),
        Brought(other, "scanner", "4711", {}, at_utc_s),
    ]


def test_what_was_worked_is_not_pending_and_not_taken_again(tmp_path: Path) -> None:
    engine = make_app_db(tmp_path)
    inbox = Inbox(engine)
    ids = [inbox.bring("till", str(n), {}) for n in range(5)]
    EventStore(engine).append([Entry(inbox_done=ids[:2])])
    assert [row.id for row in inbox.pending()] == ids[2:]
    assert [row.id for row in inbox.pending(after=ids[2], limit=1)] == [ids[3]]
    assert inbox.bring("till", "0", {}) == ids[0]
    assert [row.id for row in inbox.pending()] == ids[2:]


def test_two_that_bring_the_same_at_once_get_the_same_row(tmp_path: Path) -> None:
    inbox = Inbox(make_app_db(tmp_path))
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda n: inbox.bring("till", "one", {"n": n}), range(20)))
    assert len(ids) == 1
    assert len(inbox.pending()) == 1


@settings(max_examples=20, deadline=None)
@given(brought=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=3)), max_size=15))
def test_one_row_a_source_and_key(tmp_path_factory: pytest.TempPathFactory, brought: list[tuple[str, str]]) -> None:
    engine = make_app_db(tmp_path_factory.mktemp("inbox"))
    inbox = Inbox(engine)
    ids = [inbox.bring(source, key, {}) for source, key in brought]
    assert len(set(ids)) == len(set(brought)) == len(inbox.pending())
    engine.dispose()
