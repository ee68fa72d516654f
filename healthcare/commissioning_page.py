"""Commissioning of a screen's audio: each tone is played, and a person says whether it was heard."""

from __future__ import annotations

from healthcare.settings import WARD
from healthcare.station_frame import answered, bar, give_order, given, heard
from verticals.web import Answered, Asked, Data, Desk, Page, Shown

#: Each tone with what is heard, and how often it comes again while nobody answers.
TONES = (
    ("high", "High", "ten pulses: 3 and 2, twice", "again after 8 s"),
    ("medium", "Medium", "three pulses", "again after 20 s"),
    ("low", "Low", "one pulse", "again after 30 s"),
)
_MOST_NAME = 40


def audio_check(desk: Desk, asked: Asked) -> Answered:
    _, ward, _ = heard(desk)
    screens = list((ward.get("audio") or {}).get("screens") or {})
    return Shown("healthcare/commissioning.html", {**bar(desk, asked), "tones": TONES, "screens": screens})


def commission(desk: Desk, asked: Asked) -> Answered:
    """Which tones were heard at which screen; the ward's desk decides what follows from it."""
    args = given(asked)
    screen = str(args.get("screen", "")).strip()[:_MOST_NAME]
    tones = args.get("tones")
    known = [name for name, *_ in TONES]
    if not screen:
        return Data({"accepted": False, "reason": "Say what this screen is called."}, status=400)
    if not isinstance(tones, list) or any(tone not in known for tone in tones):
        return Data({"accepted": False, "reason": f"Tones are {', '.join(known)}."}, status=400)
    said = {"screen": screen, "tones": [tone for tone in known if tone in tones]}
    return answered(give_order(desk, asked, WARD, "commission-audio", said))


PAGES = (
    Page("/audio-check", audio_check, "nurse", title="Audio check"),
    Page("/audio-check", commission, "nurse", methods=("POST",)),
)
