"""MLLP over TLS: the site's certificate or one of the box's own, and senders' certificates where a site wants them.

The own one is self-signed, made when it is missing, no longer names the address, or runs out; a gateway is told to
trust its fingerprint. It is for senders, not for browsers, and so lasts years.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from core.clock import Clock
from core.errors import SettingsError
from healthcare.hl7.settings import MllpTlsSettings
from verticals.own_certificate import OwnCertificate

_VALID_DAYS = 5 * 365
_RENEW_DAYS = 60


def server_context(settings: MllpTlsSettings, host: str, keys: Path, clock: Clock) -> ssl.SSLContext:
    """TLS 1.2 or later. Takes some milliseconds when a certificate is made: call it before a loop runs.

    Raises SettingsError for files that cannot be used, StoreError where none can be made.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    named = bool(settings.certificate)
    certificate, key = (settings.certificate, settings.key) if named else own_certificate(host, keys, clock)
    try:
        context.load_cert_chain(certificate, key, password="")  # or OpenSSL asks for one at the terminal
        if settings.client_ca:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"MLLP over TLS: certificate, key or client_ca cannot be used: {error}",
            hint="PEM files, the key without a pass phrase, readable by the user that Edgewise runs as.",
        ) from error
    return context


def own_certificate(host: str, keys: Path, clock: Clock) -> tuple[Path, Path]:
    """Certificate and key of the box for senders; made anew where there is none that fits. Raises StoreError."""
    own = OwnCertificate(keys / "mllp", "mllp", f"Edgewise MLLP {socket.gethostname()}", _VALID_DAYS, _RENEW_DAYS)
    listens = [host] if host not in ("0.0.0.0", "::") else []
    own.ensure([socket.gethostname(), "localhost", "127.0.0.1", *listens], clock)
    return own.certificate, own.key
