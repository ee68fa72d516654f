from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from core.errors import SettingsError
from verticals.outgoing.trust import trusting


def test_without_a_file_the_systems_authorities_are_trusted(tmp_path: Path) -> None:
    assert trusting("", tmp_path, "out").verify_mode == ssl.CERT_REQUIRED


def test_a_file_that_is_no_authority_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(SettingsError, match=r"retail\.epcis\.out: ca_file 'ca\.pem'"):
        trusting("ca.pem", tmp_path, "retail.epcis.out")
