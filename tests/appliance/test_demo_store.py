from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.box import check as check_site
from appliance.demo import Demo, check, is_demo, prepare, processes
from appliance.demo_store import DemoStore, store_process
from appliance.site import load_site
from core.clock import SystemClock
from core.errors import PortBusyError, RefusedError
from retail.roles import ROLES
from retail.shelf.plan import read_plan
from simulators.store_calendar import Calendar, read_calendar
from simulators.store_hands import STAFF
from simulators.store_live_settings import parser, settings_of
from tests.support.sites import free_port
from verticals.places import Places
from verticals.store.box import open_box
from verticals.store.database import open_database
from verticals.store.inbox import Inbox


def demo_in(data: Path) -> Demo:
    store = DemoStore(data / "demo" / "store", data, free_port(), free_port(), seed=5)
    return Demo(data, plant=False, store=store)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = demo_in(tmp_path_factory.mktemp("store") / "data")
    check(demo)
    prepare(demo, lambda text: None)
    yield demo


def waiting(demo: Demo) -> list[tuple[str, str, int]]:
    """What waits in the store's inbox: source, kind, documents."""
    engine = open_database(Places(demo.data).app_store("retail"))
    found = Inbox(engine).pending()
    engine.dispose()
    return [(one.source, one.payload["kind"], len(one.payload.get("documents", []))) for one in found]


def test_a_demo_of_a_store_is_a_site_whose_past_waits_to_be_taken_in(made: Demo) -> None:
    assert is_demo(made.data)
    site = load_site(made.config)
    app = site.app("retail")
    check_site(app, site)
    assert (app.settings.simulated, list(site.apps)) == (True, ["retail"])
    assert made.store is not None
    assert app.screen.port == made.store.screen_port
    facts = waiting(made)
    assert facts[0] == ("import", "catalogue", 0)
    assert {fact[:2] for fact in facts[1:]} == {("import", "documents")}
    assert sum(fact[2] for fact in facts) > 80, "more than two days of three tills, hour by hour"
    assert len(list((made.store.live.past / "older").glob("*.csv"))) == 12, "the other days are handed in later"


def test_its_secret_is_its_owners_alone(made: Demo) -> None:
    assert made.store is not None
    for secret in (made.store.live.secret, made.store.live.staff):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_its_staff_have_accounts_of_the_floor(made: Demo) -> None:
    box = open_box(Places(made.data), {"retail": ROLES}, SystemClock())
    try:
        assert {one.name: dict(one.roles) for one in box.accounts.all()} == {
            name: {"retail": "associate"} for name in STAFF
        }
    finally:
        box.close()


def test_its_bay_is_the_planograms(made: Demo) -> None:
    assert made.store is not None
    [bay] = load_site(made.config).app("retail").settings.bays
    plan = read_plan(Path(bay.plan))
    assert plan.bay == bay.name
    rows = (made.store.live.home / "past" / "planogram.csv").read_text().splitlines()
    standing = {
        (fixture, f"{shelf}-{slot}", gtin) for fixture, shelf, slot, gtin, *_ in (row.split(",") for row in rows)
    }
    assert {(plan.bay, slot.name, slot.product) for slot in plan.slots} <= standing


def test_a_store_that_has_its_past_keeps_it(made: Demo) -> None:
    assert made.store is not None
    before, facts = made.store.live.calendar.read_bytes(), waiting(made)
    check(made)
    prepare(made, lambda text: pytest.fail(f"nothing is made anew, but: {text}"))
    assert (made.store.live.calendar.read_bytes(), waiting(made)) == (before, facts)


def test_a_store_stopped_before_its_past_was_brought_in_begins_anew(tmp_path: Path) -> None:
    demo = demo_in(tmp_path / "data")
    assert demo.store is not None
    demo.store.home.mkdir(parents=True)
    (demo.data / "SIMULATED").touch()
    Calendar.begun(1.7e9).save(demo.store.home / "beginning.json")
    prepare(demo, lambda text: None)
    calendar = read_calendar(demo.store.live.calendar)
    assert calendar is not None
    assert calendar.lived[1] > 1.7e9
    assert not (demo.store.home / "beginning.json").exists()


def test_its_process_is_told_where_everything_is(tmp_path: Path) -> None:
    store = DemoStore(tmp_path / "home", tmp_path, 8199, 5099, store_url="postgresql:///edgewise")
    row = store_process(store)
    settings = settings_of(parser("").parse_args(list(row.args)))
    assert (row.name, row.module, row.nice) == ("demo:store", "simulators.store", 0)
    assert settings == store.live
    assert processes(Demo(tmp_path, plant=False, store=store)) == [row]


@pytest.mark.parametrize("wrong", ["one port", "taken"])
def test_a_port_that_cannot_be_had_is_told_before_anything_is_made(tmp_path: Path, wrong: str) -> None:
    port = free_port()
    with socket.socket() as taken:
        if wrong == "taken":
            taken.bind(("127.0.0.1", port))
            taken.listen()
        other = free_port() if wrong == "taken" else port
        demo = Demo(tmp_path / "data", plant=False, store=DemoStore(tmp_path / "home", tmp_path, other, port))
        with pytest.raises((RefusedError, PortBusyError), match=r"one port|--llrp-port"):
            check(demo)
    assert not (tmp_path / "data").exists()


def test_what_it_writes_down_of_its_time_holds_no_secret(made: Demo) -> None:
    assert made.store is not None
    said = json.loads(made.store.live.calendar.read_text())
    assert set(said) == {"begin_s", "zone_h", "marks", "told_s", "seed"}
