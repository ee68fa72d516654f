"""The inside of one supervised process: `python -m appliance.process KIND [APP [NAME]] --config FILE --data DIR`.

KIND is a row's kind in the process table: camera, line, web or jobs. Each imports only what it needs: a line
never imports Flask, a screen never the inference engine.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable

from appliance.arguments import add_config, add_data
from appliance.notify import beater
from appliance.site import Site, load_site
from core import logs
from core.clock import SystemClock
from core.errors import EdgewiseError, SettingsError
from verticals.places import Places

log = logging.getLogger(__name__)

#: How often a process whose loop only waits says that it is alive.
_IDLE_BEAT_S = 5.0


def main(words: list[str]) -> int:
    arguments = _arguments(words)
    try:
        site = load_site(arguments.config)
        logs.set_up(site.site.log, as_json=site.site.json_logs)
        return _KINDS[arguments.kind](site, site.places(arguments.data), arguments)
    except EdgewiseError as error:
        log.error("%s", error)
        return 2


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="appliance.process")
    parser.add_argument("kind", choices=sorted(_KINDS))
    parser.add_argument("app", nargs="?", default="")
    parser.add_argument("name", nargs="?", default="")
    add_config(parser)
    add_data(parser)
    return parser.parse_args(words)


def _camera(site: Site, places: Places, arguments: argparse.Namespace) -> int:
    from verticals.devices import camera, catalog

    app = site.app(arguments.app)
    for spec in app.vertical.devices(app.settings):
        if spec.name == arguments.name:
            socket = places.camera_socket(app.name, spec.name)
            factory = catalog.place_of(spec.kind, app.vertical.manifest.device_kinds)
            return camera.main(camera.CameraSpec(spec.name, socket, factory, spec.options))
    raise SettingsError(f"{site.config}: {arguments.app} has no camera '{arguments.name}'")


def _line(site: Site, places: Places, arguments: argparse.Namespace) -> int:
    from appliance.wiring import run_line_of

    return run_line_of(site, site.app(arguments.app), places, beater())


def _web(site: Site, places: Places, arguments: argparse.Namespace) -> int:
    from appliance.wiring import run_web_of

    return run_web_of(site, site.app(arguments.app), places, beater())


def _jobs(site: Site, places: Places, arguments: argparse.Namespace) -> int:
    from appliance.wiring import jobs_worker

    async def work() -> None:
        worker = jobs_worker(site, places, SystemClock())
        beating = asyncio.create_task(_beat(beater()))
        try:
            await worker.run()
        finally:
            beating.cancel()

    asyncio.run(work())
    return 0


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(_IDLE_BEAT_S)


_KINDS = {"camera": _camera, "line": _line, "web": _web, "jobs": _jobs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
