"""The ward's desk: who lies where, who is on duty, which screens can sound, which feeds are heard.

It watches no patient. What it decides it tells the beds; after a start it tells them everything once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Instant
from core.errors import EdgewiseError, RefusedError
from core.inference.request import Answer, Ask
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Change
from healthcare.alarms.finding import Finding
from healthcare.bed_orders import CHARGE
from healthcare.duty import Duty
from healthcare.patients import Patient, Stay, Stays
from healthcare.proposals import keep, propose
from healthcare.reading import kind_of, number, text
from healthcare.screens import Screens
from healthcare.set_aside import Movement, SetAside
from healthcare.settings import NURSE_STATION, WARD, HealthcareSettings
from healthcare.signals.beats import MODEL
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

FEEDS = ("hl7", "waves", "sdc")
#: What the ward's desk alarms when a device of the box is lost.
_LOST = {"store": "store-lost", "pager": "pager-lost", "out": "out-waiting"}
_FEED_NAMES = {
    "hl7": "numbers and alarms of all monitors",
    "waves": "waves of all monitors",
    "sdc": "everything of an SDC device",
}
_ADMITS = frozenset({"A01", "A02", "A12", "A13"})
_DISCHARGES = frozenset({"A03", "A11"})


class WardStation:
    """`beds` by location and by device are the site's; a person may move a device to another bed."""

    def __init__(self, ward: HealthcareSettings) -> None:
        self.spec = StationSpec(WARD, models=(MODEL,))  # one keeper for the beats of all beds
        self._ward = ward
        self._by_location = {bed.location: bed.name for bed in ward.beds if bed.location}
        self._beds = {bed.name: bed for bed in ward.beds}
        self.stays = Stays()
        self._aside = SetAside()
        self._duty = Duty(ward)
        self._screens = Screens()
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
        self._duty.restore(state)
        if "set_aside" in state:  # kept by a version before: none
            self._aside.restore(state["set_aside"])
        self._screens.restore(state["screens"])

    def state(self, now: Instant) -> State:
        return {
            "alarms": self._board.state(now),
            "stays": self.stays.state(),
            "untold": sorted(self._untold),
            "screens": self._screens.state(),
            "set_aside": self._aside.state(),
            **self._duty.state(),
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
        """How old each feed is, every second; a lost one is an alarm of the ward. Screens count on from an age, so that
        one that has not changed is told too.

        Beds that have not said that they were told are told once more: a kill may have come in between.
        """
        name = text(sample, "feed")
        if name not in FEEDS:
            return NOTHING
        ok = sample.values.get("ok") is True
        self._feeds[name] = {"name": name, "ok": ok, "age_s": number(sample, "age_s"), "why": "" if ok else "silent"}
        finding = Finding("feed-lost", not ok, text=_FEED_NAMES[name], instance=name)
        own = self._alarmed(self._board.take([finding], sample.at), sample.at)
        live = {**own.live, "feeds": self._feeds_shown()}
        return replace(own, live=live, tell=self._tellings(self._untold, sample.at))

    def _movement(self, sample: Sample) -> Decision:
        """ADT. What does not fit (a bed that holds somebody else) is on record, and changes nothing."""
        said = {name: text(sample, name) for name in ("event", "location", "prior_location")}
        at_utc_s = min(number(sample, "at_utc_s") or sample.at.utc_s, sample.at.utc_s)
        given: Any = {}
        try:
            given = json.loads(text(sample, "patient") or "{}")
            changed = self._moved(said, Patient.from_json(given if isinstance(given, dict) else {}), at_utc_s)
        except (EdgewiseError, ValueError) as error:
            kept = self._aside.put(said, given if isinstance(given, dict) else {}, at_utc_s, str(error))
            data = {**said, "key": sample.key, "why": str(error), "number": kept.number}
            event = Event("adt-refused", WARD, sample.at.utc_s, data)
            return Decision(events=(event,), live=self._shown(sample.at), save=True)
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
        """A feed that does not even listen is lost, whatever it said last; a lost store or pager is an alarm."""
        code = _LOST.get(news.device)
        if code is not None:
            finding = Finding(code, not news.ok, text=news.detail[:60], instance=news.device)
            return self._alarmed(self._board.take([finding], news.at), news.at)
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

    def _do_propose(self, command: Command) -> Decision:
        return propose(command)

    def _do_keep_what_if(self, command: Command) -> Decision:
        return keep(command)

    def _do_acknowledge(self, command: Command) -> Decision:
        alarm = str(command.args.get("alarm") or "") or None
        changes = self._board.acknowledge(alarm, command.who or NURSE_STATION, command.at)
        return replace(self._alarmed(changes, command.at), reply=Reply(True))

    def _do_pause_audio(self, command: Command) -> Decision:
        return self._to_all("pause-audio", command)

    def _do_resume_audio(self, command: Command) -> Decision:
        return self._to_all("resume-audio", command)

    def _to_all(self, kind: str, command: Command) -> Decision:
        """The alarms that sound now; whatever comes after sounds."""
        who = command.who or NURSE_STATION
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

    def _do_hand_in_movement(self, command: Command) -> Decision:
        """A message that was set aside, as if it came now. Raises RefusedError where it still does not fit."""
        kept = self._aside.of(command.args.get("number"))
        said = {"event": kept.event, "location": kept.location, "prior_location": kept.prior_location}
        changed = self._moved(said, kept.read(), command.at.utc_s)
        return self._seen_to(kept, {"how": kept.event}, changed, command)

    def _do_dismiss_movement(self, command: Command) -> Decision:
        kept = self._aside.of(command.args.get("number"))
        reason = str(command.args.get("reason") or "").strip()[:200]
        if not reason:
            raise RefusedError("Say why this message is dismissed.")
        return self._seen_to(kept, {"reason": reason}, [], command)

    def _seen_to(self, kept: Movement, how: dict[str, Any], changed: list[Stay], command: Command) -> Decision:
        self._aside.done(kept.number)
        own = self._stays_changed(changed, command.at, how, command.who)
        data = {"number": kept.number, **how, "changed": len(changed)}
        event = Event("adt-seen-to", WARD, command.at.utc_s, data, who=command.who)
        return replace(own, events=(event, *own.events), live=self._shown(command.at), reply=Reply(True), save=True)

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
        if command.role not in CHARGE:
            raise RefusedError("The roster is the nurse in charge's.", hint="Sign in as one.")
        return self._rostered(self._duty.set(command.args), command)

    def _do_shift(self, command: Command) -> Decision:
        """A person comes on shift, or goes."""
        return self._rostered(self._duty.shift(command.who, on=command.args.get("on") is True), command)

    def _rostered(self, data: Mapping[str, Any], command: Command) -> Decision:
        return Decision(
            events=(Event("roster", WARD, command.at.utc_s, data, who=command.who),),
            tell=self._tellings(self._beds, command.at),
            live=self._shown(command.at),
            reply=Reply(True),
            save=True,
        )

    def _do_phone_here(self, command: Command) -> Decision:
        """A person's own page is open, and can sound or cannot; a change is on record."""
        changed = self._duty.phone(command.who, command.at, sounds=command.args.get("sounds") is True)
        events = () if changed is None else (Event("phone", changed["name"], command.at.utc_s, changed),)
        return Decision(events=events, live=self._shown(command.at), reply=Reply(True))

    def _do_commission_audio(self, command: Command) -> Decision:
        """Every tone was heard at this screen, and a person says so."""
        data = self._screens.commission(command.args, command.who, command.at)
        event = Event("audio-commissioned", data["screen"], command.at.utc_s, data, who=command.who)
        return Decision(events=(event,), live=self._shown(command.at), reply=Reply(True), save=True)

    def _do_audio_state(self, command: Command) -> Decision:
        """A screen says that it can sound, or why it cannot; a change is on record."""
        changed = self._screens.heard(command.args, command.at)
        events = () if changed is None else (Event("audio-state", changed["screen"], command.at.utc_s, changed),)
        return Decision(events=events, live=self._shown(command.at), reply=Reply(True))

    # Time

    def due(self) -> Instant | None:
        moments = (self._screens.due(), self._duty.due(), self._board.due())
        return min((at for at in moments if at is not None), default=None)

    def tick(self, now: Instant) -> Decision:
        """A screen that was heard and is heard no more cannot sound; a person's page that has closed reaches nobody."""
        events = [Event("audio-state", fell["screen"], now.utc_s, fell) for fell in self._screens.tick(now)]
        events += [Event("phone", gone["name"], now.utc_s, gone) for gone in self._duty.tick(now)]
        own = self._alarmed(self._board.tick(now), now)
        return replace(own, events=(*events, *own.events), live={**self._shown(now), **own.live})

    def health(self) -> Health:
        lost = {name: why for name, why in self._faults.items() if why}
        if self._aside:
            lost["adt-set-aside"] = f"{len(self._aside)} messages of admissions could not be followed: see /movements."
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
        about: dict[str, Value] = {"kind": "bed", "roster": json.dumps(self._duty.roster_of(bed).to_json())}
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
            "audio": self._screens.shown(now),
            "roster": self._duty.shown(),
            "phones": self._duty.phones(),
            "set_aside": self._aside.shown(),
            "feeds": self._feeds_shown(),
        }
        different = {name: value for name, value in shown.items() if self._told.get(name) != value}
        self._told = shown
        return different

    def _feeds_shown(self) -> list[dict[str, Any]]:
        return [
            feed if not self._faults.get(name) else {**feed, "ok": False, "why": self._faults[name]}
            for name, feed in sorted(self._feeds.items())
        ]
