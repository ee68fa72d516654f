"""Looks over a box without touching it: settings, disk, inference, models, audit, processes, screens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.demo import MARK, is_demo, site_file
from appliance.ports import require_free
from appliance.site import Site, StoreSettings, load_site
from core.errors import EdgewiseError, PortBusyError
from verticals.places import Places
from verticals.runtime.roster import read_roster

if TYPE_CHECKING:
    from core.models.shelf import ShelfEntry, Slot


@dataclass(frozen=True, slots=True)
class Finding:
    """`do` says what a person can do; empty when all is well."""

    what: str
    well: bool
    found: str
    do: str = ""


Check = Callable[[Places, Site | None], Iterator[Finding]]


def examine(config: Path, data: Path) -> list[Finding]:
    """Every check's finding. A check that cannot be made is a finding itself, never an exception."""
    findings: list[Finding] = []
    if is_demo(data):
        findings.append(Finding("data", True, f"{data} is a demo's ({MARK}); its record is simulated"))
        config = config if config.exists() else site_file(data)
    site = _site(config, findings)
    places = site.places(data) if site else Places(data)
    for what, check in _CHECKS.items():
        try:
            findings += check(places, site)
        except EdgewiseError as error:
            findings.append(Finding(what, False, error.message, error.hint))
        except OSError as error:
            findings.append(Finding(what, False, f"{error.filename}: {error.strerror}", "Check who owns it."))
    return findings


def _site(config: Path, findings: list[Finding]) -> Site | None:
    try:
        site = load_site(config)
    except EdgewiseError as error:
        findings.append(Finding("settings", False, error.message, error.hint or "Correct the file and start again."))
        return None
    findings.append(Finding("settings", True, f"{config}: {site.site.name}, apps: {', '.join(site.apps)}"))
    return site


def _disk(places: Places, site: Site | None) -> Iterator[Finding]:
    if not places.data.exists():
        yield Finding("disk", False, f"{places.data} is not there yet", "It is made at the first `edgewise run`.")
        return
    usage = shutil.disk_usage(places.data)
    needed = (site.store if site else StoreSettings()).min_free
    well = usage.free > needed
    found = f"{places.data}: {usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB free"
    do = f"Make room: with less than {needed / 1e9:g} GB nothing is accepted."
    yield Finding("disk", well, found, "" if well else do)


def _inference(places: Places, site: Site | None) -> Iterator[Finding]:
    from core.inference.providers import CPU, place
    from core.inference.selftest import try_providers

    asked = site.inference.provider if site else CPU.name
    for one in try_providers():
        if one.usable:
            yield Finding("inference", True, f"right answers from {place(one.provider)}")
            continue
        found = f"{one.provider.name} cannot be used: {one.reason}"
        if one.provider == CPU:
            yield Finding("inference", False, found, "Install Edgewise again; report this if it stays.")
        elif one.provider.name == asked:
            yield Finding("inference", False, found, "Models run on cpu. Look at its driver, or ask for another one.")
        else:
            yield Finding("inference", True, f"{found}; nothing asks for it")
    yield from _not_listed(asked)
    for app in site.apps if site else ():
        yield from _fares(app, places)


def _not_listed(asked: str) -> Iterator[Finding]:
    from core.inference.choice import AUTO
    from core.inference.providers import listed

    names = [item.name for item in listed()]
    if asked != AUTO and asked not in names:
        found = f"asked {asked}, which the installed ONNX Runtime was not built with; models run on cpu"
        yield Finding("inference", False, found, "Install the ONNX Runtime that has it (docs/install.md).")


