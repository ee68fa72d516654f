from pathlib import Path

import pytest

from core.errors import InputError
from manufacturing.datasets import good_pictures, known_defects, read_dataset
from tests.support.pictures import part_picture, write_dataset, write_good, write_png


def test_a_data_set_is_read_by_its_folders(tmp_path: Path) -> None:
    dataset = read_dataset(write_dataset(tmp_path, train=4, good=3, flawed=2))
    assert len(dataset.train_good) == 4
    assert len(dataset.test_good) == 3
    assert {name: len(files) for name, files in dataset.defects.items()} == {"blot": 2}


@pytest.mark.parametrize("name", ["000.png", "000_mask.png"])
def test_a_mask_belongs_to_the_picture_of_its_name(name: str, tmp_path: Path) -> None:
    write_dataset(tmp_path)
    mask = write_png(tmp_path / "ground_truth" / "blot" / name, part_picture(0))
    files = read_dataset(tmp_path).defects["blot"]
    assert [file.mask for file in files[:2]] == [mask, None]


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    real = write_dataset(tmp_path / "real")
    linked = tmp_path / "linked"
    (linked / "test").mkdir(parents=True)
    (linked / "train").symlink_to(real / "train", target_is_directory=True)
    for name in ("good", "blot"):
        (linked / "test" / name).symlink_to(real / "test" / name, target_is_directory=True)
    dataset = read_dataset(linked)
    assert len(dataset.train_good) == 8
    assert list(dataset.defects) == ["blot"]


def test_pictures_in_a_sub_folder_are_one_part(tmp_path: Path) -> None:
    write_good(tmp_path, 2)
    write_good(tmp_path / "serial-17", 3)
    assert [file.part for file in good_pictures(tmp_path)] == ["", "", "serial-17", "serial-17", "serial-17"]


def test_tested_pictures_in_a_sub_folder_are_one_part_too(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    write_good(tmp_path / "test" / "good" / "serial-4", 2)
    write_good(tmp_path / "test" / "blot" / "serial-9", 1)
    mask = write_png(tmp_path / "ground_truth" / "blot" / "serial-9" / "000.png", part_picture(0))
    dataset = read_dataset(tmp_path)
    assert [file.part for file in dataset.test_good].count("serial-4") == 2
    found = {file.part: file.mask for file in dataset.flawed}
    assert found == {"": None, "serial-9": mask}
    assert {file.kind for file in dataset.flawed} == {"blot"}


def test_known_defects_lie_in_a_folder_of_their_kind(tmp_path: Path) -> None:
    write_good(tmp_path, 1)
    write_good(tmp_path / "scratch", 2)
    write_good(tmp_path / "scratch" / "serial-3", 1)
    write_good(tmp_path / "dent", 1)
    found = [(file.kind, file.part) for file in known_defects(tmp_path)]
    assert found == [("unnamed", ""), ("dent", ""), ("scratch", ""), ("scratch", ""), ("scratch", "serial-3")]


def test_a_folder_without_known_defects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no pictures in this folder"):
        known_defects(tmp_path)


def test_files_that_are_no_pictures_are_left_out(tmp_path: Path) -> None:
    write_good(tmp_path, 2)
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    assert len(good_pictures(tmp_path)) == 2


def test_seed_nought_is_the_split_as_it_lies_and_others_deal_anew(tmp_path: Path) -> None:
    dataset = read_dataset(write_dataset(tmp_path, train=6, good=4))
    assert dataset.reshuffled(0) == dataset
    dealt = dataset.reshuffled(1)
    assert dealt == dataset.reshuffled(1)
    assert dealt.train_good != dataset.train_good
    assert len(dealt.train_good) == 6
    assert {*dealt.train_good, *dealt.test_good} == {*dataset.train_good, *dataset.test_good}


def test_pictures_of_one_part_are_dealt_to_one_side(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    for part in range(6):
        write_good(tmp_path / ("train", "test")[part % 2] / "good" / f"part-{part}", 3)
    dealt = read_dataset(tmp_path).reshuffled(3)
    sides = [{file.part for file in side if file.part} for side in (dealt.train_good, dealt.test_good)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]


def test_a_part_on_both_sides_is_dealt_to_one(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    for part in range(6):
        for side in ("train", "test"):
            write_good(tmp_path / side / "good" / f"part-{part}", 2)
    for seed in range(1, 4):
        dealt = read_dataset(tmp_path).reshuffled(seed)
        sides = [{file.part for file in side if file.part} for side in (dealt.train_good, dealt.test_good)]
        assert not sides[0] & sides[1]


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ((), r"train/good: cannot be read as a folder: No such file"),
        (("train/good",), r"train/good: there are no pictures in this folder"),
        (("train/good+", "test/good+"), r"test: needs pictures in 'good' and in at least one folder"),
        (("train/good+", "test/blot+"), r"test: needs pictures in 'good' and in at least one folder"),
        (("train/good+", "test/good+", "test/blot"), r"test: needs pictures in 'good' and in at least one folder"),
        (("train/good+",), r"test: cannot be read as a folder"),
    ],
)
def test_what_is_missing_is_said(folders: tuple[str, ...], said: str, tmp_path: Path) -> None:
    for name in folders:
        folder = tmp_path / name.removesuffix("+")
        folder.mkdir(parents=True)
        if name.endswith("+"):
            write_good(folder, 1)
    with pytest.raises(InputError, match=said):
        read_dataset(tmp_path)
