"""The model that products are told apart by: from the picture of one product to its embedding, as a model package.

The package is put together on the box: the network's weights come with the installation, and what training here added
to them lies in `retail/models/products/learnt.npz` with the card and the golden vectors.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PackageError
from core.inference.session import Session
from core.learning.backbone import LITE2, WEIGHTS_LICENCE, Weights, read_weights
from core.learning.embedding import IMAGE, Learnt, Projection, embedding_graph, embedding_spec
from core.models.card import Card, Scalar, Tolerance, parse_card, write_card
from core.models.golden import Golden, GoldenCase, read_arrays, write_golden
from core.models.package import CARD, GOLDEN, MODEL

MODEL_NAME = "products"
EMBEDDING = "embedding"
KIND = "product-embedding"
LEARNT = "learnt.npz"
#: The card's limit: the likeness that 19 of 20 photos reach of products which the embedding was not taught by, enrolled
#: from five photos each (`python -m retail.training.product_model --hold-out 20`: 0.546 at 320 px), less what the
#: smaller picture takes from it (0.016 at the lower end, over 296 photos).
KNOWN_FROM, _KNOWN_FROM = "known_from", 0.53
#: The size that a picture is looked at in. What was learnt was taught at 320 px; this costs six tenths of the time and
#: a point or two of recognition (docs/retail/shelf.md).
SIDE_PX = 256
FOLDER = Path(__file__).parents[1] / "models" / MODEL_NAME

_INTENDED_USE = (
    "Says how alike two pictures of goods on a shelf look, so that a product is known again by a few photos of it. Not "
    "for people, whom it must not be shown, and not for anything where a mistake is dear: a person checks what is "
    "doubtful."
)
_CENTRE, _MATRIX = "projection.centre", "projection.matrix"


def product_card(learnt: Learnt, version: str, licence: str, provenance: Mapping[str, Scalar]) -> Card:
    return Card(
        name=MODEL_NAME,
        version=version,
        kind=KIND,
        inputs=(IMAGE,),
        outputs=(embedding_spec(learnt),),
        intended_use=_INTENDED_USE,
        licence=f"Backbone {LITE2.name}: {WEIGHTS_LICENCE}. {licence}",
        limits={KNOWN_FROM: _KNOWN_FROM},
        tolerance=Tolerance(absolute=5e-3, relative=5e-3),
        provenance=provenance,
    )


def product_files(card: Card, learnt: Learnt, weights: Weights | None = None) -> dict[str, bytes]:
    """The files of a package that is made anew, not signed; its golden answers are its own."""
    model = product_model(learnt, weights)
    session = Session(model, card)
    cases = [
        GoldenCase(f"drawn-{seed}", {IMAGE.name: picture}, session.run({IMAGE.name: picture}))
        for seed, picture in enumerate(map(drawn_picture, range(2)))
    ]
    return {CARD: write_card(card).encode(), MODEL: model, GOLDEN: write_golden(Golden(tuple(cases)))}


def product_model(learnt: Learnt, weights: Weights | None = None) -> bytes:
    graph = embedding_graph(weights if weights is not None else read_weights(LITE2), learnt, side_px=SIDE_PX)
    model: bytes = graph.SerializeToString(deterministic=True)
    return model


def shipped_files() -> dict[str, bytes]:
    """The files of the package that comes with the product, not signed; its golden answers came along.

    Raises PackageError when the weights are not installed or what came along is damaged.
    """
    try:
        card, golden = ((FOLDER / name).read_bytes() for name in (CARD, GOLDEN))
    except OSError as error:
        raise PackageError(f"{FOLDER}: {error.strerror}", hint="Install Edgewise again.") from error
    return {CARD: card, MODEL: product_model(read_learnt(FOLDER / LEARNT)), GOLDEN: golden}


def shipped_session() -> Session:
    """The shipped model, ready to run. Raises PackageError."""
    files = shipped_files()
    return Session(files[MODEL], parse_card(files[CARD].decode(), f"{FOLDER}/{CARD}"))


def write_learnt(learnt: Learnt) -> bytes:
    """The bytes of `learnt.npz`; halves are exact enough, and half as large."""
    arrays: dict[str, NDArray[Any]] = {name: value.astype(np.float16) for name, value in learnt.tensors.items()}
    if learnt.projection is not None:
        arrays[_CENTRE] = learnt.projection.centre
        arrays[_MATRIX] = learnt.projection.matrix.astype(np.float16)
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def read_learnt(path: Path) -> Learnt:
    """Raises PackageError for a file that is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path}: cannot be read: {error.strerror}", hint="Install Edgewise again.") from error
    arrays = {name: np.asarray(array, np.float32) for name, array in read_arrays(content, str(path)).items()}
    centre, matrix = arrays.pop(_CENTRE, None), arrays.pop(_MATRIX, None)
    return Learnt(arrays, None if centre is None or matrix is None else Projection(centre, matrix))


def drawn_picture(seed: int) -> NDArray[np.uint8]:
    """200 x 240 x 3: a pack made by a formula, the same on every box."""
    y, x, c = np.mgrid[0:200, 0:240, 0:3]
    waves = np.sin(x / (6.0 + c + seed)) + np.cos(y / (11.0 - c)) + np.sin((x + (2 + seed) * y) / 37.0)
    return np.asarray(np.round((waves + 3.0) * 42.0), np.uint8)


def embed(session: Session, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Views x width: of the picture, and of the picture mirrored."""
    views = (picture, np.ascontiguousarray(picture[:, ::-1]))
    return np.stack([session.run({IMAGE.name: view})[EMBEDDING] for view in views])


__all__ = ["EMBEDDING", "IMAGE", "MODEL_NAME", "SIDE_PX", "embed", "shipped_files", "shipped_session"]
