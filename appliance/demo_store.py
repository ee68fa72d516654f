"""The demo's store: two weeks of a simulated past, brought in as files on day one, and the settings of its site."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.ports import require_free
from appliance.processes import Process
from core.clock import SystemClock
from core.errors import RefusedError, StoreError
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.places import Places

if TYPE_CHECKING:
    from simulators.store_calendar import Calendar
    from simulators.store_live_settings import LiveSettings

_SECRET_BYTES, _PIN_DIGITS = 32, 8
_APP = "retail"

_STORE = """\

[screens.retail]
port = {screen_port}

[retail]
store = "Store 014"
time_zone = "{zone}"
simulated = true

[retail.work]
opens = "08:00"
closes = "21:00"

[retail.pos]
secret_file = "{secret}"

[retail.pos.drop]
folder = "{drop}"

[[retail.readers]]
name = "aisle"
host = "127.0.0.1"
port = {llrp_port}
zones = {{ floor = [1], backroom = [2] }}
cycle = "5s"
gone_after = "60s"

[[retail.bays]]
name = "{bay}"
plan = "{folder}/plan.toml"
still = "{folder}/still.png"
camera = "camera.folder"
every = "2s"
options.folder = "{folder}/view"
"""


@dataclass(frozen=True, slots=True)
class DemoStore:
    """Where its back office listens, and where its RFID reader does. `store_url` as in `[store] url`."""

    home: Path
    data: Path
    screen_port: int = 8103
    llrp_port: int = 5084
    seed: int = 0
    store_url: str = ""

    @property
    def live(self) -> LiveSettings:
        from simulators.store_live_settings import LiveSettings

        url = f"http://127.0.0.1:{self.screen_port}"
        home, data = self.home.absolute(), self.data.absolute()
        return LiveSettings(home, data, url, self.llrp_port, self.store_url)

    @property
    def ports(self) -> dict[str, int]:
        return {"--store-port": self.screen_port, "--llrp-port": self.llrp_port}


def check(store: DemoStore) -> None:
    """Raises EdgewiseError for a port that is taken or named twice."""
    if len(set(store.ports.values())) < len(store.ports):
        raise RefusedError(f"two parts of the store cannot have one port: {store.ports}")
    for option, port in store.ports.items():
        require_free("127.0.0.1", port, f"Choose another port with {option}.")


def prepare(store: DemoStore) -> None:
    """Makes what the settings name: the calendar, the secret of the tills, the drop folder, the bay's plan and still.

    Raises EdgewiseError.
    """
    from simulators.store_bay import Bay
    from simulators.store_calendar import Calendar
    from simulators.store_live_settings import world_settings
    from simulators.store_products import assortment

    live = store.live
    try:
        live.drop.mkdir(parents=True, exist_ok=True)
        if not live.secret.exists():
            live.secret.touch(mode=0o600)
            live.secret.write_text(secrets.token_hex(_SECRET_BYTES), "utf-8")
        now_utc_s = SystemClock().now().utc_s
        calendar = _known(store)
        if calendar is None:
            calendar = Calendar.begun(now_utc_s, store.seed)
        else:
            calendar.resume(now_utc_s)
        calendar.save(_beginning(live) if _known(store) is None else live.calendar)
        Bay(live.bay, assortment(world_settings(calendar), calendar.seed), calendar.seed).set_up()
    except OSError as error:
        raise StoreError(
            f"{error.filename}: cannot be written: {error.strerror}", hint="Name another directory with --data."
        ) from error


def site_text(store: DemoStore) -> str:
    """The store's part of the demo's settings file, once it is prepared. Raises InputError."""
    from simulators.store_bay import BAY
    from simulators.store_calendar import read_calendar

    live = store.live
    calendar = _known(store) or read_calendar(_beginning(live))
    assert calendar is not None
    return _STORE.format(
        screen_port=store.screen_port, llrp_port=store.llrp_port, zone=calendar.zone_name,
        secret=_quoted(live.secret), drop=_quoted(live.drop),
        bay=BAY, folder=_quoted(live.bay),
    )  # fmt: skip


def bring_past(store: DemoStore, config: Path, places: Places, say: Callable[[str], None]) -> None:
    """Two weeks of a store, made and imported as files; a store that has its past keeps it. Raises EdgewiseError."""
    from appliance.teaching import work_apart

    _hire(store.live, config)
    if _known(store) is not None:
        return
    say("two weeks of a store: products, planogram, stock, sales")
    inputs = {"home": str(store.live.home), "data": str(store.live.data), "config": str(config.absolute())}
    work_apart(places, f"{__name__}:past", inputs, lambda share, text: None)
    _beginning(store.live).replace(store.live.calendar)


def _hire(live: LiveSettings, config: Path) -> None:
    """Accounts for the simulated staff: their hand-helds sign in as people do. Raises EdgewiseError."""
    from appliance.site import places_of
    from retail.roles import ROLES
    from simulators.store_hands import STAFF
    from verticals.store.box import open_box

    if live.staff.exists():
        return
    pin = "".join(secrets.choice("0123456789") for _ in range(_PIN_DIGITS))
    box = open_box(places_of(config, live.data), {_APP: ROLES}, SystemClock())
    try:
        for name in STAFF:
            there = box.accounts.find(name)
            if there is None:
                box.accounts.add(name, pin, {_APP: "associate"}, by="demo")
            else:
                box.accounts.set_pin(there.number, pin, by="demo")
    finally:
        box.close()
    live.staff.touch(mode=0o600)
    live.staff.write_text(pin, "utf-8")


def past(ctx: JobContext, inputs: Json) -> Json:
    """The demo's job: simulates the store up to its begin, writes its files and imports them as a person would."""
    import argparse

    from appliance.verbs.retail_import import store as opened
    from retail.catalogue.bring import SOURCE, File, Files, Known, read_import
    from simulators.store_bay import Bay
    from simulators.store_calendar import read_calendar
    from simulators.store_live_settings import LiveSettings, world_settings
    from simulators.store_past import stand, write_past
    from simulators.store_world import World
    from verticals.store.inbox import Inbox

    live = LiveSettings(Path(inputs["home"]), Path(inputs["data"]))
    calendar = read_calendar(_beginning(live))
    assert calendar is not None
    world = World(world_settings(calendar), calendar.seed)
    heard = world.advance(calendar.told_s)
    bay = Bay(live.bay, world.products, calendar.seed)
    standing = stand(world.products, bay.standing)
    paths = write_past(live.past, world, calendar, heard, standing, bay.planned)
    arguments = argparse.Namespace(config=Path(inputs["config"]), data=live.data)
    with opened(arguments, write=True) as (_, settings, engine):
        files = Files(**{name: File(path.name, path.read_bytes()) for name, path in paths.items()})
        # The stock is that of the very moment up to which the world was simulated: what is sold later comes off it.
        brought = read_import(files, Known(), settings, calendar.to_real(calendar.told_s))
        Inbox(engine).bring_all(SOURCE, [(fact.key, fact.payload) for fact in brought.facts])
    return dict(brought.counts)


def store_process(store: DemoStore) -> Process:
    """The simulated store as a process of its own."""
    _python, _m, module, *words = store.live.command()
    return Process("demo:store", module, words)


def _known(store: DemoStore) -> Calendar | None:
    """Of a store whose past was brought in."""
    from simulators.store_calendar import read_calendar

    return read_calendar(store.live.calendar)


def _beginning(live: LiveSettings) -> Path:
    """The calendar of a store whose past is not brought in yet."""
    return live.home / "beginning.json"


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
