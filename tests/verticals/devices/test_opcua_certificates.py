from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.errors import RefusedError, StoreError
from tests.support.clocks import FakeClock
from tests.verticals.devices.test_opcua_trust import NOW_S
from verticals.devices.opcua_certificates import OwnCertificates

DAY_S = 86400.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(utc_s=NOW_S)


@pytest.fixture
def own(tmp_path: Path, clock: FakeClock) -> OwnCertificates:
    return OwnCertificates(tmp_path / "own", clock)


def test_it_is_made_once_and_fit_for_opc_ua(own: OwnCertificates) -> None:
    identity = own.ensure()
    assert own.ensure() == identity and own.next() is None
    facts = identity.facts
    assert facts.uri.startswith("urn:") and facts.uri.endswith(":edgewise") and facts.hosts
    assert (facts.key_kind, facts.key_bits, facts.signature_hash) == ("RSA", 2048, "sha256")
    certificate = x509.load_der_x509_certificate(identity.certificate)
    assert load_pem_private_key(identity.key, None).public_key() == certificate.public_key()
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.data_encipherment


def test_the_key_is_the_owner_s_alone_and_never_shown(own: OwnCertificates) -> None:
    identity = own.ensure()
    assert [oct(path.stat().st_mode & 0o077) for path in (own.folder, *own.folder.iterdir())] == ["0o0"] * 2
    assert "PRIVATE" not in repr(identity)


def test_a_new_one_is_made_thirty_days_before_and_the_old_one_stays(own: OwnCertificates, clock: FakeClock) -> None:
    first = own.ensure()
    clock.utc_s = first.facts.valid_until_utc_s - 31 * DAY_S
    own.ensure()
    assert own.next() is None
    clock.utc_s = first.facts.valid_until_utc_s - 29 * DAY_S
    assert own.ensure() == first
    waiting = own.next()
    assert waiting is not None and waiting.facts.uri == first.facts.uri
    assert waiting.facts.fingerprint != first.facts.fingerprint
    assert own.candidates() == [waiting, first]
    assert own.ensure() == first and own.next() == waiting  # one new one is enough


def test_a_person_renews_and_changes_over_and_nothing_is_lost(own: OwnCertificates) -> None:
    first = own.ensure()
    with pytest.raises(RefusedError):
        own.use_next()
    waiting = own.renew()
    assert own.use_next() == waiting
    assert own.current() == waiting and own.next() is None
    assert first.key in (own.folder / "previous.pem").read_bytes()


def test_a_clock_that_is_not_set_destroys_nothing_and_makes_one_that_holds(
    own: OwnCertificates, clock: FakeClock
) -> None:
    clock.utc_s = 5.0
    first = own.ensure()
    clock.utc_s = NOW_S
    assert first.facts.valid_from_utc_s < NOW_S < first.facts.valid_until_utc_s
    assert own.ensure() == first and own.next() is None
    clock.utc_s = 5.0
    assert own.ensure() == first and own.next() is None


def test_a_clock_that_was_ahead_leaves_no_certificate_of_the_future(own: OwnCertificates, clock: FakeClock) -> None:
    first = own.ensure()
    clock.utc_s = NOW_S + 100 * 365 * DAY_S
    assert own.ensure() == first
    clock.utc_s = first.facts.valid_until_utc_s - 10 * DAY_S
    own.ensure()
    waiting = own.next()
    assert waiting is not None and waiting.facts.valid_from_utc_s < clock.utc_s


def test_a_damaged_one_is_said_and_not_replaced(own: OwnCertificates) -> None:
    own.ensure()
    (own.folder / "current.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nnothing")
    with pytest.raises(StoreError, match="cannot be read"):
        own.ensure()
