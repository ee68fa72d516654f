"""A ready-made site: a simulated plant cell with an inspection taught from its good parts, a simulated ward, a
simulated store with its past, and their settings file.

Everything lies in one data directory that carries a mark; `edgewise run` refuses it, so that nobody takes a
simulated line for a real one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance import demo_store, demo_ward
from appliance.demo_store import DemoStore
from appliance.demo_ward import DemoWard
from appliance.ports import require_free
from appliance.processes import Process
from core.clock import SystemClock
from core.errors import RefusedError, StoreError
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.places import Places

MARK = "SIMULATED"
RENDERED_RECIPE = "flange"
GOOD_PARTS = 30

_SITE = """\
# Made by `edgewise demo`, and made anew at each start. SIMULATED: nothing here reaches a real machine.
[site]
name = "Demo site"

[store]
evidence_budget = "2GB"
min_free = "200MB"
{store}"""
_PLANT = """\

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
plc.chooses_recipes = true
camera.kind = "camera.folder"
camera.options.folder = "{hot_folder}"
camera.options.order = "named"
camera.options.wait = "100ms"
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo shows. `pictures`: a data set with train/good and test/..., or None for rendered parts.

    `plant` False: there is none; `ward`, `store` None: neither are those.
    `faults` of the plant as on its command line, such as `restart@20:1.5`; `store_url` as in `[store] url`.
    """

    data: Path
    pictures: Path | None = None
    parts: int = 0
    rate_per_s: float = 2.0
    seed: int = 0
    opcua_port: int = 48400
    screen_port: int = 8101
    faults: Sequence[str] = ()
    store_url: str = ""
    plant: bool = True
    ward: DemoWard | None = None
    store: DemoStore | None = None

    @property
    def opcua_url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.opcua_port}/"

    @property
    def home(self) -> Path:
        return self.data / "demo"

    @property
    def config(self) -> Path:
        return site_file(self.data)

    @property
    def part_log(self) -> Path:
        return self.home / "parts.jsonl"

    @property
    def hot_folder(self) -> Path:
        return self.home / "camera"

    @property
    def plc_keys(self) -> Path:
        """The simulated PLC's own certificate and whom it trusts."""
        return self.home / "plc"

    @property
    def recipe(self) -> str:
        """An inspection of its own for each set of pictures: what was taught from one judges no other."""
        if self.pictures is None:
            return RENDERED_RECIPE
        return re.sub(r"[^A-Za-z0-9]+", "-", self.pictures.absolute().name)[:40].strip("-") or "pictures"


def site_file(data: Path) -> Path:
    return data / "edgewise.toml"


def is_demo(data: Path) -> bool:
    return (data / MARK).exists()


def check(demo: Demo) -> None:
    """What would stop the demo, found before anything is made. Raises EdgewiseError.

    A directory that holds a real site, or anything else, is refused.
    """
    if demo.data.exists() and not demo.data.is_dir():
        raise RefusedError(f"{demo.data} is no directory", hint="Name another with --data.")
    if demo.data.exists() and not is_demo(demo.data) and any(demo.data.iterdir()):
        raise RefusedError(f"{demo.data} holds something that no demo made", hint="Name another directory with --data.")
    if demo.plant:
        _check_plant(demo)
    if demo.ward is not None:
        demo_ward.check(demo.ward)
    if demo.store is not None:
        demo_store.check(demo.store)


def _check_plant(demo: Demo) -> None:
    if demo.pictures is not None:
        from manufacturing.datasets import read_dataset

        read_dataset(demo.pictures)
    if demo.screen_port == demo.opcua_port:
        raise RefusedError(f"kiosk and PLC cannot both have port {demo.screen_port}", hint="See --port, --opcua-port.")
    require_free("127.0.0.1", demo.screen_port, "Choose another port for the kiosk with --port.")
    require_free("127.0.0.1", demo.opcua_port, "Choose another port for the simulated PLC with --opcua-port.")


def prepare(demo: Demo, say: Callable[[str], None]) -> None:
    """Makes the site: settings, parts to teach from, the taught inspection; what is there already stays.

    Raises EdgewiseError.
    """
    try:
        demo.data.mkdir(parents=True, exist_ok=True)
        (demo.data / MARK).write_text("Made by `edgewise demo`; refused by `edgewise run`.\n", "utf-8")
        demo.hot_folder.mkdir(parents=True, exist_ok=True)
        if demo.store is not None:
            demo_store.prepare(demo.store)
        demo.config.write_text(_site(demo), "utf-8")
    except OSError as error:
        raise StoreError(
            f"{error.filename}: cannot be written: {error.strerror}", hint="Name another directory with --data."
        ) from error
    with ExitStack() as begun:
        taught = begun.enter_context(_lesson_begun(demo, Places(demo.data), say)) if demo.plant else None
        if demo.ward is not None:
            demo_ward.prepare(demo.ward)
        if demo.store is not None:
            demo_store.bring_past(demo.store, demo.config, Places(demo.data), say)
        if demo.plant:
            _introduce(demo, Places(demo.data))
        if taught is not None:
            taught()


