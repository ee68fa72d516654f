"""Reads a site's TOML once into frozen dataclasses; a fault names file, key, value and what was expected.

The only module that may look at the environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import SettingsError

T = TypeVar("T")

#: For a settings dataclass: `__pydantic_config__ = STRICT_KEYS` makes an unknown key a fault.
STRICT_KEYS = ConfigDict(extra="forbid")

_DURATION_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SHOWN_LETTERS = 80
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*")


def _quantity(units: Mapping[str, float], example: str) -> BeforeValidator:
    def parse(value: object) -> object:
        match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
        if match is None or match[2] not in units:
            raise ValueError(f'a number with its unit ({", ".join(units)}), such as "{example}"')
        return float(match[1]) * units[match[2]]

    return BeforeValidator(parse)


def _plain_name(value: str) -> str:
    if len(value) > 40 or not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
        raise ValueError("a name of 1 to 40 letters, digits, - and _")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('the IANA name of a time zone, such as "Europe/Berlin"') from error
    return value


#: Seconds, written `"250ms"`, `"5s"`, `"2min"`.
Seconds = Annotated[float, _quantity(_DURATION_UNITS_S, "250ms")]
#: Bytes, written `"10GB"`.
Bytes = Annotated[float, _quantity(_SIZE_UNITS_BYTES, "10GB")]
#: Seconds of which none would make no sense.
Lasting = Annotated[Seconds, Field(gt=0)]
#: One or more.
Count = Annotated[int, Field(ge=1)]
#: A TCP port that somebody can name.
Port = Annotated[int, Field(ge=1, le=65535)]
#: What names a station, a camera, a recipe in records and addresses.
Name = Annotated[str, AfterValidator(_plain_name)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Raises SettingsError when it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: there is no such settings file", hint="Name one with --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from error


def checked(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """`values` as the settings dataclass `kind`; `where` names file and table in every fault."""
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(where, item) for item in error.errors())) from error


def _fault(where: str, item: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "(table)"
    if item["type"] in ("missing", "missing_argument"):
        return f"{where}: key '{key}' is missing"
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where}: key '{key}' is not known"
    expected = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: key '{key}' is {_shown(item['input'])}, expected: {expected}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."


def environment(name: str, default: str | None = None) -> str | None:
    """The one door to the environment: `EDGEWISE_DATA`, `EDGEWISE_SAMPLES`, systemd's variables."""
    return os.environ.get(name, default)


def environment_default(name: str, value: str) -> None:
    """Sets a variable that is not set, for this process and its children: libraries look there when imported."""
    os.environ.setdefault(name, value)


def environment_for_child(additions: Mapping[str, str], without: Collection[str] = ()) -> dict[str, str]:
    """This process' environment for one that it starts; values are never logged."""
    return {name: value for name, value in os.environ.items() if name not in without} | dict(additions)
