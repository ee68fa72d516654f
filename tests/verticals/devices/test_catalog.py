from __future__ import annotations

import pytest

from core.errors import SettingsError
from verticals.devices import catalog


@pytest.mark.parametrize("kind", sorted(catalog.KINDS))
def test_every_kind_can_be_loaded(kind: str) -> None:
    assert callable(catalog.load(catalog.place_of(kind)))


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'camera\.odd' is not known.*camera\.folder"):
        catalog.place_of("camera.odd")


def test_an_app_brings_its_own_kinds() -> None:
    assert catalog.place_of("camera.own", {"camera.own": "a:b"}) == "a:b"


@pytest.mark.parametrize("place", ["no.such.module:x", "core.clock:nothing", "", "core.errors:__doc__"])
def test_a_factory_that_is_not_there_is_a_settings_error(place: str) -> None:
    with pytest.raises(SettingsError):
        catalog.load(place)
