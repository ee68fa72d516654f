"""Screens that sound: each is commissioned by ear, says that it can sound, and is missed when it is silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant
from core.errors import RefusedError

#: A screen says every few seconds that it can sound; one that has fallen silent cannot.
SCREEN_SILENT_AFTER_S = 10.0
MOST_SCREENS = 16
_TONES = frozenset({"high", "medium", "low"})
_JUST_AFTER_S = 0.001


@dataclass(slots=True)
class _Screen:
    """What was heard at its commissioning, and how it is now; `state` is empty until it has said one."""

    tones: list[str] = field(default_factory=list)
    who: str = ""
    at_utc_s: float = 0.0
    state: str = ""
    why: str = ""
    heard: Instant | None = None

    def silent(self, now: Instant) -> bool:
        return self.heard is None or now.since(self.heard) > SCREEN_SILENT_AFTER_S

    def shown(self, now: Instant) -> dict[str, Any]:
        return {
            "tones": self.tones,
            "who": self.who,
            "at_utc_s": self.at_utc_s,
            "state": "not heard" if self.silent(now) else self.state,
            "why": self.why,
        }


class Screens:
    """Pure: what changed is given back as the data of an `audio-state` event."""

    def __init__(self) -> None:
        self._screens: dict[str, _Screen] = {}

    def commission(self, args: Mapping[str, Any], who: str, now: Instant) -> dict[str, Any]:
        """Every tone was heard at this screen, and a person says so. Raises RefusedError where one was not."""
        name, tones = str(args.get("screen") or "")[:40], args.get("tones")
        if not name or not isinstance(tones, list):
            raise RefusedError("A screen is commissioned by its name and the tones that were heard.")
        if name not in self._screens and len(self._screens) >= MOST_SCREENS:
            raise RefusedError(f"{MOST_SCREENS} screens are commissioned already.")
        if _TONES - {str(tone) for tone in tones}:
            raise RefusedError("Not every tone was heard: this screen does not sound.", hint="Check its speaker.")
        screen = self._screens.setdefault(name, _Screen())
        screen.tones, screen.who, screen.at_utc_s = [str(tone) for tone in tones], who, now.utc_s
        return {"screen": name, "tones": screen.tones}

    def heard(self, args: Mapping[str, Any], now: Instant) -> dict[str, Any] | None:
        """A screen says that it can sound, or why it cannot. None: nothing has changed, or nobody knows this screen."""
        name = str(args.get("screen") or "")[:40]
        screen = self._screens.get(name)
        if screen is None:
            return None
        before = screen.shown(now)["state"]
        screen.state, screen.why = str(args.get("state"))[:20], str(args.get("why") or "")[:200]
        screen.heard = now
        return None if before == screen.state else {"screen": name, "state": screen.state, "why": screen.why}

    def due(self) -> Instant | None:
        ends = [
            screen.heard.plus(SCREEN_SILENT_AFTER_S + _JUST_AFTER_S)
            for screen in self._screens.values()
            if screen.heard is not None and screen.state
        ]
        return min(ends, default=None)

    def tick(self, now: Instant) -> list[dict[str, Any]]:
        """Those that were heard and are heard no more cannot sound; each is said once."""
        fell = [name for name, screen in self._screens.items() if screen.state and screen.silent(now)]
        for name in fell:
            self._screens[name].state = ""
        return [{"screen": name, "state": "not heard", "why": ""} for name in fell]

    def shown(self, now: Instant) -> dict[str, Any]:
        return {
            "commissioned": bool(self._screens),
            "screens": {name: screen.shown(now) for name, screen in self._screens.items()},
        }

    def state(self) -> dict[str, Any]:
        """What was heard at the commissioning outlives a restart; whether it sounds now does not."""
        return {
            name: {"tones": screen.tones, "who": screen.who, "at_utc_s": screen.at_utc_s}
            for name, screen in self._screens.items()
        }

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        self._screens = {name: _Screen(**screen) for name, screen in kept.items()}
