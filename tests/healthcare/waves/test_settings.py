from __future__ import annotations

from typing import Any

import pytest

from core.errors import SettingsError
from core.settings import checked
from healthcare.waves.settings import WaveSettings


def read(**values: Any) -> WaveSettings:
    return checked(WaveSettings, {"secret_file": "waves.secret", **values}, "site.toml")


def test_unless_a_site_says_more_only_this_machine_may_send() -> None:
    settings = read()
    assert settings.host == "127.0.0.1"
    assert settings.allows("127.0.0.1") and settings.allows("::1") and settings.allows("::ffff:127.0.0.1")
    assert not settings.allows("10.1.2.3") and not settings.allows("unknown") and not settings.allows("")


def test_peers_are_addresses_and_networks() -> None:
    settings = read(peers=["10.1.0.0/16", "192.0.2.7"])
    assert settings.allows("10.1.9.9") and settings.allows("192.0.2.7") and settings.allows("::ffff:10.1.0.1")
    assert not settings.allows("10.2.0.1") and not settings.allows("127.0.0.1")


@pytest.mark.parametrize(
    "values",
    [
        {"host": "0.0.0.0"}, {"host": "somewhere"}, {"peers": ["10.1"]}, {"tls_certificate": "a.pem"}, {"tls_key": "a"},
        {"silent_after": "0s"}, {"silent_after": 6}, {"port": 0}, {"most_senders": 0}, {"unknown": 1},
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"site\.toml"):
        read(**values)


def test_beyond_loopback_it_is_tls_or_said_to_be_plain() -> None:
    assert read(host="0.0.0.0", plain=True).plain
    assert read(host="10.1.2.3", tls_certificate="a.pem", tls_key="a.key").tls_key == "a.key"
