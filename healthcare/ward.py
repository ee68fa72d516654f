"""The ward's desk: who lies where, who is on duty, which screens can sound, which feeds are heard.

It watches no patient. What it decides it tells the beds; after a start it tells them everything once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.clock import Instant
from core.errors import EdgewiseError, RefusedError
from core.inference.request import Answer, Ask
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Change
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.bed import WARD
from healthcare.patients import Patient, Stay, Stays
from healthcare.reading import kind_of, number, text
from healthcare.settings import HealthcareSettings
from verticals.contract import (
    NOTHING,
    Acted,
    Command,
    Decision,
    DeviceNews,
    Event,
    Health,
    Level,
    Reply,
    Sample,
    State,
    StationSpec,
    Value,
)

FEEDS = ("hl7", "waves")
_FEED_NAMES = {"hl7": "numbers and alarms of all monitors", "waves": "waves of all monitors"}
#: A screen says every few seconds that it can sound; one that has fallen silent cannot.
SCREEN_SILENT_AFTER_S = 10.0
_STATION = "the nurse station"
_MOST_SCREENS = 16
_ADMITS = frozenset({"A01", "A02", "A12", "A13"})
_DISCHARGES = frozenset({"A03", "A11"})


@dataclass(slots=True)
class _Screen:
    """One screen that sounds: what was heard at its commissioning, and how it is now."""

    tones: list[str] = field(default_factory=list)
    who: str = ""
    at_utc_s: float = 0.0
    state: str = ""
    why: str = ""
    heard: Instant | None = None

    def shown(self, now: Instant) -> dict[str, Any]:
        silent = self.heard is None or now.since(self.heard) > SCREEN_SILENT_AFTER_S
        return {
            "tones": self.tones,
            "who": self.who,
            "at_utc_s": self.at_utc_s,
            "state": "not heard" if silent else self.state,
            "why": self.why,
        }


class WardStation:
    """`beds` by location and by device are the site's; a person may move a device to another bed."""

    def __init__(self, ward: HealthcareSettings) -> None:
        self.spec = StationSpec(WARD)
        self._ward = ward
        self._by_location = {bed.location: bed.name for bed in ward.beds if bed.location}
        self._beds = {bed.name: bed for bed in ward.beds}
        self.stays = Stays()
        self._nurses = {bed.name: {"nurse": bed.nurse, "buddy": bed.buddy} for bed in ward.beds}
        self._charge = ward.charge
        self._on_shift = list(ward.on_shift)
        self._screens: dict[str, _Screen] = {}
        self._feeds: dict[str, dict[str, Any]] = {}
        self._faults: dict[str, str] = {}
        self._board = AlarmBoard(WARD, ward.alarms.policy(telemetry_critical=False))
        self._told_alarms: list[dict[str, Any]] = []
        self._told: dict[str, Any] = {}
        self._untold = set(self._beds)  # beds that have not said that they know patient and roster

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        changes = [event.data for event in since if event.kind == "alarm" and "act" in event.data]
        self._board.restore(None if state is None else state["alarms"], changes, now)
        if state is None:
            return
        self.stays.restore(state["stays"])
        self._untold = set(state["untold"]) & set(self._beds)
        self._nurses = {bed: dict(people) for bed, people in state["nurses"].items()}
        self._charge, self._on_shift = str(state["charge"]), list(state["on_shift"])
        self._screens = {name: _Screen(**kept) for name, kept in state["screens"].items()}

    def state(self, now: Instant) -> State:
        return {
            "alarms": self._board.state(now),
            "stays": self.stays.state(),
            "untold": sorted(self._untold),
            "nurses": self._nurses,
            "charge": self._charge,
            "on_shift": self._on_shift,
            "screens": {
                name: {"tones": screen.tones, "who": screen.who, "at_utc_s": screen.at_utc_s}
                for name, screen in self._screens.items()
            },
        }

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return () if kind_of(sample) in ("patient", "link", "told") else None

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        if kind_of(sample) == "link":
            return self._link(sample)
        if kind_of(sample) == "told":
            self._untold.discard(text(sample, "bed"))
            return NOTHING
        return self._movement(sample)

    def _link(self, sample: Sample) -> Decision:
        """How old each feed is, every second; a lost one is an alarm of the ward.

        Beds that have not said that they were told are told once more: a kill may have come in between.
        """
        name = text(sample, "feed")
        if name not in FEEDS:
            return NOTHING
        ok = sample.values.get("ok") is True
        self._feeds[name] = {"name": name, "ok": ok, "age_s": number(sample, "age_s"), "why": "" if ok else "silent"}
        finding = Finding("feed-lost", not ok, text=_FEED_NAMES[name], instance=name)
        own = self._alarmed(self._board.take([finding], sample.at), sample.at)
        return replace(own, tell=self._tellings(self._untold, sample.at))

    def _movement(self, sample: Sample) -> Decision:
        """ADT. What does not fit (a bed that holds somebody else) is on record, and changes nothing."""
        said = {name: text(sample, name) for name in ("event", "location", "prior_location")}
        at_utc_s = min(number(sample, "at_utc_s") or sample.at.utc_s, sample.at.utc_s)
        try:
            given = json.loads(text(sample, "patient") or "{}")
            changed = self._moved(said, Patient.from_json(given if isinstance(given, dict) else {}), at_utc_s)
        except (EdgewiseError, ValueError) as error:
            data = {**said, "key": sample.key, "why": str(error)}
            return Decision(events=(Event("adt-refused", WARD, sample.at.utc_s, data),))
        return self._stays_changed(changed, sample.at, {"how": said["event"]})

    def _moved(self, said: Mapping[str, str], patient: Patient, at_utc_s: float) -> list[Stay]:
        if said["event"] in _DISCHARGES:
            return self.stays.discharge(patient.id, at_utc_s)
        if said["event"] not in _ADMITS:
            return self.stays.update(patient)
        bed = self._by_location.get(said["location"])
        if bed is None:  # to a place that is none of ours: whoever was here has left
            return self.stays.discharge(patient.id, at_utc_s)
        return self.stays.admit(patient, bed, at_utc_s, who="", how=said["event"])

    def degrade(self, sample: Sample, reason: str) -> Decision:
        return NOTHING

    def acted(self, acted: Acted) -> Decision:
        return NOTHING

    def device_changed(self, news: DeviceNews) -> Decision:
        """A feed that is not even listening is lost, whatever it said last."""
        if news.device not in FEEDS or news.code == "":
            return NOTHING
        self._faults[news.device] = news.detail or news.code if not news.ok else ""
        return Decision(live=self._shown(news.at))

    # What people ask

    def command(self, command: Command) -> Decision:
        deed = getattr(self, f"_do_{command.name.replace('-', '_')}", None)
        if deed is None:
            return Decision(reply=Reply(False, f"the ward does not know the order '{command.name}'"))
        try:
            decision: Decision = deed(command)
        except EdgewiseError as error:
            return Decision(reply=Reply(False, f"{error.message} {error.hint}".strip()))
        return decision

    def _do_acknowledge(self, command: Command) -> Decision:
        alarm = str(command.args.get("alarm") or "") or None
        changes = self._board.acknowledge(alarm, command.who or _STATION, command.at)
        return replace(self._alarmed(changes, command.at), reply=Reply(True))

    def _do_pause_audio(self, command: Command) -> Decision:
        return self._to_all("pause-audio", command)

    def _do_resume_audio(self, command: Command) -> Decision:
        return self._to_all("resume-audio", command)

    def _to_all(self, kind: str, command: Command) -> Decision:
        """The alarms that sound now; whatever comes after sounds."""
        who = command.who or _STATION
        pauses = kind == "pause-audio"
        changes = self._board.pause(command.at, who) if pauses else self._board.resume(command.at, who)
        own = self._alarmed(changes, command.at)
        events = (Event(kind, WARD, command.at.utc_s, {}, who=who), *own.events)
        return replace(own, events=events, tell=self._told_beds(kind, command.at, {"who": who}), reply=Reply(True))

    def _do_assign(self, command: Command) -> Decision:
        """A person puts a patient into a bed, where no ADT does it."""
        bed = self._bed(command)
        given = command.args.get("patient")
        patient = Patient.from_json(given if isinstance(given, Mapping) else {})
        changed = self.stays.admit(patient, bed, command.at.utc_s, who=command.who, how="person")
        return self._stays_changed(changed, command.at, {"how": "person"}, command.who, Reply(True))

    def _do_transfer(self, command: Command) -> Decision:
        """The patient of one bed to an empty one; the two of two beds change places."""
        bed, to = self._bed(command), self._bed(command, "to")
        stay = self.stays.of(bed)
        if stay is None:
            raise RefusedError("No patient is in this bed.")
        if self.stays.of(to) is not None:
            changed = self.stays.swap(bed, to, command.at.utc_s, who=command.who)
        else:
            changed = self.stays.admit(stay.patient, to, command.at.utc_s, who=command.who, how="transfer")
        return self._stays_changed(changed, command.at, {"how": "transfer"}, command.who, Reply(True))

    def _do_discharge(self, command: Command) -> Decision:
        stay = self.stays.of(self._bed(command))
        if stay is None:
            raise RefusedError("No patient is in this bed.")
        changed = self.stays.discharge(stay.patient.id, command.at.utc_s)
        return self._stays_changed(changed, command.at, {"how": "person"}, command.who, Reply(True))

    def _do_strike_out(self, command: Command) -> Decision:
        reason = str(command.args.get("reason") or "")
        changed = self.stays.strike_out(self._bed(command), reason, command.at.utc_s)
        return self._stays_changed(changed, command.at, {"how": "strike-out"}, command.who, Reply(True))

    def _bed(self, command: Command, name: str = "bed") -> str:
        bed = str(command.args.get(name) or "")
        if bed not in self._beds:
            raise RefusedError(f"There is no bed '{bed[:40]}' on this ward.")
        return bed

    def _do_roster(self, command: Command) -> Decision:
        """Nurse and buddy of each bed, the nurse in charge, everybody on shift."""
        beds = command.args.get("beds")
        nurses = {
            str(bed): {"nurse": str(people.get("nurse") or "")[:40], "buddy": str(people.get("buddy") or "")[:40]}
            for bed, people in (beds.items() if isinstance(beds, Mapping) else ())
            if bed in self._beds and isinstance(people, Mapping)
        }
        self._nurses |= nurses
        self._charge = str(command.args.get("charge", self._charge))[:40]
        shift = command.args.get("on_shift")
        if isinstance(shift, list):
            self._on_shift = [str(name)[:40] for name in shift if name][:64]
        data = {"beds": nurses, "charge": self._charge, "on_shift": self._on_shift}
        return Decision(
            events=(Event("roster", WARD, command.at.utc_s, data, who=command.who),),
            tell=self._tellings(self._beds, command.at),
            live=self._shown(command.at),
            reply=Reply(True),
            save=True,
        )

    def _do_commission_audio(self, command: Command) -> Decision:
        """Every tone was heard at this screen, and a person says so."""
        name, tones = str(command.args.get("screen") or "")[:40], command.args.get("tones")
        if not name or not isinstance(tones, list):
            raise RefusedError("A screen is commissioned by its name and the tones that were heard.")
        if name not in self._screens and len(self._screens) >= _MOST_SCREENS:
            raise RefusedError(f"{_MOST_SCREENS} screens are commissioned already.")
        if {"high", "medium", "low"} - set(tones):
            raise RefusedError("Not every tone was heard: this screen does not sound.", hint="Check its speaker.")
        screen = self._screens.setdefault(name, _Screen())
        screen.tones, screen.who, screen.at_utc_s = [str(tone) for tone in tones], command.who, command.at.utc_s
        data = {"screen": name, "tones": screen.tones}
        event = Event("audio-commissioned", name, command.at.utc_s, data, who=command.who)
        return Decision(events=(event,), live=self._shown(command.at), reply=Reply(True), save=True)

    def _do_audio_state(self, command: Command) -> Decision:
        """A screen says that it can sound, or why it cannot; a change is on record."""
        name = str(command.args.get("screen") or "")[:40]
        screen = self._screens.get(name)
        if screen is None:
            return Decision(reply=Reply(True))
        before = screen.shown(command.at)["state"]
        screen.state, screen.why = str(command.args.get("state"))[:20], str(command.args.get("why") or "")[:200]
        screen.heard = command.at
        events: tuple[Event, ...] = ()
        if before != screen.state:
            data = {"screen": name, "state": screen.state, "why": screen.why}
            events = (Event("audio-state", name, command.at.utc_s, data),)
        return Decision(events=events, live=self._shown(command.at), reply=Reply(True))

    # Time

    def due(self) -> Instant | None:
        ends = [
            screen.heard.plus(SCREEN_SILENT_AFTER_S + 0.001)
            for screen in self._screens.values()
            if screen.heard is not None and screen.state
        ]
        ends += [at for at in (self._board.due(),) if at is not None]
        return min(ends, default=None)

    def tick(self, now: Instant) -> Decision:
        """A screen that was heard and is heard no more cannot sound."""
        events = []
        for name, screen in self._screens.items():
            if screen.state and screen.heard is not None and now.since(screen.heard) > SCREEN_SILENT_AFTER_S:
                screen.state = ""
                events.append(Event("audio-state", name, now.utc_s, {"screen": name, "state": "not heard", "why": ""}))
        own = self._alarmed(self._board.tick(now), now)
        return replace(own, events=(*events, *own.events), live={**self._shown(now), **own.live})

    def health(self) -> Health:
        lost = {name: why for name, why in self._faults.items() if why}
        return Health(Level.ATTENTION if lost else Level.GOOD, "watching", lost)

    # What goes out

    def _stays_changed(
        self,
        changed: Sequence[Stay],
        now: Instant,
        how: Mapping[str, Any],
        who: str = "",
        reply: Reply | None = None,
    ) -> Decision:
        if not changed:
            return Decision(reply=reply)
        events = [Event("stay", stay.bed, now.utc_s, {**stay.as_json(), **how}, who=who) for stay in changed]
        tell = self._tellings({stay.bed for stay in changed}, now)
        return Decision(events=events, tell=tell, reply=reply, save=True)

    def _tellings(self, beds: Iterable[str], now: Instant) -> list[tuple[str, Sample]]:
        """Patient and roster of these beds; each answers that it knows."""
        named = sorted(beds)
        self._untold |= set(named)
        return [(bed, Sample(WARD, now, self._about(bed))) for bed in named]

    def _about(self, bed: str) -> dict[str, Value]:
        people = self._nurses.get(bed, {})
        roster = Roster(people.get("nurse", ""), people.get("buddy", ""), self._charge, tuple(self._on_shift))
        about: dict[str, Value] = {"kind": "bed", "roster": json.dumps(roster.to_json())}
        stay = self.stays.of(bed)
        if stay is not None:
            about |= {"patient": json.dumps(stay.patient.as_json()), "since_utc_s": stay.since_utc_s}
        return about

    def _told_beds(self, kind: str, now: Instant, values: Mapping[str, str]) -> list[tuple[str, Sample]]:
        return [(bed, Sample(WARD, now, {"kind": kind, **values})) for bed in self._beds]

    def _alarmed(self, changes: Sequence[Change], now: Instant) -> Decision:
        """The ward's own alarms: recorded, then signalled."""
        events = [
            Event("alarm", one.alarm.id if one.alarm else WARD, one.at.utc_s, one.event_data(), who=one.who)
            for one in changes
        ]
        alarms = self._board.shown(now)
        signal = {"alarms": alarms} if alarms != self._told_alarms else {}
        self._told_alarms = alarms
        return Decision(events=events, live=self._shown(now), signal=signal, save=bool(events))

    def _shown(self, now: Instant) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "audio": {
                "commissioned": bool(self._screens),
                "screens": {name: screen.shown(now) for name, screen in self._screens.items()},
            },
            "roster": {"charge": self._charge, "on_shift": self._on_shift, "beds": self._nurses},
            "feeds": [
                feed if not self._faults.get(name) else {**feed, "ok": False, "why": self._faults[name]}
                for name, feed in sorted(self._feeds.items())
            ],
        }
        different = {name: value for name, value in shown.items() if self._told.get(name) != value}
        self._told = shown
        return different
