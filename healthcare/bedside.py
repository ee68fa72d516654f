"""What the box knows of one bed and its patient: alarms, vital signs, chart, limits, and whether anything is heard.

Plain: no clock, no I/O. Every call gives what follows from it as an `Outcome`; the station makes a decision of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Change
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import MONITOR, Finding
from healthcare.deterioration.past import OwnScore
from healthcare.deterioration.score import LearntScore
from healthcare.identity import CODE, Identity
from healthcare.patients import Patient
from healthcare.settings import BedSettings, HealthcareSettings
from healthcare.vitals.advice import news2_findings, overdue_finding, trend_finding
from healthcare.vitals.ages import kept_past, past_again
from healthcare.vitals.chart import Chart
from healthcare.vitals.limits import PatientLimits
from healthcare.vitals.news2 import Item, Score
from healthcare.vitals.numerics import BedNumerics, Heard, NumericsSettings
from healthcare.vitals.onset import CHANNELS
from healthcare.vitals.trend import Notice
from verticals.contract import Reading

_SCORE_EVERY_S = 5.0
_RESCORE_S = 60.0
_GRACE_S = 5.0
_ADVICE_LASTS_S = 4 * 3600.0
_MOST_ADVICE = 3
_ALIVE = ("hr_per_min", "spo2_pct")


@dataclass(slots=True)
class Outcome:
    """`notes` are events of other kinds than alarms: (kind, subject, data, who)."""

    changes: list[Change] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    notes: list[tuple[str, str, dict[str, Any], str]] = field(default_factory=list)
    save: bool = False

    @property
    def empty(self) -> bool:
        """Nothing follows."""
        return not (self.changes or self.readings or self.notes or self.save)

    def note(self, kind: str, data: dict[str, Any], *, subject: str = "", who: str = "") -> None:
        self.notes.append((kind, subject, data, who))
        self.save = True


@dataclass(frozen=True, slots=True)
class Standby:
    """Since when and why nobody is watched here; `quiet`: the monitor has said nothing since."""

    since: Instant
    why: str
    who: str
    quiet: bool = False


class Bedside:
    """Belongs to the lane of its station."""

    def __init__(self, bed: BedSettings, ward: HealthcareSettings, score: LearntScore | None = None) -> None:
        self.bed = bed
        self._silent_after_s = ward.silent_after
        self.board = AlarmBoard(bed.name, ward.alarms.policy(telemetry_critical=bed.telemetry_critical))
        self.limits = PatientLimits(ward.alarms.site_limits())
        self.numerics = BedNumerics(NumericsSettings(delays=ward.alarms.onset()), self.limits)
        self.chart = Chart()
        self.roster = Roster()
        self.patient: Patient | None = None
        self.admitted_utc_s: float | None = None
        self.standby: Standby | None = None
        self.advice: list[dict[str, Any]] = []
        self.heard_at: Instant | None = None
        self.ever_heard = False
        self.silent = False
        self._score: tuple[Instant, Score] | None = None
        self._notice: Notice | None = None
        self._own_score = OwnScore(score) if score is not None else None
        self._identity = Identity()
        self._names_count = ward.monitors_name_patients

    # What is heard

    def heard(self, now: Instant) -> Outcome:
        """Something came from this bed's monitor."""
        outcome = Outcome()
        self.heard_at, self.ever_heard = now, True
        if self.silent:
            self.silent = False
            self._take([Finding("no-data", False)], now, outcome)
            for channel in sorted(set(CHANNELS.values())):
                outcome.changes += self.board.source_back(channel, now)
            self._take(self.numerics.standing(), now, outcome)
        return outcome

    def take_numerics(self, readings: str, now: Instant, patient_id: str = "") -> Outcome:
        """`patient_id`: whom the monitor names. Raises InputError for no list of readings, heard all the same."""
        outcome = self.heard(now)
        if self._is_anothers(patient_id, now, outcome):
            return outcome
        self._follow(self.numerics.take(readings, now), now, outcome)
        self._watch_standby(now, outcome)
        return outcome

    def take_own(self, values: Mapping[str, float | None], findings: Sequence[Finding], now: Instant) -> Outcome:
        """What was computed from this bed's waves."""
        outcome = self.heard(now)
        self._take(findings, now, outcome)
        if not self._identity.contradicted:
            self._follow(self.numerics.take_own(values, now), now, outcome)
        return outcome

    def take_monitor_alarm(self, finding: Finding, now: Instant, patient_id: str = "") -> Outcome:
        """The monitor's own word is taken as it is, in standby too, and whoever it names."""
        outcome = self.heard(now)
        self._is_anothers(patient_id, now, outcome)
        outcome.changes += self.board.take([finding], now)
        return outcome

    def _is_anothers(self, said: str, now: Instant, outcome: Outcome) -> bool:
        """A monitor that names another patient is told once, and so is the end of it with what was set aside."""
        if not self._names_count:
            return False
        known, before = self.patient.id if self.patient is not None else "", self._identity.contradicted
        anothers = self._identity.judge(said, known, now)
        if anothers != before:
            outcome.changes += self.board.take([Finding(CODE, anothers, text="look who is there")], now)
            outcome.note("patient-contradicted", {"monitor": said, "known": known, "on": anothers,
                                                  "set_aside": self._identity.set_aside})  # fmt: skip
        return anothers

    def _follow(self, heard: Heard, now: Instant, outcome: Outcome) -> None:
        self._take(heard.findings, now, outcome)
        outcome.readings += [Reading(f"{self.bed.name}/{one.channel}", one.value) for one in heard.readings]
        for change in heard.limits:
            outcome.note("limits", change.as_json(), who=change.who)
        for notice in heard.notices:
            self._notice = notice
            self._advise(notice, outcome)

    def _advise(self, notice: Notice, outcome: Outcome) -> None:
        self.advice = [*self.advice[1 - _MOST_ADVICE :], notice.shown()]
        outcome.note("advice", notice.shown())

    def _take(self, findings: Sequence[Finding], now: Instant, outcome: Outcome) -> None:
        """In standby nothing of our own arises; what is there may end."""
        if self.standby is not None:
            findings = [one for one in findings if one.source == MONITOR or not one.present]
        if findings:
            outcome.changes += self.board.take(list(findings), now)

    def _watch_standby(self, now: Instant, outcome: Outcome) -> None:
        """A patient whose monitor measures again is back, whatever anybody forgot to press."""
        if self.standby is None:
            return
        alive = any(self.numerics.value(measure, now) is not None for measure in _ALIVE)
        if alive and self.standby.quiet:
            self.end_standby("", now, outcome)
        elif not alive and not self.standby.quiet:
            self.standby = Standby(self.standby.since, self.standby.why, self.standby.who, quiet=True)
            outcome.save = True

    # Time

    def due(self) -> Instant | None:
        """Of everything but silence: it moves with each sample, and `silent_at` is quick to ask."""
        moments = [self.board.due(), self.numerics.due()]
        observation = self.chart.due()
        if observation is not None and self._score is not None and not observation.over(self._score[0]):
            moments.append(observation.at.plus(0.001))
        if self._score is not None and self.standby is None:
            moments.append(self._score[0].plus(_RESCORE_S))
        return min((moment for moment in moments if moment is not None), default=None)

    def silent_at(self) -> Instant | None:
        if self.silent or self.heard_at is None:
            return None
        return self.heard_at.plus(self._silent_after_s)

    def tick(self, now: Instant) -> Outcome:
        outcome = Outcome()
        at = self.silent_at()
        if at is not None and at <= now:
            self._fall_silent(now, outcome)
        self._follow(self.numerics.tick(now), now, outcome)
        self.score(now, outcome)
        outcome.changes += self.board.tick(now)
        self.advice = [one for one in self.advice if now.utc_s - one["at_utc_s"] < _ADVICE_LASTS_S]
        return outcome

    def _fall_silent(self, now: Instant, outcome: Outcome) -> None:
        self.silent = True
        if self.standby is not None:
            self.standby = Standby(self.standby.since, self.standby.why, self.standby.who, quiet=True)
            outcome.save = True
            return
        for channel in sorted(set(CHANNELS.values())):
            outcome.changes += self.board.source_lost(channel, now)
        if self.patient is not None or self.ever_heard:
            outcome.changes += self.board.take([Finding("no-data", True, text="go to the bedside")], now)

    # The score

    def score(self, now: Instant, outcome: Outcome | None = None) -> Score | None:
        """NEWS2 of now; None where nobody is scored. With an outcome its alarms follow."""
        if self.patient is None or self.standby is not None:
            self._score = None
            return None
        if outcome is None and self._score is not None and now.since(self._score[0]) < _SCORE_EVERY_S:
            return self._score[1]
        scored = self.chart.score(now, self.monitored(now))
        self._score = (now, scored)
        if outcome is not None:
            self._judge(scored, now, outcome)
        return scored

    def monitored(self, now: Instant) -> list[Item]:
        return self.numerics.news2_items(now)

    def _judge(self, scored: Score, now: Instant, outcome: Outcome) -> None:
        advice = [*news2_findings(scored), overdue_finding(self.chart.due(), now), trend_finding(self._notice, now)]
        self._take(advice, now, outcome)
        told = self._own_score.take(scored, now) if self._own_score is not None and not scored.why_not else None
        if told is not None:
            self._advise(told, outcome)

    # The patient and who is on duty

    def assign(self, roster: Roster) -> None:
        self.roster = roster
        self.board.assign(roster)

    def admit(self, patient: Patient, since_utc_s: float, now: Instant) -> Outcome:
        """Told again it brings name and age up to date; another patient begins with nothing of the one before."""
        outcome = Outcome()
        if self.patient == patient:
            return outcome
        if self.patient is not None and self.patient.id != patient.id:
            outcome = self.discharge(now)
        self.patient, self.admitted_utc_s = patient, since_utc_s
        self.chart.begin(now, age_years=patient.years(now.utc_s))
        outcome.save = True
        return outcome

    def discharge(self, now: Instant) -> Outcome:
        """Alarms are cancelled, the site's limits hold. Nothing follows where nobody was known to be here."""
        outcome = Outcome()
        if self.patient is None:
            return outcome
        outcome.changes += self.board.discharge(now)
        self._identity.begin(contradicted=False, now=now)
        self._follow(self.numerics.discharge(now), now, outcome)
        self.chart.discharge()
        self.patient, self.admitted_utc_s, self.standby = None, None, None
        self.advice, self._score, self._notice = [], None, None
        if self._own_score is not None:
            self._own_score.forget()
        self.ever_heard = False
        outcome.save = True
        return outcome

    def end_standby(self, who: str, now: Instant, outcome: Outcome) -> None:
        self.standby = None
        outcome.note("standby-ended", {"by": "monitor" if not who else "person"}, who=who)
        self._take(self.numerics.standing(), now, outcome)

    # What is kept

    def state(self, now: Instant) -> dict[str, Any]:
        standby = self.standby
        return {
            "alarms": self.board.state(now),
            "numerics": self.numerics.state(now),
            "chart": self.chart.state(now),
            "roster": self.roster.to_json(),
            "patient": None if self.patient is None else self.patient.as_json(),
            "admitted_utc_s": self.admitted_utc_s,
            "standby": standby and [kept_past(standby.since, now), standby.why, standby.who, standby.quiet],
            "advice": self.advice,
            "ever_heard": self.ever_heard,
            "contradicted": self._identity.contradicted,
            "silent": self.silent,
            "heard_at": None if self.heard_at is None else kept_past(self.heard_at, now),
            "score_at": None if self._score is None else kept_past(self._score[0], now),
            "own_score": None if self._own_score is None else self._own_score.state(now),
        }

    def restore(self, kept: Mapping[str, Any] | None, alarm_events: Sequence[Mapping[str, Any]], now: Instant) -> None:
        """What a stopped box did not hear is nobody's fault yet: silence is told a moment after the start."""
        if kept is not None:
            self.numerics.restore(kept["numerics"], now)
            self.chart.restore(kept["chart"], now)
            self.roster = Roster.from_json(kept["roster"])
            self.patient = Patient(**kept["patient"]) if kept["patient"] else None
            self.admitted_utc_s = kept["admitted_utc_s"]
            if kept["standby"]:
                since, why, who, quiet = kept["standby"]
                self.standby = Standby(past_again(since, now), why, who, quiet)
            self.advice = list(kept["advice"])
            self._identity.begin(contradicted=bool(kept.get("contradicted")), now=now)
            self.ever_heard, self.silent = bool(kept["ever_heard"]), bool(kept["silent"])
            if self._own_score is not None and kept.get("own_score"):
                self._own_score.restore(kept["own_score"], now)
        self.board.restore(kept["alarms"] if kept is not None else None, alarm_events, now)
        held = [cause for alarm in self.board.alarms for cause in alarm.causes if cause.source != MONITOR]
        self.numerics.adopt([cause.cause for cause in held])
        if kept is None:
            return
        if kept["heard_at"] is not None:
            latest = now.plus(-max(0.0, self._silent_after_s - _GRACE_S))
            self.heard_at = max(past_again(kept["heard_at"], now), latest)
        if kept["score_at"] is not None and self.patient is not None:
            at = past_again(kept["score_at"], now)
            self._score = (at, self.chart.score(now, self.monitored(now)))
