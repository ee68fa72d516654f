from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from core.errors import SignatureError
from core.models.trust import SigningKey, Trust


def test_the_box_key_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    first = trust.box_key()
    assert trust.box_key().id == first.id == Trust(tmp_path / "keys").box_key().id
    assert (tmp_path / "keys" / "box.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_what_the_box_signed_is_trusted_and_says_so(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    key = trust.box_key()
    found = trust.verify(key.id, key.sign(b"content"), b"content", "it")
    assert found.is_box


def test_a_box_key_that_others_may_read_is_closed_again(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.box_key()
    (tmp_path / "box.key").chmod(0o644)
    trust.box_key()
    assert (tmp_path / "box.key").stat().st_mode & 0o777 == 0o600


def test_a_public_half_lost_to_a_power_cut_is_made_again(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    key = trust.box_key()
    (tmp_path / "box.pub").unlink()
    assert trust.box_key().id == key.id
    assert [found.id for found in trust.trusted()] == [key.id]


def test_two_processes_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.models.trust import Trust; "
        "print(Trust(Path(sys.argv[1])).box_key().id)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "keys")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {process.communicate()[0].strip() for process in started}
    assert ids == {Trust(tmp_path / "keys").box_key().id}


def test_an_unknown_key_is_refused_until_a_person_adds_it(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    publisher = SigningKey.new()
    signature = publisher.sign(b"content")
    with pytest.raises(SignatureError, match=f"{publisher.id}, which this box does not trust"):
        trust.verify(publisher.id, signature, b"content", "it")
    (tmp_path / "them.pem").write_bytes(publisher.public_pem())
    trust.add_publisher("them", tmp_path / "them.pem")
    found = trust.verify(publisher.id, signature, b"content", "it")
    assert (found.name, found.is_box) == ("them", False)


def test_a_signature_over_something_else_does_not_fit(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    key = trust.box_key()
    with pytest.raises(SignatureError, match="does not fit"):
        trust.verify(key.id, key.sign(b"content"), b"other", "it")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    private = generate_private_key(SECP256R1())
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ec.pem").write_bytes(pem)
    with pytest.raises(SignatureError, match="expected Ed25519"):
        Trust(tmp_path / "keys").add_publisher("ec", tmp_path / "ec.pem")


def test_the_name_of_a_publisher_cannot_be_taken_over(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "keys")
    for number, name in enumerate(["them", "them"]):
        (tmp_path / "a.pem").write_bytes(SigningKey.new().public_pem())
        if number == 0:
            trust.add_publisher(name, tmp_path / "a.pem")
        else:
            with pytest.raises(SignatureError, match="another key of that name"):
                trust.add_publisher(name, tmp_path / "a.pem")
    with pytest.raises(SignatureError, match="cannot name a key"):
        trust.add_publisher("../box", tmp_path / "a.pem")


def test_a_file_that_is_no_key_is_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trust = Trust(tmp_path)
    key = trust.box_key()
    (tmp_path / "publishers").mkdir()
    (tmp_path / "publishers" / "junk.pub").write_bytes(b"\x00junk")
    assert [found.id for found in trust.trusted()] == [key.id]
    assert "junk.pub: not a public key" in caplog.text


def test_a_private_key_that_is_not_there_is_a_signature_error(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="cannot be read"):
        SigningKey.load(tmp_path / "none.key")
    (tmp_path / "bad.key").write_text("bad")
    with pytest.raises(SignatureError, match="not a private key"):
        SigningKey.load(tmp_path / "bad.key")


def test_keys_that_cannot_be_kept_are_a_signature_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder should be")
    with pytest.raises(SignatureError, match="cannot be kept there"):
        Trust(tmp_path / "keys").box_key()
