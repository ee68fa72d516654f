"""One part for the pages that look at it closely: its picture with heat and outline, and all that is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from manufacturing.labelling import label_text
from manufacturing.shifts import moment_text
from manufacturing.shown import part_shown, where_shown
from verticals.contract import Event
from verticals.store.tables import evidence
from verticals.web import Desk

#: The picture's frame on the page, px: what is written over the picture is as large as other words there.
_FRAME_PX = (1160.0, 640.0)
_FLAG_PX = 24.0
#: About as wide as a bold figure of the flag.
_LETTER_SHARE = 0.58


def part_event(desk: Desk, sequence: int) -> Event | None:
    """The event of a part by its number on record."""
    found = desk.events(after=sequence - 1, limit=1, kinds=("part",))
    return found[0] if found and found[0].sequence == sequence else None


def part_view(desk: Desk, row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What `_parts/picture.html` draws and the pages say of the part in `row`; its event may have gone."""
    event = part_event(desk, row["sequence"])
    data = event.data if event else {"code": row["code"], "why": "", "counts": {}}
    shown = part_shown(row["part_id"], data, label=row["label"] or "", gate_rejected=row["gate_rejected"],
                       delivery=row["delivery"] or "")  # fmt: skip
    image, gone = _kept(desk, row["image_sha256"], zone)
    heat, _ = _kept(desk, row["heat_sha256"], zone)
    drawn = {"image": image, "heat": heat if image else "", "gone": gone, "sequence": row["sequence"]}
    drawn["label_text"] = label_text(shown["label"], row["code"]) if shown["label"] else ""
    drawn["label_who"], drawn["defect"] = row["label_who"] or "the kiosk", row["defect"] or ""
    drawn["sha256"] = row["model_sha256"] or ""
    drawn["when"] = moment_text(row["at_utc_s"], zone)
    drawn["lag"] = lag_text(data)
    view = {**shown, **drawn}
    return (
        view | {"matrix": _matrix(shown["heat_range"]), "path": _smooth(shown), "tag": _tag(shown)} | _said(view, row)
    )


def lag_text(data: Mapping[str, Any]) -> str:
    """How far picture and trigger lie apart: `12.4 ms after the trigger`; a picture without a time is none."""
    lag_ms = data.get("lag_ms")
    if lag_ms is None:
        return "time not known"
    return f"{abs(lag_ms):.1f} ms {'before' if lag_ms < 0 else 'after'} the trigger"


def _kept(desk: Desk, sha256: str | None, zone: ZoneInfo) -> tuple[str, str]:
    """The address of a picture, or empty and a sentence that says why there is none."""
    if not sha256:
        return "", "None was taken of this part."
    if desk.evidence(sha256) is not None:
        return f"/evidence/{sha256}", ""
    with desk.read() as connection:
        went = connection.scalar(select(evidence.c.evicted_at_utc_s).where(evidence.c.sha256 == sha256))
    if went is None:
        return "", "It never reached the disk."
    return "", f"It made room for newer ones on {moment_text(went, zone)[:16]}. Score and place stay on record."


def _said(view: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts beside the picture, and what the gate did."""
    gate = {None: "not seen at the gate", True: "seen in the bin", False: "seen to pass"}[row["gate_rejected"]]
    score = "not judged"
    if row["score"] is not None and row["threshold"]:
        share = row["score"] / row["threshold"]
        score = f"{row['score']:.2f}, limit {row['threshold']:.2f} ({100 * share:.0f} %)"
    facts = [
        ("Taken", view["when"]),
        ("Capture", view["lag"]),
        ("Score", score),
        ("Where", where_shown(view["where"], view["picture"]) if (view["where"] or {}).get("w") else "no place"),
        ("Gate", gate),
        ("Recipe", _recipe(row)),
        ("Model", f"{row['model']} · {row['model_sha256'][:6]}" if row["model"] else "not asked"),
    ]
    return {"said": facts, "gate": gate}


def _recipe(row: Mapping[str, Any]) -> str:
    recipe, version = row.get("recipe"), row.get("recipe_version")
    return f"{recipe} v{version}" if recipe and version else str(recipe or "not named")


def _matrix(heat_range: Sequence[int]) -> str:
    """Colour matrix: the least level to see becomes 0, the peak 1, in colour and cover alike."""
    low, high = (level / 255 for level in heat_range)
    row = f"{1 / (high - low):.4f} 0 0 0 {-low / (high - low):.4f}"
    return " ".join([row] * 4)


def _smooth(shown: Mapping[str, Any]) -> str:
    """The outline as an SVG path through the middles of its sides, so that the border is round."""
    width, height = shown["picture"]["w"], shown["picture"]["h"]
    points = [(x * width, y * height) for x, y in shown["outline"]]
    if len(points) < 3:
        return ""
    middles = [
        ((ax + bx) / 2, (ay + by) / 2) for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True)
    ]
    curves = [f"Q{x:.1f} {y:.1f} {mx:.1f} {my:.1f}" for (x, y), (mx, my) in zip(points, middles, strict=True)]
    return f"M{middles[-1][0]:.1f} {middles[-1][1]:.1f}{''.join(curves)}z"


def _tag(shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """The flag that names the defect, above its place or, where there is no room, below it."""
    where = shown["where"] or {}
    if shown["kind"] != "ng" or not where.get("w"):
        return None
    width, height = shown["picture"]["w"], shown["picture"]["h"]
    unit = max(width / _FRAME_PX[0], height / _FRAME_PX[1])
    half = (len(shown["flag"]) * _FLAG_PX * _LETTER_SHARE / 2 + 16) * unit
    high, tip = 40 * unit, 12 * unit
    middle = (where["x"] + where["w"] / 2) * width
    centre = min(max(middle, half), width - half) if 2 * half < width else width / 2
    above = where["y"] * height - high - tip - 6 * unit > 0
    top = where["y"] * height - high - tip - 4 * unit if above else (where["y"] + where["h"]) * height + tip + 4 * unit
    top = min(top, height - high)
    from_y, to_y = (top + high, top + high + tip) if above else (top, top - tip)
    path = f"M{centre - half:.1f} {top:.1f}h{2 * half:.1f}v{high:.1f}h{-2 * half:.1f}z"
    arrow = f"M{middle - tip:.1f} {from_y:.1f}L{middle:.1f} {to_y:.1f}L{middle + tip:.1f} {from_y:.1f}z"
    size = _FLAG_PX * unit
    return {
        "path": f"{path} {arrow}",
        "x": f"{centre:.1f}",
        "y": f"{top + high / 2 + 0.36 * size:.1f}",
        "size": f"{size:.1f}",
    }
