"""What a room of the desk makes of an order or a sample: events, documents for the ledger, an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import RefusedError
from retail.ledger.document import Document
from verticals.contract import Command, Event

#: Who works in the store; who leads it.
ASSOCIATES = frozenset({"associate", "lead", "admin"})
LEADS = frozenset({"lead", "admin"})


@dataclass(frozen=True, slots=True)
class Outcome:
    events: Sequence[Event] = ()
    documents: Sequence[Document] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def need(command: Command, roles: frozenset[str]) -> str:
    """Who asks. Raises RefusedError for somebody who may not, or whom nobody knows."""
    if command.role not in roles:
        word = "a lead" if roles == LEADS else "somebody who works in the store"
        raise RefusedError(f"This takes {word}.", hint="Sign in.")
    return command.who[:60]


def text_of(args: Mapping[str, Any], name: str, most: int = 60) -> str:
    value = args.get(name)
    return value.strip()[:most] if isinstance(value, str) and value.isprintable() else ""


def listed_of(args: Mapping[str, Any], name: str) -> list[Any]:
    value = args.get(name)
    return value if isinstance(value, list) else []
