from __future__ import annotations

from typing import Any

import pytest

from core.errors import SettingsError
from core.settings import checked
from healthcare.hl7.settings import MllpSettings


def read(**values: Any) -> MllpSettings:
    return checked(MllpSettings, values, "edgewise.toml [healthcare.hl7]")


def test_quantities_carry_their_unit() -> None:
    found = read(silent_after="15s", idle_timeout="30s", frame_limit="100KB", capture={"limit": "200MB"})
    assert (found.silent_after, found.idle_timeout, found.frame_limit) == (15.0, 30.0, 100_000.0)
    assert found.capture is not None and found.capture.limit == 200e6


def test_beyond_loopback_peers_and_tls_are_asked_for() -> None:
    found = read(host="10.1.2.3", peers=["10.1.2.0/24", "10.1.3.7"], tls={})
    assert [str(network) for network in found.networks] == ["10.1.2.0/24", "10.1.3.7/32"]
    assert read(host="0.0.0.0", peers=["10.1.2.0/24"], unencrypted_beyond_loopback=True).tls is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"host": "10.1.2.3", "tls": {}}, "peers"),
        ({"host": "10.1.2.3", "peers": ["10.1.2.4"]}, "a table tls"),
        ({"host": "ward.example"}, "an address of this box"),
        ({"peers": ["10.1.2.3/24"]}, "an address or a network"),
        ({"time_zone": "Middle-earth"}, "IANA name"),
        ({"tls": {"certificate": "a.pem"}}, "certificate and key together"),
        ({"frame_limit": "2MB"}, "frame_limit"),
        ({"processing": ["X"]}, "processing"),
        ({"silent_after": "0s"}, "silent_after"),
        ({"typo": 1}, "not known"),
    ],
)
def test_a_fault_names_key_and_what_was_expected(values: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(**values)
