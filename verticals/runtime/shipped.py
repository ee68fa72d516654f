"""Models that come with an app: put on the shelf at start, signed by the box, as trusted as the installation itself."""

from __future__ import annotations

import logging
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from core.errors import EdgewiseError, PackageError
from core.models.card import parse_card
from core.models.package import sign_package
from core.models.shelf import Shelf
from core.models.trust import Trust
from verticals.contract import Manifest
from verticals.places import Places
from verticals.runtime.models import shelf_of

log = logging.getLogger(__name__)


def shipped_models(manifest: Manifest) -> list[Path]:
    """The package folders that lie in `models/` of the app's own folder."""
    if not manifest.models:
        return []
    package, _, folder = manifest.models.partition(":")
    found = find_spec(package)
    if found is None or found.origin is None:
        return []
    return sorted(path for path in (Path(found.origin).parent / folder).glob("*") if (path / "card.toml").is_file())


def install_shipped(manifest: Manifest, places: Places) -> None:
    """Each answers under its own name, unless the site has made another one active there.

    What does not pass on this box is told in the log: the app's stations say what they lack.
    """
    shelf, trust = shelf_of(places), Trust(places.keys)
    for folder in shipped_models(manifest):
        try:
            _install(folder, shelf, trust)
        except EdgewiseError as error:
            log.error("%s cannot be used here: %s", folder.name, error)


def _install(folder: Path, shelf: Shelf, trust: Trust) -> None:
    card = parse_card((folder / "card.toml").read_text("utf-8"), str(folder))
    if (card.name, card.version) not in shelf.names():
        with tempfile.TemporaryDirectory() as draft:
            copy = Path(shutil.copytree(folder, Path(draft) / card.name))
            sign_package(copy, trust.box_key())
            shelf.install(copy)
    if _active(shelf, card.name) is None:
        shelf.activate(card.name, card.name, card.version)
        log.info("%s %s comes with the installation and answers now", card.name, card.version)


def _active(shelf: Shelf, slot: str) -> object | None:
    """What the site or an earlier start made active; a damaged slot is left to the line, which says so."""
    try:
        return shelf.active(slot)
    except PackageError as error:
        return error
