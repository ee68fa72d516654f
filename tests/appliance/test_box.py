from __future__ import annotations

import socket
from pathlib import Path

import pytest

from appliance.box import check, run_box
from appliance.site import Site, load_site
from core.errors import PortBusyError, SettingsError
from tests.support.sites import free_port, on_port, write_site
from verticals.places import Places


def site_on(folder: Path, port: int) -> Site:
    return load_site(write_site(folder, on_port(port)))


def test_a_taken_port_stops_the_start_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        site = site_on(tmp_path, other.getsockname()[1])
        with pytest.raises(PortBusyError, match=r"Choose another in .*edgewise.toml \[screens.manufacturing\]"):
            run_box(site, Places(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_an_app_that_is_asked_for_must_be_in_the_site(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no table \[retail\]"):
        run_box(site_on(tmp_path, free_port()), Places(tmp_path / "data"), apps=["retail"])


def test_the_check_opens_no_camera_and_wants_no_picture(tmp_path: Path) -> None:
    site = site_on(tmp_path, free_port())
    check(site.app("manufacturing"), site)
    video = ('camera.kind = "camera.folder"\ncamera.options.folder = "pictures that are not there"',
             'camera.kind = "camera.video"\ncamera.options.file = "no such film.mp4"')  # fmt: skip
    site = load_site(write_site(tmp_path, on_port(free_port()), video))
    check(site.app("manufacturing"), site)
