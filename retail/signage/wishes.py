"""The opt-in token: what a customer's own phone says he would like to see, and nothing about who he is.

`EW1.` and base64url of `{"list": [GTIN, ...], "categories": [text, ...]}`, nothing else in it: it has no place for a
name or number of a person. It is decided on for one answer and forgotten; it is never stored and never logged.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from retail.catalogue.item_code import gtin_of

MARK = "EW1."
_MOST_CHARACTERS = 1000
_MOST = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """GTIN-14s on somebody's list, and categories that he likes, in small letters."""

    gtins: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


def read_token(text: str) -> Wishes:
    """Raises InputError, which repeats nothing of the token."""
    if not text.startswith(MARK) or len(text) > _MOST_CHARACTERS:
        raise InputError("this is no code of wishes", hint="Show the code that the store's page made on your phone.")
    body = text[len(MARK) :]
    try:
        said = json.loads(base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise InputError("this code of wishes cannot be read", hint="Show it once more.") from None
    if not isinstance(said, dict) or not set(said) <= {"list", "categories"}:
        raise InputError("a code of wishes holds a list and categories, and nothing else")
    gtins = {gtin_of(one) for one in _texts(said, "list", 14)}
    return Wishes(frozenset(gtins - {""}), frozenset(one.strip().lower() for one in _texts(said, "categories", 40)))


def write_token(gtins: Sequence[str] = (), categories: Sequence[str] = ()) -> str:
    """As a customer's phone makes it."""
    body = json.dumps({"list": list(gtins), "categories": list(categories)}, separators=(",", ":")).encode()
    return MARK + base64.urlsafe_b64encode(body).decode().rstrip("=")


def _texts(said: dict[str, Any], name: str, most: int) -> list[str]:
    found = said.get(name, [])
    texts = [one for one in found if isinstance(one, str) and len(one) <= most] if isinstance(found, list) else None
    if texts is None or len(texts) != len(found) or len(found) > _MOST:
        raise InputError(f"a code of wishes: '{name}' is a list of at most {_MOST} short texts")
    return texts
