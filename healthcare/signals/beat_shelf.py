"""Puts the beat classifier that the product ships on the box's shelf, signed by the box as what is built on it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.models.card import Card, parse_card
from core.models.files import read_folder, write_file
from core.models.package import CARD, Package, sign_package
from core.models.shelf import Shelf
from core.models.trust import SigningKey
from healthcare.signals.beats import MODEL

SHIPPED = Path(__file__).parent.parent / "models" / "beats"
#: What the provenance of a shipped model says, so that an upgrade replaces it and nothing that a site has chosen.
ORIGIN = "shipped with the product"


def shelve_beats(shelf: Shelf, key: SigningKey, shipped: Path = SHIPPED) -> Package:
    """The shipped package, on the shelf now; active where nothing is, or where an earlier shipped one was.

    Blocks: its golden vectors run before it is activated. Raises PackageError and its kinds, RefusedError.
    """
    files = read_folder(shipped)
    card = parse_card(files[CARD].decode(), f"{shipped}/{CARD}")
    if (card.name, card.version) not in shelf.names():
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder)
            for name, content in files.items():
                write_file(draft / name, content)
            sign_package(draft, key)
            shelf.install(draft)
    package = shelf.package(card.name, card.version)
    active = shelf.active(MODEL)
    if active is None or (_is_shipped(active.card) and active.sha256 != package.sha256):
        shelf.activate(MODEL, card.name, card.version)
    return package


def _is_shipped(card: Card) -> bool:
    return card.provenance.get("origin") == ORIGIN
