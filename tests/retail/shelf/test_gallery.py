from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InputError
from retail.shelf.gallery import Gallery, held_out_likenesses, learn

_WIDTH = 24


def _photos(seed: int, count: int, centre: NDArray[Any] | None = None, spread: float = 1.0) -> NDArray[np.float32]:
    """count x 2 x width around a middle of the product's own; the spread is large along the first axes."""
    rng = np.random.default_rng(seed)
    middle = np.random.default_rng([seed, 1]).normal(size=_WIDTH) if centre is None else centre
    scale = np.where(np.arange(_WIDTH) < 6, 2.0, 0.25) * spread
    return np.asarray(middle + rng.normal(size=(count, 2, _WIDTH)) * scale, np.float32)


def _gallery(products: int = 8, count: int = 6) -> Gallery:
    gallery = Gallery()
    for seed in range(products):
        gallery = gallery.with_product(f"product-{seed}", _photos(seed, count))
    return gallery


def test_a_product_is_known_again_by_other_photos_of_it() -> None:
    head = learn(_gallery())
    for seed in range(8):
        middle = np.random.default_rng([seed, 1]).normal(size=_WIDTH)
        for photo in _photos(seed + 100, 10, middle)[:, 0]:
            assert head.match(photo).product == f"product-{seed}"


def test_directions_in_which_photos_of_one_product_differ_count_little() -> None:
    """Plain cosines of class means fail here: the spread is ten times larger along axes that tell nothing."""
    gallery = _gallery()
    means = np.stack([gallery.vectors[name].reshape(-1, _WIDTH).mean(0) for name in gallery.names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    head, plain, ours, total = learn(gallery), 0, 0, 0
    for seed in range(8):
        middle = np.random.default_rng([seed, 1]).normal(size=_WIDTH)
        for photo in _photos(seed + 500, 20, middle)[:, 0]:
            plain += int((means @ photo).argmax()) == seed
            ours += head.match(photo).product == f"product-{seed}"
            total += 1
    assert ours == total > plain


def test_a_product_that_no_photo_shows_is_unknown() -> None:
    head = learn(_gallery())
    strangers = [head.match(_photos(seed, 1)[0, 0]) for seed in range(1000, 1040)]
    assert sum(match.known for match in strangers) <= 4


def test_about_one_in_twenty_photos_of_known_products_is_called_unknown() -> None:
    head, rejected = learn(_gallery(12, 12)), 0
    for seed in range(12):
        middle = np.random.default_rng([seed, 1]).normal(size=_WIDTH)
        rejected += sum(not head.match(photo).known for photo in _photos(seed + 300, 30, middle)[:, 0])
    assert 0.005 <= rejected / 360 <= 0.12


def test_a_new_product_is_known_after_five_photos_and_the_others_stay_known() -> None:
    gallery = _gallery()
    middle = np.random.default_rng([77, 1]).normal(size=_WIDTH)
    larger = learn(gallery.with_product("new", _photos(77, 5)))
    assert all(larger.match(photo).product == "new" for photo in _photos(177, 10, middle)[:, 0])
    first = np.random.default_rng([0, 1]).normal(size=_WIDTH)
    assert all(larger.match(photo).product == "product-0" for photo in _photos(100, 10, first)[:, 0])


def test_a_product_can_be_taken_out_and_photos_be_replaced() -> None:
    gallery = _gallery(4)
    assert gallery.without("product-1").names == ["product-0", "product-2", "product-3"]
    with pytest.raises(InputError, match="'other' is not in the gallery"):
        gallery.without("other")
    replaced = gallery.with_product("product-1", _photos(9, 2))
    assert len(replaced.vectors["product-1"]) == 2 and len(gallery.vectors["product-1"]) == 6


def test_one_photo_a_product_is_enough_to_name_the_nearest_and_never_to_be_sure() -> None:
    gallery = Gallery()
    for seed in range(5):
        gallery = gallery.with_product(f"product-{seed}", _photos(seed, 1)[:, :1])
    head = learn(gallery)
    match = head.match(gallery.vectors["product-3"][0, 0])
    assert match.product == "product-3" and len(held_out_likenesses(gallery)) == 0
    assert head.limit == 1.0 and not head.match(_photos(3, 1, spread=0.2)[0, 0] + 1).known


def test_the_limit_is_never_above_what_the_embedding_promises() -> None:
    gallery = _gallery()
    own = learn(gallery).limit
    assert learn(gallery, own - 0.1).limit == own - 0.1 and learn(gallery, own + 0.01).limit == own


def test_the_order_in_which_products_came_makes_no_difference() -> None:
    forwards = learn(_gallery())
    backwards = Gallery()
    for seed in reversed(range(8)):
        backwards = backwards.with_product(f"product-{seed}", _photos(seed, 6))
    assert np.array_equal(learn(backwards).means, forwards.means)


@pytest.mark.parametrize(
    ("name", "photos", "said"),
    [
        (" ", np.ones((1, 1, 4)), "needs a name"),
        ("x", np.ones((0, 1, 4)), "gave no vectors"),
        ("x", np.full((1, 1, 4), np.nan), "gave no vectors"),
        ("x", np.ones((2, 4)), "gave no vectors"),
    ],
)
def test_what_cannot_be_a_product_is_refused(name: str, photos: NDArray[Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Gallery().with_product(name, photos.astype(np.float32))


def test_vectors_of_another_model_are_refused() -> None:
    with pytest.raises(InputError, match=r"23 numbers a photo, the gallery has 24.*made with another model"):
        _gallery(2).with_product("x", np.ones((1, 1, 23), np.float32))


def test_an_empty_gallery_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"holds no product.*edgewise retail enrol"):
        learn(Gallery())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(0, 2**31), st.sampled_from([0.0, 1e-6, 1e6]))
def test_whatever_was_enrolled_gives_finite_likenesses(counts: list[int], seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    gallery = Gallery()
    for index, count in enumerate(counts):
        gallery = gallery.with_product(str(index), np.asarray(rng.normal(size=(count, 2, 6)) * scale, np.float32))
    likenesses = learn(gallery).likenesses(np.asarray(rng.normal(size=(3, 6)), np.float32))
    assert np.isfinite(likenesses).all() and np.abs(likenesses).max() <= 1 + 1e-4
