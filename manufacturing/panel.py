"""The kiosk's pages, tied together: the run page, the review, quality, teaching, recipes."""

from __future__ import annotations

from pathlib import Path

from manufacturing import (
    parts_csv,
    quality,
    recipe_page,
    review,
    run_page,
    serial,
    tag_page,
    tag_sheet,
    teach_page,
    trust_page,
)
from verticals.web import Panel

_HERE = Path(__file__).parent


def panel() -> Panel:
    return Panel(
        pages=(
            *run_page.PAGES,
            *review.PAGES,
            *quality.PAGES,
            *serial.PAGES,
            *parts_csv.PAGES,
            *teach_page.PAGES,
            *recipe_page.PAGES,
            *trust_page.PAGES,
            *tag_page.PAGES,
            *tag_sheet.PAGES,
        ),
        templates=_HERE / "templates",
        static=_HERE / "static",
        theme="plant",
        not_updating_after_s=3.0,
        stream_role="operator",
        tell=run_page.tell,
    )
