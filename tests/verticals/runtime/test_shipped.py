from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from core.models.trust import Trust
from healthcare.vertical import MANIFEST
from tests.contract.dummies.oven import Oven
from verticals.contract import Manifest
from verticals.places import Places
from verticals.runtime.models import shelf_of
from verticals.runtime.shipped import install_shipped, shipped_models


def _places(folder: Path) -> Places:
    places = Places(folder)
    Trust(places.keys).box_key()
    return places


def test_what_an_app_brings_along_answers_after_a_start_and_again_is_no_harm(tmp_path: Path) -> None:
    places = _places(tmp_path)
    for _ in range(2):
        install_shipped(MANIFEST, places)
    active = shelf_of(places).active("beats")
    assert active is not None
    assert active.card.kind == "beat-classes"
    assert len(shelf_of(places).names()) == 1


def test_an_app_without_models_brings_none(tmp_path: Path) -> None:
    assert shipped_models(Oven.manifest) == []
    install_shipped(Oven.manifest, _places(tmp_path))
    assert shelf_of(Places(tmp_path)).names() == []


def test_a_model_that_does_not_pass_is_told_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "models" / "beats"
    broken.mkdir(parents=True)
    (source,) = shipped_models(MANIFEST)
    (broken / "card.toml").write_bytes((source / "card.toml").read_bytes())
    monkeypatch.setattr("verticals.runtime.shipped.shipped_models", lambda manifest: [broken])
    with caplog.at_level(logging.ERROR):
        install_shipped(MANIFEST, _places(tmp_path / "data"))
    assert "beats cannot be used here" in caplog.text


_made: list[str] = []


def files_that_are_made() -> dict[str, bytes]:
    """A package as an app puts it together; `_made` counts how often."""
    (source,) = shipped_models(MANIFEST)
    _made.append(source.name)
    return {path.name: path.read_bytes() for path in source.iterdir()}


def _brings_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_by: str) -> Manifest:
    """An app whose folder holds the card alone."""
    (source,) = shipped_models(MANIFEST)
    folder = tmp_path / "models" / "beats"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_bytes((source / "card.toml").read_bytes())
    monkeypatch.setattr("verticals.runtime.shipped.shipped_models", lambda manifest: [folder])
    _made.clear()
    return replace(MANIFEST, models_made={"beats": made_by})


def test_a_model_that_is_made_on_the_box_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = _brings_a_card(tmp_path, monkeypatch, f"{__name__}:files_that_are_made")
    places = _places(tmp_path / "data")
    for _ in range(3):
        install_shipped(manifest, places)
    active = shelf_of(places).active("beats")
    assert active is not None and active.signed_by_box and len(_made) == 1


@pytest.mark.parametrize("made_by", ["no.such.module:files", f"{__name__}:nothing", "x"])
def test_a_maker_that_is_not_there_is_told_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, made_by: str
) -> None:
    manifest = _brings_a_card(tmp_path, monkeypatch, made_by)
    with caplog.at_level(logging.ERROR):
        install_shipped(manifest, _places(tmp_path / "data"))
    assert "beats cannot be used here" in caplog.text and "what makes the model" in caplog.text
