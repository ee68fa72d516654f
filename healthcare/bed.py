"""The station of one bed: what its monitor sends and people ask comes in, alarms, values and calls go out.

An alarm is recorded before it is signalled; a call to the pager goes when its step is on record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from core.inference.request import Answer, Ask
from healthcare.alarms.alarm import beyond_label
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.alarms.monitor_alarm import finding_of
from healthcare.bed_orders import obey
from healthcare.bed_shown import bed_shown, changed
from healthcare.bedside import Bedside, Outcome
from healthcare.deterioration.score import LearntScore
from healthcare.lookback import WaveChunk, WaveRing
from healthcare.patients import Patient
from healthcare.reading import kind_of, number, text
from healthcare.settings import PAGER, WARD, BedSettings, HealthcareSettings
from healthcare.signals.beats import BeatClassifier
from healthcare.waves_of_bed import WavesOfBed
from verticals.contract import (
    NOTHING,
    Acted,
    Action,
    Chunk,
    Command,
    Decision,
    Delivery,
    DeviceNews,
    Event,
    Evidence,
    Health,
    Level,
    Reply,
    Sample,
    State,
    StationSpec,
)

_CALL_WITHIN_S = 60.0


class BedStation:
    """`waves` finds beats and rhythms in what the bed's leads and probes show; None: numerics alone."""

    def __init__(self, bed: BedSettings, ward: HealthcareSettings, score: LearntScore | None = None) -> None:
        self.spec = StationSpec(bed.name, actuators=(PAGER,), answer_within_s=5.0)  # classes only refine
        self._zone = ZoneInfo(ward.time_zone)
        self._named = not ward.privacy
        self._calls = bool(ward.pager.url)
        self._silences_s = ward.alarms.pause
        self.bedside = Bedside(bed, ward, score)
        self._waves = WavesOfBed(BeatClassifier())
        self._ring = WaveRing()
        self._told: dict[str, Any] = {}
        self._told_alarms: list[dict[str, Any]] | None = None
        self._told_at: Instant | None = None
        self._due: tuple[Instant | None] | None = None  # worked out anew when something else than a wave has come

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        self._due = None
        changes = [event.data for event in since if event.kind == "alarm" and "act" in event.data]
        self.bedside.restore(state, changes, now)
        if state is not None:
            self._waves.restore(state.get("waves") or {}, now)  # kept by a version that knew no waves: none

    def state(self, now: Instant) -> State:
        return {**self.bedside.state(now), "waves": self._waves.state(now)}

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        if kind_of(sample) != "wave":
            return ()
        return self._waves.take(sample)

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        match kind_of(sample):
            case "numerics":
                return self._decision(self._numerics(sample), sample.at)
            case "wave":
                return self._wave(sample, answers)
            case "monitor-alarm":
                finding = finding_of(json.loads(text(sample, "alarm")))
                return self._decision(
                    self.bedside.take_monitor_alarm(finding, sample.at, text(sample, "patient")), sample.at
                )
            case "link":
                return self._decision(self.bedside.heard(sample.at), sample.at)
            case "bed":
                return self._told_by_ward(sample)
            case "pause-audio" | "resume-audio":
                return self._silence(text(sample, "kind"), text(sample, "who"), sample.at)
        return NOTHING

    def _numerics(self, sample: Sample) -> Outcome:
        return self.bedside.take_numerics(text(sample, "readings"), sample.at, text(sample, "patient"))

    def _wave(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        taken = self._waves.found(answers)
        if taken is None:
            return NOTHING
        chunk, found = taken
        self._ring.add(chunk)
        if self._waves.classed is not None:
            found = replace(found, findings=[*found.findings, Finding("model-lost", not self._waves.classed)])
        due = self._due
        if found.numerics or found.findings:
            outcome = self.bedside.take_own(found.numerics, found.findings, sample.at)
        else:
            outcome = self.bedside.heard(sample.at)
            if outcome.empty and not found.vetoes and self._just_told(sample.at):  # most chunks: they are only drawn
                return Decision(chunks=(_drawn(chunk),))
        for veto in found.vetoes:
            outcome.notes.append(("veto", veto.code, asdict(veto) | {"at": sample.at.utc_s}, ""))
        decision = self._decision(outcome, sample.at, chunks=(_drawn(chunk),), quiet=True)
        if not (found.numerics or found.findings or decision.events):
            self._due = due  # a wave alone only moves silence away
        return decision

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """Limits and the rules of rhythm stand; beats that were not classed stay unknown."""
        return self._wave(sample, ()) if kind_of(sample) == "wave" else NOTHING

    def acted(self, acted: Acted) -> Decision:
        """A call that nobody got: the next person is called at once."""
        value = acted.action.value
        if acted.delivery is Delivery.SENT or not isinstance(value, Mapping):
            return NOTHING
        failed = self.bedside.board.delivery_failed(str(value.get("alarm")), int(value.get("step", 0)), acted.at)
        return self._decision(Outcome(changes=failed), acted.at)

    def device_changed(self, news: DeviceNews) -> Decision:
        return NOTHING

    def command(self, command: Command) -> Decision:
        outcome, reply = obey(self.bedside, command)
        return self._decision(outcome, command.at, reply=reply)

    # Time

    def due(self) -> Instant | None:
        if self._due is None:
            moments = (self.bedside.due(), self._waves.due())
            self._due = (min((at for at in moments if at is not None), default=None),)
        known, silent = self._due[0], self.bedside.silent_at()
        if known is None or silent is None:
            return silent if known is None else known
        return min(known, silent)

    def tick(self, now: Instant) -> Decision:
        outcome = self.bedside.tick(now)
        lost = self._waves.tick(now)
        if lost:
            outcome.changes += self.bedside.board.take(lost, now)
        return self._decision(outcome, now)

    def health(self) -> Health:
        if self.bedside.silent:
            return Health(Level.ATTENTION, "no-data")
        return Health(Level.GOOD, "monitoring" if self.bedside.ever_heard else "waiting")

    # What goes out

    def _told_by_ward(self, sample: Sample) -> Decision:
        """Who lies here and who is on duty; the ward hears that it is known."""
        given = text(sample, "patient")
        if given:
            since_utc_s = number(sample, "since_utc_s") or sample.at.utc_s
            outcome = self.bedside.admit(Patient(**json.loads(given)), since_utc_s, sample.at)
        else:
            outcome = self.bedside.discharge(sample.at)
        roster = Roster.from_json(json.loads(text(sample, "roster")))
        if roster != self.bedside.roster:
            self.bedside.assign(roster)
            outcome.save = True
        known = Sample(self.spec.name, sample.at, {"kind": "told", "bed": self.spec.name})
        return replace(self._decision(outcome, sample.at), tell=[(WARD, known)])

    def _silence(self, order: str, who: str, now: Instant) -> Decision:
        board = self.bedside.board
        changes = board.pause(now, who, self._silences_s) if order == "pause-audio" else board.resume(now, who)
        return self._decision(Outcome(changes=changes), now)

    def _decision(
        self,
        outcome: Outcome,
        now: Instant,
        *,
        reply: Reply | None = None,
        chunks: Sequence[Chunk] = (),
        quiet: bool = False,
    ) -> Decision:
        """`quiet`: nothing need be shown that was shown within half a second."""
        self._due = None
        name = self.spec.name
        events = [
            Event("alarm", one.alarm.id if one.alarm else name, one.at.utc_s, one.event_data(), name, one.who)
            for one in outcome.changes
        ]
        events += [
            Event(kind, subject or name, now.utc_s, data, name, who) for kind, subject, data, who in outcome.notes
        ]
        live, signal = self._shown(now, bool(outcome.changes), quiet=quiet)
        return Decision(
            events=events,
            actions=self._called(outcome),
            evidence=self._evidence(outcome),
            series=outcome.readings,
            live=live,
            chunks=chunks,
            signal=signal,
            reply=reply,
            save=outcome.save or bool(outcome.changes),
        )

    def _shown(self, now: Instant, alarms_changed: bool, *, quiet: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        if quiet and not alarms_changed and self._just_told(now):
            return {}, {}
        self._told_at = now
        alarms = self.bedside.board.shown(now)
        shown = bed_shown(self.bedside, alarms, now, self._zone, named=self._named) | {"waves": self._waves.channels}
        different = changed(shown, self._told)
        self._told = shown
        if self._told_alarms is not None and alarms == self._told_alarms:
            return different, {}
        self._told_alarms = alarms
        if not alarms_changed:  # only a countdown or a sound has moved: nothing that is recorded
            return {**different, "alarms": alarms}, {}
        return {}, {**different, "alarms": alarms}

    def _just_told(self, now: Instant) -> bool:
        return self._told_at is not None and now.since(self._told_at) < 0.5

    def _called(self, outcome: Outcome) -> list[Action]:
        if not self._calls:
            return []
        called = []
        for change in outcome.changes:
            if change.alarm is None or not change.told:
                continue
            label = change.alarm.label
            value = {
                "alarm": change.alarm.id,
                "bed": self.bedside.bed.label,
                "priority": change.alarm.priority.word,
                "text": f"{label} {beyond_label(label, change.alarm.finding.text)}".strip(),
                "people": list(change.told),
                "step": change.step or 0,
                "at_utc_s": change.at.utc_s,
            }
            called.append(Action(PAGER, value, _CALL_WITHIN_S, subject=change.alarm.id))
        return called

    def _evidence(self, outcome: Outcome) -> dict[str, Evidence]:
        """Two minutes of waves before an alarm of the patient."""
        began = [change for change in outcome.changes if change.act in ("began", "worsened") and change.alarm]
        if not any(change.alarm is not None and change.alarm.kind.value == "physiological" for change in began):
            return {}
        content = self._ring.packed()
        return {"waves": Evidence(content)} if content else {}


def _drawn(chunk: WaveChunk) -> Chunk:
    """A chunk of a wave as screens draw it."""
    head = {"channel": chunk.channel, "rate_hz": chunk.rate_hz, "start_utc_s": chunk.start_utc_s}
    return Chunk({**head, "n": int(chunk.samples.size)}, chunk.samples)
