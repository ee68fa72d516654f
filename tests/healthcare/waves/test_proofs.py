from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import InputError, SettingsError
from healthcare.waves.proofs import Opening, Seal, check_nonce, make_secret, new_nonce, read_secret

SECRET = b"a secret of more than sixteen bytes"


def make_opening(**changes: str) -> Opening:
    values = {"server_nonce": "ab" * 32, "client_nonce": "cd" * 32, "client": "gateway-1", "stream": "s1"}
    return Opening(SECRET, **{**values, **changes})


def test_the_documented_example_holds() -> None:
    """The one of docs/healthcare/wave-stream.md."""
    opening = Opening(b"0123456789abcdef0123456789abcdef", "ab" * 32, "cd" * 32, "gateway-1", "s1")
    text = (Path(__file__).parents[3] / "docs/healthcare/wave-stream.md").read_text("utf-8")
    assert opening.client_proof() in text
    assert opening.server_proof() in text
    assert opening.seal().tag(b'{"type":"alive"}', b"").hex() in text


@pytest.mark.parametrize(
    "change", [{"server_nonce": "ac" * 32}, {"client_nonce": "cc" * 32}, {"client": "gateway-2"}, {"stream": "s2"}]
)
def test_a_proof_holds_for_one_opening_only(change: dict[str, str]) -> None:
    assert make_opening().from_client(make_opening().client_proof())
    assert not make_opening().from_client(make_opening(**change).client_proof())


def test_neither_side_can_give_back_the_proof_of_the_other() -> None:
    opening = make_opening()
    assert not opening.from_server(opening.client_proof())
    assert not opening.from_client(opening.server_proof())


def test_another_secret_proves_nothing() -> None:
    other = Opening(SECRET + b"!", "ab" * 32, "cd" * 32, "gateway-1", "s1")
    assert not make_opening().from_client(other.client_proof())


def test_a_frame_played_again_does_not_fit_the_seal() -> None:
    ours, theirs = Seal(b"key"), Seal(b"key")
    tag = ours.tag(b"head", b"payload")
    assert theirs.fits(b"head", b"payload", tag)
    assert not theirs.fits(b"head", b"payload", tag)


def test_bytes_cannot_wander_from_head_to_payload() -> None:
    assert Seal(b"key").tag(b"headp", b"ayload") != Seal(b"key").tag(b"head", b"payload")


def test_nonces_never_come_twice_and_must_be_hexadecimal() -> None:
    assert new_nonce() != new_nonce()
    assert check_nonce(new_nonce())
    for wrong in ("", "ab", "zz" * 32, "AB" * 32, "ab" * 65):
        with pytest.raises(InputError):
            check_nonce(wrong)


def test_a_secret_is_made_for_its_owner_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "waves.secret"
    made = make_secret(path)
    assert len(made) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_secret(path) == made == read_secret(path)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "waves.secret"
    make_secret(path)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="others may read"):
        read_secret(path)


def test_a_secret_that_is_short_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_secret(tmp_path / "none")
    path = tmp_path / "short"
    path.write_bytes(b"short\n")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="5 bytes"):
        read_secret(path)
