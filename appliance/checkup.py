"""Looks over a box without touching it: settings, disk, keys, record, models, processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.demo import MARK, is_demo
from appliance.site import Site, load_site
from core.errors import EdgewiseError
from verticals.places import Places

_AUDIT_DO = "Keep a copy of the data directory, and find out who changed it."


@dataclass(frozen=True, slots=True)
class Finding:
    """`do` says what a person can do; empty when all is well."""

    what: str
    well: bool
    found: str
    do: str = ""


def examine(config: Path, data: Path) -> list[Finding]:
    """Every check's finding. A check that cannot be made is a finding itself, never an exception."""
    places = Places(data)
    findings = list(_settings(config, data))
    site = _site(config if config.exists() or not is_demo(data) else data / "edgewise.toml")
    checks: list[Callable[[Places, Site | None], Iterator[Finding]]] = [_disk, _models, _audit, _processes]
    for check in checks:
        try:
            findings += check(places, site)
        except EdgewiseError as error:
            findings.append(Finding(check.__name__.strip("_"), False, error.message, error.hint))
    return findings


def _site(config: Path) -> Site | None:
    try:
        return load_site(config)
    except EdgewiseError:
        return None


def _settings(config: Path, data: Path) -> Iterator[Finding]:
    if is_demo(data):
        yield Finding("data", True, f"{data} is a demo's ({MARK}); its record is simulated")
        config = config if config.exists() else data / "edgewise.toml"
    try:
        site = load_site(config)
    except EdgewiseError as error:
        yield Finding("settings", False, error.message, error.hint or "Correct the file and start again.")
        return
    yield Finding("settings", True, f"{config}: {site.site.name}, apps: {', '.join(site.apps)}")


def _disk(places: Places, site: Site | None) -> Iterator[Finding]:
    if not places.data.exists():
        yield Finding("data", False, f"{places.data} is not there yet", "It is made at the first `edgewise run`.")
        return
    usage = shutil.disk_usage(places.data)
    needed = site.store.min_free if site else 500e6
    found = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB free"
    well = usage.free > needed
    yield Finding("disk", well, found, "" if well else f"Make room: under {needed / 1e9:g} GB nothing is recorded.")


def _models(places: Places, site: Site | None) -> Iterator[Finding]:
    from verticals.runtime.models import shelf_of

    if not places.models.exists():
        return
    shelf = shelf_of(places)
    for entry in shelf.list():
        if entry.broken:
            yield Finding("models", False, f"{entry.name} {entry.version}: {entry.broken}", "Install it again.")
    for app in site.apps.values() if site else ():
        for station in app.vertical.stations(app.settings):
            for slot in station.spec.models:
                active = shelf.active(slot)
                found = (
                    f"'{slot}': {active.card.name} {active.card.version}" if active else f"'{slot}': nothing is active"
                )
                do = "" if active else "Teach it, or activate a package with `edgewise models activate`."
                yield Finding("models", active is not None, found, do)


def _audit(places: Places, site: Site | None) -> Iterator[Finding]:
    from core.clock import SystemClock
    from verticals.store.audit import Audit
    from verticals.store.database import open_database

    if not places.box_db.exists():
        return
    check = Audit(open_database(places.box_db, read_only=True), SystemClock()).verify()
    yield Finding(
        "audit", check.whole, "the chain is whole" if check.whole else str(check), "" if check.whole else _AUDIT_DO
    )


def _processes(places: Places, site: Site | None) -> Iterator[Finding]:
    from verticals.runtime.roster import read_roster

    roster = read_roster(places.processes_file)
    if roster is None:
        yield Finding("processes", True, "edgewise does not run with this data directory now")
        return
    for name, standing in roster.processes.items():
        well = standing.state == "running" and not standing.restless
        found = f"{name} {standing.state}, {standing.restarts} restarts, last end: {standing.last_end or 'none'}"
        yield Finding("processes", well, found, "" if well else "Its log says why; it is started again all the same.")
