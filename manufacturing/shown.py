"""What people read of a part: words, shares and addresses, made once for the page and for the stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from manufacturing.results import ResultCode, judged

if TYPE_CHECKING:
    from manufacturing.changeover import Changeover

#: The verdict's scale runs from 0 to this many thresholds.
SCALE_THRESHOLDS = 1.6
LIMIT_SHARE = 1 / SCALE_THRESHOLDS
_WORDS = {"ok": "OK", "ng": "NG", "none": "NO DECISION", "bypass": "BYPASS"}
_TAUGHT_AT = "%Y%m%dT%H%M%S"


def number(value: int) -> str:
    """Thousands apart by a thin space: `11 982`."""
    return f"{value:,}".replace(",", "\u202f")


def part_shown(
    part: str, data: Mapping[str, Any], *, label: str = "", gate_rejected: bool | None = None, delivery: str = ""
) -> dict[str, Any]:
    """A "part" event as the kiosk shows it; its keys are read by run.html and the page's scripts.

    `label`, `gate_rejected` and `delivery` are what was learnt of the part after its event.
    """
    code = int(data["code"])
    kind = verdict_kind(code)
    evidence: Mapping[str, str] = data.get("evidence", {})
    picture: Mapping[str, int] = data.get("picture") or {"w": 4, "h": 3}
    shown: dict[str, Any] = {
        "part": part,
        "kind": kind,
        "word": _WORDS[kind],
        "why": str(data.get("why", "")),
        "code": code,
        "taken": str(data.get("local_time", "")),
        "simulated": bool(data.get("simulated")),
        "image": _address(data, evidence, "image"),
        "heat": _address(data, evidence, "heat"),
        "picture": dict(picture),
        "where": data.get("where") or {},
        "outline": data.get("outline") or [],
        "heat_range": data.get("heat_range") or [115, 255],
        "label": label,
        "flag": "",
        "decided": "",
        "facts": _facts(kind, data, picture),
        "counts": counts_shown(data.get("counts", {})),
    }
    if "score" in data:
        shown["flag"] = f"{shown['why']} {float(data['score']):.2f} over {float(data['threshold']):.2f}"
        shown["decided"] = f"{float(data.get('infer_ms', 0)) + float(data.get('grab_ms', 0)):.0f} ms"
    shown["tile"] = _part_tile(shown, data)
    shown |= outcome_shown(kind, shown["taken"])
    delivered = delivery or _delivery(data)
    if delivered != "sent":
        shown |= undelivered_shown(kind)
    if gate_rejected is not None:
        shown["outcome_small"] = gate_shown({"rejected": gate_rejected})
    return shown


def _address(data: Mapping[str, Any], evidence: Mapping[str, str], what: str) -> str:
    """Of the picture; of the view that decided, where the line has several."""
    name = f"{what}.{data['view']}" if "view" in data else what
    return f"/evidence/{evidence[name]}" if name in evidence else ""


def _part_tile(shown: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict tile of a part; `share` is None where there is no scale to show."""
    why, score, share = shown["why"], "", None
    if "score" in data:
        value, threshold = float(data["score"]), float(data["threshold"])
        score = f"{value:.2f} {'over' if value > threshold else 'under'} {threshold:.2f}"
        share = min(1.0, max(0.0, value / (threshold * SCALE_THRESHOLDS))) if threshold > 0 else 1.0
    if shown["simulated"]:
        why, score = ("SIMULATED", score) if score else (why, "SIMULATED")
    kind = shown["kind"]
    return {"kind": kind, "shape": kind, "word": shown["word"], "why": why, "score": score, "share": share}


def _facts(kind: str, data: Mapping[str, Any], picture: Mapping[str, int]) -> dict[str, str]:
    facts = {"where": "not judged", "score": "not judged", "image": "no picture", "model": "not asked"}
    if kind in ("ok", "ng"):
        facts["where"] = "nothing found"
    if "score" in data:
        facts["score"] = f"{float(data['score']):.2f}, limit {float(data['threshold']):.2f}"
    if "picture" in data:
        facts["image"] = f"{picture['w']} × {picture['h']}, taken in {float(data.get('grab_ms', 0)):.0f} ms"
    if model := data.get("model"):
        facts["model"] = f"{model['name']} {str(model['sha256'])[:6]}"
    where = data.get("where") or {}
    if kind == "ng" and where.get("w"):
        facts["where"] = where_shown(where, picture)
    return facts


