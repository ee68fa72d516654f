"""TLS of an SDC session: both sides show a certificate of the site's authority (ISO/IEEE 11073-20701, 20702).

A certificate names the device, not its address. Where the site file says which name, every connection to the device is
checked for it.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from healthcare.sdc.settings import SdcTlsSettings


class _DeviceContext(ssl.SSLContext):
    """`device`: the name in the device's certificate, in place of its address; empty for any of the authority."""

    device = ""

    def wrap_socket(self, sock: socket.socket, *given: Any, **named: Any) -> ssl.SSLSocket:
        if named.get("server_side"):
            named["do_handshake_on_connect"] = False  # else one that connects and is mute holds up all reports
        elif self.device:
            named["server_hostname"] = self.device
        return super().wrap_socket(sock, *given, **named)


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """Of connections to the device, and of the reports that it sends to us."""

    client_context: ssl.SSLContext
    server_context: ssl.SSLContext


def contexts(tls: SdcTlsSettings, data: Path, device: str) -> TlsContexts:
    """TLS 1.2 or later. `device`: the name that its certificate must have, or nothing. Raises SettingsError."""
    files = [data / name for name in (tls.certificate, tls.key, tls.ca)]
    client, server = _DeviceContext(ssl.PROTOCOL_TLS_CLIENT), _DeviceContext(ssl.PROTOCOL_TLS_SERVER)
    client.device, client.check_hostname = device, bool(device)
    try:
        for context in (client, server):
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(files[0], files[1], password="")  # or OpenSSL asks for one at the terminal
            context.load_verify_locations(files[2])
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"SDC over TLS: certificate, key or ca cannot be used: {error}",
            hint="PEM files, the key without a pass phrase, readable by the user that Edgewise runs as.",
        ) from error
    return TlsContexts(client, server)
