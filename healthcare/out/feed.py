"""From the record to the outbox: reads what was recorded since last time and puts what follows from it on its way.

The two lie in two databases, so no transaction spans them, and none is needed: the record is committed first, the
cursor moves only when everything up to it is in the outbox, and a message put twice is there once. A kill at any
moment costs a repetition and no message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Engine, or_, select

from healthcare.measures import MEASURES
from healthcare.out.messages import KINDS, Outgoing, measured, messages_of
from healthcare.out.settings import OutSettings
from healthcare.out.subject import About, Naming
from healthcare.tables import stays
from verticals.contract import Event
from verticals.outgoing.cursor import Cursor
from verticals.store.database import reading
from verticals.store.events import EventStore
from verticals.store.outbox import Outbox
from verticals.store.series import SeriesStore

log = logging.getLogger(__name__)

_PAGE = 200
_LONGEST_LOOK_BACK_S = 3600.0
_SETTLED_AFTER_S = 5.0  # readings are written once a second


class Feed:
    """Belongs to one thread at a time. `bed` gives place and label of a bed by its name."""

    def __init__(
        self,
        engine: Engine,
        outbox: Outbox,
        cursor: Cursor,
        settings: OutSettings,
        naming: Naming,
        bed: Callable[[str], About],
    ) -> None:
        self._engine = engine
        self._events = EventStore(engine)
        self._series = SeriesStore(engine)
        self._outbox = outbox
        self._cursor = cursor
        self._settings = settings
        self._naming = naming
        self._bed = bed

    def work(self, now_utc_s: float, beds: Mapping[str, About]) -> int:
        """How many messages were put on their way. Raises StoreError; then the next call begins where this one did."""
        if not self._cursor.known:
            self._cursor.move(self._events.last_sequence(), now_utc_s)
        return self._recorded() + self._measured(now_utc_s, beds)

    # What was recorded

    def _recorded(self) -> int:
        last = self._events.last_sequence()
        if last < self._cursor.sequence:
            log.warning("the record ends at %d, before what was sent on (%d): restored?", last, self._cursor.sequence)
            self._cursor.move(last, self._cursor.at_utc_s)
        put = 0
        while self._cursor.sequence < last:
            page = self._events.read(after=self._cursor.sequence, limit=_PAGE, kinds=KINDS)
            put += sum(self._put(message) for event in page for message in self._messages(event))
            reached = page[-1].sequence if len(page) == _PAGE else max(last, page[-1].sequence if page else 0)
            if page:
                self._cursor.move(reached, self._cursor.at_utc_s)
            else:
                self._cursor.sequence = reached  # nothing to lose: it is kept with the next move
        return put

    def _messages(self, event: Event) -> list[Outgoing]:
        entered = self._entered(event) if event.kind == "observations-struck" else None
        about = self._about(event.station, _when(entered or event))
        return messages_of(event, about, self._naming, self._settings, entered=entered)

    def _entered(self, struck: Event) -> Event | None:
        """The set that was struck out: numbers begin anew with each patient, so the last of that name before it."""
        found = self._events.read(
            limit=_PAGE, station=struck.station, kinds=("observations",), subject=struck.subject, newest_first=True
        )
        return next((event for event in found if event.sequence < struck.sequence), None)

    def _about(self, bed: str, at_utc_s: float) -> About:
        """The bed, and who lay there then; a stay that was struck out never was."""
        about = self._bed(bed)
        held = stays.c
        query = select(held.patient_id).where(
            held.bed == bed,
            held.since_utc_s <= at_utc_s,
            or_(held.until_utc_s.is_(None), held.until_utc_s >= at_utc_s),
            held.struck == "",
        )
        with reading(self._engine) as connection:
            record_number = connection.scalar(query.order_by(held.number.desc()).limit(1))
        return About(about.ward, about.bed, about.label, about.location, record_number or "")

    def _put(self, message: Outgoing) -> int:
        self._outbox.put(message.stream, message.kind, message.payload, key=message.key)
        return 1

    # What was measured

    def _measured(self, now_utc_s: float, beds: Mapping[str, About]) -> int:
        """The latest value of each sign at the end of each interval that is over; the past hour at most."""
        if self._settings.fhir is None:
            return 0
        every_s = self._settings.fhir.vitals_every
        over = (now_utc_s - _SETTLED_AFTER_S) // every_s * every_s
        if over < self._cursor.at_utc_s - every_s:  # the clock was set back
            self._cursor.move(self._cursor.sequence, over)
        begin = max(self._cursor.at_utc_s // every_s * every_s, over - _LONGEST_LOOK_BACK_S)
        put = 0
        while (end := begin + every_s) <= over:
            put += self._interval(beds, begin, end)
            self._cursor.move(self._cursor.sequence, end)
            begin = end
        return put

    def _interval(self, beds: Mapping[str, About], begin_utc_s: float, end_utc_s: float) -> int:
        """One message for each bed in which somebody lies, from one look at the series."""
        abouts = {bed: self._about(bed, end_utc_s) for bed in beds}
        lain_in = {bed: about for bed, about in abouts.items() if about.record_number}
        channels = [f"{bed}/{measure}" for bed in lain_in for measure in MEASURES]
        found = self._series.read_many(channels, begin_utc_s, end_utc_s) if channels else {}
        put = 0
        for bed, about in lain_in.items():
            runs = {measure: found[f"{bed}/{measure}"][1] for measure in MEASURES}
            values = {measure: float(run[-1]) for measure, run in runs.items() if run.size}
            message = measured(about, self._naming, values, end_utc_s)
            put += 0 if message is None else self._put(message)
        return put


def _when(event: Event) -> float:
    """When the patient whom it is about lay there: an alarm may outlast a stay by a moment."""
    if event.kind == "observations":
        return float(event.data["taken_utc_s"])
    alarm = event.data.get("alarm")
    return float(alarm["began_utc_s"]) if alarm else event.at_utc_s
