"""Carries out what a station decided: act, record, answer, tell; a task for each decision, side by side.

Protective actions go before the disk write, everything else after it; a device that can get ready for one does so
meanwhile. What became of a protective action is part of the event; of any other one a `delivery` event says so when it
did not go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import numpy as np

from core.clock import Clock
from core.errors import InputError, StoreError
from verticals.contract import Acted, Action, Decision, Delivery, Event, Json, Sample
from verticals.runtime.decisions import Origin, delivery_event, host_of, with_outcomes
from verticals.runtime.delivery import Deliverer
from verticals.runtime.journal import Journal
from verticals.runtime.lane import Lane
from verticals.runtime.live import LiveMessage
from verticals.store.events import Entry
from verticals.store.series import Point

log = logging.getLogger(__name__)


class Finisher:
    """Belongs to the line's event loop. `tell` gives a sample to a station by name, `publish` shows it now."""

    def __init__(
        self,
        journal: Journal,
        deliverer: Deliverer,
        clock: Clock,
        publish: Callable[[LiveMessage], None],
        tell: Callable[[str, Sample], bool],
    ) -> None:
        self._journal = journal
        self._deliverer = deliverer
        self._clock = clock
        self._publish = publish
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> int:
        """Decisions that are being acted on or recorded."""
        return len(self._tasks)

    async def follow(self, lane: Lane, decision: Decision, origin: Origin) -> None:
        """Returns when the decision is on its way; waits while too many of this lane are."""
        lane.ahead.decided(decision.events)
        noted = self._at_once(lane, decision, origin)
        if not decision.events and decision.signal:
            self._show(lane, decision.signal)
        if not (noted or decision.events or decision.actions or decision.reply or decision.save or origin.inbox):
            if origin.sample is not None:
                origin.sample.recorded.settle(0)
            return
        await lane.side_by_side.acquire()
        task = asyncio.get_running_loop().create_task(self._finish(lane, decision, origin, noted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Returns when everything on its way has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _at_once(self, lane: Lane, decision: Decision, origin: Origin) -> asyncio.Future[None] | None:
        """What waits for nothing; the future is done when the series are on the disk, for who is owed that."""
        if decision.live:
            self._show(lane, decision.live)
        for chunk in decision.chunks:
            self._show(lane, chunk.head, np.ascontiguousarray(chunk.values, "<f4").tobytes())
        noted = None
        if decision.series:
            at_utc_s = origin.at.utc_s
            points = [Point(reading.channel, at_utc_s, reading.value) for reading in decision.series]
            recorded = origin.sample.recorded if origin.sample is not None else None
            owed, urgent = (recorded.owed, recorded.urgent) if recorded is not None else (False, False)
            noted = self._journal.note(points, owed=owed, urgent=urgent)
        for station, sample in decision.tell:
            if not self._tell(station, sample):
                lane.mishaps.note("tell", LookupError(f"there is no station '{station}'"))
                sample.recorded.settle(0)
        return noted

    def _show(self, lane: Lane, data: Json, payload: bytes = b"") -> None:
        try:
            topic = "chunk" if payload else "live"
            self._publish(LiveMessage(topic, {"station": lane.name, "data": data}, payload))
        except InputError as error:
            lane.mishaps.note("live", error)

    async def _finish(self, lane: Lane, decision: Decision, origin: Origin, noted: asyncio.Future[None] | None) -> None:
        try:
            await self._act_and_record(lane, decision, origin, noted)
        except Exception as error:
            lane.mishaps.note("finish", error)
            if origin.sample is not None:
                origin.sample.recorded.fail(StoreError(f"it could not be recorded: {error}"))
        finally:
            lane.ahead.settled(decision.events)
            lane.side_by_side.release()

    async def _act_and_record(
        self, lane: Lane, decision: Decision, origin: Origin, noted: asyncio.Future[None] | None
    ) -> None:
        protective = [action for action in decision.actions if action.protective]
        rest = [action for action in decision.actions if not action.protective]
        outcomes, loose = await self._act(lane, protective, origin, decision.events)
        begun = [self._deliverer.prepare(action) for action in rest]
        if any(begun):
            await asyncio.sleep(0)  # sent first: encoding it here and writing the record there would hold each other up
        try:
            sequence = await self._record(lane, decision, origin, outcomes, loose)
        except StoreError as error:
            if origin.sample is not None:
                origin.sample.recorded.fail(error)
            await self._not_sent(lane, rest, error)
            return
        finally:
            lane.ahead.settled(loose)
            if decision.events and decision.signal:
                self._show(lane, decision.signal)
        if rest:
            await asyncio.gather(_settle(origin, sequence, noted), self._act_later(lane, rest, origin))
        else:  # no task more between the disk and who waits for the record
            await _settle(origin, sequence, noted)

    async def _act(
        self, lane: Lane, actions: Sequence[Action], origin: Origin, hosts: Sequence[Event]
    ) -> tuple[list[Acted], list[Event]]:
        """How each action ended, and the events that say so of those that no event in `hosts` is about."""
        loose: list[Event] = []
        if not actions:
            return [], loose

        async def act(action: Action) -> Acted:
            acted = await self._deliverer.deliver(action, origin.at)
            if acted.delivery is not Delivery.SENT:
                lane.counts[acted.delivery.value] += 1
            if host_of(action, hosts) is None and (action.protective or acted.delivery is not Delivery.SENT):
                event = delivery_event(acted, lane.name)
                loose.append(event)
                lane.ahead.decided((event,))
            lane.order(acted)
            return acted

        if len(actions) == 1:
            return [await act(actions[0])], loose
        return list(await asyncio.gather(*(act(action) for action in actions))), loose

    async def _record(
        self, lane: Lane, decision: Decision, origin: Origin, outcomes: Sequence[Acted], loose: Sequence[Event]
    ) -> int:
        """The number of the last event that the decision led to, 0 when it led to none."""
        events = (*with_outcomes(decision.events, outcomes), *loose)
        state = lane.capture(self._clock.now(), (*decision.events, *loose)) if decision.save else None
        entry = Entry(
            events=events,
            states={} if state is None else {lane.name: state},
            replies=[(origin.command, decision.reply)] if origin.command and decision.reply else (),
            inbox_done=[origin.inbox] if origin.inbox else (),
        )
        if not (entry.events or entry.states or entry.replies or entry.inbox_done):
            return 0
        recorded = await self._journal.record(entry, decision.evidence)
        return recorded[-1].sequence if recorded else 0

    async def _act_later(self, lane: Lane, actions: Sequence[Action], origin: Origin) -> None:
        _, loose = await self._act(lane, actions, origin, ())
        await self._say(lane, loose)

    async def _not_sent(self, lane: Lane, actions: Sequence[Action], error: StoreError) -> None:
        """Actions that had to be recorded first and could not be: they do not go."""
        failed = [
            Acted(action, Delivery.FAILED, self._clock.now(), f"not recorded: {error.code}") for action in actions
        ]
        events = [delivery_event(acted, lane.name) for acted in failed]
        lane.ahead.decided(events)
        lane.counts[Delivery.FAILED.value] += len(failed)
        for acted in failed:
            lane.order(acted)
        await self._say(lane, events)

    async def _say(self, lane: Lane, events: Sequence[Event]) -> None:
        if not events:
            return
        try:
            await self._journal.record(Entry(events=events))
        except StoreError as error:
            log.debug("deliveries of %s wait to be recorded: %s", lane.name, error)
        finally:
            lane.ahead.settled(events)


async def _settle(origin: Origin, sequence: int, noted: asyncio.Future[None] | None) -> None:
    """Who sent the sample hears that it is on the disk, its readings too where that is owed."""
    if origin.sample is None:
        return
    try:
        if noted is not None:
            await noted
    except StoreError as error:
        origin.sample.recorded.fail(error)
    else:
        origin.sample.recorded.settle(sequence)
