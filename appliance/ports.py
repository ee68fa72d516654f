"""Whether an address can be listened on, found out before anything else is started."""

from __future__ import annotations

import socket

from core.errors import PortBusyError


def require_free(host: str, port: int, hint: str) -> None:
    """Raises PortBusyError when nobody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusyError(f"{host}:{port} cannot be listened on: {error.strerror}", hint=hint) from error
