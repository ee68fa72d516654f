"""What open screens get of an event: that there is more to read, never the whole of it."""

from __future__ import annotations

from verticals.contract import Event, Json

_SHOWN = frozenset({
    "documents", "catalogue", "refused", "task", "slots", "beliefs", "store-day", "count-sheet", "suggestion",
    "purchase-order", "receiving", "plan", "shelf",
})  # fmt: skip


def tell(event: Event) -> Json | None:
    """None for what no screen shows."""
    if event.kind not in _SHOWN:
        return None
    return {"kind": event.kind, "station": event.station, "subject": event.subject, "who": event.who}
