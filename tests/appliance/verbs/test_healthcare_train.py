from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from appliance import cli
from healthcare.deterioration import trial
from healthcare.deterioration.score import read_score
from healthcare.deterioration.stays import Stay
from healthcare.vitals.news2 import PARAMETERS
from tests.healthcare.deterioration.wards_past import stays

COLUMNS = [name for name in PARAMETERS if name not in ("oxygen", "consciousness")]


def tables(folder: Path, past: list[Stay]) -> list[str]:
    with (
        (folder / "vitals.csv").open("w", newline="") as vitals,
        (folder / "events.csv").open("w", newline="") as events,
    ):
        values, happened = csv.writer(vitals), csv.writer(events)
        values.writerow(["stay", "hour", *COLUMNS])
        happened.writerow(["stay", "hour"])
        for stay in past:
            for hour, row in enumerate(stay.values.tolist()):
                values.writerow([stay.name, hour, *(min(row[PARAMETERS.index(name)], 100) if name == "spo2_pct"
                                                    else row[PARAMETERS.index(name)] for name in COLUMNS)])  # fmt: skip
            if stay.event_h is not None:
                happened.writerow([stay.name, stay.event_h])
    given = ["--vitals", str(folder / "vitals.csv"), "--events", str(folder / "events.csv")]
    return ["healthcare", "train", *given, "--into", str(folder / "own.json")]


def test_a_score_that_loses_says_why_and_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(tables(tmp_path, stays(40, 20, 0, hidden=True))) == 1
    written = capsys.readouterr()
    assert "60 stays, 20 with an event, 100 patient-days." in written.out
    assert "It lost and stays off:" in written.out
    assert "20 events are too few to learn from, 500 are wanted" in written.out
    assert not (tmp_path / "own.json").exists()


def test_a_score_that_wins_is_written_and_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "LEAST_EVENTS", 80)
    assert cli.main([*tables(tmp_path, stays(120, 80, 0, hidden=True)), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["won"] is True and document["lost_by"] == []
    assert document["written"] == str(tmp_path / "own.json")
    assert document["score"]["sensitivity"] > document["news2"]["sensitivity"]
    assert read_score(tmp_path / "own.json").trial["won"] is True


def test_tables_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "train", "--vitals", str(tmp_path / "a"), "--events", str(tmp_path / "b")]) == 2
    written = capsys.readouterr()
    assert written.out == "" and written.err.count("\n") == 1
    assert "cannot be read" in written.err


@pytest.mark.parametrize("budget", ["0", "-1", "many", "25"])
def test_a_budget_that_is_none_is_refused(budget: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["healthcare", "train", "--vitals", "a", "--events", "b", "--alerts-per-day", budget])
    assert "is not above 0 and up to 24" in capsys.readouterr().err
