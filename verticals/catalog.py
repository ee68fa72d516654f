"""Which apps there are: the built-in ones, then what other packages offer as entry points.

An app is named as "module:Class"; it is imported when it is asked for, so that a process pays for the
app it runs and for no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from core.errors import SettingsError
from verticals.contract import CONTRACT_VERSION, Manifest, Vertical

ENTRY_POINT_GROUP = "edgewise.verticals"

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "manufacturing": "manufacturing.vertical:Manufacturing",
        "healthcare": "healthcare.vertical:Healthcare",
        "retail": "retail.vertical:Retail",
    }
)

_METHODS = ("stations", "devices", "route", "project", "panel")


def names() -> list[str]:
    """All apps, the built-in ones first; a foreign app cannot take the name of a built-in one."""
    foreign = sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)} - set(BUILT_IN))
    return [*BUILT_IN, *foreign]


def load(name: str) -> Vertical:
    """The app itself. Raises SettingsError when it is not known, does not load or speaks another contract."""
    return load_from(_place(name), name)


def load_from(place: str, name: str) -> Vertical:
    """The app at "module:Class", which must call itself `name`. Raises SettingsError as `load` does."""
    module, mark, attribute = place.partition(":")
    if not (module and mark and attribute):
        raise SettingsError(f"app '{name}': '{place}' is not of the form module:Class")
    try:
        made: Vertical = getattr(import_module(module), attribute)()
    except Exception as error:  # foreign code: whatever it raises, the site's owner must read which app it was
        raise SettingsError(
            f"app '{name}': {place} cannot be loaded: {error}", hint="Reinstall the package that brings it."
        ) from error
    _check(made, name, place)
    return made


def _place(name: str) -> str:
    if name in BUILT_IN:
        return BUILT_IN[name]
    found = sorted({point.value for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name})
    if not found:
        raise SettingsError(f"there is no app '{name}'", hint=f"Known apps: {', '.join(names())}.")
    if len(found) > 1:
        raise SettingsError(f"app '{name}' is offered by several packages: {', '.join(found)}", hint="Keep one.")
    return found[0]


def _check(made: object, name: str, place: str) -> None:
    manifest = getattr(made, "manifest", None)
    if not isinstance(manifest, Manifest):
        raise SettingsError(f"app '{name}': {place} has no manifest", hint="See docs/write-a-vertical.md.")
    if manifest.contract != CONTRACT_VERSION:
        raise SettingsError(
            f"app '{name}' is written for contract {manifest.contract}, this box has {CONTRACT_VERSION}",
            hint="Install the release of the app that fits; docs/contract-changes.md says what changed.",
        )
    if manifest.name != name:
        raise SettingsError(f"app '{name}': {place} calls itself '{manifest.name}'")
    missing = [method for method in _METHODS if not callable(getattr(made, method, None))]
    if missing:
        raise SettingsError(f"app '{name}': {place} lacks {', '.join(missing)}", hint="See docs/write-a-vertical.md.")
    _check_manifest(manifest, name)


def _check_manifest(manifest: Manifest, name: str) -> None:
    kind = manifest.settings
    if not (is_dataclass(kind) and kind.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise SettingsError(f"app '{name}': its settings are no frozen dataclass, but {kind!r}")
    known = {role.name for role in manifest.roles}
    used = {include for role in manifest.roles for include in role.includes} | {manifest.kiosk_role} - {""}
    if used - known:
        raise SettingsError(f"app '{name}': role {', '.join(sorted(used - known))} is used and not declared")
