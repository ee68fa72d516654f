"""Settings to objects: the only code that knows everyone. Each function builds the inside of one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from appliance.site import App, Site
from core.clock import Clock, SystemClock
from verticals.contract import Role
from verticals.places import Places

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from verticals.jobs.worker import Worker
    from verticals.runtime.fittings import Fitting
    from verticals.store.evidence import EvidenceStore


def roles_of(site: Site) -> dict[str, tuple[Role, ...]]:
    return {name: tuple(app.vertical.manifest.roles) for name, app in site.apps.items()}


def run_line_of(site: Site, app: App, places: Places, moved: Callable[[], None]) -> int:
    """The line of one app, until it is told to stop."""
    from core.inference.engine import LocalEngine
    from verticals.runtime.bridge import Bridge
    from verticals.runtime.line import LineParts
    from verticals.runtime.live import LiveServer
    from verticals.runtime.process import run_line
    from verticals.store.commands import Commands
    from verticals.store.database import open_database
    from verticals.store.events import EventStore
    from verticals.store.inbox import Inbox
    from verticals.store.recorder import Recorder
    from verticals.store.upgrade import prepare_app_db

    clock = SystemClock()
    places.make(app.name)
    engine = open_database(prepare_app_db(places, app.vertical.manifest))
    events = EventStore(engine, app.vertical.project)
    bridge = Bridge()
    models = LocalEngine()
    parts = LineParts(
        vertical=app.vertical,
        stations=app.vertical.stations(app.settings),
        fittings=_fittings(app, places, models, bridge, clock),
        engine=models,
        events=events,
        recorder=Recorder(events, _evidence(site, app, places, engine, clock), clock),
        commands=Commands(engine),
        inbox=Inbox(engine),
        live=LiveServer(places.live_socket(app.name)),
        clock=clock,
        bridge=bridge,
        moved=moved,
    )
    run_line(parts)
    models.close()
    return 0


def _fittings(app: App, places: Places, models: object, bridge: object, clock: Clock) -> list[Fitting]:
    from verticals.devices import catalog
    from verticals.devices.base import Surroundings
    from verticals.runtime.fittings import Fitting
    from verticals.runtime.models import ModelKeeper, shelf_of

    surroundings = Surroundings(app.name, places, clock)
    fittings = []
    for spec in app.vertical.devices(app.settings):
        if not spec.kind.startswith("camera."):
            make = catalog.load(catalog.place_of(spec.kind, app.vertical.manifest.device_kinds))
            fittings.append(Fitting(make(spec, surroundings), spec.station))
    shelf = shelf_of(places)
    for station in app.vertical.stations(app.settings):
        if station.spec.models:
            keeper = ModelKeeper(station.spec.name, station.spec.models, shelf, models, bridge)  # type: ignore[arg-type]
            fittings.append(Fitting(keeper, station.spec.name))
    return fittings


def _evidence(site: Site, app: App, places: Places, engine: Engine, clock: Clock) -> EvidenceStore:
    from verticals.store.evidence import EvidenceStore

    store = site.store
    return EvidenceStore(places.evidence(app.name), engine, store.evidence_budget, store.min_free, clock)


def run_web_of(site: Site, app: App, places: Places, moved: Callable[[], None]) -> int:
    """The screen of one app, until it is told to stop."""
    from core.models.trust import Trust
    from ui.screen import open_screen
    from ui.serve import Listen, run

    screen = app.screen
    places.make(app.name)
    web = open_screen(
        app.vertical,
        app.settings,
        places,
        Listen(screen.host, screen.port, screen.allow, f"[screens.{app.name}]"),
        access=site.access,
        simulated=bool(getattr(app.settings, "simulated", False)),
        sign=Trust(places.keys).box_key().sign,
    )
    run(web, moved=moved)
    return 0


def jobs_worker(site: Site, places: Places, clock: Clock) -> Worker:
    """What works the job rows of every app, and the box's own duties."""
    from verticals.jobs.due import BOX_JOBS, Calendar
    from verticals.jobs.worker import Worker
    from verticals.store.box import open_box

    box = open_box(places, roles_of(site), clock, site.access)
    functions = {"box": BOX_JOBS, **{name: app.vertical.manifest.jobs for name, app in site.apps.items()}}
    return Worker(places, box.jobs, functions, Calendar(box.engine, clock), log_level=site.site.log)
