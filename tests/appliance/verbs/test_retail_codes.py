"""`edgewise retail evaluate --codes`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
import zxingcpp

from appliance import cli
from tests.retail.codes.pictures import drawn


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    for name, text in (("1", "4006381333931"), ("2", "9780735200449")):
        folder = tmp_path / "ean13-1"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{name}.png"), drawn("4006381333931", zxingcpp.BarcodeFormat.EAN13))
        (folder / f"{name}.txt").write_text(text)
    return tmp_path


def test_one_json_document_and_nothing_else(sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["retail", "evaluate", "--codes", str(sets), "--json"]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["products"]["read_rate"] == 0.5
    assert written.err == ""


def test_people_get_words(sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["retail", "evaluate", "--codes", str(sets)]) == 0
    assert "ean13: 1 of 2 read (50.0%; 50.0% without retries), 1 with a wrong read" in capsys.readouterr().out


def test_corrections_are_taken(sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corrections = tmp_path / "seen.csv"
    corrections.write_text("picture,text\nean13-1/2.png,4006381333931\n")
    assert cli.main(["retail", "evaluate", "--codes", str(sets), "--corrections", str(corrections), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["products"]["read_rate"] == 1.0


def test_a_folder_that_is_not_there_is_one_line_and_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["retail", "evaluate", "--codes", str(tmp_path / "none")]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
