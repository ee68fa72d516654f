"""Runs a box in the foreground: checks that nothing is in the way, prepares the stores, then supervises."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from appliance.ports import require_free
from appliance.processes import Process, process_table
from appliance.site import App, Site, is_camera
from appliance.supervisor import Supervisor
from core import logs
from core.clock import SystemClock
from core.errors import SettingsError
from verticals.devices import catalog
from verticals.places import Places


def run_box(
    site: Site,
    places: Places,
    *,
    apps: Sequence[str] = (),
    more: Sequence[Process] = (),
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Until it is stopped. Raises EdgewiseError before anything has started when the site cannot run.

    Whoever calls it holds the data directory: `appliance.alone`.
    """
    logs.set_up(site.site.log, as_json=site.site.json_logs)
    chosen = [site.app(name) for name in dict.fromkeys(apps)] or list(site.apps.values())
    for app in chosen:
        check(app, site)
    _prepare(chosen, places)
    table = process_table(
        {app.name: app.cameras() for app in chosen},
        config=site.config.absolute(),
        data=places.data.absolute(),
        more=more,
    )
    for app in chosen:
        say(f"{app.vertical.manifest.title}: {app.screen.url}")
    asyncio.run(Supervisor(table, places, SystemClock()).run())


def check(app: App, site: Site) -> None:
    """What would only show up in a process of its own is found here, with file and key. Raises EdgewiseError.

    No device is opened: a camera whose pictures are not there yet is no fault of the settings.
    """
    stations = Counter(station.spec.name for station in app.vertical.stations(app.settings))
    devices = Counter(spec.name for spec in app.vertical.devices(app.settings))
    for name, count in (stations | devices).items():  # the one device of a station may have its name
        if count > 1:
            raise SettingsError(f"{site.config} [{app.name}]: '{name}' is there {count} times", hint="Rename one.")
    for spec in app.vertical.devices(app.settings):
        try:
            factory = catalog.load(catalog.place_of(spec.kind, app.vertical.manifest.device_kinds))
            if is_camera(spec):
                factory(spec.options, SystemClock())
        except SettingsError as error:
            raise SettingsError(f"{site.config} [{app.name}] {spec.name}: {error.message}", hint=error.hint) from error
    require_free(app.screen.host, app.screen.port, f"Choose another in {site.config} [screens.{app.name}].")


def _prepare(apps: Sequence[App], places: Places) -> None:
    from core.models.trust import Trust
    from verticals.runtime.shipped import install_shipped
    from verticals.store.upgrade import prepare_app_db, prepare_box_db

    for app in apps:
        places.make(app.name)
        prepare_app_db(places, app.vertical.manifest)
    prepare_box_db(places)
    Trust(places.keys).box_key()
    for app in apps:
        install_shipped(app.vertical.manifest, places)
