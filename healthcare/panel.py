"""The nurse station's pages, tied together."""

from __future__ import annotations

from pathlib import Path

from healthcare import (
    bed_page,
    burden_page,
    commissioning_page,
    downtime_page,
    due_page,
    handover_page,
    limits_page,
    movements_page,
    observations_page,
    patients_page,
    phone_page,
    roster_page,
    wall_page,
)
from healthcare.told import tell
from verticals.web import Panel

_HERE = Path(__file__).parent


def panel() -> Panel:
    return Panel(
        pages=(
            *wall_page.PAGES,
            *bed_page.PAGES,
            *limits_page.PAGES,
            *observations_page.PAGES,
            *commissioning_page.PAGES,
            *phone_page.PAGES,
            *roster_page.PAGES,
            *patients_page.PAGES,
            *movements_page.PAGES,
            *due_page.PAGES,
            *handover_page.PAGES,
            *downtime_page.PAGES,
            *burden_page.PAGES,
        ),
        templates=_HERE / "templates",
        static=_HERE / "static",
        theme="ward",
        not_updating_after_s=5.0,
        stream_role="viewer",
        tell=tell,
    )
