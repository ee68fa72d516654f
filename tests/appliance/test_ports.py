from __future__ import annotations

import socket

import pytest

from appliance.ports import require_free
from core.errors import PortBusyError


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_told_and_a_free_one_is_left_free(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortBusyError, match=rf"{host}:{port} cannot be .*: Address already in use .*do this"):
            require_free(host, port, "do this")
    require_free(host, port, "")
    with socket.create_server((host, port), family=family):
        pass


def test_an_address_that_is_not_this_boxs_is_told() -> None:
    with pytest.raises(PortBusyError, match="Cannot assign requested address"):
        require_free("192.0.2.1", 8101, "")
    with pytest.raises(PortBusyError, match="cannot be listened on"):
        require_free("no such host.invalid", 8101, "")
