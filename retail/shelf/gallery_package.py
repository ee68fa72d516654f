"""A gallery as a model package: signed, versioned, put on the shelf and rolled back like every other model.

Its graph is the head, from an embedding to likenesses; `gallery.npz` beside it holds the photos' vectors, so that the
next product is added to what is there.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.errors import InputError, PackageError
from core.inference.session import Session
from core.learning.graph import GraphWriter, Port
from core.models.card import Card, Scalar, TensorSpec, Tolerance, Verdict
from core.models.golden import Golden, GoldenCase, read_arrays
from core.models.package import Package, write_package
from core.models.trust import SigningKey
from retail.shelf.gallery import Gallery, Head, learn

KIND = "product-gallery"
VECTORS = "gallery.npz"
LIKENESSES, EMBEDDING = "likenesses", "embedding"
_UNKNOWN = "unknown_below"
#: In the provenance: the embedding model, its name and version.
EMBEDDED_BY = "embedded_by"
#: A golden answer nearer to another product than this could flip by rounding alone.
_CLEAR_BY = 0.02
_GOLDEN_CASES = 4
_INTENDED_USE = (
    "Says which product of this store a picture is most like, and whether it is like any. Where it is not, a person "
    "says what it is."
)


def write_gallery(
    folder: Path, name: str, version: str, gallery: Gallery, embedded_by: str, key: SigningKey,
    at_most: float = 1.0, provenance: Mapping[str, Scalar] | None = None,
) -> Package:  # fmt: skip
    """The signed package, now in `folder`. `embedded_by` names the embedding model and its version, `at_most` is
    that of `gallery.learn`.

    Raises InputError for an empty gallery, PackageError when `folder` exists.
    """
    head = learn(gallery, at_most)
    card = Card(
        name=name,
        version=version,
        kind=KIND,
        inputs=(TensorSpec(EMBEDDING, "float32", (gallery.width,)),),
        outputs=(TensorSpec(LIKENESSES, "float32", (len(head.names),), "cosine"),),
        intended_use=_INTENDED_USE,
        licence="The site's own.",
        labels=head.names,
        limits={_UNKNOWN: head.limit},
        verdict=Verdict(LIKENESSES, rule="argmax"),
        tolerance=Tolerance(absolute=1e-4, relative=1e-3),
        provenance={EMBEDDED_BY: embedded_by, "products": len(head.names), **(provenance or {})},
    )
    model = head_graph(head)
    golden = _golden(Session(model, card), gallery)
    return write_package(folder, card, model, golden, key, extra={VECTORS: _vectors(gallery)})


def read_gallery(package: Package) -> Gallery:
    """What `write_gallery` put in. Raises PackageError for another kind of package or damaged vectors."""
    where = f"{package.card.name} {package.card.version}"
    if package.card.kind != KIND or VECTORS not in package.files:
        raise PackageError(f"{where}: is no gallery of products", hint="`edgewise models list` shows which are.")
    arrays = read_arrays(package.files[VECTORS], f"{where}: {VECTORS}")
    gallery = Gallery()
    try:
        for index, name in enumerate(package.card.labels):
            gallery = gallery.with_product(name, np.asarray(arrays[f"product-{index}"], np.float32))
    except (KeyError, ValueError, InputError) as error:
        raise PackageError(f"{where}: {VECTORS} does not fit its card: {error}") from error
    return gallery


def known_from(package: Package) -> float:
    """The likeness from which the gallery takes a product for known."""
    return package.card.limits.get(_UNKNOWN, 1.0)


def head_graph(head: Head) -> bytes:
    """`embedding` (width) to `likenesses` (products)."""
    graph = GraphWriter()
    width = len(head.centre)
    row = graph.node("Reshape", EMBEDDING, graph.constant([1, width], np.int64))
    turned = graph.node(
        "MatMul", graph.node("Sub", row, graph.constant(head.centre[None])), graph.constant(head.whitener)
    )
    length = graph.node("ReduceL2", turned, graph.constant([1], np.int64), keepdims=1)
    unit = graph.node("Div", turned, graph.node("Max", length, graph.constant(1e-9)))
    alike = graph.node("MatMul", unit, graph.constant(np.ascontiguousarray(head.means.T)))
    graph.node("Reshape", alike, graph.constant([len(head.names)], np.int64), named=LIKENESSES)
    model = graph.model(
        [Port(EMBEDDING, np.float32, (width,))], [Port(LIKENESSES, np.float32, (len(head.names),))], "product gallery"
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _golden(session: Session, gallery: Gallery) -> Golden:
    """Photos of the gallery that are clear, or else the first."""
    cases: list[tuple[float, GoldenCase]] = []
    for name in gallery.names:
        inputs = {EMBEDDING: np.ascontiguousarray(gallery.vectors[name][0, 0])}
        expected = session.run(inputs)
        ordered = np.sort(expected[LIKENESSES])
        apart = float(ordered[-1] - ordered[-2]) if len(ordered) > 1 else 1.0
        cases.append((apart, GoldenCase(name.replace("/", "-").replace("\\", "-"), inputs, expected)))
    cases.sort(key=lambda case: -case[0])
    clear = [case for apart, case in cases if apart > _CLEAR_BY][:_GOLDEN_CASES]
    return Golden(tuple(clear or [cases[0][1]]))


def _vectors(gallery: Gallery) -> bytes:
    content = io.BytesIO()
    arrays = {f"product-{index}": gallery.vectors[name] for index, name in enumerate(gallery.names)}
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()
