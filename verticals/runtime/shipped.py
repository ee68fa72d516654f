"""Models that come with an app: put on the shelf at start, signed by the box, as trusted as the installation itself."""

from __future__ import annotations

import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path

from core.errors import EdgewiseError
from core.models.card import Card, parse_card
from core.models.files import read_folder, write_file
from core.models.package import CARD, Package, sign_package
from core.models.shelf import Shelf
from core.models.trust import SigningKey, Trust
from verticals.contract import Manifest
from verticals.places import Places
from verticals.runtime.models import shelf_of

log = logging.getLogger(__name__)

#: What the provenance of a shipped model says, so that an upgrade replaces it and nothing that a site has chosen.
ORIGIN = "shipped with the product"


def shipped_models(manifest: Manifest) -> list[Path]:
    """The package folders that the app brings along."""
    package, _, folder = manifest.models.partition(":")
    found = find_spec(package) if package else None
    if found is None or found.origin is None:
        return []
    return sorted(path for path in (Path(found.origin).parent / folder).glob("*") if (path / CARD).is_file())


def install_shipped(manifest: Manifest, places: Places) -> None:
    """What does not pass on this box is told in the log: the app's stations say what they lack."""
    for folder in shipped_models(manifest):
        try:
            package = shelve(shelf_of(places), Trust(places.keys).box_key(), folder)
            log.debug("%s %s comes with the installation", package.card.name, package.card.version)
        except EdgewiseError as error:
            log.error("%s cannot be used here: %s", folder.name, error)


def shelve(shelf: Shelf, key: SigningKey, folder: Path) -> Package:
    """The package of `folder`, on the shelf now; it answers under its own name where nothing does, or an earlier
    shipped one.

    Blocks: its golden vectors run before it is activated. Raises PackageError and its kinds, RefusedError.
    """
    files = read_folder(folder)
    card = parse_card(files[CARD].decode() if CARD in files else "", f"{folder}/{CARD}")
    if (card.name, card.version) not in shelf.names():
        with tempfile.TemporaryDirectory() as draft:
            for name, content in files.items():
                write_file(Path(draft) / name, content)
            sign_package(Path(draft), key)
            shelf.install(Path(draft))
    package = shelf.package(card.name, card.version)
    active = shelf.active(card.name)
    if active is None or (_is_shipped(active.card) and active.sha256 != package.sha256):
        shelf.activate(card.name, card.name, card.version)
    return package


def _is_shipped(card: Card) -> bool:
    return card.provenance.get("origin") == ORIGIN
