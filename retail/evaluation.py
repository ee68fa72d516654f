"""How well products are known again: a gallery from the photos of one folder, asked about those of another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.inference.session import Session
from core.learning.roc import auroc
from retail.shelf.gallery import Gallery, Head, learn
from retail.shelf.photo_folders import product_photos
from retail.shelf.products import EMBEDDING, IMAGE, KNOWN_FROM, embed, shipped_session
from verticals.devices.pictures import read_picture

#: The share of the products that is left out to see what becomes of the unknown, and then enrolled as new ones.
_NEW_SHARE = 0.25
#: Photos that a new product is enrolled from.
NEW_PHOTOS = 5
#: Fewer products than this are not divided into known and new ones.
_FEWEST_PRODUCTS = 8

Tell = Callable[[float, str], None]
Floats = NDArray[np.float32]


def nothing_told(share: float, text: str) -> None:
    """For whoever does not want to hear how far it is."""


@dataclass(frozen=True, slots=True)
class Question:
    """Pictures whose products are known, and their vectors, rows x width."""

    products: Sequence[str]
    vectors: Floats = field(repr=False)

    def of(self, names: Sequence[str]) -> Question:
        """Those of some products."""
        rows = [index for index, product in enumerate(self.products) if product in set(names)]
        return Question([self.products[index] for index in rows], self.vectors[rows])


def evaluate_products(
    references: Path, queries: Path, per_product: int = 0, seed: int = 0, tell: Tell = nothing_told,
    session: Session | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The figures by the keys of `edgewise retail evaluate --references --queries --json`; shares are 0..1.

    `per_product` photos are drawn of each product by `seed`; 0 takes all. Products of `queries` that have no reference
    count as unknown. Raises InputError for folders that cannot be used.
    """
    shown, asked = product_photos(references), product_photos(queries)
    drawn = _drawn(shown, per_product, seed)
    if not set(asked) & set(drawn):
        raise InputError(f"{queries}: none of its products is in {references}", hint="Folders are named alike in both.")
    session = session or shipped_session()
    known = _vectors(session, drawn, tell, 0.8)
    question, spent_ms = _asked(session, asked, tell)
    gallery, at_most = Gallery(known), session.card.limits.get(KNOWN_FROM, 1.0)
    tell(0.95, "Learning the gallery")
    document = {
        **_recognition(learn(gallery, at_most), question),
        "ms_per_picture": spent_ms,
        "products": len(known),
        "references": sum(map(len, drawn.values())),
        "queries": len(question.products),
        "per_product": per_product,
        "seed": seed,
        **_open_set(gallery, question, at_most, seed),
        "model": f"{session.card.name} {session.card.version}",
    }
    tell(1.0, "Done")
    return document


def _drawn(products: Mapping[str, list[Path]], count: int, seed: int) -> dict[str, list[Path]]:
    """`count` photos of each product; all where it has fewer, or for 0."""
    rng = np.random.default_rng(seed)
    orders = {name: rng.permutation(len(photos)) for name, photos in products.items()}
    return {name: [photos[i] for i in sorted(orders[name][: count or None])] for name, photos in products.items()}


def _vectors(session: Session, products: Mapping[str, list[Path]], tell: Tell, share: float) -> dict[str, Floats]:
    """Photos x views x width of each product."""
    total, done = sum(map(len, products.values())), 0
    found = {}
    for name, photos in products.items():
        rows = []
        for path in photos:
            rows.append(embed(session, read_picture(path)))
            done += 1
            tell(share * done / total, f"Reading references: {name}")
        found[name] = np.stack(rows)
    return found


def _asked(session: Session, products: Mapping[str, list[Path]], tell: Tell) -> tuple[Question, float]:
    """The queries, and the processor time that one takes from decoded picture to embedding, in ms."""
    names, rows, spent_s = [], [], 0.0
    for name, photos in products.items():
        tell(0.85, f"Reading queries: {name}")
        for path in photos:
            picture = read_picture(path)
            started_s = time.process_time()
            rows.append(session.run({IMAGE.name: picture})[EMBEDDING])
            spent_s += time.process_time() - started_s
            names.append(name)
    return Question(names, np.stack(rows)), round(1000 * spent_s / len(rows), 2)


def _recognition(head: Head, question: Question) -> dict[str, Any]:
    """Over the queries whose products are in the gallery."""
    inside = question.of(head.names)
    ranks = _ranks(head, inside)
    likenesses = head.likenesses(inside.vectors).max(axis=1)
    outside = question.of(sorted(set(question.products) - set(head.names)))
    unknown = head.likenesses(outside.vectors).max(axis=1) if len(outside.products) else np.empty(0)
    return {
        "top1": float(np.mean(ranks == 0)),
        "top5": float(np.mean(ranks < 5)),
        "known_rejected": float(np.mean(likenesses < head.limit)),
        "unknown_rejected": float(np.mean(unknown < head.limit)) if len(unknown) else None,
    }


def _ranks(head: Head, question: Question) -> NDArray[np.intp]:
    """How many products are more alike than the right one."""
    likenesses = head.likenesses(question.vectors)
    places = [head.names.index(product) for product in question.products]
    right = likenesses[np.arange(len(places)), places]
    return np.asarray((likenesses > right[:, None]).sum(axis=1))


def _open_set(gallery: Gallery, question: Question, at_most: float, seed: int) -> dict[str, Any]:
    """What becomes of products that the gallery does not hold, and of the same once enrolled from five photos each."""
    names = gallery.names
    if len(names) < _FEWEST_PRODUCTS:
        return {"unknown_auroc": None, "new_products": None}
    new = sorted(np.random.default_rng([seed, 1]).permutation(names)[: round(_NEW_SHARE * len(names))].tolist())
    old = [name for name in names if name not in new]
    without = gallery.only(old)
    head = learn(without, at_most)
    inside, outside = question.of(old), question.of(new)
    if not inside.products or not outside.products:
        return {"unknown_auroc": None, "new_products": None}
    known, unknown = (head.likenesses(some.vectors).max(axis=1) for some in (inside, outside))
    enrolled = without
    for name in new:
        enrolled = enrolled.with_product(name, gallery.vectors[name][:NEW_PHOTOS])
    larger = learn(enrolled)
    return {
        "unknown_auroc": auroc(-known, -unknown),
        "held_out": {
            "products": len(new),
            "queries": len(outside.products),
            "unknown_rejected": float(np.mean(unknown < head.limit)),
            "known_rejected": float(np.mean(known < head.limit)),
        },
        "new_products": {
            "products": len(new),
            "photos": NEW_PHOTOS,
            "top1": float(np.mean(_ranks(larger, outside) == 0)),
            "top1_of_the_others": float(np.mean(_ranks(larger, inside) == 0)),
        },
    }
