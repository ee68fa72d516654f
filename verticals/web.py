"""What an app's pages may use. A view is a plain function: what was asked in, what to show out.

Flask stands behind this in the web process; an app never imports it. The shell enforces the session, the
role, the CSRF token and the content policy of every page before a view is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.clock import Clock
from verticals.contract import Event, Json, Reply
from verticals.devices.opcua_desk import CertificateDesk
from verticals.store.drafts import Drafts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    #: Times (UTC seconds, rising) and values of one channel; a NaN is a gap that was seen.
    Trend = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file: its name as the browser gave it (never a path to trust) and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One request after the shell has checked it. `who` is empty at the box's own screen."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    body: Any = None  # parsed JSON, where JSON was sent
    files: Sequence[Upload] = ()
    who: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A template of the app with its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Data:
    """JSON for a script of the page or for a program."""

    values: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with their media type. `forever`: its address names its content, so it may be cached."""

    content: bytes
    media_type: str
    name: str = ""
    forever: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """A file that is made while it is sent: `chunks` runs in a thread of the web process, page by page."""

    chunks: Iterable[bytes]
    media_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Go:
    """Sends the browser to another page of the app after a form."""

    to: str


Answered = Shown | Data | File | Stream | Go


class Desk(Protocol):
    """What a view works with. Belongs to the web process; may be called from any of its threads."""

    app: str
    settings: Any
    clock: Clock
    drafts: Drafts
    certificates: CertificateDesk
    """Files that people bring for a job."""

    def read(self) -> AbstractContextManager[Connection]:
        """A read-only connection to the app's store, for its own tables."""
        ...

    def events(
        self, *, after: int = 0, limit: int = 500, station: str = "", kinds: Sequence[str] = (), subject: str = "",
        newest_first: bool = False,
    ) -> list[Event]: ...  # fmt: skip

    def series(self, channels: Sequence[str], from_utc_s: float, to_utc_s: float) -> Mapping[str, Trend]:
        """What was recorded of each channel in the span, its end left out; empty arrays where nothing was."""
        ...

    def evidence(self, sha256: str) -> File | None:
        """None when it is gone or never was."""
        ...

    def live(self) -> Json:
        """The newest of what the line tells: `{"age_s": 0.4, "stations": {name: {...}}}`; age None before the first."""
        ...

    def ask(self, station: str, name: str, args: Json, *, who: str, role: str, wait_s: float = 5.0) -> Reply:
        """A command to the line and its reply; a line that does not answer in time is a refusal that says so."""
        ...

    def say(self, station: str, name: str, args: Json, *, who: str, role: str) -> bool:
        """A command that may be lost and leaves nothing behind but what the station records of it; no reply comes.

        For what is said every few seconds: "this screen can sound". False: no line hears it now.
        """
        ...

    def bring(self, source: str, key: str, payload: Json) -> int:
        """Facts from outside into the inbox; returns after the commit. The same source and key are stored once."""
        ...

    def models(self, name: str = "") -> Sequence[Json]:
        """The packages on the box's shelf, all or those of one name, the newest version first.

        Each `{"name", "version", "sha256", "kind", "limits", "provenance", "slots", "broken"}`; `slots` are those that
        it answers for now, `broken` says what is wrong with one that cannot be used.
        """
        ...

    def start_job(self, kind: str, inputs: Json, *, who: str) -> int: ...

    def cancel_job(self, number: int) -> None:
        """A queued job is over at once, a running one soon. Raises RefusedError when it is over or another app's."""
        ...

    def jobs(self, *, kind: str = "", limit: int = 20) -> Sequence[Json]: ...

    def audit(self, act: str, detail: Json, *, who: str, role: str) -> None:
        """Appends to the box's hash chain."""
        ...


View = Callable[[Desk, Asked], Answered]


@dataclass(frozen=True, slots=True)
class Page:
    """A route of the app: `/review/<part>`; `role` is the least role that may use it. POST changes things."""

    path: str
    view: View
    role: str
    methods: Sequence[str] = ("GET",)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """A program's message, its signature checked by the shell. `media_type` in small letters, without options.

    `headers` have their names in small letters.
    """

    content: bytes
    media_type: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Secret:
    """What a hook's messages are signed with, and how old a signature may be (`signature.py`)."""

    value: bytes
    within_s: float


@dataclass(frozen=True, slots=True)
class Hook:
    """A route that programs use: no session, no page, each message signed. `secret` None: there is no such route.

    The shell checks the signature before the view is called. A GET has no body: signed is `GET <path>?<query>`.
    """

    path: str
    view: Callable[[Desk, Posted], Answered]
    secret: Callable[[Desk], Secret | None]
    methods: Sequence[str] = ("POST",)


@dataclass(frozen=True, slots=True)
class Panel:
    """All pages of an app. `theme` is the shell's `data-theme`; `not_updating_after_s` the cover's delay."""

    pages: Sequence[Page]
    templates: Path
    static: Path
    theme: str
    not_updating_after_s: float
    stream_role: str
    tell: Callable[[Event], Json | None] = lambda event: None  # what an event sends to open screens
    hooks: Sequence[Hook] = ()