def _introduce(demo: Demo, places: Places) -> None:
    """The box and the simulated PLC trust each other from the start, as after a commissioning."""
    from manufacturing.plc_security import own_certificates, trust_list
    from simulators.plc_keys import plc_certificates
    from verticals.devices.opcua_trust import TrustList

    clock = SystemClock()
    trust_list(places, clock).add(plc_certificates(demo.plc_keys).ensure().certificate)
    TrustList(demo.plc_keys, clock).add(own_certificates(places, clock).ensure().certificate)


def _site(demo: Demo) -> str:
    folder = str(demo.hot_folder.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    text = _SITE.format(store=f'url = "{demo.store_url}"\n' if demo.store_url else "")
    if demo.plant:
        text += _PLANT.format(port=demo.screen_port, recipe=demo.recipe, opcua_url=demo.opcua_url, hot_folder=folder)
    text += demo_ward.site_text(demo.ward) if demo.ward is not None else ""
    return text + (demo_store.site_text(demo.store) if demo.store is not None else "")


@contextmanager
def _lesson_begun(demo: Demo, places: Places, say: Callable[[str], None]) -> Iterator[Callable[[], object] | None]:
    """The demo's lesson goes on while the rest is prepared; to be called for its end. None where it was taught."""
    from appliance.teaching import working_apart
    from core.errors import PackageError
    from verticals.runtime.models import shelf_of

    try:
        known = shelf_of(places).active(demo.recipe) is not None
    except PackageError as error:
        say(f"the taught inspection is damaged, the line says so: {error}")
        known = True
    if known:
        yield None
        return
    goods = demo.home / "good" if demo.pictures is None else demo.pictures / "train" / "good"
    renders = demo.pictures is None and len(list(goods.glob("*.png"))) < GOOD_PARTS
    if renders:
        say(f"rendering {GOOD_PARTS} good parts")
    inputs = {"recipe": demo.recipe, "folder": str(goods.absolute()), "renders": renders}
    with working_apart(places, f"{__name__}:lesson", inputs, _tenths(say)) as taught:
        yield taught


#: The demo's parts lie in a fixture, and its first verdicts are not to wait for a choice among ways of looking.
_IN_A_FIXTURE: Json = {"augment": "shifts", "register": "no", "region": [0, 0, 1, 1], "eight_bits": "no"}


def lesson(ctx: JobContext, inputs: Json) -> Json:
    """The demo's teach job: the `recipe` from the good parts in `folder`, rendered first where it `renders`.

    Apart from the supervisor, which would keep half a gigabyte of it as long as the demo runs.
    """
    from appliance.teaching import teach_for

    if inputs["renders"]:
        from simulators.parts import render_good_set

        render_good_set(Path(inputs["folder"]), GOOD_PARTS)
    return teach_for(ctx, {"recipe": inputs["recipe"], "folder": inputs["folder"], **_IN_A_FIXTURE}, inputs["recipe"])


def _tenths(say: Callable[[str], None]) -> Callable[[float, str], None]:
    told = -1

    def tell(share: float, text: str) -> None:
        nonlocal told
        if int(share * 10) > told:
            told = int(share * 10)
            say(f"teaching: {share:4.0%} {text}")

    return tell


def processes(demo: Demo) -> list[Process]:
    """The simulators. Raises InputError for a fault of the plant that it does not know."""
    found = [plant_process(demo)] if demo.plant else []
    found += [demo_ward.ward_process(demo.ward)] if demo.ward is not None else []
    return found + ([demo_store.store_process(demo.store)] if demo.store is not None else [])


def plant_process(demo: Demo) -> Process:
    """The simulated cell as a process of its own. Raises InputError for a fault that it does not know."""
    from simulators.faults import parse_fault
    from simulators.plant import RENDERED, PlantSettings

    settings = PlantSettings(
        hot_folder=demo.hot_folder,
        opcua_url=demo.opcua_url,
        pictures=str(demo.pictures) if demo.pictures else RENDERED,
        parts=demo.parts,
        rate_per_s=demo.rate_per_s,
        seed=demo.seed,
        log_path=demo.part_log,
        certificates=demo.plc_keys,
        stays=True,  # a plant that ended would be started again, with the same parts once more
        faults=tuple(parse_fault(text) for text in demo.faults),
    )
    _python, _m, module, *words = settings.command()
    return Process("demo:plant", module, words, first=True)  # a real one has a processor of its own


def account(demo: Demo) -> str:
    """What became of the parts, as the simulated PLC saw it, and where the whole account is."""
    from simulators.partlog import read_rows
    from simulators.report import report, summary

    if not demo.part_log.exists():
        return "no part came down the belt"
    return f"{summary(report(read_rows(demo.part_log)))}; more: python -m simulators.report {demo.part_log}"


def say_on_stderr(text: str) -> None:
    sys.stderr.write(f"edgewise: {text}\n")
    sys.stderr.flush()