def _fares(app: str, places: Places) -> Iterator[Finding]:
    """How the models of a running line fare, by its own word."""
    try:
        told = json.loads(places.inference_file(app).read_bytes())
        words, models = "; ".join(told["words"]), told["models"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if read_roster(places.processes_file) is None or not words:
        return
    do = "" if told["fits"] else "Fewer or smaller pictures, a faster provider, or a box with more cores."
    yield Finding("inference", not do, f"{app}: {words}", do)
    for slot, one in models:
        if one["fallen"]:
            do = "Look at the device and its driver; the next load of the model tries it again."
            yield Finding("inference", False, f"{app}: '{slot}', {one['model']}: {one['fallen']}", do)


def _models(places: Places, site: Site | None) -> Iterator[Finding]:
    from verticals.runtime.models import shelf_of

    shelf = shelf_of(places)
    entries, slots = shelf.list(), shelf.slots()
    for entry in entries:
        if entry.broken:
            yield Finding("models", False, f"{entry.name} {entry.version}: {entry.broken}", "Install it again.")
    for app in site.apps.values() if site else ():
        for station in app.vertical.stations(app.settings):
            for name in station.spec.models:
                slot = next((slot for slot in slots if slot.name == name), None)
                yield _slot(f"'{name}' of {station.spec.name}", slot, entries)


def _slot(title: str, slot: Slot | None, entries: Sequence[ShelfEntry]) -> Finding:
    """Hashes and signature are looked at; golden vectors pass when the line starts, or by `edgewise models verify`."""
    pick = slot.active if slot else None
    if pick is None:
        do = "Teach it, or activate a package with `edgewise models activate`."
        return Finding("models", False, f"{title}: nothing is active", do)
    entry = next((one for one in entries if (one.name, one.version) == (pick.name, pick.version)), None)
    if entry is None or entry.package is None or entry.package.sha256 != pick.sha256:
        found = f"{title}: {pick.name} {pick.version} is active, and not on the shelf as it was activated"
        return Finding("models", False, found, "Install and activate it again, or roll back.")
    return Finding("models", True, f"{title}: {pick.name} {pick.version}")


def _server(places: Places, site: Site | None) -> Iterator[Finding]:
    if places.server is None:
        return
    from verticals.store import postgres

    engine = postgres.open_schema(places.server.schema("box"))
    try:
        version, syncs = postgres.version_of(engine)
    finally:
        engine.dispose()
    do = "" if syncs else "Set fsync = on at the server: a power cut there loses what was recorded."
    yield Finding(
        "store", syncs, f"PostgreSQL {version} at {places.server}{'' if syncs else ', which does not sync'}", do
    )


def _audit(places: Places, site: Site | None) -> Iterator[Finding]:
    from core.clock import SystemClock
    from verticals.store.box import audit_to_check

    if not places.server and not places.box_db.exists():
        return
    with audit_to_check(places, SystemClock()) as audit:
        check = audit.verify()
    if check.whole:
        yield Finding("audit", True, f"{check.entries} entries, the chain is whole")
    else:
        do = "Keep a copy of the data directory, and find out who changed it."
        yield Finding("audit", False, f"broken at entry {check.broken}: {check.why}", do)


def _processes(places: Places, site: Site | None) -> Iterator[Finding]:
    roster = read_roster(places.processes_file)
    if roster is None:
        yield Finding("processes", True, "edgewise does not run with this data directory now")
        return
    for name, standing in roster.processes.items():
        well = standing.state == "running" and not standing.restless
        found = f"{name} {standing.state}, {standing.restarts} restarts, last end: {standing.last_end or 'none'}"
        yield Finding("processes", well, found, "" if well else "Its log says why; it is started again all the same.")


def _screens(places: Places, site: Site | None) -> Iterator[Finding]:
    """While the box runs, its screens are its own; else nobody else may be where they will listen."""
    runs = read_roster(places.processes_file) is not None
    for app in site.apps.values() if site else ():
        try:
            if not runs:
                require_free(app.screen.host, app.screen.port, "Stop what listens there, or choose another port.")
        except PortBusyError as error:
            yield Finding("screens", False, f"{app.name}: {error.message}", error.hint)
        else:
            yield Finding("screens", True, f"{app.name}: {app.screen.url}")


_CHECKS: dict[str, Check] = {
    "disk": _disk,
    "inference": _inference,
    "models": _models,
    "store": _server,
    "audit": _audit,
    "processes": _processes,
    "screens": _screens,
}
