from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from appliance.notify import beater, sd_notify, watchdog_every_s


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_on_a_path_or_an_abstract_socket(
    abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"edgewise-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name if abstract else name)
        assert sd_notify("STATUS=4 of 4 processes run")
        assert systemd.recv(100) == b"STATUS=4 of 4 processes run"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "@edgewise-nobody-listens"])
def test_where_nothing_listens_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not sd_notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert not sd_notify("READY=1")


@pytest.mark.parametrize(
    ("allowed_us", "pid", "every_s"),
    [
        ("10000000", "", 5.0),
        ("10000000", "own", 5.0),
        ("10000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_the_watchdog_is_due_at_half_of_what_the_unit_allows(
    allowed_us: str, pid: str, every_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", allowed_us)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_every_s() == every_s


def test_a_process_beats_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "supervisor.sock"))
        monkeypatch.setenv("EDGEWISE_SUPERVISOR", str(tmp_path / "supervisor.sock"))
        monkeypatch.setenv("EDGEWISE_PROCESS", "manufacturing:line")
        beater()()
        assert supervisor.recv(100) == b"beat manufacturing:line"


def test_a_process_that_nobody_supervises_beats_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEWISE_SUPERVISOR", raising=False)
    beater()()
