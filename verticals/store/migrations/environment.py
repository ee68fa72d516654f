"""Runs one stream's Alembic revisions on an open connection. Imported only when something must change.

A revision is a module of the stream's package with `revision`, `down_revision`, `upgrade()` and `downgrade()`.
One that adds or removes rows of a table that stays names it in `ROWS_CHANGE`, or the upgrade is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def migrate(connection: Connection, folder: Path, version_table: str, target: str) -> frozenset[str]:
    """Brings the stream in `folder` to `target` (a revision, "head" or "base"), up or down.

    Gives the tables whose number of rows the revisions that ran may change.
    """
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    rows_change: set[str] = set()

    def steps(current: Any, context: Any) -> Iterable[Any]:
        plan = _plan(script, _revision(current), target)
        for step in plan:
            rows_change.update(getattr(step.revision.module, "ROWS_CHANGE", ()))
        return plan

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection, version_table=version_table, render_as_batch=True, transaction_per_migration=True
        )
        environment.run_migrations()
    return frozenset(rows_change)


def _revision(current: Any) -> str | None:
    if isinstance(current, str) or not current:
        return current or None
    return str(next(iter(current)))


def _plan(script: ScriptDirectory, current: str | None, target: str) -> list[Any]:
    head = script.get_current_head()
    wanted = {"head": head, "base": None}.get(target, target)
    if wanted == current:
        return []
    above = {item.revision for item in script.iterate_revisions(current, "base")} if current else set()
    if wanted is None or wanted in above:
        return list(script._downgrade_revs(wanted or "base", current))
    return list(script._upgrade_revs(wanted, current or ()))  # type: ignore[arg-type]  # Alembic takes the tuple
