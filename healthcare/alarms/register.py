"""The alarms of one bed, changed in one way only: by a `Change`, live and when changes are read again after a kill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.clock import Instant
from healthcare.alarms.alarm import Alarm
from healthcare.alarms.change import ENDS, Act, Change


class Register:
    """At most one alarm of each code. `news` are the changes since they were last taken."""

    def __init__(self, bed: str) -> None:
        self.bed = bed
        self.lost: frozenset[str] = frozenset()
        self._alarms: dict[str, Alarm] = {}
        self._by_code: dict[str, str] = {}
        self._made = 0
        self._written = 0
        self._news: list[Change] = []

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        return tuple(self._alarms.values())

    def get(self, alarm_id: str) -> Alarm | None:
        return self._alarms.get(alarm_id)

    def of_code(self, code: str) -> Alarm | None:
        return self._alarms.get(self._by_code.get(code, ""))

    def next_id(self) -> str:
        """`bed-7/12`: never used before on this bed."""
        return f"{self.bed}/{self._made + 1}"

    def write(self, act: Act, alarm: Alarm | None, now: Instant, **more: Any) -> None:
        """Changes the board and notes the change; `more` are the fields of `Change` from `who` on."""
        change = Change(act, alarm, now, self._written + 1, **more)
        self._apply(change)
        self._news.append(change)

    def refresh(self, alarm: Alarm) -> None:
        """The same alarm with a newer value or text: shown, not recorded."""
        self._alarms[alarm.id] = alarm

    def take_news(self) -> list[Change]:
        news, self._news = self._news, []
        return news

    def state(self, now: Instant) -> dict[str, Any]:
        return {
            "at_utc_s": now.utc_s,
            "alarms": [alarm.to_json(now) for alarm in self._alarms.values()],
            "lost": sorted(self.lost),
            "made": self._made,
            "written": self._written,
        }

    def restore(self, state: Mapping[str, Any] | None, events: Iterable[Mapping[str, Any]], now: Instant) -> None:
        """Events may come in any order; those that the state holds already change nothing."""
        if state is not None:
            self.lost = frozenset(state["lost"])
            self._made, self._written = int(state["made"]), int(state["written"])
            for data in state["alarms"]:
                self._put(Alarm.from_json(data, float(state["at_utc_s"]), now))
        changes = (Change.from_event_data(data, now) for data in events)
        for change in sorted(changes, key=lambda change: change.number):
            if change.number > self._written:
                self._apply(change)

    def _apply(self, change: Change) -> None:
        self._written = change.number
        alarm = change.alarm
        if alarm is None:
            self._apply_to_bed(change)
            return
        self._made = max(self._made, int(alarm.id.rpartition("/")[2]))
        if change.act in ENDS:
            self._take_off(alarm)
        else:
            self._put(alarm)

    def _apply_to_bed(self, change: Change) -> None:
        if change.act is Act.SOURCE_LOST:
            self.lost |= {change.channel}
        elif change.act is Act.SOURCE_BACK:
            self.lost -= {change.channel}
        else:
            self.lost = frozenset()
            self._alarms.clear()
            self._by_code.clear()

    def _put(self, alarm: Alarm) -> None:
        if alarm.parent:
            self._alarms.pop(alarm.parent, None)
        self._alarms[alarm.id] = alarm
        self._by_code[alarm.code] = alarm.id

    def _take_off(self, alarm: Alarm) -> None:
        self._alarms.pop(alarm.id, None)
        if self._by_code.get(alarm.code) == alarm.id:
            del self._by_code[alarm.code]
