from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from tests.support.screens import ScreenRig
from ui.gate import Gate, Scope, networks


def asked(peer: str, host: str = "127.0.0.1:8101") -> Scope:
    return {"type": "http", "client": (peer, 50000), "headers": [(b"host", host.encode("latin-1"))]}


@pytest.mark.parametrize(
    ("peer", "passes"),
    [("127.0.0.1", True), ("::1", True), ("10.3.0.21", True), ("::ffff:10.3.0.21", True), ("10.4.0.1", False),
     ("fd00::1", False), ("nonsense", False), ("", False)],
)  # fmt: skip
def test_only_named_networks_pass(peer: str, passes: bool) -> None:
    gate = Gate("0.0.0.0", networks(["10.3.0.0/24"], "[screens.trial]"))
    assert (gate.refusal(asked(peer)) == "") is passes
    assert gate.refused_peers == (0 if passes else 1)


@pytest.mark.parametrize(
    ("host", "passes"),
    [("localhost:8101", True), ("127.0.0.1", True), ("[::1]:8101", True), ("10.3.0.1", True), ("box.site:8101", True),
     (socket.gethostname(), True), ("evil.example:8101", False), ("", False)],
)  # fmt: skip
def test_a_foreign_host_name_is_refused(host: str, passes: bool) -> None:
    gate = Gate("box.site")
    assert (gate.refusal(asked("127.0.0.1", host)) == "") is passes
    assert gate.refused_hosts == (0 if passes else 1)


def test_what_is_no_network_is_a_fault_of_the_settings() -> None:
    with pytest.raises(SettingsError, match=r"\[screens.trial\] allow"):
        networks(["10.3.0.1/8"], "[screens.trial]")


def test_a_rebound_name_reaches_no_page_and_is_counted(rig: ScreenRig) -> None:
    client = rig.client()
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403 and "host name" in answer.json()["error"]
    assert client.get("/healthz/ready").json()["refused_hosts"] == 1


@given(st.text(), st.binary())
def test_whatever_knocks_gets_a_sentence_or_passes(peer: str, host: bytes) -> None:
    refusal = Gate("127.0.0.1").refusal({"type": "http", "client": (peer, 1), "headers": [(b"host", host)]})
    assert isinstance(refusal, str)
