import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance import cli
from retail.plan_file import write_plan
from retail.shelf.plan import plan_of


def _photo(path: Path, *, gap: bool) -> Path:
    """Two rows of packs over a dark back."""
    picture = np.full((300, 500, 3), 20, np.uint8)
    for top in (50, 170):
        for pack in range(10):
            picture[top : top + 100, 50 * pack + 2 : 50 * pack + 48] = 120 + 10 * pack
    if gap:
        picture[50:150, 150:250] = 20
    cv2.imwrite(str(path), picture)
    return path


def test_a_gap_is_said_with_its_row_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = str(_photo(tmp_path / "bay.png", gap=True))
    assert cli.main(["retail", "gaps", photo, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    [gap] = document["gaps"]
    assert (
        document["rows"] == 2 and gap["row"] == 1 and abs(gap["left"] - 0.3) < 0.02 and abs(gap["right"] - 0.5) < 0.02
    )
    assert cli.main(["retail", "gaps", photo]) == 1
    assert capsys.readouterr().out == "1 gaps in 2 rows.\nrow 1 from the top: 30% to 50% of the width\n"


def test_a_full_bay_has_none_and_drawn_slots_say_where_its_rows_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [[0.0, 50 / 300, 0.5, 1 / 3], [0.5, 50 / 300, 0.5, 1 / 3], [0.0, 170 / 300, 1.0, 1 / 3]]
    slots = [{"name": f"s{number}", "box": box} for number, box in enumerate(boxes)]
    plan = tmp_path / "plan.toml"
    write_plan(plan, plan_of({"bay": "a", "slots": slots}, "drawn"))
    photo = str(_photo(tmp_path / "bay.png", gap=False))
    assert cli.main(["retail", "gaps", photo, "--planogram", str(plan), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 2, "gaps": []}


def test_a_photo_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bay.png").write_bytes(b"no picture")
    assert cli.main(["retail", "gaps", str(tmp_path / "bay.png")]) == 2
    assert "bay.png" in capsys.readouterr().err
