"""A ready-made site: a simulated plant cell, an inspection taught from its good parts, and its settings file.

Everything lies in one data directory that carries a mark; `edgewise run` refuses it, so that nobody takes a
simulated line for a real one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError
from verticals.places import Places

MARK = "SIMULATED"
RECIPE = "flange"
GOOD_PARTS = 30

_SITE = """\
# Made by `edgewise demo`. SIMULATED: nothing here reaches a real machine.
[site]
name = "Demo plant"

[store]
evidence_budget = "2GB"
min_free = "200MB"

[screens.manufacturing]
port = {port}

[manufacturing]
simulated = true

[[manufacturing.lines]]
name = "line-3"
title = "Line 3"
recipe = "{recipe}"
inspect_window = "250ms"
plc.url = "{opcua_url}"
camera.kind = "camera.folder"
camera.options.folder = "{hot_folder}"
camera.options.order = "named"
camera.options.wait = "100ms"
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo shows. `pictures`: a data set with train/good and test/..., or None for rendered parts."""

    data: Path
    pictures: Path | None = None
    parts: int = 0
    rate_per_s: float = 2.0
    seed: int = 0
    opcua_port: int = 48400
    screen_port: int = 8101

    @property
    def opcua_url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.opcua_port}/"

    @property
    def home(self) -> Path:
        return self.data / "demo"

    @property
    def config(self) -> Path:
        return self.data / "edgewise.toml"

    @property
    def part_log(self) -> Path:
        return self.home / "parts.jsonl"


def is_demo(data: Path) -> bool:
    return (data / MARK).exists()


def prepare(demo: Demo, say: Callable[[str], None]) -> None:
    """Makes the site, once: settings, parts to teach from, the taught inspection. Raises EdgewiseError.

    A directory that holds a real site is refused.
    """
    if demo.data.exists() and any(demo.data.iterdir()) and not is_demo(demo.data):
        raise SettingsError(
            f"{demo.data} holds something that no demo made", hint="Name another directory with --data."
        )
    places = Places(demo.data)
    places.make("manufacturing")
    demo.home.mkdir(parents=True, exist_ok=True)
    (demo.data / MARK).write_text("Made by `edgewise demo`; refused by `edgewise run`.\n", "utf-8")
    hot_folder = demo.home / "camera"
    hot_folder.mkdir(exist_ok=True)
    site = _SITE.format(
        port=demo.screen_port, recipe=RECIPE, opcua_url=demo.opcua_url, hot_folder=hot_folder.absolute()
    )
    demo.config.write_text(site, "utf-8")
    _teach(demo, places, say)


def _teach(demo: Demo, places: Places, say: Callable[[str], None]) -> None:
    from appliance.teaching import teach_now
    from verticals.runtime.models import shelf_of

    shelf = shelf_of(places)
    if shelf.active(RECIPE) is not None:
        return
    folder = demo.home / "good"
    if demo.pictures is not None:
        folder = demo.pictures / "train" / "good"
    elif not folder.exists():
        from simulators.parts import render_good_set

        say(f"rendering {GOOD_PARTS} good parts")
        render_good_set(folder, GOOD_PARTS)
    name, version = teach_now(places, RECIPE, folder, say)
    shelf.activate(RECIPE, name, version)


def plant_command(demo: Demo) -> list[str]:
    """The simulated cell as a process of its own."""
    from simulators.plant import RENDERED, PlantSettings

    settings = PlantSettings(
        hot_folder=demo.home / "camera",
        opcua_url=demo.opcua_url,
        pictures=str(demo.pictures) if demo.pictures else RENDERED,
        parts=demo.parts,
        rate_per_s=demo.rate_per_s,
        seed=demo.seed,
        log_path=demo.part_log,
    )
    return settings.command()


def say_on_stderr(text: str) -> None:
    sys.stderr.write(f"edgewise: {text}\n")
    sys.stderr.flush()
