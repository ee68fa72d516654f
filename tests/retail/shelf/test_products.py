from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import GoldenError, PackageError
from core.inference.session import Session
from core.learning.embedding import Learnt, Projection
from core.models.card import parse_card
from core.models.gate import Gate
from core.models.package import CARD, GOLDEN, MODEL, Package
from retail.shelf.products import (
    EMBEDDING,
    FOLDER,
    IMAGE,
    KIND,
    MODEL_NAME,
    drawn_picture,
    embed,
    product_model,
    read_learnt,
    write_learnt,
)
from retail.vertical import MANIFEST
from verticals.places import Places
from verticals.runtime.models import shelf_of
from verticals.runtime.shipped import install_shipped


def test_the_shipped_model_passes_its_golden_vectors_and_answers_on_this_box(shipped: Package) -> None:
    Gate().check(shipped)
    assert shipped.signed_by_box and shipped.card.kind == KIND
    assert str(shipped.card.provenance["made_by"]).startswith("python -m retail.training.product_model")


def test_a_second_start_makes_nothing(box: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card alone tells that the version is there."""
    monkeypatch.setattr("retail.shelf.products.shipped_files", None)
    monkeypatch.setattr("verticals.runtime.shipped.shelve", None)
    install_shipped(MANIFEST, box)
    assert [slot.name for slot in shelf_of(box).slots() if slot.active] == [MODEL_NAME]


def test_a_model_without_what_was_learnt_does_not_pass(shipped: Package) -> None:
    learnt = read_learnt(FOLDER / "learnt.npz")
    other = product_model(Learnt(projection=learnt.projection))
    with pytest.raises(GoldenError):
        Gate().check(replace(shipped, files={**shipped.files, MODEL: other}))


def test_what_is_learnt_is_small_enough_to_be_committed() -> None:
    assert (FOLDER / "learnt.npz").stat().st_size < 5_000_000
    assert {path.name for path in FOLDER.iterdir()} == {CARD, GOLDEN, "learnt.npz"}


def test_a_picture_and_its_mirror_image_are_much_alike_and_another_is_not(session: Session) -> None:
    one, mirrored = embed(session, drawn_picture(0))
    other = session.run({IMAGE.name: drawn_picture(5)[::-1].copy()})[EMBEDDING]
    unit = [vector / np.linalg.norm(vector) for vector in (one, mirrored, other)]
    assert unit[0] @ unit[1] > 0.8 > unit[0] @ unit[2]


def test_the_card_names_both_sources(session: Session) -> None:
    assert "EfficientNet-Lite2: Apache-2.0" in session.card.licence and "MIT" in session.card.licence
    assert parse_card((FOLDER / CARD).read_text("utf-8")).version == session.card.version


def test_what_was_learnt_is_read_as_it_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    projection = Projection(rng.normal(size=4).astype(np.float32), rng.normal(size=(4, 2)).astype(np.float32))
    (tmp_path / "learnt.npz").write_bytes(write_learnt(Learnt({"_bn1.bias": np.array([1, 2], np.float32)}, projection)))
    again = read_learnt(tmp_path / "learnt.npz")
    assert again.tensors["_bn1.bias"].tolist() == [1, 2] and again.projection is not None
    assert np.array_equal(again.projection.centre, projection.centre)
    assert np.allclose(again.projection.matrix, projection.matrix, atol=2e-3)


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive at all"])
def test_a_damaged_file_is_a_package_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "learnt.npz").write_bytes(content)
    with pytest.raises(PackageError, match=r"learnt\.npz: not readable"):
        read_learnt(tmp_path / "learnt.npz")
