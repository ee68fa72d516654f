"""The back office's pages, tied together."""

from __future__ import annotations

from pathlib import Path

from retail import (
    camera_page,
    count_page,
    counts_page,
    hand_page,
    ledger_page,
    move_page,
    office_page,
    orders_page,
    product_page,
    receive_page,
    reports_page,
    settings_page,
    shelf_page,
    tasks_page,
)
from retail.epcis import hooks, pages
from retail.pos import hook
from retail.signage import pages as signage_pages
from retail.told import tell
from verticals.web import Panel

_HERE = Path(__file__).parent


def panel() -> Panel:
    return Panel(
        pages=(
            *office_page.PAGES,
            *tasks_page.PAGES,
            *count_page.PAGES,
            *receive_page.PAGES,
            *hand_page.PAGES,
            *camera_page.PAGES,
            *move_page.PAGES,
            *product_page.PAGES,
            *counts_page.PAGES,
            *orders_page.PAGES,
            *shelf_page.PAGES,
            *reports_page.PAGES,
            *settings_page.PAGES,
            *ledger_page.PAGES,
            *pages.PAGES,
            *signage_pages.PAGES,
        ),
        templates=_HERE / "templates",
        static=_HERE / "static",
        theme="office",
        not_updating_after_s=30.0,
        stream_role="viewer",
        tell=tell,
        hooks=(*hook.HOOKS, *hooks.HOOKS),
    )
