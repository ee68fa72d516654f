from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from core.errors import StoreError
from tests.support.clocks import FakeClock
from tests.support.factories import make_app_db, make_evidence_store
from verticals.contract import Evidence
from verticals.store import filing as module
from verticals.store.evidence import EvidenceStore
from verticals.store.filing import Filers, Filing


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return make_evidence_store(tmp_path, make_app_db(tmp_path))


@pytest.fixture
def through() -> SimpleQueue[Filing]:
    return SimpleQueue()


@pytest.fixture
def filers(store: EvidenceStore, through: SimpleQueue[Filing]) -> Iterator[Filers]:
    filers = Filers(store, 2, through.put, FakeClock())
    filers.start()
    yield filers
    filers.stop()


def picture(value: int = 0) -> Evidence:
    return Evidence(np.full((40, 50, 3), value, np.uint8))


def test_a_filing_goes_from_its_names_to_the_news_of_its_end(filers: Filers, through: SimpleQueue[Filing]) -> None:
    heard: list[StoreError | None] = []
    filing = filers.take({"image": picture(1), "heat": Evidence(b"heat")}, heard.append)
    names = filers.name(filing)
    filers.begin(filing)
    assert through.get(timeout=5) is filing
    assert [file.sha256 for file in filing.files] == list(names.values())
    assert len(filers) == 1
    filers.end(filing, None)
    filers.end(filing, StoreError("told once only"))
    assert (heard, len(filers)) == ([None], 0)


def test_a_filing_that_was_dropped_says_nothing_and_leaves_its_place(filers: Filers) -> None:
    heard: list[StoreError | None] = []
    first, _ = filers.take({"image": picture()}, heard.append), filers.take({"image": picture()}, heard.append)
    with pytest.raises(StoreError, match="pictures of 2 entries"):
        filers.take({"image": picture()}, heard.append)
    filers.drop(first)
    filers.take({"image": picture()}, heard.append)
    assert heard == []


def test_at_the_end_no_filer_stands_back(filers: Filers, through: SimpleQueue[Filing], monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_STAND_BACK_S", 60.0)
    filing = filers.take({"heat": Evidence(b"heat")}, print)
    filers.name(filing)
    filers.begin(filing)
    filers.hurry()
    assert through.get(timeout=5) is filing


def test_a_listener_that_stumbles_does_no_harm(filers: Filers, caplog: pytest.LogCaptureFixture) -> None:
    filers.end(filers.take({}, lambda error: [][1]), StoreError("no room"))
    assert "stumbled" in caplog.text


def test_a_name_that_was_foreseen_is_not_computed_again(filers: Filers, monkeypatch: pytest.MonkeyPatch) -> None:
    piece, done = picture(7), threading.Event()

    def named(content: object) -> str:
        done.set()
        return "f" * 64

    monkeypatch.setattr(module, "name_of", named)
    filers.foresee(piece.content)  # type: ignore[arg-type]
    assert done.wait(5)
    filers._pool.shutdown()  # type: ignore[union-attr]
    assert filers.name(filers.take({"image": piece}, print)) == {"image": "f" * 64}


def test_a_name_that_is_not_ready_is_computed_at_once(filers: Filers, monkeypatch: pytest.MonkeyPatch) -> None:
    piece, may_go = picture(7), threading.Event()
    monkeypatch.setattr(module, "name_of", lambda content: str(may_go.wait(5)))
    filers.foresee(piece.content)  # type: ignore[arg-type]
    other = filers.name(filers.take({"image": picture(7)}, print))
    assert filers.name(filers.take({"image": piece}, print)) == other
    may_go.set()


def test_foreseeing_keeps_no_picture_alive(filers: Filers) -> None:
    content = np.zeros((40, 50, 3), np.uint8)
    watch = weakref.ref(content)
    filers.foresee(content)
    filers._pool.shutdown()  # type: ignore[union-attr]
    del content
    gc.collect()
    assert watch() is None
