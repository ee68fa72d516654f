"""The evaluation of code reading, on drawn sets and on the given ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from appliance.verbs.retail_codes import lines
from core.errors import InputError
from retail.codes.evaluation import evaluate, read_corrections
from tests.retail.codes.pictures import blurred, drawn

Format = zxingcpp.BarcodeFormat


def _put(folder: Path, name: str, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], text: str | None) -> None:
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), image)
    if text is not None:
        (folder / f"{name}.txt").write_text(text)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    _put(tmp_path / "ean13-1", "1", drawn("4006381333931", Format.EAN13), "4006381333931\n")
    _put(tmp_path / "ean13-1", "2", blurred(drawn("9780735200449", Format.EAN13, scale=1), 0.8), "9780735200449")
    _put(tmp_path / "ean13-1", "3", np.full((50, 50, 3), 255, np.uint8), "4006381333931")
    _put(tmp_path / "ean13-2", "1", drawn("9780735200449", Format.EAN13), "4006381333931")  # the text is wrong
    _put(tmp_path / "qrcode-1", "1", drawn("a text", Format.QRCode), "a text")
    _put(tmp_path / "qrcode-1", "2", drawn("another", Format.QRCode), None)
    _put(tmp_path / "falsepositives-1", "1", np.full((50, 50, 3), 128, np.uint8), None)
    (tmp_path / "ean13-1" / "cut.png").write_bytes(b"\x89PNG\r\n")
    return tmp_path


def test_figures_are_what_was_drawn(sets: Path) -> None:
    found = evaluate(sets)
    assert found["symbologies"]["ean13"] == {
        "pictures": 4, "read": 2, "read_rate": 0.5, "first_pass_rate": 0.25, "pictures_with_wrong_reads": 1,
    }  # fmt: skip
    assert found["symbologies"]["qrcode"]["read_rate"] == 1.0
    assert found["products"]["pictures"] == 4
    assert found["wrong_reads"] == [
        {"picture": "ean13-2/1.png", "expected": "04006381333931", "read": "09780735200449"}
    ]
    assert (found["wrong_reads_before_item_list"], found["wrong_reads_after_item_list"]) == (1, 1)
    assert found["no_code"] == {"pictures": 1, "reads": 0}
    assert (found["without_expected_text"], found["unreadable_files"]) == (1, 1)
    assert found["ms_per_picture"] > 0


def test_a_wrong_text_is_corrected_by_who_looked_at_the_picture(sets: Path, tmp_path: Path) -> None:
    corrections = tmp_path / "corrections.csv"
    corrections.write_text("# seen below the bars\npicture,text\nean13-2/1.png,9780735200449\n")
    found = evaluate(sets, read_corrections(corrections))
    assert found["wrong_reads"] == []
    assert found["symbologies"]["ean13"]["read"] == 3


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "picture,text\nonly-one\n"])
def test_a_file_that_is_no_corrections_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    if text:
        with pytest.raises(InputError, match="no file of corrections"):
            read_corrections(path)
    else:
        assert read_corrections(path) == {}


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected text"):
        evaluate(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        evaluate(tmp_path / "missing")


def test_progress_is_told(sets: Path) -> None:
    told: list[float] = []
    evaluate(sets, tell=lambda share, text: told.append(share))
    assert told == sorted(told)
    assert len(told) == 8


def test_people_get_sentences(sets: Path) -> None:
    text = "\n".join(lines(evaluate(sets)))
    assert "ean13: 2 of 4 read (50.0%; 25.0% without retries)" in text
    assert "Without a code: 1 pictures, 0 reads." in text


@pytest.mark.bench
@pytest.mark.samples
def test_the_given_sets_reach_their_figures(samples: Path) -> None:
    corrections = Path(__file__).parents[3] / "docs" / "retail" / "barcode-corrections.csv"
    found = evaluate(samples / "retail" / "barcodes", read_corrections(corrections))
    assert found["products"]["read_rate"] >= 0.90
    assert found["wrong_reads_after_item_list"] == 0
    assert found["no_code"] == {"pictures": 44, "reads": 0}
    assert found["ms_per_picture"] < 60
