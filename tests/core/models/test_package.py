from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import HashError, PackageError, SignatureError
from core.models.package import (
    CARD,
    GOLDEN,
    MODEL,
    SIGNATURE,
    Package,
    read_package,
    sign_package,
    write_package,
    zip_package,
)
from core.models.trust import SigningKey, Trust
from tests.support.graphs import score_card, score_golden, score_graph, score_package


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "keys")


@pytest.fixture
def package(tmp_path: Path, trust: Trust) -> Package:
    return score_package(tmp_path / "package", trust.box_key())


def test_a_package_reads_back_as_it_was_written(tmp_path: Path, trust: Trust, package: Package) -> None:
    found = read_package(tmp_path / "package", trust)
    assert found == package
    assert found.model == score_graph()
    assert found.signed_by_box
    assert found.golden.cases[1].expected["score"].tolist() == score_golden().cases[1].expected["score"].tolist()


def test_a_zip_is_the_same_package_byte_for_byte(tmp_path: Path, trust: Trust, package: Package) -> None:
    zip_package(package, tmp_path / "a.zip")
    zip_package(package, tmp_path / "b.zip")
    assert read_package(tmp_path / "a.zip", trust) == package
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_who_signs_does_not_change_what_it_is(tmp_path: Path, trust: Trust, package: Package) -> None:
    other = score_package(tmp_path / "other", SigningKey.new())
    assert other.sha256 == package.sha256
    assert not other.signed_by_box
    with pytest.raises(SignatureError, match="does not trust"):
        read_package(tmp_path / "other", trust)


def test_a_package_that_is_there_is_not_written_over(tmp_path: Path, trust: Trust, package: Package) -> None:
    with pytest.raises(PackageError, match="there already"):
        score_package(tmp_path / "package", trust.box_key(), gain=2.0)
    assert read_package(tmp_path / "package", trust) == package
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", [CARD, MODEL, GOLDEN])
def test_one_changed_byte_is_a_hash_error(tmp_path: Path, trust: Trust, package: Package, name: str) -> None:
    path = tmp_path / "package" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(HashError, match=f"{name} is not what was signed"):
        read_package(tmp_path / "package", trust)


def test_a_missing_and_an_unlisted_file_are_hash_errors(tmp_path: Path, trust: Trust, package: Package) -> None:
    extra = tmp_path / "package" / "extra.bin"
    extra.write_bytes(b"x")
    with pytest.raises(HashError, match=r"extra.bin is there but was not signed"):
        read_package(tmp_path / "package", trust)
    extra.unlink()
    (tmp_path / "package" / GOLDEN).unlink()
    with pytest.raises(HashError, match=r"golden.npz was signed but is not there"):
        read_package(tmp_path / "package", trust)


def _unsigned(folder: Path) -> None:
    (folder / SIGNATURE).unlink()


def _not_json(folder: Path) -> None:
    (folder / SIGNATURE).write_bytes(b"\xff{")


def _deep(folder: Path) -> None:
    (folder / SIGNATURE).write_bytes(b"[" * 200_000)


def _forged_hash(folder: Path) -> None:
    document = json.loads((folder / SIGNATURE).read_text())
    document["files"][MODEL] = "0" * 64
    (folder / SIGNATURE).write_text(json.dumps(document))


def _other_key(folder: Path) -> None:
    document = json.loads((folder / SIGNATURE).read_text())
    document["key"] = SigningKey.new().id
    (folder / SIGNATURE).write_text(json.dumps(document))


def _lists_a_line_break(folder: Path) -> None:
    document = json.loads((folder / SIGNATURE).read_text())
    document["files"]["a\nb"] = "0" * 64
    (folder / SIGNATURE).write_text(json.dumps(document))


@pytest.mark.parametrize("harm", [_unsigned, _not_json, _deep, _forged_hash, _other_key, _lists_a_line_break])
def test_a_broken_signature_is_a_signature_error(
    tmp_path: Path, trust: Trust, package: Package, harm: Callable[[Path], None]
) -> None:
    harm(tmp_path / "package")
    with pytest.raises(SignatureError):
        read_package(tmp_path / "package", trust)


