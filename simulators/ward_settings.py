"""How a simulated ward is set up: as a dataclass, and as the words of its command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from simulators.scenarios import KINDS as EPISODES
from simulators.scenarios import Episode, episode_text, parse_episode
from simulators.ward_faults import KINDS as FAULTS
from simulators.ward_faults import WardFault, parse_fault
from simulators.ward_messages import Acknowledge
from simulators.ward_script import DEMO, SCRIPTS


@dataclass(frozen=True, slots=True)
class WardSettings:
    """`waves_secret` None: no waves are sent. `lasts_s` 0 goes on without end. `links` HL7 connections share the beds.

    `window` messages may be unacknowledged on a link; `ca` turns TLS on for HL7 and waves.
    """

    hl7_host: str = "127.0.0.1"
    hl7_port: int = 2575
    waves_host: str = "127.0.0.1"
    waves_port: int = 8112
    waves_secret: Path | None = None
    ca: Path | None = None
    beds: int = 16
    unit: str = "W7"
    script: str = DEMO
    seed: int = 0
    every_s: float = 1.0
    chunk_s: float = 0.25
    links: int = 1
    window: int = 1
    acknowledge: Acknowledge = "application"
    lasts_s: float = 0.0
    log_path: Path | None = None
    log_messages: bool = False
    monitor_alarms: bool = True
    records: Path | None = None
    episodes: Sequence[Episode] = ()
    faults: Sequence[WardFault] = ()

    def command(self) -> list[str]:
        """The same ward as a command line, for whoever runs it as a process of its own."""
        words = [
            sys.executable, "-m", "simulators.ward", "--hl7-host", self.hl7_host, "--hl7-port", str(self.hl7_port),
            "--waves-host", self.waves_host, "--waves-port", str(self.waves_port), "--beds", str(self.beds),
            "--unit", self.unit, "--script", self.script, "--seed", str(self.seed), "--every", str(self.every_s),
            "--chunk", str(self.chunk_s), "--links", str(self.links), "--window", str(self.window),
            "--acknowledge", self.acknowledge, "--lasts", str(self.lasts_s),
        ]  # fmt: skip
        paths = {
            "--waves-secret": self.waves_secret,
            "--ca": self.ca,
            "--log": self.log_path,
            "--records": self.records,
        }
        for option, path in paths.items():
            words += [option, str(path)] if path is not None else []
        words += ["--log-messages"] if self.log_messages else []
        words += [] if self.monitor_alarms else ["--no-monitor-alarms"]
        for episode in self.episodes:
            words += ["--episode", episode_text(episode)]
        for fault in self.faults:
            words += ["--fault", f"{fault.kind}@{fault.at_s:.12g}:{fault.amount:.12g}"]
        return words


def parser(description: str) -> argparse.ArgumentParser:
    wanted = argparse.ArgumentParser(prog="python -m simulators.ward", description=description)
    wanted.add_argument("--hl7-host", default="127.0.0.1")
    wanted.add_argument("--hl7-port", type=int, default=2575, help="where the box takes HL7 v2 over MLLP")
    wanted.add_argument("--waves-host", default="127.0.0.1")
    wanted.add_argument("--waves-port", type=int, default=8112, help="where the box takes waves")
    wanted.add_argument("--waves-secret", type=Path, help="file with the secret of the wave stream; none: no waves")
    wanted.add_argument("--ca", type=Path, help="certificate to trust; turns TLS on for HL7 and waves")
    wanted.add_argument("--beds", type=int, default=16)
    wanted.add_argument("--unit", default="W7", help="of PV1-3: unit^room^bed")
    wanted.add_argument("--script", choices=SCRIPTS, default=DEMO)
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--every", type=float, default=1.0, help="seconds between the numerics of a bed")
    wanted.add_argument("--chunk", type=float, default=0.25, help="seconds in a chunk of waves")
    wanted.add_argument("--links", type=int, default=1, help="HL7 connections that share the beds")
    wanted.add_argument("--window", type=int, default=1, help="unacknowledged messages on a link; 1 is stop-and-wait")
    wanted.add_argument("--acknowledge", choices=get_args(Acknowledge), default="application", help="MSH-15 and MSH-16")
    wanted.add_argument("--lasts", type=float, default=0.0, help="seconds; 0 goes on until stopped")
    wanted.add_argument("--log", type=Path, help="JSON lines: what happened to whom, and when")
    wanted.add_argument("--log-messages", action="store_true", help="and each message by its control id")
    wanted.add_argument("--no-monitor-alarms", action="store_true", help="the monitors raise no alarms of their own")
    wanted.add_argument("--records", type=Path, help="folder of WFDB records: their ECG in place of the made-up one")
    episodes = "; ".join(f"{kind}: {what}" for kind, (what, *_) in EPISODES.items())
    wanted.add_argument(
        "--episode", action="append", default=[], metavar="KIND@BED:AT[:LASTS[:EVERY[:AMOUNT]]]", help=episodes
    )
    faults = "; ".join(f"{kind}: {what}" for kind, (what, _) in FAULTS.items())
    wanted.add_argument("--fault", action="append", default=[], metavar="KIND@SECONDS[:AMOUNT]", help=faults)
    return wanted


def settings_of(arguments: argparse.Namespace) -> WardSettings:
    """Raises InputError for an episode or a fault that is none."""
    return WardSettings(
        hl7_host=arguments.hl7_host,
        hl7_port=arguments.hl7_port,
        waves_host=arguments.waves_host,
        waves_port=arguments.waves_port,
        waves_secret=arguments.waves_secret,
        ca=arguments.ca,
        beds=arguments.beds,
        unit=arguments.unit,
        script=arguments.script,
        seed=arguments.seed,
        every_s=arguments.every,
        chunk_s=arguments.chunk,
        links=arguments.links,
        window=arguments.window,
        acknowledge=arguments.acknowledge,
        lasts_s=arguments.lasts,
        log_path=arguments.log,
        log_messages=arguments.log_messages,
        monitor_alarms=not arguments.no_monitor_alarms,
        records=arguments.records,
        episodes=tuple(parse_episode(text) for text in arguments.episode),
        faults=tuple(parse_fault(text) for text in arguments.fault),
    )
