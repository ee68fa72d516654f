"""Models that come with an app: put on the shelf at start, signed by the box, as trusted as the installation itself."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from core.errors import EdgewiseError, PackageError
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
            shelf, made_by = shelf_of(places), manifest.models_made.get(folder.name, "")
            if not _answers(shelf, _card(folder)):
                shelve(shelf, Trust(places.keys).box_key(), folder, made_by)
        except EdgewiseError as error:
            log.error("%s cannot be used here: %s", folder.name, error)


def shelve(shelf: Shelf, key: SigningKey, folder: Path, made_by: str = "") -> Package:
    """The package of `folder`, on the shelf now; it answers under its own name where nothing does, or an earlier
    shipped one. `made_by` is the "module:callable" that puts its files together where the folder does not hold them.

    Blocks: its golden vectors run before it is activated. Raises PackageError and its kinds, RefusedError.
    """
    card = _card(folder)
    if (card.name, card.version) not in shelf.names():
        files = _maker(made_by)() if made_by else read_folder(folder)
        with tempfile.TemporaryDirectory() as draft:
            for name, content in files.items():
                write_file(Path(draft) / name, content)
            sign_package(Path(draft), key)
            shelf.install(Path(draft))
    package = shelf.package(card.name, card.version)
    active = shelf.active(card.name)
    if active is None or (_is_shipped(active.card) and active.sha256 != package.sha256):
        shelf.activate(card.name, card.name, card.version)
        log.info("%s %s comes with the installation", card.name, card.version)
    return package


def _answers(shelf: Shelf, card: Card) -> bool:
    """Whether that very package answers under its name already; only the shelf's own notes are read, no package."""
    picks = [slot.active for slot in shelf.slots() if slot.name == card.name]
    return any(pick is not None and (pick.name, pick.version) == (card.name, card.version) for pick in picks)


def _card(folder: Path) -> Card:
    """Raises PackageError."""
    try:
        text = (folder / CARD).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"{folder}/{CARD}: cannot be read: {error}", hint="Install Edgewise again.") from error
    return parse_card(text, f"{folder}/{CARD}")


def _maker(place: str) -> Callable[[], Mapping[str, bytes]]:
    """Raises PackageError when there is none."""
    module, _, name = place.partition(":")
    try:
        maker: Callable[[], Mapping[str, bytes]] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PackageError(f"what makes the model, '{place}', cannot be loaded: {error}") from error
    return maker


def _is_shipped(card: Card) -> bool:
    return card.provenance.get("origin") == ORIGIN
