from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.support.clocks import FakeClock
from verticals.own_certificate import OwnCertificate

_DAY_S = 86_400.0
_NAMES = ["box-1", "localhost", "192.0.2.7", "localhost"]


@pytest.fixture
def own(tmp_path: Path) -> OwnCertificate:
    return OwnCertificate(tmp_path / "tls", "server", "Edgewise box-1", valid_days=100, renew_days=10)


def test_a_pair_is_kept_while_it_fits_and_its_key_is_the_owner_s_alone(own: OwnCertificate) -> None:
    clock = FakeClock()
    own.ensure(_NAMES, clock)
    made = own.certificate.read_bytes(), own.key.read_bytes()
    clock.advance(89 * _DAY_S)
    own.ensure(_NAMES[:2], clock)
    assert (own.certificate.read_bytes(), own.key.read_bytes()) == made
    assert [stat.S_IMODE(path.stat().st_mode) for path in (own.folder, own.key)] == [0o700, 0o600]
    assert not list(own.folder.glob("*.part"))


def test_a_pair_that_lost_a_half_or_runs_out_or_lacks_a_name_is_made_anew(own: OwnCertificate) -> None:
    clock = FakeClock()
    own.ensure(_NAMES, clock)
    seen = {own.certificate.read_bytes()}
    own.key.unlink()
    own.ensure(_NAMES, clock)
    seen.add(own.certificate.read_bytes())
    clock.advance(91 * _DAY_S)
    own.ensure(_NAMES, clock)
    seen.add(own.certificate.read_bytes())
    own.ensure([*_NAMES, "box-1.site"], clock)
    seen.add(own.certificate.read_bytes())
    assert len(seen) == 4


def test_a_long_title_is_cut_to_what_a_common_name_may_have(own: OwnCertificate) -> None:
    long = replace(own, title="Edgewise " + "x" * 100)
    long.ensure(["box"], FakeClock())
    certificate = x509.load_pem_x509_certificate(long.certificate.read_bytes())
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == long.title[:64]
