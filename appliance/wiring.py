"""Settings to objects: the only code that knows everyone. Each function builds the inside of one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance.site import App, Site, is_camera
from core.clock import Clock, SystemClock
from verticals.contract import Role, Station
from verticals.places import Places

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.inference.engine import LocalEngine
    from core.inference.review import Reviewer
    from core.metrics import Metrics
    from verticals.jobs.worker import Worker
    from verticals.runtime.bridge import Bridge
    from verticals.runtime.fittings import Fitting
    from verticals.store.evidence import EvidenceStore
    from verticals.store.jobs import Job


def roles_of(site: Site) -> dict[str, tuple[Role, ...]]:
    return {name: tuple(app.vertical.manifest.roles) for name, app in site.apps.items()}


def run_line_of(site: Site, app: App, places: Places, moved: Callable[[], None]) -> int:
    """The line of one app, until it is told to stop."""
    from core.inference.choice import Chooser
    from core.inference.engine import LocalEngine
    from core.metrics import Metrics
    from verticals.runtime.bridge import Bridge
    from verticals.runtime.fittings import Fitting
    from verticals.runtime.inference import InferenceWatch
    from verticals.runtime.line import LineParts
    from verticals.runtime.live import LiveServer
    from verticals.runtime.measures import Measures
    from verticals.runtime.process import Restart, run_line
    from verticals.store.commands import Commands
    from verticals.store.database import open_database, reserve_log
    from verticals.store.events import EventStore
    from verticals.store.inbox import Inbox
    from verticals.store.recorder import Recorder
    from verticals.store.upgrade import prepare_app_db

    clock = SystemClock()
    places.make(app.name)
    target = prepare_app_db(places, app.vertical.manifest)
    database = open_database(target)
    reserve_log(database)
    recording = open_database(target, sole="line") if places.server else database
    events = EventStore(database, app.vertical.project, recording=recording)
    stations = app.vertical.stations(app.settings)
    bridge = Bridge()
    restart = Restart()
    live = LiveServer(places.live_socket(app.name))
    metrics = Metrics()
    chooser = Chooser(site.inference.provider, places.measured)
    models = LocalEngine(metrics=metrics, chooser=chooser, give_up=restart.ask)
    inference = InferenceWatch(_reviewer(models, metrics, stations), models, bridge, places.inference_file(app.name))
    parts = LineParts(
        vertical=app.vertical,
        stations=stations,
        fittings=[
            *_devices(app, places, clock),
            *_keepers(stations, places, models, bridge),
            Fitting(inference),
            Fitting(Measures("line", metrics, live, bridge)),
        ],
        engine=models,
        events=events,
        recorder=Recorder(events, _evidence(site, app, places, database, clock), clock),
        commands=Commands(database),
        inbox=Inbox(database),
        live=live,
        clock=clock,
        bridge=bridge,
        moved=moved,
        inference=inference.told,
    )
    try:
        return run_line(parts, restart)
    finally:
        models.close()
        recording.dispose()
        database.dispose()


def _reviewer(models: LocalEngine, metrics: Metrics, stations: Sequence[Station]) -> Reviewer:
    """What looks at the models, and knows how long each may take."""
    from core.inference.review import Reviewer

    reviewer = Reviewer(models, metrics)
    for station in stations:
        for slot in station.spec.models:
            reviewer.watch(slot, station.spec.answer_within_s)
    return reviewer


def _devices(app: App, places: Places, clock: Clock) -> list[Fitting]:
    """All but the cameras, which run in processes of their own."""
    from verticals.devices import catalog
    from verticals.devices.base import Surroundings
    from verticals.runtime.fittings import Fitting

    surroundings = Surroundings(app.name, places, clock)
    fittings = []
    for spec in app.vertical.devices(app.settings):
        if not is_camera(spec):
            make = catalog.load(catalog.place_of(spec.kind, app.vertical.manifest.device_kinds))
            fittings.append(Fitting(make(spec, surroundings), spec.station))
    return fittings


def _keepers(stations: Sequence[Station], places: Places, models: LocalEngine, bridge: Bridge) -> list[Fitting]:
    """What keeps each station's model slots as the shelf says."""
    from verticals.runtime.fittings import Fitting
    from verticals.runtime.models import ModelKeeper, shelf_of

    shelf = shelf_of(places)
    specs = [station.spec for station in stations if station.spec.models]
    return [Fitting(ModelKeeper(spec.name, spec.models, shelf, models, bridge), spec.name) for spec in specs]


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


def jobs_worker(
    site: Site, places: Places, clock: Clock, progressed: Callable[[Job], None] = lambda job: None
) -> Worker:
    """What works the job rows of every app, and the box's own duties; `progressed` hears of each change of a row."""
    from verticals.jobs.due import BOX_JOBS, Calendar
    from verticals.jobs.worker import Worker
    from verticals.store.box import open_box

    box = open_box(places, roles_of(site), clock, site.access)
    functions = {"box": BOX_JOBS, **{name: app.vertical.manifest.jobs for name, app in site.apps.items()}}
    calendar = Calendar(box.engine, clock)
    return Worker(places, box.jobs, functions, calendar, progressed=progressed, log_level=site.site.log)
