from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from appliance.verbs import models
from core.errors import PackageError, RefusedError, SignatureError
from core.models.package import MODEL, write_package
from core.models.trust import SigningKey, Trust
from tests.support.graphs import score_card, score_golden, score_graph, score_package


class Desk:
    """Runs the verb as the command line does, on a data directory of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.key = Trust(self.data / "keys").box_key()
        self._capsys = capsys

    def run(self, *words: str) -> int:
        parser = argparse.ArgumentParser()
        models.register(parser.add_subparsers())
        arguments = parser.parse_args(["models", words[0], "--data", str(self.data), *words[1:]])
        return int(arguments.run(arguments))

    def json(self, *words: str) -> Any:
        self._capsys.readouterr()
        self.run(*words, "--json")
        return json.loads(self._capsys.readouterr().out)

    def said(self) -> str:
        return self._capsys.readouterr().out

    def package(self, version: str, *, gain: float = 1.0) -> str:
        score_package(self.folder / version, self.key, version=version, gain=gain)
        return str(self.folder / version)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_package_is_installed_activated_rolled_back_and_listed(desk: Desk) -> None:
    for version in ("1", "2"):
        assert desk.run("install", desk.package(version)) == 0
        assert desk.run("activate", "line-3", "tiny", version) == 0
    assert desk.run("rollback", "line-3") == 0
    assert "tiny 1 is active for 'line-3' again." in desk.said()
    document = desk.json("list")
    assert [(item["version"], item["slots"], item["signed_by_box"]) for item in document["packages"]] == [
        ("1", ["line-3"], True),
        ("2", [], True),
    ]
    assert document["slots"][0]["active"]["version"] == "1"
    assert desk.run("list") == 0
    assert "slot line-3: tiny 1" in desk.said()


@pytest.mark.parametrize("name", ["line-3", "tiny@1", "path"])
def test_a_package_is_shown_by_slot_by_name_and_by_path(desk: Desk, name: str) -> None:
    path = desk.package("1")
    desk.run("install", path)
    desk.run("activate", "line-3", "tiny", "1")
    assert desk.run("show", path if name == "path" else name) == 0
    assert "limit  threshold = 0.5" in desk.said()
    assert desk.json("show", path if name == "path" else name)["golden_cases"] == 2


def test_an_exported_zip_installs_on_a_box_that_trusts_the_key(desk: Desk, tmp_path: Path) -> None:
    desk.run("install", desk.package("1"))
    assert desk.run("export", "tiny", "1", str(tmp_path / "tiny.zip")) == 0
    desk.data = tmp_path / "other"
    with pytest.raises(SignatureError, match="does not trust"):
        desk.run("install", str(tmp_path / "tiny.zip"))
    (tmp_path / "first.pub").write_bytes(desk.key.public_pem())
    Trust(desk.data / "keys").add_publisher("first", tmp_path / "first.pub")
    assert desk.run("install", str(tmp_path / "tiny.zip")) == 0
    assert desk.json("list")["packages"][0]["signed_by_box"] is False


def test_verify_finds_what_is_not_right_and_exits_1(desk: Desk) -> None:
    path = desk.package("1")
    desk.run("install", path)
    assert desk.run("verify") == 0
    assert desk.run("verify", path) == 0
    for model in (Path(path) / MODEL, desk.data / "models" / "packages" / "tiny" / "1" / MODEL):
        model.write_bytes(b"other")
    assert desk.run("verify") == 1
    assert desk.run("verify", path) == 1
    assert "model.onnx is not what was signed [package-hash]" in desk.said()
    assert desk.json("verify", path)["packages"][0]["code"] == "package-hash"


def test_a_golden_vector_that_fails_is_a_finding_on_stderr(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    write_package(desk.folder / "bad", score_card(), score_graph(2.0), score_golden(1.0), desk.key)
    assert desk.run("verify", str(desk.folder / "bad")) == 1
    desk.run("install", str(desk.folder / "bad"))
    capsys.readouterr()
    assert desk.run("activate", "line-3", "tiny", "1") == 1
    assert capsys.readouterr().err.startswith("edgewise: tiny 1: golden case 'good'")
    assert desk.json("activate", "line-3", "tiny", "1")["code"] == "package-golden"


def test_signing_makes_a_changed_package_right_again(desk: Desk) -> None:
    path = desk.package("1")
    (Path(path) / "notes.txt").write_text("a note")
    assert desk.run("verify", path) == 1
    assert desk.run("sign", path) == 0
    assert desk.run("verify", path) == 0
    publisher = SigningKey.new()
    (desk.folder / "publisher.key").write_bytes(publisher.private_pem())
    assert desk.run("sign", path, "--key", str(desk.folder / "publisher.key")) == 0
    assert f"is signed by key {publisher.id}" in desk.said()
    assert desk.run("verify", path) == 1


def test_what_is_not_there_is_bad_input(desk: Desk) -> None:
    for words in (["verify", "none.zip"], ["install", "none.zip"], ["show", "none"], ["export", "tiny", "1", "x.zip"]):
        with pytest.raises(PackageError):
            desk.run(*words)
    with pytest.raises(RefusedError):
        desk.run("rollback", "line-3")
    assert desk.run("list") == 0
    assert "The shelf is empty." in desk.said()
