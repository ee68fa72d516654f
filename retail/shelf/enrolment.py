"""A product becomes known by its photos: the gallery on the shelf is followed by one that holds it too."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.clock import Instant
from core.errors import InputError
from core.inference.session import Session
from core.models.shelf import Shelf
from core.models.trust import SigningKey
from retail.shelf.gallery import Gallery
from retail.shelf.gallery_package import EMBEDDED_BY, read_gallery, write_gallery
from retail.shelf.products import KNOWN_FROM, embed
from verticals.devices.pictures import read_picture
from verticals.places import Places
from verticals.runtime.bell import ring

GALLERY = "gallery"
#: Fewer photos do not show how a product differs from itself; more than these change little.
_FEWEST_PHOTOS, _MOST_PHOTOS = 1, 200
#: From so many on it is known as well as five let it be.
ENOUGH_PHOTOS = 5


def enrol(
    shelf: Shelf, key: SigningKey, session: Session, name: str, photos: Sequence[Path], now: Instant
) -> dict[str, Any]:
    """Adds or replaces the product `name`; the new gallery is on the shelf, has passed and answers for `gallery`.

    Blocks. Raises InputError for photos that cannot be used, PackageError and its kinds for what is on the shelf.
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError(f"{name!r:.60} cannot name a product", hint="Up to 100 letters, or its number.")
    if not _FEWEST_PHOTOS <= len(photos) <= _MOST_PHOTOS:
        raise InputError(f"{name}: {len(photos)} photos, expected {_FEWEST_PHOTOS} to {_MOST_PHOTOS}")
    vectors = np.stack([embed(session, read_picture(path)) for path in photos])
    embedded_by = f"{session.card.name} {session.card.version}"
    before = shelf.active(GALLERY)
    gallery = Gallery()
    if before is not None:
        if before.card.provenance.get(EMBEDDED_BY) != embedded_by:
            raise InputError(
                f"the gallery was made with {before.card.provenance.get('embedded_by')}, this box has {embedded_by}",
                hint="Enrol its products again from their photos.",
            )
        gallery = read_gallery(before)
    at_most = session.card.limits.get(KNOWN_FROM, 1.0)
    replaced = name in gallery.vectors
    gallery = gallery.with_product(name, vectors)
    version = now.iso().replace("-", "").replace(":", "").replace(".", "-")
    with tempfile.TemporaryDirectory(prefix="enrol-") as draft:
        write_gallery(Path(draft) / "package", GALLERY, version, gallery, embedded_by, key, at_most)
        package = shelf.install(Path(draft) / "package")
    shelf.activate(GALLERY, GALLERY, version)
    return {
        "product": name,
        "photos": len(photos),
        "replaced": replaced,
        "products": len(gallery.names),
        "gallery": package.card.version,
        "enough_photos": len(photos) >= ENOUGH_PHOTOS,
    }


def tell_bays(places: Places) -> int:
    """Rings the bays of a line that runs, which then read the gallery anew; how many will hear it."""
    return sum(map(ring, places.bell_sockets("retail")))
