"""Runs a box in the foreground: prepares the stores, checks that nothing is in the way, then supervises."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence

from appliance.processes import Process, process_table
from appliance.site import App, Site
from appliance.supervisor import Supervisor
from core import logs
from core.clock import SystemClock
from core.errors import PortBusyError, SettingsError
from verticals.contract import DeviceSpec
from verticals.devices import catalog
from verticals.places import Places


def run_box(
    site: Site,
    places: Places,
    *,
    apps: Sequence[str] = (),
    more: Sequence[Process] = (),
    say: Callable[[str], None] = lambda text: None,
) -> int:
    """Until it is stopped. Raises EdgewiseError before anything has started when the site cannot run."""
    logs.set_up(site.site.log, as_json=site.site.json_logs)
    chosen = [site.app(name) for name in apps] or list(site.apps.values())
    for app in chosen:
        _check(app, site)
    _prepare(chosen, places)
    table = process_table(
        {app.name: [spec.name for spec in _cameras(app)] for app in chosen},
        config=site.config.absolute(),
        data=places.data.absolute(),
        more=more,
    )
    for app in chosen:
        scheme = "http" if _is_loopback(app.screen.host) else "https"
        say(f"{app.vertical.manifest.title}: {scheme}://{app.screen.host}:{app.screen.port}/")
    sys.stderr.flush()
    asyncio.run(Supervisor(table, places, SystemClock()).run())
    return 0


def _check(app: App, site: Site) -> None:
    """What would only show up in a process of its own is found here, with file and key."""
    for spec in _cameras(app):
        try:
            catalog.load(catalog.place_of(spec.kind, app.vertical.manifest.device_kinds))(spec.options, SystemClock())
        except SettingsError as error:
            raise SettingsError(f"{site.config} [{app.name}] {spec.name}: {error.message}", hint=error.hint) from error
    host, port = app.screen.host, app.screen.port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusyError(
                f"{host}:{port} is taken or not an address of this box: {error.strerror}",
                hint=f"Choose another in {site.config} [screens.{app.name}].",
            ) from error


def _prepare(apps: Sequence[App], places: Places) -> None:
    from core.models.trust import Trust
    from verticals.store.upgrade import prepare_app_db, prepare_box_db

    for app in apps:
        places.make(app.name)
        prepare_app_db(places, app.vertical.manifest)
    prepare_box_db(places)
    Trust(places.keys).box_key()


def _cameras(app: App) -> list[DeviceSpec]:
    return [spec for spec in app.vertical.devices(app.settings) if spec.kind.startswith("camera.")]


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
