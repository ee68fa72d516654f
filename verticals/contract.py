"""The whole contract between an app and the frame it stands in.

source -> Sample -> prepare -> engine -> decide -> act, record (events, projection, state) -> live line -> screen
                                  | late, failed -> degrade

Stations and verticals are plain code: they do no I/O, start no thread and read no clock. Everything they
need comes in, everything they want leaves as a Decision. Changes are listed in docs/contract-changes.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from core.inference.request import Answer, Ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verticals.web import Panel

CONTRACT_VERSION = 1

#: What a sample carries under a name: an array, a number, a flag or a text.
Value = NDArray[Any] | float | int | bool | str
#: Anything that JSON can hold; what events, states, commands and replies are made of.
Json = Mapping[str, Any]


class Recorded:
    """What became of a sample: a source that owes an acknowledgement awaits it.

    Belongs to the line's event loop. Awaiting gives the sequence number of the last event that the
    sample led to (0 when it led to none), or raises StoreError when it could not be recorded.
    `owed`: readings for the series count too, which are written once a second; `urgent`: the sender waits
    with everything else until it is acknowledged, so that they are written at once.
    """

    __slots__ = ("_error", "_sequence", "_waiting", "owed", "urgent")

    def __init__(self, *, owed: bool = False, urgent: bool = False) -> None:
        self.owed = owed
        self.urgent = urgent
        self._waiting: list[asyncio.Future[int]] = []  # one each: who gives up takes nobody along
        self._sequence: int | None = None
        self._error: Exception | None = None

    def settle(self, sequence: int) -> None:
        self._sequence = sequence
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(sequence)

    def fail(self, error: Exception) -> None:
        self._error = error
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(error)

    def __await__(self) -> Generator[Any, None, int]:
        if self._error is not None:
            raise self._error
        if self._sequence is not None:
            return self._sequence
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return (yield from waiting)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a source saw at one moment. A quantity carries its unit in its name.

    `values`: `image` HxWx3 uint8 RGB, `ecg_mv` n float32, `spo2_pct` a number, ... `key` names what the
    sample is about (a part id, a message id); a source that may send it twice sends the same key.
    """

    source: str
    at: Instant
    values: Mapping[str, Value] = field(default_factory=dict)
    key: str = ""
    recorded: Recorded = field(default_factory=Recorded, compare=False)


@dataclass(frozen=True, slots=True)
class Event:
    """A decision or a person's act: the record. `sequence` is 0 until the store has numbered it.

    `subject` is what it is about (part, slot, alarm); `who` is the person, empty for the box itself.
    `data["evidence"]` maps names to content hashes, `data["evidence_missing"]` says why it is not there;
    `data["actions"]` holds what became of the protective actions about this subject. The line itself writes
    `delivery`, `fault`, `mishap`, `unrouted`, `unprojected` and `clock-step` (docs/write-a-vertical.md).
    """

    kind: str
    subject: str
    at_utc_s: float
    data: Json = field(default_factory=dict)
    station: str = ""
    who: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """Something done to the world: `value` to `target`, not before `at_s`, never after `until_s`.

    `target` is a device's name, or that name, a dot and a point of the device: `line-3-cell.result`.
    Both count in seconds from the capture of the sample (from now, where there is none). A protective
    action (reject, stop) goes before the disk write; every other one waits for the record.
    """

    target: str
    value: Any
    until_s: float
    at_s: float = 0.0
    subject: str = ""
    protective: bool = False


class Delivery(StrEnum):
    SENT = "sent"
    MISSED = "missed"  # its time had passed: not sent
    FAILED = "failed"  # the device did not take it


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of one action, and when it was over."""

    action: Action
    delivery: Delivery
    at: Instant
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An array or bytes made fit to keep: HxWx3 uint8 RGB or HxW uint8 is stored as a picture.

    It is written after its events were recorded: nobody changes the content any more. `hold` keeps it past
    the disk budget, for a case that is still open.
    """

    content: NDArray[np.uint8] | bytes
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a series: kept for trends and look-back, not a decision."""

    channel: str
    value: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of numbers that screens draw and nobody keeps, a piece of a wave: `head` says what it is."""

    head: Json
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the person or program that asked by a command."""

    accepted: bool
    reason: str = ""
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that follows from one sample, command or moment. Empty: nothing follows."""

    events: Sequence[Event] = ()
    actions: Sequence[Action] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    series: Sequence[Reading] = ()
    live: Json = field(default_factory=dict)  # shown now, kept by nobody
    chunks: Sequence[Chunk] = ()  # drawn now, kept by nobody
    signal: Json = field(default_factory=dict)  # shown as `live` is, once its events are on the disk or cannot be
    tell: Sequence[tuple[str, Sample]] = ()  # (station, sample) of the same app
    reply: Reply | None = None
    save: bool = False  # the state changed in a way that must survive: save it with the events


