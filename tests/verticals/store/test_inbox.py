from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError, StoreError
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


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\ud800", "\0"])
def test_a_key_that_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    inbox = Inbox(make_app_db(tmp_path))
    with pytest.raises(InputError, match="till: a key of 1 to 200"):
        inbox.bring("till", key, {})
    assert inbox.pending() == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(payload=st.dictionaries(st.text(), json_values, max_size=4))
def test_whatever_json_a_request_brings_comes_out_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, payload: dict[str, object]
) -> None:
    engine = make_app_db(tmp_path_factory.mktemp("inbox"))
    inbox = Inbox(engine)
    inbox.bring("till", "1", payload)
    assert inbox.pending()[0].payload == payload
    engine.dispose()


@settings(max_examples=20, deadline=None)
@given(brought=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text("xyzß", min_size=1, max_size=3)), max_size=15))
def test_one_row_a_source_and_key(tmp_path_factory: pytest.TempPathFactory, brought: list[tuple[str, str]]) -> None:
    engine = make_app_db(tmp_path_factory.mktemp("inbox"))
    inbox = Inbox(engine)
    ids = [inbox.bring(source, key, {}) for source, key in brought]
    assert len(set(ids)) == len(set(brought)) == len(inbox.pending())
    engine.dispose()


def test_several_facts_are_brought_together_or_not_at_all(tmp_path: Path) -> None:
    inbox = Inbox(make_app_db(tmp_path))
    with pytest.raises(StoreError, match="cannot be recorded"):
        inbox.bring_all("import", [("a", {"n": 1}), ("b", {"n": float("nan")})])
    assert inbox.pending() == []
    first = inbox.bring_all("import", [("a", {"n": 1}), ("b", {"n": 2})])
    assert inbox.bring_all("import", [("b", {"n": 3}), ("c", {"n": 4})])[0] == first[1]
    assert [(fact.key, fact.payload["n"]) for fact in inbox.pending()] == [("a", 1), ("b", 2), ("c", 4)]
