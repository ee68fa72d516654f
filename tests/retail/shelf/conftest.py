"""The shipped embedding, put on a shelf once: it takes a second or two to make."""

from __future__ import annotations

import pytest

from core.inference.session import Session
from core.models.package import Package
from core.models.trust import Trust
from retail.shelf.products import MODEL_NAME
from retail.vertical import MANIFEST
from verticals.places import Places
from verticals.runtime.models import shelf_of
from verticals.runtime.shipped import install_shipped


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A box on whose shelf lies what comes with the installation."""
    places = Places(tmp_path_factory.mktemp("box"))
    places.make("retail")
    Trust(places.keys).box_key()
    install_shipped(MANIFEST, places)
    return places


@pytest.fixture(scope="session")
def shipped(box: Places) -> Package:
    package = shelf_of(box).active(MODEL_NAME)
    assert package is not None
    return package


@pytest.fixture(scope="session")
def session(shipped: Package) -> Session:
    return Session(shipped.model, shipped.card)
