from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import StoreError
from tests.support.clocks import FakeClock
from ui.tls import certificate_for

_DAY_S = 86400.0


def test_a_certificate_is_made_once_and_its_key_is_the_owner_s_alone(tmp_path: Path) -> None:
    first = certificate_for("10.3.0.1", tmp_path, FakeClock())
    assert certificate_for("10.3.0.1", tmp_path, FakeClock()).fingerprint == first.fingerprint
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600


def test_it_names_what_the_box_is_reached_by(tmp_path: Path) -> None:
    made = certificate_for("10.3.0.1", tmp_path, FakeClock())
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.3.0.1" in [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert "localhost" in names.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("host", ["10.3.0.2", "box.site"])
def test_another_address_gets_another_certificate(tmp_path: Path, host: str) -> None:
    first = certificate_for("10.3.0.1", tmp_path, FakeClock())
    assert certificate_for(host, tmp_path, FakeClock()).fingerprint != first.fingerprint


def test_it_is_renewed_a_month_before_it_runs_out(tmp_path: Path) -> None:
    clock = FakeClock()
    first = certificate_for("10.3.0.1", tmp_path, clock).fingerprint
    clock.advance(785 * _DAY_S)
    assert certificate_for("10.3.0.1", tmp_path, clock).fingerprint == first
    clock.advance(10 * _DAY_S)
    assert certificate_for("10.3.0.1", tmp_path, clock).fingerprint != first


def test_a_spoilt_certificate_says_what_to_do(tmp_path: Path) -> None:
    made = certificate_for("10.3.0.1", tmp_path, FakeClock())
    made.certificate.write_bytes(b"spoilt")
    with pytest.raises(StoreError, match="Remove the folder"):
        certificate_for("10.3.0.1", tmp_path, FakeClock())
