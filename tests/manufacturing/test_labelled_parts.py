import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import SystemClock
from core.errors import StoreError
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from manufacturing import tables
from manufacturing.labelled_parts import labelled_parts
from manufacturing.teaching import PICTURES, run
from manufacturing.vertical import MANIFEST
from tests.support.pictures import part_picture, write_good
from verticals.contract import Event, Evidence
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.evidence import EvidenceStore
from verticals.store.upgrade import prepare_app_db


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data")
    places.make("manufacturing")
    return places


@pytest.fixture
def engine(places: Places) -> Iterator[Engine]:
    engine = open_database(prepare_app_db(places, MANIFEST))
    yield engine
    engine.dispose()


class _Line:
    """Records parts with their pictures, and what people say of them."""

    def __init__(self, places: Places, engine: Engine) -> None:
        self._events = EventStore(engine, tables.project)
        self.evidence = EvidenceStore(places.evidence("manufacturing"), engine, 1e9, 0)

    def part(self, number: int, code: int, label: str = "", *, recipe: str = "flange", **said: Any) -> str:
        image = self.evidence.put(Evidence(part_picture(400 + number, flawed=code == 1)))
        data = {"shift": "2026-11-23 Day", "verdict": "accept" if code == 0 else "reject", "code": code, "score": 1.0,
                "simulated": False, "evidence": {"image": image}, "recipe": {"name": recipe, "version": 1}}  # fmt: skip
        events = [Event("part", str(number), 1.0, data, "line-3")]
        if label:
            events.append(Event("label", str(number), 2.0, {"label": label, **said}, "line-3", "Operator 14"))
        self._events.append([Entry(events=events)])
        return image


@pytest.fixture
def line(places: Places, engine: Engine) -> _Line:
    return _Line(places, engine)


def test_what_people_said_becomes_good_parts_and_defects(places: Places, line: _Line, tmp_path: Path) -> None:
    line.part(1, 1, "false-reject")
    line.part(2, 0, "missed-defect", defect="dent")
    line.part(3, 1, "right")
    line.part(4, 0, "right")
    line.part(5, 1)
    line.part(6, 120, "right")
    line.part(7, 1, "false-reject", recipe="cover")
    found = labelled_parts(places, "flange", tmp_path)
    assert {file.part for file in found.good} == {"line-3 1", "line-3 4"}
    assert {(file.part, file.kind) for file in found.defects} == {("line-3 2", "dent"), ("line-3 3", "unnamed")}
    assert all(file.picture.load().shape == (72, 96, 3) for file in (*found.good, *found.defects))


def test_a_picture_that_is_gone_is_left_out(places: Places, line: _Line, tmp_path: Path) -> None:
    image = line.part(1, 1, "false-reject")
    line.part(2, 1, "false-reject")
    (places.evidence("manufacturing") / image[:2] / image[2:]).unlink()
    assert [file.part for file in labelled_parts(places, "flange", tmp_path).good] == ["line-3 2"]


def test_a_lesson_with_labels_is_taught_from_them_too(places: Places, line: _Line, tmp_path: Path) -> None:
    write_good(tmp_path / "goods", 8)
    line.part(1, 0, "right")
    for number in range(2, 5):
        line.part(number, 1, "right", defect="blot")
    inputs = {"folder": str(tmp_path / "goods"), "recipe": "flange", "labels": True, "shift_px": 0, "augment": "none",
              "register": "no", "region": [0, 0, 1, 1], "eight_bits": "no"}  # fmt: skip
    result = run(JobContext("manufacturing", 1, "", places, SystemClock()), inputs)
    assert (result["pictures"], result["labels"]["kinds"]) == (9, {"blot": 3})
    assert len(result["defect_scores"]) == 3
    package = Shelf(places.models, Trust(places.keys), Gate()).package("flange", result["version"])
    listed = json.loads(package.files[PICTURES])
    assert sum(name.startswith("labelled/") for name in listed) == 4
    assert not list(places.data.glob("labelled-*"))


def test_without_a_record_labels_cannot_be_asked_for(tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    places.make("manufacturing")
    with pytest.raises(StoreError):
        labelled_parts(places, "flange", tmp_path)
