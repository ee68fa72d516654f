"""Who is on duty: nurse and buddy of each bed, the nurse in charge, everybody on shift, and whose own page is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import Instant
from core.errors import RefusedError
from healthcare.alarms.escalation import Roster
from healthcare.settings import HealthcareSettings

#: A person's page says every few seconds that it is open; after this it reaches nobody.
PHONE_SILENT_AFTER_S = 15.0
MOST_ON_SHIFT = 64
_MOST_NAME = 40
_JUST_AFTER_S = 0.001


@dataclass(slots=True)
class _Phone:
    """A person's own page: when it was heard last, whether it can sound, and since when it is as it is."""

    heard: Instant
    sounds: bool
    since_utc_s: float
    here: bool = True

    def shown(self) -> dict[str, Any]:
        return {"here": self.here, "sounds": self.here and self.sounds, "since_utc_s": self.since_utc_s}


class Duty:
    """Pure. Names are those of accounts, or typed where a person has none; an empty name is nobody."""

    def __init__(self, ward: HealthcareSettings) -> None:
        self._labels = {bed.name: bed.label for bed in ward.beds}
        self._nurses = {bed.name: {"nurse": bed.nurse, "buddy": bed.buddy} for bed in ward.beds}
        self._charge = ward.charge
        self._on_shift = list(ward.on_shift)
        self._phones: dict[str, _Phone] = {}

    def roster_of(self, bed: str) -> Roster:
        people = self._nurses.get(bed, {})
        return Roster(people.get("nurse", ""), people.get("buddy", ""), self._charge, tuple(self._on_shift))

    # What people say

    def set(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The new roster, or the part of it that is given; what is on record of it.

        Raises RefusedError, and changes nothing, where a bed is not of this ward or its buddy is its nurse.
        """
        given = args.get("beds")
        nurses: dict[str, dict[str, str]] = {}
        for bed, people in given.items() if isinstance(given, Mapping) else ():
            if bed not in self._labels or not isinstance(people, Mapping):
                raise RefusedError(f"There is no bed '{str(bed)[:40]}' on this ward.")
            nurses[bed] = {"nurse": _name(people.get("nurse")), "buddy": _name(people.get("buddy"))}
            if nurses[bed]["buddy"] and nurses[bed]["buddy"] == nurses[bed]["nurse"]:
                raise RefusedError(
                    f"Bed {self._labels[bed]}: nurse and buddy are the same person.",
                    hint="The buddy is called when the nurse does not answer.",
                )
        self._nurses |= nurses
        self._charge = _name(args.get("charge", self._charge))
        shift = args.get("on_shift")
        if isinstance(shift, list):
            self._on_shift = list(dict.fromkeys(name for name in map(_name, shift) if name))[:MOST_ON_SHIFT]
        return {"beds": nurses, "charge": self._charge, "on_shift": list(self._on_shift)}

    def shift(self, who: str, *, on: bool) -> dict[str, Any]:
        """A person comes on shift or goes; what is on record of it.

        Raises RefusedError for nobody, and for one who goes while a bed or the ward is still theirs.
        """
        who = _name(who)
        if not who:
            raise RefusedError("Nobody is signed in.", hint="Sign in, and say it again.")
        if on:
            if who not in self._on_shift:
                if len(self._on_shift) >= MOST_ON_SHIFT:
                    raise RefusedError(f"{MOST_ON_SHIFT} people are on shift already.")
                self._on_shift.append(who)
        else:
            mine = self._of(who)
            if mine:
                raise RefusedError(f"{mine} still yours.", hint="The nurse in charge gives it to somebody else first.")
            self._on_shift = [name for name in self._on_shift if name != who]
        return {"beds": {}, "charge": self._charge, "on_shift": list(self._on_shift)}

    def _of(self, who: str) -> str:
        if who == self._charge:
            return "The ward is"
        for role in ("nurse", "buddy"):
            beds = [self._labels[bed] for bed, people in self._nurses.items() if people[role] == who]
            if beds and role == "nurse":
                return f"Bed {', '.join(beds)} {'is' if len(beds) == 1 else 'are'}"
            if beds:
                return f"The second place of bed {', '.join(beds)} is"
        return ""

    # Pages of their own

    def phone(self, who: str, now: Instant, *, sounds: bool) -> dict[str, Any] | None:
        """A person's page says that it is open; what changed by it, None: nothing. Raises RefusedError for nobody."""
        who = _name(who)
        if not who:
            raise RefusedError("Nobody is signed in.")
        known = self._phones.get(who)
        if known is not None and known.here and known.sounds == sounds:
            known.heard = now
            return None
        self._phones[who] = _Phone(now, sounds, now.utc_s)
        return {"name": who, "here": True, "sounds": sounds}

    def due(self) -> Instant | None:
        ends = [phone.heard.plus(PHONE_SILENT_AFTER_S + _JUST_AFTER_S) for phone in self._phones.values() if phone.here]
        return min(ends, default=None)

    def tick(self, now: Instant) -> list[dict[str, Any]]:
        """Pages that are heard no more; each is said once."""
        gone = []
        for name, phone in self._phones.items():
            if phone.here and now.since(phone.heard) > PHONE_SILENT_AFTER_S:
                phone.here, phone.since_utc_s = False, now.utc_s
                gone.append({"name": name, "here": False, "sounds": False})
        return gone

    # What screens get, and what is kept

    def shown(self) -> dict[str, Any]:
        beds = {bed: dict(people) for bed, people in self._nurses.items()}
        return {"charge": self._charge, "on_shift": list(self._on_shift), "beds": beds}

    def phones(self) -> dict[str, Any]:
        return {name: phone.shown() for name, phone in sorted(self._phones.items())}

    def state(self) -> dict[str, Any]:
        """Without the pages: after a start each says anew that it is open."""
        kept = self.shown()
        return {"nurses": kept["beds"], "charge": kept["charge"], "on_shift": kept["on_shift"]}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Beds that are new in the settings keep the people whom the settings name."""
        self._nurses |= {bed: dict(people) for bed, people in kept["nurses"].items() if bed in self._labels}
        self._charge, self._on_shift = str(kept["charge"]), list(kept["on_shift"])


def _name(given: object) -> str:
    return str(given or "").strip()[:_MOST_NAME]
