"""The back office's pages, tied together."""

from __future__ import annotations

from pathlib import Path

from retail import ledger_page, office_page
from retail.told import tell
from verticals.web import Panel

_HERE = Path(__file__).parent


def panel() -> Panel:
    return Panel(
        pages=(*office_page.PAGES, *ledger_page.PAGES),
        templates=_HERE / "templates",
        static=_HERE / "static",
        theme="office",
        not_updating_after_s=30.0,
        stream_role="viewer",
        tell=tell,
    )
