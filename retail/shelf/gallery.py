"""Products known by a few photos each: no training, and "unknown" for what no photo shows.

A photo is one or more vectors of one embedding (the picture, and the picture mirrored). What tells products apart is
found from the gallery itself, again at every change; it takes well under a second.

1. The spread of photos around their product's mean, pooled over products and drawn halfway to a round one, is made
   round (whitening): directions in which photos of one product differ anyway count little.
2. A picture is the product whose mean is at the smallest angle.
3. Photos held out in turn say how small an angle to expect of a product that is known; what is further from every
   product than all but one in twenty of those is unknown.

Source: Fukunaga, "Introduction to Statistical Pattern Recognition" (1990), section 10.2 (whitened class means).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

#: How far the pooled spread is drawn towards a round one.
_DRAWN = 0.5
#: The share of photos of known products that may be called unknown.
FALSE_UNKNOWN = 0.05
_FOLDS = 5
#: With fewer photos held out nothing can be said about angles to expect; then nothing is called known for sure.
_FEWEST_HELD_OUT = 10

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """What a picture shows. `likeness` and that of the next product are cosines, -1..1; `known` is false below the
    gallery's limit: then `product` is only the nearest."""

    product: str
    likeness: float
    next_likeness: float
    known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Vectors by product, photos x views x width; never changed, `with_product` gives a larger one."""

    vectors: Mapping[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> list[str]:
        return sorted(self.vectors)

    @property
    def width(self) -> int:
        """Numbers per vector; 0 while it is empty."""
        return next((photos.shape[2] for photos in self.vectors.values()), 0)

    def with_product(self, name: str, photos: Floats) -> Gallery:
        """`photos` are photos x views x width and replace those that the product had.

        Raises InputError for an empty name, no photo, numbers that are not finite or another width.
        """
        if not name.strip():
            raise InputError("a product needs a name")
        if photos.ndim != 3 or 0 in photos.shape or not np.isfinite(photos).all():
            raise InputError(f"{name}: its photos gave no vectors that can be compared: {photos.shape}")
        if self.vectors and photos.shape[2] != self.width:
            raise InputError(
                f"{name}: {photos.shape[2]} numbers a photo, the gallery has {self.width}",
                hint="It was made with another model: enrol its products again.",
            )
        return Gallery({**self.vectors, name: np.asarray(photos, np.float32)})

    def without(self, name: str) -> Gallery:
        """Raises InputError for a product that is not in it."""
        if name not in self.vectors:
            raise InputError(f"'{name}' is not in the gallery")
        return Gallery({key: value for key, value in self.vectors.items() if key != name})

    def only(self, names: Sequence[str]) -> Gallery:
        return Gallery({name: self.vectors[name] for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Vectors to likenesses: cosines of (x - centre) @ whitener with the rows of `means`, of length 1 each.

    What is less like any product than `limit` is unknown.
    """

    names: tuple[str, ...]
    centre: Floats = field(repr=False)
    whitener: Floats = field(repr=False)
    means: Floats = field(repr=False)
    limit: float = 1.0

    def likenesses(self, vectors: Floats) -> Floats:
        """Rows x products."""
        return np.asarray(_turned(vectors, self.centre, self.whitener) @ self.means.T, np.float32)

    def match(self, vector: Floats) -> Match:
        """Of one vector."""
        row = self.likenesses(vector[None])[0]
        best = int(row.argmax())
        others = np.delete(row, best)
        likeness = float(row[best])
        following = float(others.max()) if len(others) else -1.0
        return Match(self.names[best], likeness, following, likeness >= self.limit)


def learn(gallery: Gallery, at_most: float = 1.0) -> Head:
    """The head of a gallery with its limit, which is `at_most` what the embedding's card says.

    Photos that the embedding itself was taught from lie nearer together than others of the same products ever will:
    held out of the gallery, they promise too much. Raises InputError for an empty gallery.
    """
    if not gallery.vectors:
        raise InputError("the gallery holds no product", hint="Enrol products: `edgewise retail enrol`.")
    held_out = held_out_likenesses(gallery)
    limit = float(np.quantile(held_out, FALSE_UNKNOWN)) if len(held_out) >= _FEWEST_HELD_OUT else 1.0
    return _fitted(gallery, min(limit, at_most))


def held_out_likenesses(gallery: Gallery) -> NDArray[np.float64]:
    """The largest likeness of every photo to any product, by a head that was learnt without it.

    A product's only photo is left out: nothing would be left of the product.
    """
    found: list[float] = []
    for fold in range(_FOLDS):
        kept, left = _dealt(gallery, fold)
        if left:
            head = _fitted(kept, 1.0)
            rows = np.concatenate([photos[:, 0] for photos in left])
            found += head.likenesses(rows).max(axis=1).tolist()
    return np.array(found)


def _dealt(gallery: Gallery, fold: int) -> tuple[Gallery, list[Floats]]:
    """The gallery without every fifth photo from `fold` on, and those photos."""
    kept, left = {}, []
    for name, photos in gallery.vectors.items():
        folds = np.arange(len(photos)) % min(_FOLDS, max(len(photos), 1))
        out = (folds == fold) & (len(photos) > 1)
        kept[name] = photos[~out]
        if out.any():
            left.append(photos[out])
    return Gallery(kept), left


def _fitted(gallery: Gallery, limit: float) -> Head:
    names = gallery.names
    rows = [gallery.vectors[name].reshape(-1, gallery.width).astype(np.float64) for name in names]
    means = np.stack([some.mean(axis=0) for some in rows])
    within = np.concatenate([some - mean for some, mean in zip(rows, means, strict=True)])
    centre = np.concatenate(rows).mean(axis=0)
    whitener = _whitener(within)
    turned = _turned(means, centre, whitener)
    return Head(
        tuple(names), centre.astype(np.float32), whitener.astype(np.float32), np.asarray(turned, np.float32), limit
    )


def _whitener(within: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width x width: makes the spread of `within` round. One photo a product says nothing of it: as it is."""
    width = within.shape[1]
    covariance = within.T @ within / len(within)
    level = float(np.trace(covariance)) / width
    if level <= 0:
        return np.eye(width)
    drawn = (1 - _DRAWN) * covariance + _DRAWN * level * np.eye(width)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(drawn)).T)


def _turned(vectors: NDArray[np.floating], centre: NDArray[np.floating], whitener: NDArray[np.floating]) -> Floats:
    turned = (vectors - centre) @ whitener
    return np.asarray(turned / np.maximum(np.linalg.norm(turned, axis=-1, keepdims=True), 1e-9), np.float32)
