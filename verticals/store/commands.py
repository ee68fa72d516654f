"""What people and programs ask of the line: written by the web process, answered with the events that follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select, update

from core.clock import Instant
from verticals.contract import Command, Reply
from verticals.store.database import reading, writing
from verticals.store.events import to_json
from verticals.store.tables import commands


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that waits for the line, and the station it is for."""

    station: str
    command: Command


class Commands:
    """The app's commands, from any process. The reply is written by `EventStore.append`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, station: str, command: Command) -> int:
        """Its id, after the commit. The asker then tells the line over the live line."""
        row = {
            "station": station,
            "name": command.name,
            "args": to_json(command.args),
            "who": command.who,
            "role": command.role,
            "asked_at_utc_s": command.at.utc_s,
            "asked_at_mono_s": command.at.mono_s,
            "withdrawn": False,
        }
        with writing(self._engine) as connection:
            key = connection.execute(insert(commands).values(**row)).inserted_primary_key
        return int(key[0]) if key else 0

    def pending(self, after: int = 0) -> list[Pending]:
        """Commands above id `after` without a reply, in the order asked. Monotonic times are of the asker's boot."""
        query = (
            select(commands)
            .where(commands.c.accepted.is_(None), commands.c.withdrawn.is_(False), commands.c.id > after)
            .order_by(commands.c.id)
        )
        with reading(self._engine) as connection:
            return [_pending(row) for row in connection.execute(query)]

    def reply_of(self, command_id: int) -> Reply | None:
        """None while the line has not answered, or when there is no such command."""
        query = select(commands.c.accepted, commands.c.reason, commands.c.reply).where(commands.c.id == command_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return _reply(row) if row is not None and row.accepted is not None else None

    def withdraw(self, command_id: int) -> Reply | None:
        """Takes back what the asker no longer waits for, so that a line that comes back does not do it later.

        Gives the reply when the line was faster; then it stands. A line that is at it just now still
        writes its reply: what it did is the truth.
        """
        with writing(self._engine) as connection:
            unanswered = (commands.c.id == command_id) & commands.c.accepted.is_(None)
            connection.execute(update(commands).where(unanswered).values(withdrawn=True))
        return self.reply_of(command_id)


def _pending(row: Any) -> Pending:
    at = Instant(mono_s=row.asked_at_mono_s, utc_s=row.asked_at_utc_s)
    return Pending(row.station, Command(row.name, at, json.loads(row.args), row.who, row.role, row.id))


def _reply(row: Any) -> Reply:
    return Reply(bool(row.accepted), row.reason or "", json.loads(row.reply) if row.reply else {})
