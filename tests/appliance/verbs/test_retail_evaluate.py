import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance import cli
from simulators.shelf_packs import pack
from tests.support.repository import ROOT

_PLAN = ROOT / "docs" / "examples" / "bottle-shelf.toml"


def _photos(folder: Path, products: int, count: int) -> Path:
    for product in range(products):
        place = folder / f"pack-{product}"
        place.mkdir(parents=True)
        picture, _ = pack(product, 60, 48)
        for index in range(count):
            lit = np.clip(picture * (0.9 + 0.1 * index), 0, 255).astype(np.uint8)
            cv2.imwrite(str(place / f"{index}.png"), cv2.cvtColor(lit, cv2.COLOR_RGB2BGR))
    return folder


def _recording(path: Path, frames: int = 12) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (320, 180))
    picture = np.full((180, 320, 3), 90, np.uint8)
    picture[:, ::16] = 200
    for _ in range(frames):
        writer.write(picture)
    writer.release()
    return path


def test_evaluate_says_how_well_products_are_known_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(_photos(tmp_path / "photos", 3, 2))
    assert cli.main(["retail", "evaluate", "--references", folder, "--queries", folder, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["top1"] == 1.0 and document["products"] == 3 and document["model"].startswith("products ")
    keys = {"top1", "top5", "unknown_rejected", "known_rejected", "ms_per_picture", "products", "queries"}
    assert keys <= set(document)


def test_evaluate_says_how_well_slots_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "slots.csv"
    truth.write_text("first_frame,last_frame,left,middle,right,count\n8,11,1,1,1,3\n")
    video = str(_recording(tmp_path / "shelf.mp4"))
    words = ["retail", "evaluate", "--video", video, "--planogram", str(_PLAN), "--truth", str(truth)]
    assert cli.main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frames"] == 4 and set(document["slots"]) == {"left", "middle", "right"}
    assert cli.main(words) == 0
    assert "of slots right in 4 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of --references, --video and --codes"),
        (["--references", "a", "--video", "b"], "one of --references"),
        (["--references", "a"], "--references needs --queries"),
        (["--video", "a", "--planogram", "b"], "--video needs --truth"),
    ],
)
def test_what_belongs_together_is_told(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["retail", "evaluate", *words])
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_a_recording_that_is_none_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "slots.csv"
    truth.write_text("first_frame,last_frame,left\n0,1,1\n")
    (tmp_path / "x.mp4").write_bytes(b"no film")
    words = ["--video", str(tmp_path / "x.mp4"), "--planogram", str(_PLAN), "--truth", str(truth)]
    assert cli.main(["retail", "evaluate", *words]) == 2
    error = capsys.readouterr().err
    assert "no frame can be read from it" in error and error.count("\n") == 1


def test_a_product_is_enrolled_on_an_empty_box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = _photos(tmp_path / "photos", 2, 5)
    data = str(tmp_path / "var")
    for product in ("pack-0", "pack-1"):
        words = ["retail", "enrol", product, "--photos", str(photos / product), "--data", data, "--json"]
        assert cli.main(words) == 0
        document = json.loads(capsys.readouterr().out)
    assert document["products"] == 2 and document["product"] == "pack-1" and document["enough_photos"]
    assert cli.main(["retail", "enrol", "x", "--photos", str(tmp_path), "--data", data]) == 2
    assert "there are no pictures in it" in capsys.readouterr().err
