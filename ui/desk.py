"""What an app's views work with, over the stores: `verticals.web.Desk` for the web process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from core.clock import Clock
from core.errors import PackageError, RefusedError
from core.models.shelf import Shelf
from ui.hub import Hub
from verticals.contract import Command, Event, Json, Reply
from verticals.devices.opcua_desk import CertificateDesk
from verticals.runtime.live import LiveMessage
from verticals.store.audit import Audit
from verticals.store.commands import Commands
from verticals.store.database import reading
from verticals.store.drafts import Drafts
from verticals.store.events import EventStore
from verticals.store.evidence import EvidenceStore
from verticals.store.inbox import Inbox
from verticals.store.jobs import Jobs
from verticals.store.series import SeriesStore
from verticals.web import File

if TYPE_CHECKING:
    from verticals.web import Trend

#: Threads that wait for the line at once; the others go on answering pages.
ASKS_LIMIT = 4


@dataclass(slots=True)
class StoreDesk:
    """May be called from any thread of the web process."""

    app: str
    settings: Any
    clock: Clock
    hub: Hub
    engine: Engine
    store: EventStore
    evidence_store: EvidenceStore
    commands: Commands
    inbox: Inbox
    job_store: Jobs
    audit_chain: Audit
    certificates: CertificateDesk
    drafts: Drafts
    shelf: Shelf
    _packages: dict[tuple[str, str], Json] = field(init=False, default_factory=dict)

    def read(self) -> AbstractContextManager[Connection]:
        return reading(self.engine)

    def events(
        self,
        *,
        after: int = 0,
        limit: int = 500,
        station: str = "",
        kinds: Sequence[str] = (),
        subject: str = "",
        newest_first: bool = False,
    ) -> list[Event]:
        return self.store.read(after, limit, station, kinds, subject, newest_first)

    def series(self, channels: Sequence[str], from_utc_s: float, to_utc_s: float) -> Mapping[str, Trend]:
        return SeriesStore(self.engine).read_many(channels, from_utc_s, to_utc_s)

    def evidence(self, sha256: str) -> File | None:
        found = self.evidence_store.get(sha256)
        return File(found[0], found[1], forever=True) if found else None

    def live(self) -> Json:
        return self.hub.live()

    def ask(self, station: str, name: str, args: Json, *, who: str, role: str, wait_s: float = 5.0) -> Reply:
        if self.hub.stale:
            return Reply(False, "The line does not answer. Nothing was done.")
        if self.hub.expected >= ASKS_LIMIT:
            return Reply(False, "Other orders are still waiting for the line. Try again.")
        command = Command(name, self.clock.now(), args, who, role)
        command_id = self.commands.ask(station, command)
        answered = self.hub.expect(command_id)
        try:
            self._wake("command", {"id": command_id})
            answered.result(wait_s)
        except FutureTimeoutError:
            pass  # the store knows whether the line was faster than the withdrawal
        finally:
            self.hub.forget(command_id)
        reply = self.commands.reply_of(command_id) or self.commands.withdraw(command_id)
        return reply or Reply(False, f"The line did not answer within {wait_s:.0f} s. The order was taken back.")

    def say(self, station: str, name: str, args: Json, *, who: str, role: str) -> bool:
        if self.hub.stale or self.hub.line is None:
            return False
        said = {"station": station, "name": name, "args": args, "who": who, "role": role}
        return self.hub.line.send(LiveMessage("said", said))

    def bring(self, source: str, key: str, payload: Json) -> int:
        number = self.inbox.bring(source, key, payload)
        self._wake("inbox", {})
        return number

    def models(self, name: str = "") -> Sequence[Json]:
        used: dict[tuple[str, str], list[str]] = {}
        for slot in self.shelf.slots():
            if slot.active is not None:
                used.setdefault((slot.active.name, slot.active.version), []).append(slot.name)
        found = [
            {**self._package(*key), "slots": used.get(key, [])} for key in self.shelf.names() if name in ("", key[0])
        ]
        return sorted(found, key=lambda one: (one["name"], one["version"]), reverse=True)

    def _package(self, name: str, version: str) -> Json:
        """Read whole and checked once: a package on the shelf does not change, and is checked again when it is used."""
        known = self._packages.get((name, version))
        if known is not None:
            return known
        said: dict[str, Any] = {"name": name, "version": version, "sha256": "", "kind": "", "limits": {}}
        said |= {"provenance": {}, "broken": ""}
        try:
            package = self.shelf.package(name, version)
        except PackageError as error:
            return said | {"broken": error.message}
        card = package.card
        said |= {"sha256": package.sha256, "kind": card.kind, "limits": dict(card.limits)}
        said["provenance"] = dict(card.provenance)
        self._packages[name, version] = said
        return said

    def start_job(self, kind: str, inputs: Json, *, who: str) -> int:
        return self.job_store.start(self.app, kind, inputs, who=who)

    def cancel_job(self, number: int) -> None:
        job = self.job_store.get(number)
        if job is None or job.app != self.app:
            raise RefusedError(f"job {number} is not known here")
        self.job_store.cancel(number)

    def jobs(self, *, kind: str = "", limit: int = 20) -> Sequence[Json]:
        return [job.as_json() for job in self.job_store.newest(app=self.app, kind=kind, limit=limit)]

    def audit(self, act: str, detail: Json, *, who: str, role: str) -> None:
        self.audit_chain.append(act, detail, app=self.app, who=who, role=role)

    def _wake(self, topic: str, data: Json) -> None:
        """Whoever is not there now looks at the store when it comes."""
        if self.hub.line is not None:
            self.hub.line.send(LiveMessage(topic, data))
