from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import StoreError
from ui.csrf import Csrf


def test_a_token_fits_its_visit_and_session_only(tmp_path: Path) -> None:
    csrf = Csrf.kept_in(tmp_path / "keys")
    token = csrf.token("visit", "session")
    assert csrf.fits(token, "visit", "session")
    assert not csrf.fits(token, "visit", "")
    assert not csrf.fits(token, "other", "session")
    assert not csrf.fits(csrf.token("", ""), "", "")
    assert not csrf.fits("é", "visit", "session")


def test_the_secret_outlives_a_restart_and_is_the_owner_s_alone(tmp_path: Path) -> None:
    token = Csrf.kept_in(tmp_path).token("visit", "")
    assert Csrf.kept_in(tmp_path).fits(token, "visit", "")
    assert stat.S_IMODE((tmp_path / "web.key").stat().st_mode) == 0o600


def test_a_spoilt_secret_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "web.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="remade"):
        Csrf.kept_in(tmp_path)
