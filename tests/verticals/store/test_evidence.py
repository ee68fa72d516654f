from __future__ import annotations

import hashlib
import io
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import DiskFullError, InputError
from tests.support.clocks import FakeClock
from tests.support.factories import make_app_db, make_evidence_store
from verticals.contract import Evidence
from verticals.store import tables
from verticals.store.database import reading
from verticals.store.evidence import EvidenceStore, encode, name_of


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> EvidenceStore:
    return make_evidence_store(tmp_path, make_app_db(tmp_path), budget_bytes=5_000, clock=clock)


def piece(mark: int, *, hold: bool = False) -> Evidence:
    return Evidence(bytes([mark]) * 1000, hold)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "evidence").rglob("*") if path.is_file()]


def test_a_colour_picture_is_kept_as_jpeg_in_the_right_colour_order(store: EvidenceStore) -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[:, :, 0] = 200
    stored = store.get(store.put(Evidence(red)))
    assert stored is not None
    assert stored[1] == "image/jpeg"
    decoded = cv2.imdecode(np.frombuffer(stored[0], np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - red).max() <= 4


def test_a_heat_map_is_kept_without_loss(store: EvidenceStore) -> None:
    heat = np.arange(256, dtype=np.uint8).reshape(16, 16)
    stored = store.get(store.put(Evidence(heat)))
    assert stored is not None
    assert stored[1] == "image/png"
    decoded = cv2.imdecode(np.frombuffer(stored[0], np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert np.array_equal(decoded, heat)


def test_any_other_array_is_kept_with_its_shape() -> None:
    content, media_type = encode(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert media_type == "application/x-npy"
    assert np.load(io.BytesIO(content)).shape == (2, 3, 4)


def test_bytes_that_are_a_picture_are_served_as_one() -> None:
    assert encode(b"\xff\xd8\xff\xe0rest")[1] == "image/jpeg"
    assert encode(b"\x89PNG\r\n\x1a\nrest")[1] == "image/png"
    assert encode(b"<script>")[1] == "application/octet-stream"


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0), (1, 70_000, 3)])
def test_a_picture_that_cannot_be_encoded_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        encode(np.zeros(shape, np.uint8))


def test_a_name_comes_from_the_raw_content_and_tells_shapes_apart() -> None:
    assert name_of(b"abc") == hashlib.sha256(b"abc").hexdigest()
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    names = {name_of(piece) for piece in (picture, picture.reshape(4, 2, 3), picture.ravel(), picture.tobytes())}
    assert len(names) == 4
    assert name_of(picture[:, ::-1]) == name_of(picture[:, ::-1].copy())
    assert name_of(picture) == name_of(np.asfortranarray(picture))


def test_a_picture_that_cannot_be_kept_is_refused_before_anything_is_written(
    store: EvidenceStore, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        store.promise(Evidence(np.zeros((0, 3, 3), np.uint8)))
    assert files(tmp_path) == []


def test_what_is_promised_is_not_evicted_before_it_has_its_row(store: EvidenceStore, clock: FakeClock) -> None:
    names = [store.put(piece(mark)) for mark in range(7) if clock.advance(1)]
    again = store.promise(piece(0))
    while store.evict():
        pass
    assert [store.get(name) is None for name in names] == [False] + [True] * 3 + [False] * 3
    store.settle(again)


def test_promises_share_the_room_that_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_evidence_store(tmp_path, make_app_db(tmp_path), min_free_bytes=10_000)
    monkeypatch.setattr("verticals.store.evidence.shutil.disk_usage", lambda folder: SimpleNamespace(free=12_500))
    first, _ = store.promise(piece(1)), store.promise(piece(2))
    with pytest.raises(DiskFullError, match="reserve for events"):
        store.promise(piece(3))
    store.settle(first)
    store.promise(piece(3))


def test_the_same_content_is_stored_once(store: EvidenceStore, tmp_path: Path) -> None:
    assert store.put(piece(1)) == store.put(piece(1))
    assert len(files(tmp_path)) == 1
    assert store.used_bytes() == 1000


def test_what_never_was_is_none(store: EvidenceStore) -> None:
    for name in ("", "0" * 64, "../../etc/passwd", "Z" * 64):
        assert store.get(name) is None


def test_the_oldest_goes_first_and_its_row_says_when(store: EvidenceStore, tmp_path: Path, clock: FakeClock) -> None:
    names = [store.put(piece(mark)) for mark in range(7) if clock.advance(1)]
    while store.evict():
        pass
    assert [store.get(name) is None for name in names] == [True] * 3 + [False] * 4
    assert len(files(tmp_path)) == 4
    with reading(make_app_db(tmp_path)) as connection:
        query = select(tables.evidence.c.evicted_at_utc_s).where(tables.evidence.c.sha256 == names[0])
        assert connection.scalar(query) == clock.now().utc_s


def test_what_an_open_case_holds_survives_until_it_is_released(store: EvidenceStore, clock: FakeClock) -> None:
    held = store.put(piece(0, hold=True))
    store.hold(held)
    for mark in range(1, 9):
        clock.advance(1)
        store.put(piece(mark))
    while store.evict():
        pass
    assert store.get(held) is not None
    store.release(held)
    for mark in range(10, 13):
        store.put(piece(mark))
    while store.evict(1000):
        pass
    assert store.get(held) is not None
    store.release(held)
    store.release(held)
    for mark in range(13, 16):
        store.put(piece(mark))
    while store.evict(1000):
        pass
    assert store.get(held) is None


def test_evicting_goes_in_slices_and_stops_a_little_below_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verticals.store.evidence.FILES_A_SLICE", 2)
    store = make_evidence_store(tmp_path, make_app_db(tmp_path), budget_bytes=5_000)
    for mark in range(10):
        store.put(piece(mark))
    went = []
    while count := store.evict():
        went.append(count)
        assert store.over_budget == (sum(went) < 6)
    assert went == [2, 2, 2]
    assert store.used_bytes() == 4_000


def test_when_only_held_pieces_are_left_evicting_ends(store: EvidenceStore) -> None:
    for mark in range(8):
        store.put(piece(mark, hold=True))
    assert store.evict() == 0
    assert not store.over_budget


def test_what_went_may_come_again(store: EvidenceStore, clock: FakeClock) -> None:
    names = [store.put(piece(mark)) for mark in range(7) if clock.advance(1)]
    while store.evict():
        pass
    assert store.put(piece(0)) == names[0]
    assert store.get(names[0]) is not None


def test_below_the_reserve_the_oldest_go_and_then_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_evidence_store(tmp_path, make_app_db(tmp_path), min_free_bytes=10_000)
    names = [store.put(piece(mark)) for mark in range(3)]

    class Usage:
        @property
        def free(self) -> int:
            return 13_000 - 1000 * len(files(tmp_path))

    monkeypatch.setattr("verticals.store.evidence.shutil.disk_usage", lambda folder: Usage())
    store.put(piece(3))
    assert store.get(names[0]) is None
    assert store.get(names[1]) is not None
    monkeypatch.setattr(Usage, "free", 500)
    with pytest.raises(DiskFullError, match="reserve for events"):
        store.put(piece(4))


def test_after_a_full_disk_room_for_several_pictures_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_evidence_store(tmp_path, make_app_db(tmp_path), min_free_bytes=10_000)
    for free, enough in ((9_000, False), (11_000, False), (20_000_000, True)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("verticals.store.evidence.shutil.disk_usage", lambda folder, usage=usage: usage)
        assert store.has_room() is enough
    monkeypatch.undo()
    (tmp_path / "evidence").rmdir()
    assert not store.has_room()


def test_files_that_no_row_names_are_swept_at_the_start(store: EvidenceStore, tmp_path: Path) -> None:
    kept = store.put(piece(1))
    stray = store.file(store.promise(piece(2)))
    part = tmp_path / "evidence" / stray.sha256[:2] / "half-written.part"
    part.write_bytes(b"half")
    assert store.sweep() == 2
    assert store.get(kept) is not None
    assert len(files(tmp_path)) == 1


def test_a_file_that_somebody_removed_reads_as_gone(store: EvidenceStore, tmp_path: Path) -> None:
    name = store.put(piece(1))
    files(tmp_path)[0].unlink()
    assert store.get(name) is None


@settings(max_examples=20, deadline=None)
@given(contents=st.lists(st.binary(max_size=64), max_size=12))
def test_whatever_was_put_is_got_back(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("evidence")
    engine = make_app_db(folder)
    store = make_evidence_store(folder, engine)
    names = [store.put(Evidence(content)) for content in contents]
    assert [found[0] for name in names if (found := store.get(name))] == contents
    assert store.used_bytes() == sum(len(content) for content in set(contents))
    engine.dispose()
