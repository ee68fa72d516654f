"""One site's settings file: `[site]`, `[store]`, `[screens.<app>]`, and a table per app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.settings import STRICT_KEYS, Bytes, Seconds, checked, read_toml
from verticals import catalog
from verticals.contract import Vertical

_DEFAULT_PORTS = {"manufacturing": 8101, "healthcare": 8102, "retail": 8103}


@dataclass(frozen=True)
class SiteSettings:
    __pydantic_config__ = STRICT_KEYS
    name: str
    log: str = "info"
    json_logs: bool = False


@dataclass(frozen=True)
class StoreSettings:
    """`evidence_budget` is for each app; below `min_free` on the disk nothing more is recorded."""

    __pydantic_config__ = STRICT_KEYS
    evidence_budget: Bytes = 10e9
    min_free: Bytes = 500e6


@dataclass(frozen=True)
class ScreenSettings:
    """Where an app's screen listens. Beyond loopback it is TLS only, for the networks in `allow`."""

    __pydantic_config__ = STRICT_KEYS
    host: str = "127.0.0.1"
    port: int = 0
    allow: Sequence[str] = ()
    idle: Seconds = 600.0


@dataclass(frozen=True, slots=True)
class App:
    """One app of the site: its vertical, its checked settings, its screen."""

    name: str
    vertical: Vertical
    settings: Any
    screen: ScreenSettings


@dataclass(frozen=True, slots=True)
class Site:
    config: Path
    site: SiteSettings
    store: StoreSettings
    apps: Mapping[str, App] = field(default_factory=dict)

    def app(self, name: str) -> App:
        if name not in self.apps:
            known = ", ".join(self.apps) or "none"
            raise SettingsError(f"{self.config}: there is no table [{name}]; apps of this site: {known}")
        return self.apps[name]


def load_site(config: Path) -> Site:
    """Reads and checks the whole file; nothing starts half-configured. Raises SettingsError."""
    tables = read_toml(config)
    known = {"site", "store", "screens", *catalog.names()}
    for table in tables:
        if table not in known:
            raise SettingsError(f"{config}: table [{table}] is not known; known are {', '.join(sorted(known))}")
    screens = tables.get("screens", {})
    apps = {name: _app(name, tables[name], screens.get(name, {}), config) for name in catalog.names() if name in tables}
    if not apps:
        raise SettingsError(f"{config}: no app is configured", hint=f"Add a table such as [{catalog.names()[0]}].")
    for name in screens:
        if name not in apps:
            raise SettingsError(f"{config}: [screens.{name}] is for an app that the site does not have")
    return Site(
        config,
        checked(SiteSettings, tables.get("site", {}), f"{config} [site]"),
        checked(StoreSettings, tables.get("store", {}), f"{config} [store]"),
        apps,
    )


def _app(name: str, table: Mapping[str, Any], screen: Mapping[str, Any], config: Path) -> App:
    vertical = catalog.load(name)
    settings: Any = checked(vertical.manifest.settings, table, f"{config} [{name}]")
    screen = {"port": _DEFAULT_PORTS.get(name, 8104), **screen}
    return App(name, vertical, settings, checked(ScreenSettings, screen, f"{config} [screens.{name}]"))
