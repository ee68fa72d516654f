from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from appliance import wiring
from appliance.site import App, Site, load_site
from core.clock import SystemClock
from core.inference.engine import LocalEngine
from tests.support.sites import free_port, on_port, write_site
from verticals.places import Places
from verticals.runtime.bridge import Bridge

ACCESS = ("[manufacturing]\n", '[access]\nidle_limit = "2min"\nleast_digits = 6\n\n[manufacturing]\n')


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(write_site(tmp_path, on_port(free_port()), ACCESS))


@pytest.fixture
def app(site: Site) -> App:
    return site.app("manufacturing")


def test_a_line_drives_every_device_but_the_cameras_and_keeps_its_models(app: App, tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    devices = wiring._devices(app, places, SystemClock())
    assert [fitting.device.name for fitting in devices] == ["line-3-cell"]
    engine, bridge = LocalEngine(), Bridge()
    keepers = wiring._keepers(app.vertical.stations(app.settings), places, engine, bridge)
    assert [(fitting.device.name, fitting.station) for fitting in keepers] == [("line-3-model", "line-3")]
    engine.close()
    bridge.close()


def test_roles_are_the_apps_own(site: Site) -> None:
    assert [role.name for role in wiring.roles_of(site)["manufacturing"]] == ["operator", "engineer", "admin"]


async def test_the_access_settings_of_the_site_reach_jobs_and_accounts(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    from verticals.store import box as box_module

    real = box_module.open_box

    def watched(*given: object) -> object:
        opened.extend(given)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(box_module, "open_box", watched)
    places = Places(tmp_path / "data")
    places.make("manufacturing")
    worker = wiring.jobs_worker(site, places, SystemClock())
    working = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert opened[-1] is site.access
    assert (site.access.idle_limit, site.access.least_digits) == (120, 6)


def test_a_screen_has_the_sites_access_settings_and_ends_when_told(
    site: Site, app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {}
    from ui import screen as screen_module

    real = screen_module.open_screen

    def watched(*things: object, **more: object) -> object:
        given.update(more)
        return real(*things, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(screen_module, "open_screen", watched)
    beats = []

    def moved() -> None:
        beats.append(1)
        signal.raise_signal(signal.SIGTERM)

    assert wiring.run_web_of(site, app, Places(tmp_path / "data"), moved) == 0
    assert beats
    assert given["access"] is site.access
