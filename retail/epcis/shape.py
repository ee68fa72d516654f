"""Checks of JSON by its shape: each names the place in the document, what stood there and what was expected.

A `Check` returns when the value fits and raises InputError when it does not. What it lets pass is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.errors import InputError

Check = Callable[[Any, str], None]

MOST_LISTED = 20_000
_MOST_URI = 2048
#: RFC 3986; what follows a `%` are two hexadecimal digits.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,18}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)


def fault(path: str, said: Any, expected: str) -> InputError:
    """`epcisBody.eventList[2].action: 'SEEN', expected: ADD, OBSERVE or DELETE`"""
    shown = repr(said)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return InputError(f"{path or 'the document'}: {shown}, expected: {expected}")


def missing(path: str, names: Sequence[str]) -> InputError:
    return InputError(f"{path or 'the document'}: it has no {' and no '.join(names)}")


def is_uri(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_URI and _URI.fullmatch(value) is not None


def uri(value: Any, path: str) -> None:
    if not is_uri(value):
        raise fault(path, value, "a URI such as urn:epc:id:sgtin:0614141.812345.6789")


def text(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise fault(path, value, "a text")


def flag(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise fault(path, value, "true or false")


def number(value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fault(path, value, "a number")


def matching(pattern: str, expected: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise fault(path, value, expected)

    return check


def one_of(words: Collection[str]) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in words:
            raise fault(path, value, f"one of {', '.join(sorted(words))}")

    return check


def word(words: Collection[str], kind: str, own: str) -> Check:
    """A bare word of the standard, or a URI of somebody else's: `own` is how the standard's own would begin."""
    begins = re.compile(own)

    def check(value: Any, path: str) -> None:
        if isinstance(value, str) and value in words:
            return
        if not is_uri(value) or begins.match(value):
            raise fault(path, value, f"a {kind} of the CBV as a bare word, or a URI of your own")

    return check


def listed(item: Check, *, least: int = 0, unique: bool = False) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= MOST_LISTED:
            raise fault(path, value, f"a list of {least} to {MOST_LISTED}")
        for place, one in enumerate(value):
            item(one, f"{path}[{place}]")
        if unique and len(set(map(str, value))) != len(value):
            raise fault(path, value, "a list in which nothing stands twice")

    return check


def fields(
    known: Mapping[str, Check], required: Sequence[str] = (), *, open_to_others: bool = False, what: str = "an object"
) -> Check:
    """An object of JSON. `open_to_others`: keys of other namespaces may stand beside, with whatever they hold."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise fault(path, value, what)
        lacks = [name for name in required if name not in value]
        if lacks:
            raise missing(path, lacks)
        for name, one in value.items():
            here = f"{path}.{name}" if path else name
            if name in known:
                known[name](one, here)
            elif not (open_to_others and is_uri(name)):
                raise fault(here, one, _instead(known, open_to_others))

    return check


def _instead(known: Mapping[str, Check], open_to_others: bool) -> str:
    others = ", or a name with its namespace such as example:name" if open_to_others else ""
    return f"nothing under this name. Known: {', '.join(known)}{others}"


def anything(value: Any, path: str) -> None:
    """What stands in an extension is its owner's."""


def moment(value: Any, path: str) -> None:
    moment_ms(value, path)


def moment_ms(value: Any, path: str = "time") -> int:
    """Milliseconds UTC of an RFC 3339 time with its offset; finer ones round half up. Raises InputError."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault(path, value, "a time with its offset, such as 2026-11-30T14:05:07.250+01:00")
    day, clock, fraction, offset = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}").astimezone(UTC)
        seconds = int(at.timestamp())
    except (ValueError, OverflowError) as error:
        raise fault(path, value, "a day and a time of day that there are") from error
    return seconds * 1000 + int((Decimal(f"0.{fraction or 0}") * 1000).quantize(Decimal(1), ROUND_HALF_UP))


def moment_text(at_ms: int) -> str:
    """`2026-11-30T14:05:07.250Z`"""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z".rjust(24, "0")


def offset(value: Any, path: str) -> None:
    if not isinstance(value, str) or not _OFFSET.fullmatch(value):
        raise fault(path, value, "an offset from UTC such as +01:00")
