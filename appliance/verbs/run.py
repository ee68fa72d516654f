"""`edgewise run [APP ...]`: the appliance, in the foreground."""

from __future__ import annotations

import argparse

from appliance.arguments import add_config, add_data
from core.errors import RefusedError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("run", help="run the appliance in the foreground")
    parser.add_argument("apps", nargs="*", metavar="APP", help="default: every app of the site")
    add_config(parser)
    add_data(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from appliance.alone import alone
    from appliance.box import run_box
    from appliance.demo import is_demo
    from appliance.site import load_site
    from verticals.backup.restoring import unfinished

    if is_demo(arguments.data):
        raise RefusedError(
            f"{arguments.data} was made by `edgewise demo`: its record is simulated",
            hint="Give the real site a data directory of its own with --data.",
        )
    site = load_site(arguments.config)
    places = site.places(arguments.data)
    if unfinished(places):
        raise RefusedError(
            f"{arguments.data}: a restore was cut off here", hint="Ask `edgewise restore` for the same backup again."
        )
    for app in arguments.apps:
        site.app(app)
    with alone(places):
        run_box(site, places, apps=arguments.apps)
    return 0
