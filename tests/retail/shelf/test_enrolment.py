from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import Instant
from core.errors import InputError
from core.inference.session import Session
from core.learning.graph import GraphWriter, Port
from core.models.card import Card, TensorSpec
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from retail.shelf.enrolment import GALLERY, enrol
from retail.shelf.gallery import learn
from retail.shelf.gallery_package import read_gallery
from simulators.shelf_packs import pack


def _colours(version: str = "1") -> Session:
    """A real graph that is quick: the mean colour of each quarter of the picture."""
    graph = GraphWriter()
    planes = graph.node("Cast", graph.node("Transpose", "image", perm=[2, 0, 1]), to=1)
    whole = graph.node("Unsqueeze", planes, graph.constant([0], np.int64))
    small = graph.node("Resize", whole, "", "", graph.constant([1, 3, 2, 2], np.int64), mode="linear", antialias=1)
    graph.node("Reshape", small, graph.constant([12], np.int64), named="embedding")
    ports = [Port("image", np.uint8, ("height", "width", 3))], [Port("embedding", np.float32, (12,))]
    spec = TensorSpec("image", "uint8", (-1, -1, 3)), TensorSpec("embedding", "float32", (12,))
    card = Card("products", version, "product-embedding", (spec[0],), (spec[1],), "a test", "Apache-2.0")
    return Session(graph.model(*ports).SerializeToString(), card)


def _photos(folder: Path, product: int, count: int = 5) -> list[Path]:
    folder.mkdir(parents=True)
    rng, paths = np.random.default_rng(product), []
    for index in range(count):
        picture, _ = pack(product, 90, 60)
        lit = np.clip(picture * rng.uniform(0.8, 1.2), 0, 255).astype(np.uint8)
        paths.append(folder / f"{index}.png")
        cv2.imwrite(str(paths[-1]), cv2.cvtColor(lit, cv2.COLOR_RGB2BGR))
    return paths


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "keys")


@pytest.fixture
def shelf(tmp_path: Path, trust: Trust) -> Shelf:
    return Shelf(tmp_path / "models", trust, Gate())


def test_products_are_added_one_by_one_and_each_gallery_can_be_rolled_back(
    tmp_path: Path, shelf: Shelf, trust: Trust
) -> None:
    session = _colours()
    for number in (1, 2, 3):
        told = enrol(
            shelf, trust.box_key(), session, f"pack {number}", _photos(tmp_path / str(number), number),
            Instant(number, 1_800_000_000 + number),
        )  # fmt: skip
        assert told["products"] == number and told["enough_photos"] and not told["replaced"]
    active = shelf.active(GALLERY)
    assert active is not None
    head = learn(read_gallery(active))
    for number in (1, 2, 3):
        picture, _ = pack(number, 90, 60)
        vector = session.run({"image": picture})["embedding"]
        assert head.match(vector).product == f"pack {number}"
    shelf.rollback(GALLERY)
    before = shelf.active(GALLERY)
    assert before is not None and before.card.labels == ("pack 1", "pack 2")


def test_photos_of_a_known_product_replace_those_it_had(tmp_path: Path, shelf: Shelf, trust: Trust) -> None:
    session = _colours()
    enrol(shelf, trust.box_key(), session, "pack", _photos(tmp_path / "a", 1), Instant(0, 1_800_000_000))
    told = enrol(shelf, trust.box_key(), session, "pack", _photos(tmp_path / "b", 2, 2), Instant(9, 1_800_000_009))
    assert told["replaced"] and told["products"] == 1 and not told["enough_photos"]


def test_a_gallery_of_another_embedding_is_not_added_to(tmp_path: Path, shelf: Shelf, trust: Trust) -> None:
    enrol(shelf, trust.box_key(), _colours(), "pack", _photos(tmp_path / "a", 1), Instant(0, 1_800_000_000))
    with pytest.raises(InputError, match=r"made with products 1, this box has products 2.*Enrol its products again"):
        enrol(shelf, trust.box_key(), _colours("2"), "other", _photos(tmp_path / "b", 2), Instant(9, 1_800_000_009))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_what_cannot_name_a_product_is_refused(tmp_path: Path, shelf: Shelf, trust: Trust, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a product"):
        enrol(shelf, trust.box_key(), _colours(), name, _photos(tmp_path / "a", 1), Instant(0, 1_800_000_000))


def test_a_photo_that_is_cut_off_leaves_the_gallery_as_it_was(tmp_path: Path, shelf: Shelf, trust: Trust) -> None:
    paths = _photos(tmp_path / "a", 1)
    paths[3].write_bytes(paths[3].read_bytes()[:60])
    with pytest.raises(InputError, match=r"3\.png"):
        enrol(shelf, trust.box_key(), _colours(), "pack", paths, Instant(0, 1_800_000_000))
    assert shelf.active(GALLERY) is None
