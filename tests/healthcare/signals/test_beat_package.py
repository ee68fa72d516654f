from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.errors import GoldenError
from core.inference.request import Answer, Outcome
from core.inference.session import Session
from core.models.gate import Gate
from core.models.golden import read_golden
from core.models.package import Package, read_package, sign_package
from core.models.shelf import Shelf
from core.models.trust import Trust
from healthcare.signals.beat_network import Weights, beginning, mean_probabilities
from healthcare.signals.beat_package import beat_card, beat_files, drawn_beats
from healthcare.signals.beats import MODEL, BeatClass, BeatClassifier, BeatLabel
from healthcare.vertical import MANIFEST
from tests.healthcare.signals.beat_cases import RATE_HZ, cut, patient
from verticals.runtime.shipped import ORIGIN, shelve, shipped_models

(SHIPPED,) = shipped_models(MANIFEST)


@cache
def _networks() -> list[Weights]:
    return [beginning(np.random.default_rng(seed)) for seed in range(2)]


def _written(folder: Path, version: str = "2", origin: str = ORIGIN) -> Path:
    folder.mkdir(parents=True)
    for name, content in beat_files(_networks(), version, {"origin": origin}).items():
        (folder / name).write_bytes(content)
    return folder


def _signed(folder: Path, tmp_path: Path) -> Package:
    trust = Trust(tmp_path / "keys")
    sign_package(folder, trust.box_key())
    return read_package(folder, trust)


def _shelf(tmp_path: Path) -> tuple[Shelf, Trust]:
    trust = Trust(tmp_path / "keys")
    return Shelf(tmp_path / "models", trust, Gate()), trust


def test_a_package_of_the_networks_passes_its_golden_vectors(tmp_path: Path) -> None:
    package = _signed(_written(tmp_path / "beats"), tmp_path)
    Gate().check(package)
    assert package.card.labels == ("N", "S", "V")
    assert len(package.golden.cases[0].inputs["rhythm"]) == 1


def test_a_package_whose_graph_is_of_other_networks_does_not_pass(tmp_path: Path) -> None:
    folder = _written(tmp_path / "beats")
    others = [beginning(np.random.default_rng(9))]
    (folder / "model.onnx").write_bytes(beat_files(others, "2", {})["model.onnx"])
    with pytest.raises(GoldenError):
        Gate().check(_signed(folder, tmp_path))


def test_the_shipped_package_passes_on_this_box_and_is_small(tmp_path: Path) -> None:
    shelf, trust = _shelf(tmp_path)
    package = shelve(shelf, trust.box_key(), SHIPPED)
    assert package.size_bytes < 1_000_000
    assert package.card == replace(
        beat_card(package.card.version, package.card.provenance), tolerance=package.card.tolerance
    )
    assert set(package.card.provenance) >= {"data", "records", "recipe", "seed", "origin", "made_by"}
    active = shelf.active(MODEL)
    assert active is not None
    assert active.sha256 == package.sha256


def test_putting_it_on_the_shelf_again_changes_nothing(tmp_path: Path) -> None:
    shelf, trust = _shelf(tmp_path)
    first, again = (shelve(shelf, trust.box_key(), SHIPPED) for _ in range(2))
    assert first == again
    assert not shelf.slots()[0].history


def test_an_upgrade_replaces_the_shipped_model_but_not_one_that_a_site_chose(tmp_path: Path) -> None:
    shelf, trust = _shelf(tmp_path)
    older = _written(tmp_path / "older", "0.9")
    shelve(shelf, trust.box_key(), older)
    shelve(shelf, trust.box_key(), _written(tmp_path / "newer", "2"))
    assert _active_version(shelf) == "2"
    own = _written(tmp_path / "own", "3", origin="taught on this box")
    sign_package(own, trust.box_key())
    shelf.install(own)
    shelf.activate(MODEL, MODEL, "3")
    shelve(shelf, trust.box_key(), _written(tmp_path / "newest", "4"))
    assert _active_version(shelf) == "3"


def _active_version(shelf: Shelf) -> str:
    active = shelf.active(MODEL)
    assert active is not None
    return active.card.version


def test_golden_beats_are_clear_of_another_verdict() -> None:
    files = beat_files(_networks(), "2", {})
    for case in read_golden(files["golden.npz"], beat_card("2", {})).cases:
        ordered = np.sort(case.expected["probabilities"], axis=1)
        assert (ordered[:, -1] - ordered[:, -2] > 0.05).all()


def test_the_graph_agrees_with_the_networks_in_the_product_s_own_engine(tmp_path: Path) -> None:
    package = _signed(_written(tmp_path / "beats"), tmp_path)
    batch = drawn_beats(33, seed=8)
    inputs = {name: getattr(batch, name) for name in ("wave", "template", "shape", "rhythm", "present")}
    got = Session(package.model, package.card).run(inputs)["probabilities"]
    np.testing.assert_allclose(got, mean_probabilities(_networks(), batch), atol=1e-5)


@pytest.mark.parametrize("leads", [slice(0, 2), slice(0, 1)], ids=["two leads", "one lead"])
def test_the_shipped_model_tells_ventricular_beats_of_a_synthetic_patient(tmp_path: Path, leads: slice) -> None:
    shelf, trust = _shelf(tmp_path)
    package = shelve(shelf, trust.box_key(), SHIPPED)
    session = Session(package.model, package.card)
    one = patient(60.0)
    classifier = BeatClassifier()
    size = round(5 * RATE_HZ)
    labels: list[BeatLabel] = []
    waiting = list(one.beats)
    for first in range(0, one.leads[0].samples.size, size):
        chunks = [cut(lead, first, first + size) for lead in list(one.leads)[leads]]
        told = [beat for beat in waiting if beat.at_s < chunks[0].end_s - 0.6]
        waiting = waiting[len(told) :]
        ask = classifier.take(chunks, told)
        if ask is not None:
            labels += classifier.labels([Answer(None, Outcome.ANSWERED, session.run(ask.inputs))])
    wide = dict(zip(one.beats, one.wide, strict=True))
    known = [label for label in labels if label.label is not BeatClass.UNKNOWN]
    assert len(known) > 50
    assert all((label.label is BeatClass.VENTRICULAR) == wide[label.beat] for label in known)
