"""What the engine does about runs that do not come back, and about devices that are gone.

A run past its deadline is told to end, which it does between two nodes of its graph. One that has not come back
ABANDON_AFTER_S later is left where it is: another runner and a fresh session take over. The second time within
HANGS_APART_S only another process helps.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from threading import Lock, Thread

from core.clock import Clock
from core.errors import EdgewiseError
from core.inference.crew import Crew, Place
from core.inference.job import Job
from core.inference.loaded import Loaded
from core.inference.watch import Watch

log = logging.getLogger(__name__)

ABANDON_AFTER_S = 1.0
HANGS_APART_S = 600.0
#: A fresh session that is not there by then will not come: loading hangs as well.
RENEW_WITHIN_S = 20.0


class Mending:
    """`give_up` is called on a thread of its own. What begins with "with the lock" is called by who holds it."""

    def __init__(self, crew: Crew, lock: Lock, clock: Clock, give_up: Callable[[str], None]) -> None:
        self._crew = crew
        self._lock = lock
        self._clock = clock
        self._give_up = give_up
        self._watch = Watch(lock, lambda: clock.now().mono_s, self._look)
        self._renewing: list[Loaded] = []

    def expect(self, at_mono_s: float) -> None:
        """With the lock: some run may be overdue then."""
        self._watch.expect(at_mono_s)

    def expect_end(self, job: Job, at_mono_s: float) -> None:
        """With the lock: nobody waits for `job` after that moment, and if it runs, it is to end."""
        if self._crew.running(job):
            self._watch.expect(at_mono_s)

    def fall_back(self, loaded: Loaded, why: str) -> None:
        """The provider failed where the processor did not: the session behind answers from now on."""
        with self._lock:
            if loaded.spare is None:
                return
            loaded.fall_back(why, self._clock.now().utc_s)
        log.error("%s: %s", loaded.title, loaded.fallen)

    def close(self) -> None:
        self._watch.close()

    def _look(self, now_s: float) -> float:
        """With the lock: ends what is overdue, leaves what hangs; when to look next."""
        next_s = math.inf
        for place in list(self._crew.places):
            job = place.job
            if job is not None:
                next_s = min(next_s, self._look_at(place, job, now_s))
        for loaded in list(self._renewing):
            if now_s >= loaded.renew_by_mono_s:
                self._end_with(loaded, "hangs, and a fresh session does not come")
        return min([next_s, *(loaded.renew_by_mono_s for loaded in self._renewing)])

    def _look_at(self, place: Place, job: Job, now_s: float) -> float:
        if now_s < job.deadline_mono_s:
            return job.deadline_mono_s
        hopeless_s = place.pull(now_s) + ABANDON_AFTER_S
        if now_s < hopeless_s:
            return hopeless_s
        self._crew.leave(place)
        if not job.loaded.out:
            self._replace(job.loaded, now_s)
        return math.inf

    def _replace(self, loaded: Loaded, now_s: float) -> None:
        again = loaded.hung_mono_s is not None and now_s - loaded.hung_mono_s < HANGS_APART_S
        loaded.counts.hangs += 1
        loaded.hung_mono_s = now_s
        if again:
            self._end_with(loaded, "hangs again after it was loaded anew")
            return
        loaded.out = f"{loaded.title} hangs and is loaded anew"
        log.error("%s: a run has not come back %.0f s after it was told to end", loaded.out, ABANDON_AFTER_S)
        loaded.renew_by_mono_s = now_s + RENEW_WITHIN_S
        self._renewing.append(loaded)
        Thread(target=self._renew, args=(loaded,), name="renew", daemon=True).start()

    def _renew(self, loaded: Loaded) -> None:
        try:
            session = loaded.spare or loaded.fresh_session()
        except EdgewiseError as error:
            with self._lock:
                self._end_with(loaded, f"hangs, and a fresh session failed: {error.message}")
            return
        with self._lock:
            if loaded not in self._renewing:
                return  # it took too long, and the process ends
            self._renewing.remove(loaded)
            if session is loaded.spare:
                loaded.fall_back("a run did not come back", self._clock.now().utc_s)
            else:
                loaded.replace(session)
        log.warning("%s answers again, on %s", loaded.title, session.provider.name)

    def _end_with(self, loaded: Loaded, why: str) -> None:
        if loaded in self._renewing:
            self._renewing.remove(loaded)
        loaded.out = f"{loaded.title} {why}; this process asks to be started again"
        log.critical("%s", loaded.out)
        Thread(target=self._give_up, args=(loaded.out,), name="give-up", daemon=True).start()
