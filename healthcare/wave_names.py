"""What people call a wave: `II` beside its trace, `ECG II` in a sentence."""

from __future__ import annotations

WAVE_NAMES = {
    "ecg_i_mv": "I",
    "ecg_ii_mv": "II",
    "ecg_v_mv": "V",
    "pleth": "Pleth",
    "abp_mmhg": "ABP",
    "resp_ohm": "Resp",
    "co2_mmhg": "CO₂",
}


def wave_in_words(channel: str) -> str:
    """As it stands in an alarm or over a strip; a channel that has no name here keeps its own."""
    name = WAVE_NAMES.get(channel, channel)
    return f"ECG {name}" if channel.startswith("ecg") and name != channel else name
