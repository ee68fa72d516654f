"""Opens everything the screen of one app needs from a box's data directory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from core.clock import Clock, SystemClock
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust
from ui.desk import StoreDesk
from ui.hub import Hub
from ui.serve import Listen, Web, put_together
from verticals.contract import Vertical
from verticals.devices.opcua_desk import CertificateDesk
from verticals.places import Places
from verticals.runtime.bell import ring
from verticals.runtime.bridge import Bridge
from verticals.runtime.live import LiveClient
from verticals.runtime.roster import read_roster
from verticals.store.access import AccessSettings
from verticals.store.audit import Audit
from verticals.store.commands import Commands
from verticals.store.database import open_database
from verticals.store.drafts import Drafts
from verticals.store.events import EventStore
from verticals.store.evidence import EvidenceStore
from verticals.store.inbox import Inbox
from verticals.store.jobs import Jobs
from verticals.store.sessions import Sessions
from verticals.store.upgrade import prepare_app_db, prepare_box_db


def open_screen(
    vertical: Vertical,
    settings: Any,
    places: Places,
    listen: Listen,
    *,
    access: AccessSettings | None = None,
    simulated: bool = False,
    sign: Callable[[bytes], bytes] | None = None,
    clock: Clock | None = None,
) -> Web:
    """The web process of `vertical`, bound and ready to `run`. Makes the databases where there are none yet.

    `sign` signs the audit's head with the box's key. Raises PortBusyError, SettingsError, StoreError.
    """
    clock = clock or SystemClock()
    manifest = vertical.manifest
    engine = open_database(prepare_app_db(places, manifest))
    box = open_database(prepare_box_db(places))
    audit = Audit(box, clock, sign=sign)
    store = EventStore(engine)
    panel = vertical.panel()
    bridge = Bridge({"sessions": 2})
    hub = Hub(store, bridge, clock, panel.tell)
    hub.attach(LiveClient(places.live_socket(manifest.name)))
    desk = StoreDesk(
        app=manifest.name,
        settings=settings,
        clock=clock,
        hub=hub,
        engine=engine,
        store=store,
        evidence_store=EvidenceStore(places.evidence(manifest.name), engine, 0.0, 0.0, clock),  # reads only
        commands=Commands(engine),
        inbox=Inbox(engine, clock),
        job_store=Jobs(box, clock, wake=lambda: _wake_jobs(places)),
        audit_chain=audit,
        certificates=CertificateDesk(places.keys, clock, partial(audit.append, app=manifest.name)),
        drafts=Drafts(places.drafts(manifest.name), clock),
        shelf=Shelf(places.models, Trust(places.keys), Gate()),  # reads only
    )
    sessions = Sessions(box, audit, clock, access)
    return put_together(
        panel, manifest, desk, hub, sessions, places.keys, listen, bridge=bridge, clock=clock, simulated=simulated,
        roster=partial(read_roster, places.processes_file),
    )  # fmt: skip


def _wake_jobs(places: Places) -> None:
    ring(places.jobs_socket)
