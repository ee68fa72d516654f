"""`edgewise demo`: the appliance with a simulated plant cell, ward and store; SIMULATED stands on every screen."""

from __future__ import annotations

import argparse
from pathlib import Path

from appliance.arguments import above_zero, add_data, port, whole

_APPS = ("manufacturing", "healthcare", "retail")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("demo", help="the appliance with simulators and a ready-made site")
    add_data(parser, "./demo-var")
    parser.add_argument("apps", nargs="*", choices=[[], *_APPS], metavar="APP", help=f"{', '.join(_APPS)}; all")
    parser.add_argument(
        "--pictures", type=Path, help="a data set with train/good and test/...; default: rendered parts"
    )
    parser.add_argument("--parts", type=whole(0), default=0, help="how many; 0 goes on until stopped")
    parser.add_argument("--rate", type=above_zero(50), default=2.0, help="parts a second")
    parser.add_argument("--seed", type=whole(0), default=0)
    parser.add_argument("--port", type=port, default=8101, help="port of the kiosk")
    parser.add_argument("--opcua-port", type=port, default=48400, help="port of the simulated PLC")
    what = "of the plant, such as restart@20:1.5 (see python -m simulators.plant --help)"
    parser.add_argument("--fault", action="append", default=[], metavar="KIND@PART[:SECONDS]", help=what)
    where = "of a PostgreSQL database for the record; default: files in the data directory"
    parser.add_argument("--store-url", default="", metavar="URL", help=where)
    parser.add_argument("--ward-port", type=port, default=8102, help="port of the nurse station")
    parser.add_argument("--beds", type=whole(16, 24), default=16, help="of the ward: 16 to 24")
    parser.add_argument("--hl7-port", type=port, default=2575, help="where the simulated monitors send HL7")
    parser.add_argument("--hl7-links", type=whole(1, 24), default=1, help="connections over which they send it")
    ahead = "messages that they send on one ahead of the answers; 1 waits for each"
    parser.add_argument("--hl7-ahead", type=whole(1, 64), default=32, help=ahead)
    parser.add_argument("--waves-port", type=port, default=8112, help="where they send waves")
    parser.add_argument("--store-port", type=port, default=8103, help="port of the back office")
    parser.add_argument("--llrp-port", type=port, default=5084, help="port of the simulated RFID reader")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Until it is stopped; what became of the parts is told at the end."""
    from appliance.alone import alone
    from appliance.box import run_box
    from appliance.demo import Demo, account, check, prepare, processes, say_on_stderr
    from appliance.demo_store import DemoStore
    from appliance.demo_ward import DemoWard
    from appliance.site import load_site
    from verticals.places import Places

    apps = arguments.apps or _APPS
    ward = DemoWard(
        arguments.data / "demo", arguments.ward_port, arguments.hl7_port, arguments.waves_port, arguments.seed,
        arguments.beds, arguments.hl7_links, arguments.hl7_ahead,
    )  # fmt: skip
    store = DemoStore(
        arguments.data / "demo" / "store", arguments.data, arguments.store_port, arguments.llrp_port, arguments.seed,
        arguments.store_url,
    )  # fmt: skip
    demo = Demo(
        data=arguments.data,
        pictures=arguments.pictures,
        parts=arguments.parts,
        rate_per_s=arguments.rate,
        seed=arguments.seed,
        opcua_port=arguments.opcua_port,
        screen_port=arguments.port,
        faults=arguments.fault,
        store_url=arguments.store_url,
        plant="manufacturing" in apps,
        ward=ward if "healthcare" in apps else None,
        store=store if "retail" in apps else None,
    )
    simulators, places = processes(demo), Places(demo.data)
    check(demo)
    with alone(places):
        prepare(demo, say_on_stderr)
        site = load_site(demo.config)
        run_box(site, site.places(demo.data), more=simulators, say=say_on_stderr)
    if demo.plant:
        say_on_stderr(account(demo))
    return 0