NOTHING = Decision()


@dataclass(frozen=True, slots=True)
class Command:
    """What a person or a program asks of a station: acknowledge, bypass, activate, label."""

    name: str
    at: Instant
    args: Json = field(default_factory=dict)
    who: str = ""
    role: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class DeviceNews:
    """A device of the station came, went or changed; the loop hands it to `device_changed`."""

    device: str
    ok: bool
    at: Instant
    code: str = ""
    detail: str = ""


class Level(StrEnum):
    GOOD = "good"
    ATTENTION = "attention"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Health:
    """`state` is one word of the trade (waiting, running, bypass); `faults` maps codes to sentences."""

    level: Level
    state: str
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StationSpec:
    """`models` are the names it asks; lower `priority` goes first; `answer_within_s` from the capture."""

    name: str
    models: Sequence[str] = ()
    actuators: Sequence[str] = ()
    answer_within_s: float = 1.0
    priority: int = 0


State = Json


class Station(Protocol):
    """One watched place (a camera over a belt, a bed, a shelf), or the app's desk, which has no device."""

    spec: StationSpec

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        """Called once before all else: the last saved state, and every event recorded after it.

        A duration that was running is saved as what remained plus UTC, and goes on from `now`. Among the
        events are those that the line wrote about this station; of kinds it does not know it takes no notice.
        """
        ...

    def state(self, now: Instant) -> State:
        """Saved with the events in one transaction: each minute and whenever a decision says `save`.

        A mapping that JSON can hold; the key `_ahead` is the line's.
        """
        ...

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        """None: absorbed, nothing follows. Empty: decide by rule. Else what to ask the models."""
        ...

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        """`answers` are all there, in the order asked."""
        ...

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """No answer in time, or a failed one: what is safe? Must not raise, whatever the sample carries.

        `reason` begins with `late:`, `failed:` or `error:` (`prepare` or `decide` raised).
        """
        ...

    def acted(self, acted: Acted) -> Decision:
        """How an action ended. The loop has put it into the event already; most stations return NOTHING."""
        ...

    def device_changed(self, news: DeviceNews) -> Decision:
        """A device of this station, or the device `store`, whose code is `disk-full` or `store`."""
        ...

    def command(self, command: Command) -> Decision:
        """Must carry a reply, which may refuse with a reason."""
        ...

    def due(self) -> Instant | None:
        """When time alone will change something (escalation, end of a pause), or None."""
        ...

    def tick(self, now: Instant) -> Decision:
        """Called when `due` has come."""
        ...

    def health(self) -> Health: ...


@dataclass(frozen=True, slots=True)
class Role:
    """A role of one app; it may do what the roles in `includes` may."""

    name: str
    title: str
    includes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device the site has: its `kind` from the catalog or the manifest, its checked options.

    A kind whose name begins with `camera.` runs in a process of its own.
    """

    name: str
    kind: str
    station: str
    options: Any = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """`settings` is a frozen dataclass; `device_kinds`, `jobs` map names to "module:callable", loaded late.

    `migrations` is the package with the app's Alembic revisions; `models` is "package:folder" with the model packages
    that come along. `models_made` maps folders there, which hold a card and no whole package, to the "module:callable"
    that gives its files by name, not signed: it is called once, when that version is not on the box's shelf yet.
    `kiosk_role` is what the box's own screen may do without a log-in.
    """

    name: str
    title: str
    settings: type
    roles: Sequence[Role]
    contract: int = CONTRACT_VERSION
    device_kinds: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)
    migrations: str = ""
    models: str = ""
    models_made: Mapping[str, str] = field(default_factory=dict)
    kiosk_role: str = ""


class Vertical(Protocol):
    manifest: Manifest

    def stations(self, settings: Any) -> Sequence[Station]: ...

    def devices(self, settings: Any) -> Sequence[DeviceSpec]: ...

    def route(self, sample: Sample) -> str | None:
        """The station a sample belongs to; None: nobody's, recorded and shown."""
        ...

    def project(self, event: Event, connection: Connection) -> Iterable[tuple[str, Sample]] | None:
        """Writes the app's own tables, in the transaction of the event.

        What it returns, samples for stations of the same app, is handed over after the commit and only then; their
        `at` becomes that moment.
        """
        ...

    def panel(self) -> Panel:
        """Its pages; imported only in the web process."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """An app whose stations work on what its own tables hold; `Vertical` may have this too."""

    def recall(self, connection: Connection) -> Iterable[tuple[str, Sample]]:
        """Once at the start, after `restore`: samples that give the stations what `project` gave them so far."""
        ...
