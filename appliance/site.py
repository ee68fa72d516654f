"""One site's settings file: `[site]`, `[store]`, `[access]`, `[screens.<app>]`, and a table per app."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from core.errors import SettingsError
from core.inference.settings import InferenceSettings
from core.settings import STRICT_KEYS, Bytes, Port, checked, read_toml
from verticals import catalog
from verticals.contract import DeviceSpec, Vertical
from verticals.places import Places
from verticals.store.access import AccessSettings
from verticals.store.server import Server

_DEFAULT_PORTS = {"manufacturing": 8101, "healthcare": 8102, "retail": 8103}
_FURTHER_PORT = 8104


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f'a network such as "10.1.0.0/16": {error}') from error
    return text


Network = Annotated[str, AfterValidator(_network)]


@dataclass(frozen=True)
class SiteSettings:
    __pydantic_config__ = STRICT_KEYS
    name: str
    log: Literal["debug", "info", "warning", "error"] = "info"
    json_logs: bool = False


@dataclass(frozen=True)
class StoreSettings:
    """`evidence_budget` is for each app; `min_free` of the disk is kept for events, no evidence is written into it.

    `url`: of a PostgreSQL database for everything but evidence; without one it is SQLite files.
    """

    __pydantic_config__ = STRICT_KEYS
    url: str = ""
    password_file: Path | None = None
    evidence_budget: Bytes = 10e9
    min_free: Bytes = 500e6


@dataclass(frozen=True)
class ScreenSettings:
    """Where an app's screen listens. Beyond loopback it is TLS only, for the networks in `allow`."""

    __pydantic_config__ = STRICT_KEYS
    port: Port
    host: str = "127.0.0.1"
    allow: Sequence[Network] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this box itself can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.is_local else 'https'}://{host}:{self.port}/"


@dataclass(frozen=True, slots=True)
class App:
    """One app of the site: its vertical, its checked settings, its screen."""

    name: str
    vertical: Vertical
    settings: Any
    screen: ScreenSettings

    def cameras(self) -> list[str]:
        """Names of the devices that have a process each."""
        return [spec.name for spec in self.vertical.devices(self.settings) if is_camera(spec)]


def is_camera(spec: DeviceSpec) -> bool:
    """Cameras run in processes of their own; every other device in the line's."""
    return spec.kind.startswith("camera.")


@dataclass(frozen=True, slots=True)
class Site:
    config: Path
    site: SiteSettings
    store: StoreSettings = field(default_factory=StoreSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    apps: Mapping[str, App] = field(default_factory=dict)

    def places(self, data: Path) -> Places:
        """Where everything of this site's box lies, with `data` as its directory."""
        return Places(data, self.server())

    def server(self) -> Server | None:
        """Where the stores are, when they are not files. Raises SettingsError."""
        store = self.store
        if not store.url:
            return None
        try:
            password = store.password_file
            return Server(store.url, self.config.absolute().parent / password if password else None)
        except SettingsError as error:
            raise SettingsError(f"{self.config} [store] url: {error.message}", hint=error.hint) from error

    def app(self, name: str) -> App:
        if name not in self.apps:
            known = ", ".join(self.apps) or "none"
            raise SettingsError(f"{self.config}: there is no table [{name}]; apps of this site: {known}")
        return self.apps[name]


def load_site(config: Path) -> Site:
    """Reads and checks the whole file; nothing starts half-configured. Raises SettingsError."""
    document = read_toml(config)
    known = {"site", "store", "access", "inference", "screens", *catalog.names()}
    unknown = sorted(set(document) - known)
    if unknown:
        raise SettingsError(
            f"{config}: '{unknown[0]}' is not known at the top of the file",
            hint=f"Known tables: {', '.join(sorted(known))}.",
        )
    screens = _table(document, "screens", config)
    apps = {name: _app(name, document, screens, config) for name in catalog.names() if name in document}
    if not apps:
        raise SettingsError(f"{config}: no app is configured", hint=f"Add a table such as [{catalog.names()[0]}].")
    _check_screens(apps, screens, config)
    site = Site(
        config,
        checked(SiteSettings, _table(document, "site", config), f"{config} [site]"),
        checked(StoreSettings, _table(document, "store", config), f"{config} [store]"),
        checked(AccessSettings, _table(document, "access", config), f"{config} [access]"),
        checked(InferenceSettings, _table(document, "inference", config), f"{config} [inference]"),
        apps,
    )
    site.server()
    return site


def places_of(config: Path, data: Path) -> Places:
    """Where everything lies, for a verb that needs a site only to know where; a demo's site is in its data directory.

    Raises SettingsError for a site that is wrong.
    """
    found = next((path for path in (config, data / config.name) if path.exists()), None)
    return load_site(found).places(data) if found else Places(data)


def _app(name: str, document: Mapping[str, Any], screens: Mapping[str, Any], config: Path) -> App:
    vertical = catalog.load(name)
    settings: Any = checked(vertical.manifest.settings, _table(document, name, config), f"{config} [{name}]")
    screen = {"port": _DEFAULT_PORTS.get(name, _FURTHER_PORT), **_table(screens, name, config, inside="screens.")}
    return App(name, vertical, settings, checked(ScreenSettings, screen, f"{config} [screens.{name}]"))


def _check_screens(apps: Mapping[str, App], screens: Mapping[str, Any], config: Path) -> None:
    for name in screens:
        if name not in apps:
            raise SettingsError(
                f"{config}: [screens.{name}] is for an app that the site does not have",
                hint=f"Apps of this site: {', '.join(apps)}.",
            )
    taken: dict[int, str] = {}
    for name, app in apps.items():
        if not app.screen.is_local and not app.screen.allow:
            raise SettingsError(
                f"{config}: [screens.{name}] host {app.screen.host!r} is beyond this box, and no network is allowed",
                hint='Add allow = ["10.3.0.0/24"] with the networks that may look.',
            )
        other = taken.setdefault(app.screen.port, name)
        if other != name:
            raise SettingsError(f"{config}: [screens.{name}] has the port of [screens.{other}], {app.screen.port}")


def _table(tables: Mapping[str, Any], name: str, config: Path, *, inside: str = "") -> Mapping[str, Any]:
    """The table of that name, empty where there is none."""
    found = tables.get(name, {})
    if not isinstance(found, Mapping):
        raise SettingsError(f"{config}: '{inside}{name}' is {found!r}, expected a table [{inside}{name}]")
    return found
