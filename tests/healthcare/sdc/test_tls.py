"""Who a device is, over TLS: a certificate of the site's authority, its own name in it, its own endpoint reference."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from core.errors import DeviceError
from healthcare.sdc.settings import SdcDeviceSettings, SdcTlsSettings
from healthcare.sdc.tls import TlsContexts, contexts
from tests.healthcare.sdc.monitors import Heard, Monitor, soon
from tests.support.opcua_authorities import Made, made

pytest.importorskip("sdc11073")


def written(folder: Path, name: str, one: Made) -> list[Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(one.certificate.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key.write_bytes(one.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return [certificate, key]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority of the site and of another, and certificates of both."""
    folder = tmp_path_factory.mktemp("site")
    now_s = time.time()
    authority = made(now_s, name="Site", authority=True, elliptic=True)
    other = made(now_s, name="Other", authority=True, elliptic=True)
    for name, one in (
        ("ca", authority),
        ("device", made(now_s, name="monitor-1", hosts=("monitor-1",), issuer=authority, elliptic=True)),
        ("box", made(now_s, name="box", hosts=("box",), issuer=authority, elliptic=True)),
        ("stranger", made(now_s, name="box", hosts=("box",), issuer=other, elliptic=True)),
    ):
        written(folder, name, one)
    return folder


@pytest.fixture(scope="module")
def monitor(site: Path) -> Iterator[Monitor]:
    with Monitor(tls=[site / "device.pem", site / "device.key", site / "ca.pem"]) as running:
        yield running


def tls(site: Path, device: str = "", own: str = "box") -> TlsContexts:
    return contexts(SdcTlsSettings(f"{own}.pem", f"{own}.key", "ca.pem"), site, device)


def test_a_device_with_the_name_that_the_site_file_says_is_heard(monitor: Monitor, site: Path) -> None:
    assert monitor.addresses[0].startswith("https://")
    with Heard() as hearing:
        hearing.open(monitor.settings(), tls(site, "monitor-1"))
        monitor.do("metric", handle="hr", value=72)
        soon(lambda: any(one["value"] == 72 for one in hearing.readings()))


def test_another_device_of_the_same_authority_is_refused(monitor: Monitor, site: Path) -> None:
    with Heard() as hearing, pytest.raises(DeviceError, match="certificate is not valid for 'monitor-2'"):
        hearing.open(monitor.settings(), tls(site, "monitor-2"))
    assert hearing.told == []


def test_a_device_of_another_authority_is_refused_and_a_box_of_another_is_not_let_in(
    monitor: Monitor, site: Path, tmp_path: Path
) -> None:
    other = tmp_path / "ca.pem"
    other.write_bytes((site / "stranger.pem").read_bytes())
    for name in ("box.pem", "box.key"):
        (tmp_path / name).write_bytes((site / name).read_bytes())
    with Heard() as hearing, pytest.raises(DeviceError, match="CERTIFICATE_VERIFY_FAILED"):
        hearing.open(monitor.settings(), tls(tmp_path))
    with Heard() as hearing, pytest.raises(DeviceError, match="m1 at https"):
        hearing.open(monitor.settings(), tls(site, own="stranger"))


def test_a_device_that_speaks_in_the_open_is_not_spoken_to(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain, Heard() as hearing, ThreadPoolExecutor() as pool:
        answering = pool.submit(_answer_in_the_open, plain)
        address = f"https://127.0.0.1:{plain.getsockname()[1]}/1"
        with pytest.raises(DeviceError, match="SSL"):
            hearing.open(SdcDeviceSettings("m1", "bed-1", "urn:uuid:1", address=address), tls(site))
        answering.result(10)


def _answer_in_the_open(listening: socket.socket) -> None:
    asking, _ = listening.accept()
    with asking:
        asking.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
