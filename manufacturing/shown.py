"""What people read of a part: words, shares and addresses, made once for the page and for the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manufacturing.results import SENTENCES, ResultCode, judged

#: The verdict's scale runs from 0 to this many thresholds.
SCALE_THRESHOLDS = 1.6


def number(value: int) -> str:
    """Thousands apart by a thin space: `11 982`."""
    return f"{value:,}".replace(",", "\u202f")


def part_shown(part: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """A "part" event as the kiosk shows it; its keys are read by run.html and kiosk.js."""
    code = int(data["code"])
    kind = verdict_kind(code)
    evidence: Mapping[str, str] = data.get("evidence", {})
    shown: dict[str, Any] = {
        "part": part,
        "kind": kind,
        "word": {"ok": "OK", "ng": "NG", "none": "NO DECISION", "bypass": "BYPASS"}[kind],
        "why": str(data.get("why", "")),
        "code": code,
        "taken": str(data.get("local_time", "")),
        "simulated": bool(data.get("simulated")),
        "image": f"/evidence/{evidence['image']}" if "image" in evidence else "",
        "heat": f"/evidence/{evidence['heat']}" if "heat" in evidence else "",
        "where": data.get("where") or {},
        "model": _model_text(data.get("model", {})),
        "score_text": "",
        "share": 0.0,
        "decided": "",
        "counts": counts_shown(data.get("counts", {})),
    }
    if "score" in data:
        score, threshold = float(data["score"]), float(data["threshold"])
        over = "over" if score > threshold else "under"
        shown["score_text"] = f"{score:.2f} {over} {threshold:.2f}"
        shown["share"] = min(1.0, max(0.0, score / (threshold * SCALE_THRESHOLDS))) if threshold > 0 else 1.0
        shown["decided"] = f"{float(data.get('infer_ms', 0)) + float(data.get('grab_ms', 0)):.0f} ms"
    shown |= outcome_shown(kind, data, shown["taken"])
    return shown


def tile_shown(standing: Mapping[str, Any] | None, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """The verdict tile as it is served; `share` is None where there is no scale to show."""
    if standing is None:
        return {"kind": "none", "shape": "none", "word": "NOT LIVE", "why": "", "score": "", "share": None}
    if standing.get("tile"):
        return {**standing["tile"], "score": "", "share": None}
    if last is None:
        return {"kind": "none", "shape": "wait", "word": "WAITING", "why": "No part yet", "score": "", "share": None}
    share = last["share"] if last["score_text"] else None
    return {"kind": last["kind"], "shape": last["kind"], "word": last["word"], "why": last["why"],
            "score": last["score_text"], "share": share}  # fmt: skip


def verdict_kind(code: int) -> str:
    """`ok`, `ng`, `none` (no judgement was made: rejected) or `bypass`."""
    if code == ResultCode.PASS:
        return "ok"
    if code == ResultCode.BYPASS:
        return "bypass"
    return "ng" if judged(code) else "none"


def outcome_shown(kind: str, data: Mapping[str, Any], taken: str) -> dict[str, str]:
    """`outcome` and `outcome_small`: what the system did about the part, as far as it knows yet."""
    delivery = next(
        (a for a in data.get("actions", ()) if str(a.get("target", "")).endswith(".result")), {"delivery": "sent"}
    )
    if kind == "bypass":
        return {"outcome": "Let through by order", "outcome_small": "On hold for inspection"}
    if delivery["delivery"] != "sent":
        return {"outcome": "Result not delivered", "outcome_small": "The PLC rejects this part by itself"}
    if kind == "ok":
        return {"outcome": f"Passed at {taken}", "outcome_small": "Accept recorded, then told to the PLC"}
    return {"outcome": f"Rejected at {taken}", "outcome_small": "Told to the PLC, waiting for the gate"}


def gate_shown(data: Mapping[str, Any]) -> str:
    return "Gate fired, part seen in the bin" if data["rejected"] else "Gate let the part pass"


def counts_shown(counts: Mapping[str, int]) -> dict[str, str]:
    """Texts of the counters; "– –" before the first part."""
    infeed = int(counts.get("infeed", 0))
    if not infeed:
        return {"good": "– –", "rejected": "– –", "rejected_of": "no parts yet", "split": "", "infeed": "0"}
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


def _model_text(model: Mapping[str, Any]) -> str:
    return f"{model['name']} {model['version']} · {str(model['sha256'])[:6]}" if model else ""


def sentence(code: int) -> str:
    return SENTENCES.get(ResultCode(code), str(code)) if code in ResultCode._value2member_map_ else f"Code {code}"
