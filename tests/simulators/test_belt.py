from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from simulators.belt import Belt, Shot, folder_shots
from verticals.devices.pictures import read_picture


def _set(folder: Path) -> Path:
    for truth, grey in (("good", 200), ("dent", 30)):
        (folder / "test" / truth).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(folder / "test" / truth / f"{number}.png"), np.full((8, 10, 3), grey, np.uint8))
    return folder


def _shot(red: int = 250) -> Shot:
    image = np.zeros((6, 8, 3), np.uint8)
    image[..., 0] = red
    return Shot("a", "good", image)


def test_a_folder_names_the_truth_and_the_seed_the_order(tmp_path: Path) -> None:
    folder = _set(tmp_path)
    first, again = (list(islice(folder_shots(folder, seed=4), 6)) for _ in range(2))
    assert [shot.name for shot in first] == [shot.name for shot in again]
    assert sorted(shot.truth for shot in first) == ["dent"] * 3 + ["good"] * 3


def test_pictures_come_again_and_again(tmp_path: Path) -> None:
    assert len(list(islice(folder_shots(_set(tmp_path), seed=0), 20))) == 20


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        next(folder_shots(tmp_path, seed=0))


def test_the_picture_lies_there_under_its_part_id_in_rgb_order(tmp_path: Path) -> None:
    belt = Belt(tmp_path, iter([]))
    part = belt.lay(41, _shot())
    assert (part.part_id, part.picture, part.truth) == (41, "a", "good")
    picture = cv2.imread(str(tmp_path / "41.bmp"))
    assert picture is not None
    assert picture[0, 0].tolist() == [0, 0, 250], "cv2 reads BGR: red is last"
    assert [path.name for path in tmp_path.iterdir()] == ["41.bmp"], "nothing half written is left"


def test_only_the_last_pictures_stay(tmp_path: Path) -> None:
    belt = Belt(tmp_path, iter([]), keep=2)
    for part_id in range(1, 6):
        belt.lay(part_id, _shot())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["4.bmp", "5.bmp"]


def test_a_new_belt_clears_what_an_old_one_left(tmp_path: Path) -> None:
    (tmp_path / "99.bmp").write_bytes(b"old")
    Belt(tmp_path, iter([]))
    assert list(tmp_path.iterdir()) == []


def test_a_camera_fault_leaves_no_picture_or_half_of_one(tmp_path: Path) -> None:
    belt = Belt(tmp_path, iter([]))
    belt.lay(1, _shot(), "no-picture")
    belt.lay(2, _shot(), "corrupt-picture")
    assert [path.name for path in tmp_path.iterdir()] == ["2.bmp"]
    assert cv2.imread(str(tmp_path / "2.bmp")) is None


@pytest.mark.parametrize(("fault", "says"), [
    ("garbled-picture", "not a PNG, JPEG or BMP picture"),
    ("giant-picture", "60000 x 60000 pixels are more than the limit"),
    ("corrupt-picture", "picture is cut off"),
])  # fmt: skip
def test_a_spoilt_picture_is_one_that_a_camera_refuses(tmp_path: Path, fault: str, says: str) -> None:
    Belt(tmp_path, iter([])).lay(1, _shot(), fault)
    with pytest.raises(InputError, match=says):
        read_picture(tmp_path / "1.bmp")


def test_a_camera_that_is_set_up_wrongly_gives_whole_pictures(tmp_path: Path) -> None:
    belt = Belt(tmp_path, iter([]))
    belt.lay(1, _shot(), "narrow-picture")
    belt.lay(2, _shot(), "black-picture")
    assert read_picture(tmp_path / "1.bmp").shape == (6, 4, 3)
    assert not read_picture(tmp_path / "2.bmp").any()
