from pathlib import Path

import pytest

from core.errors import InputError
from retail.shelf.photo_folders import photos_in, product_photos


def _photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_a_leaf_at_any_depth_is_a_product_named_by_its_last_part(tmp_path: Path) -> None:
    _photo(tmp_path / "fruit" / "apple" / "Royal-Gala" / "b.jpg")
    _photo(tmp_path / "fruit" / "apple" / "Royal-Gala" / "a.PNG")
    _photo(tmp_path / "Ginger" / "1.jpeg")
    _photo(tmp_path / ".hidden" / "Lemon" / "1.jpg")
    (tmp_path / "Ginger" / "notes.txt").write_text("none")
    found = product_photos(tmp_path)
    assert {name: [path.name for path in photos] for name, photos in found.items()} == {
        "Ginger": ["1.jpeg"], "Royal-Gala": ["a.PNG", "b.jpg"],
    }  # fmt: skip


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    _photo(tmp_path / "far" / "Leek" / "1.jpg")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "vegetables").symlink_to(tmp_path / "far")
    assert list(product_photos(tmp_path / "store")) == ["Leek"]


def test_a_link_round_in_a_circle_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "again").symlink_to(tmp_path / "store")
    with pytest.raises(InputError, match=r"folders deep.*circle"):
        product_photos(tmp_path / "store")


def test_one_name_for_two_products_is_told_with_both_places(tmp_path: Path) -> None:
    _photo(tmp_path / "a" / "Milk" / "1.jpg")
    _photo(tmp_path / "b" / "Milk" / "1.jpg")
    with pytest.raises(InputError, match=r"b/Milk: 'Milk' is also the name of .*a/Milk"):
        product_photos(tmp_path)


def test_folders_without_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures below it"):
        product_photos(tmp_path)
    with pytest.raises(InputError, match="no pictures in it"):
        photos_in(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        product_photos(tmp_path / "nowhere")
