from __future__ import annotations

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import SettingsError, StoreError
from healthcare.hl7.mllp import MllpServer
from healthcare.hl7.settings import MllpTlsSettings
from healthcare.hl7.tls import own_certificate, server_context
from tests.healthcare.hl7.listeners import Client, Line, listening, sending, settings, until
from tests.healthcare.hl7.messages import observations
from tests.support.clocks import FakeClock

# The context looks at the real clock: certificates are made by one that agrees with it roughly.
CLOCK = FakeClock(utc_s=Path(__file__).stat().st_mtime)


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_a_message_over_tls_with_the_box_s_own_certificate(tmp_path: Path) -> None:
    context = server_context(MllpTlsSettings(), "127.0.0.1", tmp_path, CLOCK)
    line, server = Line(), MllpServer("feed", settings(tls=MllpTlsSettings()), context)
    certificate, _ = own_certificate("127.0.0.1", tmp_path, CLOCK)
    async with listening(server, line), sending(server, trusting(certificate)) as client:
        assert await client.ask(observations("1")) == ("AA", "1")
        assert await client.ask(observations("2")) == ("AA", "2")


async def test_a_sender_that_speaks_in_the_open_is_hung_up_on_and_the_next_is_heard(tmp_path: Path) -> None:
    context = server_context(MllpTlsSettings(), "127.0.0.1", tmp_path, CLOCK)
    line, server = Line(), MllpServer("feed", settings(tls=MllpTlsSettings()), context)
    async with listening(server, line):
        async with sending(server) as plain:
            await plain.send(observations("1"))
            await plain.reader.read()
        await until(lambda: server.peers.connected == 0)
        async with sending(server, trusting(tmp_path / "mllp" / "mllp.crt")) as client:
            assert await client.ask(observations("2")) == ("AA", "2")
    assert [sample.key.rpartition("|")[2] for sample in line.samples] == ["2"]


def named_sender(folder: Path) -> tuple[Path, Path]:
    """The certificate and key of a gateway, as its maker would issue it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gateway 1")])
    now = datetime.fromtimestamp(CLOCK.now().utc_s, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    certificate, private = folder / "gateway.crt", folder / "gateway.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return certificate, private


async def test_where_senders_need_a_certificate_only_one_that_has_it_is_heard(tmp_path: Path) -> None:
    theirs, their_key = named_sender(tmp_path)
    asked = MllpTlsSettings(client_ca=str(theirs))
    line = Line()
    server = MllpServer("feed", settings(tls=asked), server_context(asked, "127.0.0.1", tmp_path, CLOCK))
    nameless, named = (trusting(tmp_path / "mllp" / "mllp.crt") for _ in range(2))
    named.load_cert_chain(theirs, their_key)
    async with listening(server, line):
        with pytest.raises((OSError, EOFError)):
            async with sending(server, nameless) as stranger:
                await stranger.ask(observations("1"))
        async with sending(server, named) as gateway:
            assert await gateway.ask(observations("2")) == ("AA", "2")
    assert [sample.key.rpartition("|")[2] for sample in line.samples] == ["2"]


async def test_an_unlisted_address_is_refused_before_any_handshake(tmp_path: Path) -> None:
    context = server_context(MllpTlsSettings(), "127.0.0.1", tmp_path, CLOCK)
    server = MllpServer("feed", settings(tls=MllpTlsSettings(), peers=("10.0.0.1",)), context)
    line = Line()
    async with listening(server, line):
        with pytest.raises((OSError, EOFError)):
            async with asyncio.timeout(5):
                await Client.connect(server, trusting(tmp_path / "mllp" / "mllp.crt"))
    assert server.peers.refused["127.0.0.1"] == 1


def test_the_own_certificate_is_kept_until_it_does_not_fit_any_more(tmp_path: Path) -> None:
    clock = FakeClock()
    certificate, key = own_certificate("127.0.0.1", tmp_path, clock)
    first = certificate.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    own_certificate("127.0.0.1", tmp_path, clock)
    assert certificate.read_bytes() == first
    own_certificate("10.1.2.3", tmp_path, clock)
    second = certificate.read_bytes()
    assert second != first
    clock.advance(5 * 365 * 86400 - 30 * 86400)
    own_certificate("10.1.2.3", tmp_path, clock)
    assert certificate.read_bytes() != second


def test_a_key_with_a_pass_phrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    certificate, key = named_sender(tmp_path)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(SettingsError, match="cannot be used"):
        server_context(MllpTlsSettings(str(certificate), str(key)), "127.0.0.1", tmp_path, CLOCK)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nonsense")
    wrong = MllpTlsSettings(certificate=str(tmp_path / "a.pem"), key=str(tmp_path / "a.pem"))
    with pytest.raises(SettingsError, match="certificate, key or client_ca"):
        server_context(wrong, "127.0.0.1", tmp_path, CLOCK)
    (tmp_path / "mllp").write_text("in the way")
    with pytest.raises(StoreError, match="no certificate could be made"):
        own_certificate("127.0.0.1", tmp_path, CLOCK)
