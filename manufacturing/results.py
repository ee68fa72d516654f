"""Result codes: what the PLC reads in ResultCode and people read on the kiosk."""

from __future__ import annotations

from enum import IntEnum


class ResultCode(IntEnum):
    """0 is the only pass. 1..99 are classes of defects; from 100 on no judgement was made."""

    PASS = 0
    DEFECT = 1
    LATE = 100
    MODEL_FAILED = 101
    CAMERA_LOST = 102
    NO_RECIPE = 103
    BYPASS = 104
    OVERRUN = 105
    STOPPED = 106
    WRONG_RECIPE = 107


SENTENCES = {
    ResultCode.PASS: "No defect",
    ResultCode.DEFECT: "Defect",
    ResultCode.LATE: "Judged too late",
    ResultCode.MODEL_FAILED: "Model gave no answer",
    ResultCode.CAMERA_LOST: "No picture",
    ResultCode.NO_RECIPE: "No recipe loaded",
    ResultCode.BYPASS: "Not inspected (bypass)",
    ResultCode.OVERRUN: "Triggered before ready",
    ResultCode.STOPPED: "Job stopped",
    ResultCode.WRONG_RECIPE: "Recipe not in force",
}


def judged(code: int) -> bool:
    """Whether a model looked at the part and answered in time."""
    return code < ResultCode.LATE
