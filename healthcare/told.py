"""What open screens get of an event. Alarms come with what a bed signals; an event says that there is more to read."""

from __future__ import annotations

from verticals.contract import Event, Json

_SHOWN = frozenset(
    {
        "alarm",
        "observations",
        "observations-struck",
        "limits",
        "stay",
        "roster",
        "standby",
        "standby-ended",
        "veto",
        "advice",
        "news2-scale",
    }
)


def tell(event: Event) -> Json | None:
    """None for what no screen shows."""
    if event.kind not in _SHOWN:
        return None
    told = {"kind": event.kind, "station": event.station, "subject": event.subject, "who": event.who}
    return told | ({"act": event.data["act"]} if event.kind == "alarm" and "act" in event.data else {})
