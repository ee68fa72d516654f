"""Stores and what goes into them; a test states only the one thing that matters to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData

from core.clock import Clock, Instant
from tests.support.databases import open_in
from verticals.contract import Command, Event
from verticals.store import tables
from verticals.store.events import Entry, EventStore, Project
from verticals.store.evidence import EvidenceStore
from verticals.store.schemas import unbound_texts

#: A Monday in 2026, 08:00 UTC.
AT_UTC_S = 1_780_300_800.0


def make_app_db(folder: Path, *more: MetaData) -> Engine:
    """An app's database with the frame's tables and those of `more`, made without Alembic (it takes 1 s)."""
    engine = open_in(folder)
    with engine.begin() as connection:
        for metadata in (tables.metadata, *more):
            metadata.create_all(connection)
        if connection.dialect.name == "postgresql":
            unbound_texts(connection)
    return engine


def make_event_store(folder: Path, project: Project | None = None, *more: MetaData) -> EventStore:
    return EventStore(make_app_db(folder, *more), project)


def make_evidence_store(
    folder: Path, engine: Engine, *, budget_bytes: float = 1e9, min_free_bytes: float = 0, clock: Clock | None = None
) -> EvidenceStore:
    return EvidenceStore(folder / "evidence", engine, budget_bytes, min_free_bytes, clock)


def make_event(subject: str = "part-1", *, kind: str = "verdict", station: str = "line-3", **data: Any) -> Event:
    return Event(kind=kind, subject=subject, at_utc_s=AT_UTC_S, data=data, station=station)


def make_entry(*subjects: str, **parts: Any) -> Entry:
    """An entry with one event a subject."""
    return Entry(events=[make_event(subject) for subject in subjects], **parts)


def make_entries(count: int) -> Sequence[Entry]:
    return [make_entry(f"part-{number}") for number in range(1, count + 1)]


def make_command(name: str = "bypass", *, mono_s: float = 100.0, **args: Any) -> Command:
    return Command(name=name, at=Instant(mono_s, AT_UTC_S), args=args, who="anna", role="operator")
