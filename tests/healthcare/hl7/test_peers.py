from __future__ import annotations

import ipaddress

import pytest

from core.clock import Instant
from healthcare.hl7 import peers as peers_module
from healthcare.hl7.peers import Peers

NETWORKS = (ipaddress.ip_network("10.1.2.0/24"), ipaddress.ip_network("fd00::/8"))
START = Instant(1000.0, 1_785_000_000.0)


def make_peers() -> Peers:
    return Peers(NETWORKS, silent_after_s=10.0)


@pytest.mark.parametrize("address", ["10.1.2.7", "::ffff:10.1.2.7", "fd12::1", "fd12::1%eth0"])
def test_who_is_listed_may_send(address: str) -> None:
    assert make_peers().allowed(address)


@pytest.mark.parametrize("address", ["10.1.3.7", "::ffff:10.1.3.7", "127.0.0.1", "::1", "", "gateway"])
def test_who_is_not_may_not(address: str) -> None:
    assert not make_peers().allowed(address)


def test_a_scan_of_the_network_tells_a_bounded_number_of_addresses() -> None:
    peers = make_peers()
    told = [peers.refuse(f"192.168.{number // 250}.{number % 250}") for number in range(1000)]
    assert sum(told) == 100
    assert len(peers.refused) == 101
    assert peers.refused["others"] == 900


def test_only_a_sender_of_observations_can_fall_silent() -> None:
    peers = make_peers()
    monitor, admissions = peers.peer("10.1.2.7"), peers.peer("10.1.2.8")
    monitor.live, monitor.heard, admissions.heard = True, START, START
    assert peers.silent(START.plus(9.9)) == []
    assert peers.silent(START.plus(10.1)) == [monitor]
    assert peers.heard() == START


def test_after_a_day_nobody_waits_for_a_sender_any_more() -> None:
    peers = make_peers()
    monitor = peers.peer("10.1.2.7")
    monitor.live, monitor.heard = True, START
    assert peers.silent(START.plus(24 * 3600 + 1)) == []
    assert peers.known == {}


def test_the_senders_that_are_known_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "_MOST_KNOWN", 2)
    peers = make_peers()
    peers.peer("10.1.2.1").heard = START.plus(5)
    peers.peer("10.1.2.2").heard = START
    peers.peer("10.1.2.3")
    assert set(peers.known) == {"10.1.2.1", "10.1.2.3"}