def test_a_link_or_a_folder_inside_is_refused(tmp_path: Path, trust: Trust, package: Package) -> None:
    inside = tmp_path / "package" / "other"
    inside.symlink_to(tmp_path / "package" / MODEL)
    with pytest.raises(PackageError, match="other is not a plain file"):
        read_package(tmp_path / "package", trust)
    inside.unlink()
    inside.mkdir()
    with pytest.raises(PackageError, match="other is not a plain file"):
        read_package(tmp_path / "package", trust)
    inside.rmdir()
    os.mkfifo(inside)
    with pytest.raises(PackageError, match="other is not a plain file"):
        read_package(tmp_path / "package", trust)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/b", ".hidden", "a\\b", "x" * 300, "a\nb"])
def test_a_zip_with_a_path_is_refused(tmp_path: Path, trust: Trust, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(PackageError, match="not a name that a package's file may have"):
        read_package(tmp_path / "bad.zip", trust)


def test_a_zip_with_a_link_is_refused(tmp_path: Path, trust: Trust) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        entry = zipfile.ZipInfo("model.onnx")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(PackageError, match="is a link"):
        read_package(tmp_path / "bad.zip", trust)


def test_a_zip_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.files.MAX_PACKAGE_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.onnx", bytes(100_001))
    with pytest.raises(PackageError, match="more than a package may hold"):
        read_package(tmp_path / "bomb.zip", trust)


def test_a_zip_that_lies_about_its_size_gives_no_more_than_it_says(tmp_path: Path, trust: Trust) -> None:
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.onnx", bytes(50_000_000))
    content = path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(PackageError):
        read_package(path, trust)


def test_too_many_files_are_refused(tmp_path: Path, trust: Trust) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(65):
            archive.writestr(f"f{number}", b"")
    with pytest.raises(PackageError, match="more than 64 files"):
        read_package(tmp_path / "many.zip", trust)


def test_a_file_that_is_no_package_and_none_at_all_are_package_errors(tmp_path: Path, trust: Trust) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(PackageError, match="not readable as a package"):
        read_package(tmp_path / "text.zip", trust)
    with pytest.raises(PackageError, match="there is no such package"):
        read_package(tmp_path / "none.zip", trust)


def test_a_signed_package_still_needs_its_parts(tmp_path: Path, trust: Trust, package: Package) -> None:
    (tmp_path / "package" / GOLDEN).unlink()
    with pytest.raises(PackageError, match=r"there is no golden.npz"):
        sign_package(tmp_path / "package", trust.box_key())


def test_signing_again_takes_the_files_as_they_are_now(tmp_path: Path, trust: Trust, package: Package) -> None:
    (tmp_path / "package" / "notes.txt").write_text("new")
    signed = sign_package(tmp_path / "package", trust.box_key())
    assert read_package(tmp_path / "package", trust) == signed
    assert signed.sha256 != package.sha256
    assert signed.files["notes.txt"] == b"new"


def test_golden_vectors_that_do_not_fit_the_card_are_refused(tmp_path: Path, trust: Trust) -> None:
    golden = score_golden()
    golden.cases[0].expected["score"].shape = (1, 1)
    with pytest.raises(PackageError, match=r"case 'good': output 'score' has the shape \[1, 1\], expected \[1\]"):
        write_package(tmp_path / "bad", score_card(), score_graph(), golden, trust.box_key())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_zip_is_never_taken(tmp_path: Path, trust: Trust, data: st.DataObject) -> None:
    source = tmp_path / "fuzz.zip"
    if not source.exists():
        zip_package(score_package(tmp_path / "fuzz", trust.box_key()), source)
        original = read_package(source, trust)
        assert original.card.name == "tiny"
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        found = read_package(damaged, trust)
    except PackageError:
        return
    # Damage to what no reader uses (dates, flags) may leave the package whole: then it is the same one.
    assert found.sha256 == read_package(source, trust).sha256
