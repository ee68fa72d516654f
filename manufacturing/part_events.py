"""What is recorded of a part and what is done about it, from its sample and its verdict."""

from __future__ import annotations

from typing import Any

from manufacturing.reading import number, part_id, whole
from manufacturing.recipes import Recipe
from manufacturing.results import SENTENCES, ResultCode
from manufacturing.settings import LineSettings
from manufacturing.verdicts import Verdict
from verticals.contract import Action, Sample


def part_data(sample: Sample, verdict: Verdict, *, shift: str, local_time: str, simulated: bool) -> dict[str, Any]:
    """The event's data, but for what the models found and the counts."""
    code = verdict.code
    words = {ResultCode.PASS: "accept", ResultCode.BYPASS: "bypass"}
    data: dict[str, Any] = {
        "verdict": words.get(code, "reject"),
        "code": int(code),
        "why": SENTENCES[code],
        "shift": shift,
        "counter": whole(sample, "counter"),
        "passed": whole(sample, "passed"),
        "captured_at": sample.at.iso(),
        "local_time": local_time,
        "simulated": simulated,
    }
    if verdict.note:
        data["note"] = verdict.note
    times = {name: number(sample, name) for name in ("grab_ms", "lag_ms")}
    return data | {name: took_ms for name, took_ms in times.items() if took_ms is not None}


def result_action(sample: Sample, verdict: Verdict, target: str, window_s: float) -> Action:
    """The result to the PLC; only an accept waits for its record."""
    worst, accept = verdict.worst, verdict.code is ResultCode.PASS
    value = {
        "part_id": part_id(sample.key) or 0,
        "accept": accept,
        "code": int(verdict.code),
        "score": float(worst.score) if worst else 0.0,
        "captured_mono_s": sample.at.mono_s,
    }
    return Action(target, value, until_s=window_s, subject=sample.key, protective=not accept)


def own_gate(
    sample: Sample, code: ResultCode, recipe: Recipe | None, line: LineSettings, target: str
) -> tuple[Action, ...]:
    """The gate by the box's own coil, only where line or recipe say so: the PLC owns it otherwise."""
    modbus = line.modbus
    if modbus is None or code in (ResultCode.PASS, ResultCode.BYPASS):
        return ()
    if modbus.reject_coil is None and (recipe is None or "reject_coil" not in recipe.modbus):
        return ()
    until_s = modbus.reject_after + modbus.reject_window
    return (Action(target, True, until_s, modbus.reject_after, sample.key, protective=True),)