def where_shown(where: Mapping[str, float], picture: Mapping[str, int]) -> str:
    """`upper right, 61 × 144 px`; the sides are those of the picture as people see it."""
    across, down = where["x"] + where["w"] / 2, where["y"] + where["h"] / 2
    row = "upper" if down < 1 / 3 else "lower" if down > 2 / 3 else "middle"
    column = "left" if across < 1 / 3 else "right" if across > 2 / 3 else "centre"
    place = "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"
    return f"{place}, {where['w'] * picture['w']:.0f} × {where['h'] * picture['h']:.0f} px"


def recipes_live(changeover: Changeover, zone: ZoneInfo) -> dict[str, Any]:
    """What screens are told of a line's recipes: what judges, and what is in force, asked for and on its way."""
    recipe = changeover.judging
    told: dict[str, Any] = {"model": "", "recipe": "", "recipes": changeover.shown()}
    if recipe is None:
        return told
    shown = recipe_shown(f"{recipe.name} v{recipe.version}", recipe.model.version, zone)
    return told | {"model": recipe.model.title, "recipe": shown}


def recipe_shown(title: str, model_version: str, zone: ZoneInfo) -> str:
    """`flange v3, taught 24 Nov 16:02`; a version of a model that is no time stays itself."""
    at = taught_at(model_version, zone)
    return f"{title}, {f'taught {at}' if at else f'model {model_version}'}"


def taught_at(version: str, zone: ZoneInfo) -> str:
    """`24 Nov 16:02`, of the version that teaching gives a model; empty for one that is no time."""
    try:
        at = datetime.strptime(version.partition(".")[0].removesuffix("Z"), _TAUGHT_AT).replace(tzinfo=UTC)
    except ValueError:
        return ""
    return f"{at.astimezone(zone):%d %b %H:%M}"


def verdict_kind(code: int) -> str:
    """`ok`, `ng`, `none` (no judgement was made: rejected) or `bypass`."""
    if code == ResultCode.PASS:
        return "ok"
    if code == ResultCode.BYPASS:
        return "bypass"
    return "ng" if judged(code) else "none"


def outcome_shown(kind: str, taken: str) -> dict[str, str]:
    """`outcome` and `outcome_small`: what the system did about the part, as far as it knows yet."""
    if kind == "bypass":
        return {"outcome": "Let through by order", "outcome_small": "On hold for inspection"}
    if kind == "ok":
        return {"outcome": f"Passed at {taken}", "outcome_small": "Accept recorded, then told to the PLC"}
    return {"outcome": f"Rejected at {taken}", "outcome_small": "Told to the PLC, waiting for the gate"}


def undelivered_shown(kind: str) -> dict[str, Any]:
    """What changes in a part whose result the PLC did not get: no green for a good part that goes to the bin."""
    changed: dict[str, Any] = {
        "outcome": "Result not delivered",
        "outcome_small": "The PLC rejects this part by itself",
    }
    if kind == "ok":
        tile = {"kind": "none", "shape": "none", "word": "NO RESULT", "why": "Good, rejected by the PLC"}
        changed |= {"kind": "none", "word": "NO RESULT", "tile": {**tile, "score": "", "share": None}}
    return changed


def _delivery(data: Mapping[str, Any]) -> str:
    """Of the part's result; as good as sent while nothing else is known."""
    actions = (action for action in data.get("actions", ()) if str(action.get("target", "")).endswith(".result"))
    return str(next(actions, {"delivery": "sent"})["delivery"])


def gate_shown(data: Mapping[str, Any]) -> str:
    return "Gate fired, part seen in the bin" if data["rejected"] else "Gate let the part pass"


def counts_shown(counts: Mapping[str, int]) -> dict[str, str]:
    """Texts of the counters; "– –" before the first part."""
    infeed = int(counts.get("infeed", 0))
    if not infeed:
        none = dict.fromkeys(_COUNTED, "– –")
        return {**none, "rejected_of": "no parts yet", "split": "", "infeed": "0"}
    rejected, unjudged = int(counts["rejected"]), int(counts["unjudged"]) + int(counts["unrecorded"])
    split = f"{number(int(counts['defects']))} NG, {number(unjudged)} not judged"
    return {
        "good": number(int(counts["good"])),
        "rejected": number(rejected),
        "rejected_of": f"{100 * rejected / infeed:.2f} % of {number(infeed)}",
        "split": split,
        "infeed": number(infeed),
        "quality": f"{100 * int(counts['good']) / infeed:.1f}",
        "bypassed": number(int(counts["bypassed"])),
        "unrecorded": number(int(counts["unrecorded"])),
        "false_rejects": number(int(counts["false_rejects"])),
        "missed_defects": number(int(counts["missed_defects"])),
    }


_COUNTED = ("good", "rejected", "quality", "bypassed", "unrecorded", "false_rejects", "missed_defects")
