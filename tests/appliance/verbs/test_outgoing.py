from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.cli import main
from core.clock import SystemClock
from verticals.outgoing.delivery import set_aside_stream
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.outbox import Outbox
from verticals.store.upgrade import prepare_box_db


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A box with one message that its receiver refused."""
    places = Places(tmp_path)
    places.box_db.parent.mkdir(parents=True, exist_ok=True)
    engine = open_database(prepare_box_db(places))
    content = {"payload": {"resource": 1}, "problem": "HTTP 422", "created_utc_s": 1_795_000_000.0}
    Outbox(engine, SystemClock()).put(set_aside_stream("healthcare/fhir"), "alarm", content, key="a")
    engine.dispose()
    return tmp_path


def test_it_is_listed_handed_in_again_and_then_no_more_set_aside(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outgoing", "list", "--json", "--data", str(data)]) == 0
    (one,) = json.loads(capsys.readouterr().out)["set_aside"]
    assert (one["stream"], one["problem"], one["created_at"][:10]) == ("healthcare/fhir", "HTTP 422", "2026-11-18")
    assert main(["outgoing", "hand-in", str(one["number"]), "--data", str(data)]) == 0
    assert "HTTP 422" in capsys.readouterr().out
    assert main(["outgoing", "list", "--data", str(data)]) == 0
    assert capsys.readouterr().out == "Nothing is set aside.\n"


def test_a_number_that_is_not_there_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outgoing", "drop", "999", "--data", str(data)]) == 2
    assert "no message 999 is set aside" in capsys.readouterr().err
