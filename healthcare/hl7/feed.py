"""From the bytes of one message to samples, and to the acknowledgement that is owed once they are recorded.

Nothing is acknowledged before it is on the disk, and nothing is taken twice: a message that comes again (same sender,
same control id, same content below MSH) is acknowledged again and gives no samples. One that could not be recorded is
answered with an error, and gives again what is still missing when its sender repeats it.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from core.clock import Instant
from healthcare.hl7.acknowledge import Outcome, Result, acknowledgements
from healthcare.hl7.adt import read_movement
from healthcare.hl7.faults import Condition, Fault, MessageError, Place
from healthcare.hl7.header import Header, check, header_of, rejects
from healthcare.hl7.message import Message, parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd01 import read_observations
from healthcare.hl7.pcd04 import read_alerts
from healthcare.hl7.samples import Values, WaveNumbers, of_alerts, of_movement, of_observations
from verticals.contract import Recorded, Sample

log = logging.getLogger(__name__)

REMEMBERED = 20_000
_MOST_COUNTS = 300
_NOBODYS = Header("", "", "", "", "", "", "", "", "")
_NOT_RECORDED = Fault(Place(), Condition.INTERNAL, "could not be recorded here: send it again")
_BROKEN = Fault(Place(), Condition.INTERNAL, "could not be read because of a fault in this software")


@dataclass(frozen=True, slots=True)
class Taking:
    """One message that came. `samples` are to be emitted in their order; then `waits` are to be awaited, all of them.

    `waits` are those of the samples, or of the first copy of a message that came again while it is being recorded.
    """

    header: Header
    outcome: Outcome
    samples: Sequence[Sample] = ()
    waits: Sequence[Recorded] = ()
    repeated: bool = False


@dataclass(slots=True)
class _Known:
    """A message that was taken: the samples that are recorded by number, and whether any is on its way."""

    content: int
    outcome: Outcome
    waits: Sequence[Recorded] = ()
    done: set[int] = field(default_factory=set)
    numbers: Sequence[int] = ()
    complete: bool = False


class Feed:
    """All that one listener hears. `processing` are the values of MSH-11 that are taken: P is production."""

    def __init__(self, source: str, zone: tzinfo, began: Instant, processing: Collection[str] = ("P",)) -> None:
        self.counts: Counter[str] = Counter()
        self._source = source
        self._zone = zone
        self._processing = processing
        self._id_prefix = f"{int(began.utc_s):X}"
        self._ids = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._wave_numbers = WaveNumbers()

    def take(self, frame: bytes, at: Instant, *, urgent: bool = False) -> Taking:
        """Never raises. `urgent`: the sender sends nothing more before it is answered."""
        header = _NOBODYS
        notes = Notes()
        try:
            message = parse(frame)
            header = header_of(message)
            check(header, self._processing)
            known = self._repeated(header, frame)
            if known is not None and (known.waits or known.complete):
                self._count("repeated")
                return Taking(header, known.outcome, (), known.waits, repeated=True)
            values = self._read(message, header, at, notes)
        except MessageError as error:
            return self._refused(header if header.kind else _salvaged(frame), error)
        except Exception as error:
            # Without its text and without the message: both may hold a patient's name.
            log.error("a message %s^%s broke the reader: %s", header.kind, header.trigger, type(error).__name__)
            self._count("broken")
            return Taking(header, Outcome(Result.ERROR, (_BROKEN,)))
        return self._taken(header, frame, values, at, notes, urgent=urgent)

    def settled(self, taking: Taking, errors: Sequence[Exception | None]) -> Outcome:
        """What is to be answered, now that each of `waits` is recorded (None) or failed."""
        failed = [error for error in errors if error is not None]
        known = self._known.get(taking.header.key)
        if known is not None and taking.waits and known.waits is taking.waits:
            known.done |= {number for number, error in zip(known.numbers, errors, strict=True) if error is None}
            known.waits, known.complete = (), not failed
        if not failed:
            return taking.outcome
        self._count("not-recorded")
        return Outcome(Result.ERROR, (_NOT_RECORDED,))

    def forget(self, taking: Taking) -> None:
        """For one whose samples could not all be emitted: when it comes again it is new."""
        self._known.pop(taking.header.key, None)

    def replies(self, taking: Taking, outcome: Outcome, at: Instant) -> list[bytes]:
        """The acknowledgements that are owed: none, one or two messages."""
        self._ids += 1
        return acknowledgements(taking.header, outcome, at.utc_s, f"{self._id_prefix}-{self._ids}")

    def too_long(self, head: bytes, limit: int) -> Taking:
        """For a frame that was given up on after `limit` bytes; `head` is how it began."""
        fault = Fault(Place(), Condition.SEQUENCE, f"is longer than {limit} bytes")
        return self._refused(_salvaged(head), MessageError(fault))

    def _repeated(self, header: Header, frame: bytes) -> _Known | None:
        """What is known of a message that came before. A control id used anew for other content is no repetition."""
        known = self._known.get(header.key)
        if known is not None and known.content != _content(frame):
            self._count("control-id-reused")
            del self._known[header.key]
            return None
        return known

    def _read(self, message: Message, header: Header, at: Instant, notes: Notes) -> list[Values]:
        """What the message tells. Raises MessageError."""
        if message.mangled:
            self._count("badly-encoded")
        if header.kind == "ADT":
            return of_movement(read_movement(message, header, self._zone, notes), at)
        if header.trigger == "R40":
            return of_alerts(read_alerts(message, self._zone, notes), at)
        reported = read_observations(message, self._zone, notes)
        if notes.hopeless and not any(one.waves for one in reported):
            raise MessageError(notes.faults[0])
        return of_observations(reported, at, self._wave_numbers)

    def _taken(
        self, header: Header, frame: bytes, values: Sequence[Values], at: Instant, notes: Notes, *, urgent: bool
    ) -> Taking:
        self._count(f"{header.kind}-{header.trigger}")
        for name, count in notes.counts.items():
            self._count(name, count)
        outcome = Outcome(Result.ACCEPTED, tuple(notes.faults))
        known = self._known.pop(header.key, None) or _Known(_content(frame), outcome)
        numbers = [number for number in range(len(values)) if number not in known.done]
        samples = [
            Sample(self._source, at, values[number], header.key, Recorded(owed=True, urgent=urgent))
            for number in numbers
        ]
        known.numbers, known.waits = numbers, [sample.recorded for sample in samples]
        self._known[header.key] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return Taking(header, outcome, samples, known.waits)

    def _refused(self, header: Header, error: MessageError) -> Taking:
        result = Result.REJECTED if rejects(error) else Result.ERROR
        self._count(f"refused-{error.fault.condition.value}")
        log.debug("%s: refused: %s", self._source, error)
        return Taking(header, Outcome(result, (error.fault,)))

    def _count(self, name: str, count: int = 1) -> None:
        """Names come from outside in part: beyond some hundred of them the rest is one."""
        if count:
            self.counts[name if name in self.counts or len(self.counts) < _MOST_COUNTS else "other"] += count


def _salvaged(frame: bytes) -> Header:
    """The header, also of a message that cannot be read further on; an empty one of no message."""
    ends = [at for at in (frame.find(b"\r"), frame.find(b"\n")) if at >= 0]
    try:
        return header_of(parse(frame[: min(ends, default=len(frame))]))
    except MessageError:
        return _NOBODYS


def _content(frame: bytes) -> int:
    """What a repetition has in common with the first: all but MSH, which may carry a new time."""
    return hash(frame[frame.find(b"\r") + 1 :])
