"""A ward in a box: beds whose monitors speak HL7 v2 over MLLP and the wave stream, and a hospital that admits.

    python -m simulators.ward [--hl7-port 2575] [--waves-secret FILE] [--beds 16] [--script demo|calm] [--seed 0]

Every patient is invented. The same seed gives the same ward; `--log FILE` keeps the truth of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import logs
from core.clock import Clock, SystemClock
from core.errors import EdgewiseError
from simulators.partlog import PartLog
from simulators.scenarios import MOVES, Baseline, Condition, Episode
from simulators.ward_bed import Bed, is_sending
from simulators.ward_faults import WardFault
from simulators.ward_links import WardLinks
from simulators.ward_records import RecordedWaves, find_records
from simulators.ward_script import person_of, script_of
from simulators.ward_settings import WardSettings, parser, settings_of

log = logging.getLogger(__name__)

_ACCOUNT_EVERY_S = 60.0
_DRAIN_WITHIN_S = 30.0
_STAY_SO_FAR_S = 9 * 3600.0  # times the bed's number: since when its patient is here
_NEWCOMERS = 400  # numbers of invented patients that come later


class Ward:
    """Belongs to one event loop: `run` until its time is over or it is cancelled, then `close`."""

    def __init__(self, settings: WardSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._log = PartLog(settings.log_path)
        self._start = clock.now()
        self.links = WardLinks(settings, clock, f"{int(self._start.utc_s * 10):x}", self._tell)
        scripts = script_of(settings.script, settings.beds, settings.episodes)
        self.beds = [
            Bed(script, settings.unit, settings.seed, None if script.baseline is None else person_of(script.bed))
            for script in scripts
        ]
        self._moves = _in_order([episode for script in scripts for episode in script.episodes if episode.kind in MOVES])
        self._faults = sorted(settings.faults, key=lambda fault: fault.at_s)
        self._mends: list[tuple[float, str]] = []
        self._spells: dict[int, frozenset[str]] = {}
        self._newcomers = 0
        self._report_every = max(1, round(settings.every_s / settings.chunk_s))
        if settings.records is not None:
            self._play_records(find_records(settings.records))

    async def run(self) -> None:
        """Plays the ward; after its time what waits is sent, as long as somebody takes it."""
        links = asyncio.create_task(self.links.run())
        try:
            await self._play()
            async with asyncio.timeout(_DRAIN_WITHIN_S):
                while self.links.waiting:  # noqa: ASYNC110 - several senders, none of which says when it is empty
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("%d messages were not taken", self.links.waiting)
        finally:
            links.cancel()
            await asyncio.gather(links, return_exceptions=True)

    def close(self) -> None:
        self._account()
        self._log.close()

    async def _play(self) -> None:
        self._start = self._clock.now()
        self._tell({"kind": "ward", "beds": len(self.beds), "seed": self.settings.seed, "script": self.settings.script})
        for bed in self.beds:
            if bed.person is not None:
                admitted = self._start.utc_s - _STAY_SO_FAR_S * bed.number
                self.links.patient("A01", self._start.utc_s, bed.person, bed.location, admitted_utc_s=admitted)
                self._tell({"kind": "patient", "event": "A01", "bed": bed.number, "id": bed.person.id})
        for step in self._steps():
            start_s, end_s = step * self.settings.chunk_s, (step + 1) * self.settings.chunk_s
            self._strike(start_s)
            self._move(start_s)
            for place, bed in enumerate(self.beds):  # one after the other within the chunk's time
                await self._wait_until(end_s + self.settings.chunk_s * place / len(self.beds))
                self._step(bed, step, start_s, end_s)
            if step and step % round(_ACCOUNT_EVERY_S / self.settings.chunk_s) == 0:
                self._account()

    def _steps(self) -> Iterator[int]:
        step = 0
        while self.settings.lasts_s == 0 or step * self.settings.chunk_s < self.settings.lasts_s:
            yield step
            step += 1

    def _step(self, bed: Bed, step: int, start_s: float, end_s: float) -> None:
        """Waves of the chunk that is just over; once a second numerics and alarms."""
        condition = bed.condition(start_s)
        self._tell_spells(bed, condition, start_s)
        if condition is None:
            return
        waves = bed.waves(start_s, end_s, condition)
        if is_sending(condition):
            self.links.send_waves(bed, start_s, self._start.utc_s + start_s, waves)
        if (step + bed.number) % self._report_every == 0 and "monitor-off" not in condition.spells:
            self._report(bed, end_s, condition)

    def _report(self, bed: Bed, now_s: float, condition: Condition) -> None:
        numerics, utc_s = bed.numerics(now_s, condition), self._start.utc_s + now_s
        # A monitor in standby tells that it is there, and nothing of the patient.
        values = bed.values(now_s, utc_s, condition, numerics) if is_sending(condition) else []
        self.links.numerics(bed, utc_s, values)
        if self.settings.monitor_alarms:
            for rule, note in bed.watch(now_s, numerics, condition):
                self.links.alarm(bed, utc_s, note)
                if note.phase != "continue":
                    self._tell({"kind": "alarm", "bed": bed.number, "what": rule.name, "phase": note.phase,
                                "priority": note.priority, "id": note.id, "at_s": round(now_s, 3)})  # fmt: skip

    # --- patients come and go ------------------------------------------------------------------------------

    def _move(self, now_s: float) -> None:
        while self._moves and self._moves[0].at_s <= now_s:
            episode = self._moves.pop(0)
            bed = self.beds[episode.bed - 1]
            if episode.kind == "admit":
                self._admit(bed, now_s)
            else:
                self._leave(bed, now_s, int(episode.amount) if episode.kind == "transfer" else 0)

    def _admit(self, bed: Bed, now_s: float) -> None:
        if bed.person is not None:
            log.warning("bed %d is taken: nobody was admitted", bed.number)
            return
        self._newcomers += 1
        person = person_of(_NEWCOMERS + self._newcomers)
        bed.lay(person, Baseline())
        self.links.patient("A01", self._start.utc_s + now_s, person, bed.location)
        self._tell({"kind": "patient", "event": "A01", "bed": bed.number, "id": person.id, "at_s": now_s})

    def _leave(self, bed: Bed, now_s: float, to_bed: int) -> None:
        """Discharged, or moved to the bed `to_bed`."""
        target = self.beds[to_bed - 1] if 1 <= to_bed <= len(self.beds) else None
        if bed.person is None or (to_bed and (target is None or target.person is not None)):
            log.warning("bed %d: nobody there, or no room in bed %d", bed.number, to_bed)
            return
        utc_s = self._start.utc_s + now_s
        for _, note in bed.alarms.end_all() if self.settings.monitor_alarms else ():
            self.links.alarm(bed, utc_s, note)
        left = bed.leave()
        assert left is not None
        person, baseline = left
        event, place, prior = "A03", bed, ""
        if target is not None:
            target.lay(person, baseline)
            event, place, prior = "A02", target, bed.location
        self.links.patient(event, utc_s, person, place.location, prior)
        self._tell({"kind": "patient", "event": event, "bed": place.number, "id": person.id, "at_s": now_s})

    # --- faults --------------------------------------------------------------------------------------------

    def _strike(self, now_s: float) -> None:
        for mend in [mend for mend in self._mends if mend[0] <= now_s]:
            self._mends.remove(mend)
            if mend[1] == "wave-drop":
                self.links.waves_cut = False
            else:
                for sender in self.links.senders.values():
                    sender.mend()
        while self._faults and self._faults[0].at_s <= now_s:
            fault = self._faults.pop(0)
            log.warning("fault: %s, %g", fault.kind, fault.amount)
            self._tell({"kind": "fault", "what": fault.kind, "amount": fault.amount, "at_s": now_s})
            self._do(fault, now_s)

    def _do(self, fault: WardFault, now_s: float) -> None:
        senders = self.links.senders.values()
        if fault.kind == "clock":
            self.links.clock_error_s = fault.amount
        elif fault.kind == "wave-drop":
            self.links.waves_cut = True
            self._mends.append((now_s + fault.amount, fault.kind))
        elif fault.kind == "link-drop":
            for sender in senders:
                sender.cut()
            self._mends.append((now_s + fault.amount, fault.kind))
        else:
            for sender in senders:
                sender.suffer(fault.kind)

    # --- the log -------------------------------------------------------------------------------------------

    def _tell_spells(self, bed: Bed, condition: Condition | None, now_s: float) -> None:
        spells = frozenset() if condition is None else condition.spells
        before = self._spells.get(bed.number, frozenset())
        if spells == before:
            return
        self._spells[bed.number] = spells
        for kind, phase in [(k, "end") for k in sorted(before - spells)] + [
            (k, "begin") for k in sorted(spells - before)
        ]:
            self._tell({"kind": "episode", "bed": bed.number, "location": bed.location, "what": kind, "phase": phase,
                        "at_s": round(now_s, 3)})  # fmt: skip

    def _account(self) -> None:
        self._tell({"kind": "account", "links": self.links.accounts(),
                    "waves": None if self.links.waves is None else self.links.waves.sent})  # fmt: skip

    def _tell(self, row: Any) -> None:
        """With the moment it became known; `at_s` is the ward's own time."""
        self._log.row({**row, "utc_s": round(self._clock.now().utc_s, 3)})

    async def _wait_until(self, moment_s: float) -> None:
        now = self._clock.now()
        await asyncio.sleep(max(0.0, moment_s - now.since(self._start)))

    def _play_records(self, paths: list[Path]) -> None:
        """The first record at the first bed with a patient, and so on round; a record is read once."""
        known: dict[Path, RecordedWaves] = {}
        taken = [bed for bed in self.beds if bed.person is not None]
        for place, bed in enumerate(taken):
            path = paths[place % len(paths)]
            bed.record = known.setdefault(path, known.get(path) or RecordedWaves(path))
            self._tell({"kind": "record", "bed": bed.number, "record": bed.record.name})


def _in_order(episodes: list[Episode]) -> list[Episode]:
    return sorted(episodes, key=lambda episode: episode.at_s)


async def run_ward(settings: WardSettings) -> None:
    """The whole ward until its time is over. Says where it sends as one JSON line on standard output."""
    ward = Ward(settings, SystemClock())
    waves = None if settings.waves_secret is None else f"{settings.waves_host}:{settings.waves_port}"
    sys.stdout.write(json.dumps({"hl7": f"{settings.hl7_host}:{settings.hl7_port}", "waves": waves}) + "\n")
    sys.stdout.flush()
    try:
        await ward.run()
    finally:
        ward.close()


def main() -> int:
    logs.set_up("info")
    try:
        asyncio.run(run_ward(settings_of(parser(__doc__.partition("\n")[0]).parse_args())))
    except KeyboardInterrupt:
        return 0
    except EdgewiseError as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
