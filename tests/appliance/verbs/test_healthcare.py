from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance import cli
from healthcare import beat_labels
from tests.healthcare.records.writing import write_record
from tests.healthcare.signals.ecg import ecg_mv, moments


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(beat_labels, "shipped", lambda: None)
    beats_s = moments(30, 0.8)
    marks = [(round(at_s * 125), "N", "") for at_s in beats_s]
    write_record(tmp_path, "100", 125.0, {"II": ecg_mv(beats_s, 25.0, 125.0)}, marks)
    return tmp_path


def test_evaluate_writes_one_json_document_and_nothing_else(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "evaluate", "--records", str(records), "--json"]) == 0
    written = capsys.readouterr()
    document = json.loads(written.out)
    assert document["gross"]["qrs"] == {"sensitivity": 1.0, "positive_predictivity": 1.0}
    assert document["gross"]["veb"] is None
    assert list(document["records"]) == ["100"]
    assert written.err == ""


def test_evaluate_tells_a_person_in_words(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "evaluate", "--records", str(records)]) == 0
    written = capsys.readouterr()
    assert "Beats: sensitivity 100.00%, positive predictivity 100.00%; mean of the records" in written.out
    assert "100: sensitivity 100.00%, positive predictivity 100.00%, 0 missed, 0 wrong" in written.out
    assert "Ventricular" not in written.out
    assert written.err == ""


def test_a_folder_without_records_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["healthcare", "evaluate", "--records", str(tmp_path)]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
    assert "no record with annotations" in written.err
