from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HashError, PackageError
from core.inference.session import Session
from core.models.gate import Gate
from core.models.package import Package, read_package, write_package
from core.models.trust import Trust
from retail.shelf.gallery import Gallery, learn
from retail.shelf.gallery_package import KIND, LIKENESSES, VECTORS, read_gallery, write_gallery


def _gallery() -> Gallery:
    gallery = Gallery()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        photos = rng.normal(size=8) * 3 + rng.normal(size=(5, 2, 8))
        gallery = gallery.with_product(f"product {seed}", photos.astype(np.float32))
    return gallery


def _written(folder: Path, trust: Trust) -> Package:
    return write_gallery(folder, "gallery", "1", _gallery(), "products 1.0.0", trust.box_key())


def test_what_was_written_is_read_back_and_passes_on_this_box(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    _written(tmp_path / "package", trust)
    package = read_package(tmp_path / "package", trust)
    Gate().check(package)
    assert package.signed_by_box and package.card.labels == tuple(_gallery().names)
    again = read_gallery(package)
    assert all(np.array_equal(again.vectors[name], _gallery().vectors[name]) for name in _gallery().names)


def test_the_graph_gives_the_likenesses_of_the_head(tmp_path: Path) -> None:
    package = _written(tmp_path / "package", Trust(tmp_path / "keys"))
    session, head = Session(package.model, package.card), learn(_gallery())
    for seed in range(20):
        vector = np.random.default_rng(seed).normal(size=8).astype(np.float32) * 3
        answer = session.run({"embedding": vector})[LIKENESSES]
        assert np.allclose(answer, head.likenesses(vector[None])[0], atol=1e-5)


def test_a_photo_that_was_changed_is_found_by_its_hash(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    _written(tmp_path / "package", trust)
    path = tmp_path / "package" / VECTORS
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(HashError):
        read_package(tmp_path / "package", trust)


def test_another_kind_of_package_is_no_gallery(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    package = _written(tmp_path / "package", trust)
    other = write_package(tmp_path / "other", package.card, package.model, package.golden, trust.box_key())
    assert other.card.kind == KIND
    with pytest.raises(PackageError, match="is no gallery of products"):
        read_gallery(other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("gallery")
    return _written(folder / "package", Trust(folder / "keys"))


@settings(deadline=None, max_examples=100)
@given(noise=st.binary(max_size=300), at=st.integers(0, 3000))
def test_damaged_vectors_are_a_package_error_and_nothing_else(whole: Package, noise: bytes, at: int) -> None:
    """As they would come in a package that is signed and whole."""
    content = whole.files[VECTORS]
    damaged = content[:at] + noise + content[at + len(noise) :]
    try:
        assert read_gallery(replace(whole, files={**whole.files, VECTORS: damaged})).names == list(whole.card.labels)
    except PackageError as error:
        assert VECTORS in error.message
