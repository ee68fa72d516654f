"""Only who has the secret is heard, and only soon after signing."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import AccessError, SettingsError
from verticals.signature import check, read_secret, sign

SECRET, OTHER = b"s" * 32, b"o" * 32
NOW = 1_795_420_800.0


def _check(given: str, body: bytes = b"body", now: float = NOW) -> None:
    check(given, SECRET, body, now_utc_s=now, within_s=300)


def test_what_was_signed_with_the_secret_fits() -> None:
    _check(sign(SECRET, NOW, b"body"))
    _check(sign(SECRET, NOW - 299, b"body"))


@pytest.mark.parametrize(
    "given",
    ["", "t=1", "nonsense", sign(OTHER, NOW, b"body"), sign(SECRET, NOW, b"other"), sign(SECRET, NOW, b"body")[:-1],
     sign(SECRET, NOW, b"body").replace("t=", "t=1"), sign(SECRET, NOW, b"body").upper(), "t=1,v1=é" + "0" * 63],
)  # fmt: skip
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(AccessError):
        _check(given)


@pytest.mark.parametrize("away_s", [-301, 301, -(10**6)])
def test_an_old_message_cannot_be_sent_once_more(away_s: float) -> None:
    with pytest.raises(AccessError, match="away from this box's time"):
        _check(sign(SECRET, NOW + away_s, b"body"))


def test_a_secret_is_its_owners_alone_and_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "pos.secret"
    with pytest.raises(SettingsError, match="cannot be read"):
        read_secret(path)
    path.write_bytes(SECRET + b"\n")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="others may read"):
        read_secret(path)
    path.chmod(0o600)
    assert read_secret(path) == SECRET
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match="at least 32"):
        read_secret(path)
