"""`edgewise demo`: the appliance with a simulated plant cell; SIMULATED stands on every screen."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.settings import environment


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("demo", help="the appliance with simulators and a ready-made site")
    data = Path(environment("EDGEWISE_DATA") or "./demo-var")
    parser.add_argument(
        "--data", type=Path, default=data, help="data directory (default: $EDGEWISE_DATA or ./demo-var)"
    )
    parser.add_argument(
        "--pictures", type=Path, help="a data set with train/good and test/...; default: rendered parts"
    )
    parser.add_argument("--parts", type=int, default=0, help="how many; 0 goes on until stopped")
    parser.add_argument("--rate", type=float, default=2.0, help="parts a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=8101, help="port of the kiosk")
    parser.add_argument("--opcua-port", type=int, default=48400, help="port of the simulated PLC")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from appliance.box import run_box
    from appliance.demo import Demo, plant_command, prepare, say_on_stderr
    from appliance.processes import Process
    from appliance.site import load_site
    from verticals.places import Places

    demo = Demo(
        data=arguments.data,
        pictures=arguments.pictures,
        parts=arguments.parts,
        rate_per_s=arguments.rate,
        seed=arguments.seed,
        opcua_port=arguments.opcua_port,
        screen_port=arguments.port,
    )
    prepare(demo, say_on_stderr)
    _python, _m, module, *args = plant_command(demo)
    plant = Process("demo:plant", module, args)
    return run_box(load_site(demo.config), Places(demo.data), more=[plant], say=say_on_stderr)
