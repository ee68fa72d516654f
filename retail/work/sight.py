"""What the shelf cameras say of each slot. A blocked view is unknown, never out of stock; silence is unknown too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from retail.catalogue.item_code import gtin_of
from retail.slot_names import canonical
from verticals.contract import Event

FULL, LOW, EMPTY, WRONG, BLOCKED, UNKNOWN = STATES = ("full", "low", "empty", "wrong", "blocked", "unknown")
#: The product stands there to be bought; it does not; nobody knows.
IN_STOCK, OUT = frozenset({FULL, LOW}), frozenset({EMPTY, WRONG})
LABELS = frozenset({"", "ok", "missing", "mismatch"})
#: A bay that said nothing for so long is not seen any more.
SILENT_S = 600.0
_MOST_SLOTS = 400


@dataclass(frozen=True, slots=True)
class Look:
    """A slot as its camera sees it since `since_utc_s`. `found`: the product that lies there instead, where wrong."""

    slot: str
    bay: str
    gtin: str
    state: str
    facings: int
    of: int
    confidence: float
    found: str
    label: str
    since_utc_s: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Sight:
    """All slots that any camera ever told of."""

    def __init__(self) -> None:
        self.looks: dict[str, Look] = {}
        self._of: dict[str, set[str]] = {}  # slots by product
        self._heard: dict[str, float] = {}  # by bay

    def of(self, gtin: str) -> list[Look]:
        return [self.looks[slot] for slot in sorted(self._of.get(gtin, ()))]

    def take(self, bay: str, said: Iterable[Any], now_utc_s: float) -> Event | None:
        """What a bay tells of its slots; the event of what changed, None when nothing did."""
        self._heard[bay] = now_utc_s
        changed = []
        for one in list(said)[:_MOST_SLOTS]:
            look = _read(bay, one, now_utc_s)
            if look is not None:
                before = self.looks.get(look.slot)
                if before is None or _differ(before, look):
                    since = before.since_utc_s if before and before.state == look.state else now_utc_s
                    changed.append(replace(look, since_utc_s=since))
        return self._tell(bay, changed, now_utc_s)

    def tick(self, now_utc_s: float) -> list[Event]:
        """Bays that fell silent: nobody knows how their slots look."""
        events = []
        for bay, heard in list(self._heard.items()):
            if now_utc_s - heard >= SILENT_S:
                lost = [
                    replace(look, state=UNKNOWN, since_utc_s=now_utc_s)
                    for look in self.looks.values()
                    if look.bay == bay and look.state != UNKNOWN
                ]
                event = self._tell(bay, lost, now_utc_s)
                events += [event] if event else []
                del self._heard[bay]  # after its own event, which would have it heard again
        return events

    def checked_utc_s(self) -> float | None:
        """Since then every bay that is heard has looked at its slots; None where none is heard."""
        return min(self._heard.values(), default=None)

    def due_utc_s(self) -> float | None:
        return min((heard + SILENT_S for heard in self._heard.values()), default=None)

    def _tell(self, bay: str, changed: list[Look], now_utc_s: float) -> Event | None:
        if not changed:
            return None
        data = {"bay": bay, "slots": [look.as_json() for look in changed]}
        self.apply(data, now_utc_s)
        return Event("slots", bay, now_utc_s, data)

    def apply(self, said: Mapping[str, Any], now_utc_s: float) -> None:
        """What an event `slots` tells."""
        for one in said["slots"]:
            look = Look(**{name: one[name] for name in Look.__dataclass_fields__})
            before = self.looks.get(look.slot)
            if before is not None and before.gtin != look.gtin:
                self._of[before.gtin].discard(look.slot)
            self.looks[look.slot] = look
            self._of.setdefault(look.gtin, set()).add(look.slot)
            self._heard.setdefault(look.bay, now_utc_s)

    def state(self) -> dict[str, Any]:
        return {"looks": [look.as_json() for look in self.looks.values()]}

    def restore(self, state: Mapping[str, Any], now_utc_s: float) -> None:
        """A bay has until it would have fallen silent to speak again."""
        self.apply({"slots": state["looks"]}, now_utc_s)


def _differ(before: Look, now: Look) -> bool:
    same = (before.state, before.gtin, before.facings, before.of, before.found, before.label)
    return same != (now.state, now.gtin, now.facings, now.of, now.found, now.label)


def _read(bay: str, said: Any, now_utc_s: float) -> Look | None:
    """None for what is no word about a slot."""
    if not isinstance(said, Mapping):
        return None
    name, state, label = said.get("slot"), said.get("state"), said.get("label", "")
    gtin = gtin_of(str(said.get("product", "")))
    if not isinstance(name, str) or not 0 < len(name) <= 40 or state not in STATES or label not in LABELS:
        return None
    facings, of = _count(said.get("facings")), _count(said.get("of"))
    sure = said.get("confidence", 0.0)
    sure = float(sure) if isinstance(sure, int | float) and 0 <= sure <= 1 else 0.0
    found = gtin_of(str(said.get("found", ""))) if state == WRONG else ""
    return Look(canonical(f"{bay}/{name}"), bay, gtin, state, facings, of, sure, found, label, now_utc_s)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000 else 0
