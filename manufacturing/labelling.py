"""A person's word on a part: what it may be, how it is called, what goes to the line with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from manufacturing.shown import verdict_kind
from verticals.contract import Event, Json
from verticals.web import Desk

#: How long the last label can be taken back by one tap.
UNDO_WITHIN_S = 10.0
_LABELS_LOOKED_THROUGH = 500
#: In the order of the page's keys: the label, the keyboard's letter, the words for a rejected and a passed part.
KEYS = (
    ("right", "B", "Really bad", "Really good"),
    ("false-reject", "F", "False reject", ""),
    ("missed-defect", "M", "", "Missed defect"),
    ("other-defect", "O", "Other defect", ""),
)


def about(row: Mapping[str, Any], label: str, defect: str = "") -> dict[str, Any]:
    """The arguments of the order "label": `was` and `shift` keep the counts right, `sequence` names the very part."""
    return {
        "part": row["part_id"],
        "label": label,
        "defect": defect,
        "was": row["label"] or "",
        "shift": row["shift"],
        "sequence": row["sequence"],
    }


def label_keys(code: int) -> list[dict[str, str]]:
    """The four keys of a part; one that does not fit its verdict has its words and no label."""
    passed = verdict_kind(code) == "ok"
    keys = []
    for label, letter, rejected, accepted in KEYS:
        fits = accepted if passed else rejected
        keys.append({"label": label if fits else "", "letter": letter, "text": fits or rejected or accepted})
    return keys


def label_text(label: str, code: int) -> str:
    """`Really bad`; the label itself where it is none of this verdict's."""
    return next((key["text"] for key in label_keys(code) if key["label"] == label), label)


def names_a_defect(label: str, code: int) -> bool:
    """Whether the label says that the part has a defect, whose type may then be named."""
    return label in ("missed-defect", "other-defect") or (label == "right" and verdict_kind(code) != "ok")


def known_types(desk: Desk, line: str) -> list[str]:
    """The defect types that people named here, the most frequent of the last labels first."""
    labels = desk.events(station=line, kinds=("label",), limit=_LABELS_LOOKED_THROUGH, newest_first=True)
    named = Counter(str(event.data.get("defect") or "") for event in labels)
    return [name for name, _ in named.most_common() if name]


def last_label(desk: Desk, line: str, part: str) -> Event | None:
    """The newest label of the part, or None."""
    found = desk.events(station=line, kinds=("label",), subject=part, limit=1, newest_first=True)
    return found[0] if found else None


def args_of(values: Json) -> tuple[int, str, str]:
    """Part (its number on record, 0 when it is none), label and defect type of what a form or a script sent."""
    sequence = str(values.get("sequence", ""))
    number = int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 16 else 0
    return number, str(values.get("label", "")), " ".join(str(values.get("defect", "")).split())[:80]
