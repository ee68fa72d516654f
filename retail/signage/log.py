"""The log of a screen: content, rule and bucket of each slot, from the inbox to an event of the store. Nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from retail.reading import number, text
from verticals.contract import NOTHING, Decision, Event, Sample

KIND = "signage"
_WORDS = {"content": r"[a-z-]{1,20}(/[0-9]{14})?", "rule": r"[a-z-]{1,20}", "bucket": r"[a-z]{1,12}/[a-z]{1,12}"}


def payload(slot: int, content: str, rule: str, bucket: str, held_out: bool) -> dict[str, Any]:
    """What a page puts into the inbox, under the slot as its key: the first screen of a slot says what it showed."""
    return {"kind": KIND, "slot_ms": slot, "content": content, "rule": rule, "bucket": bucket, "held_out": held_out}


def logged(sample: Sample) -> Decision:
    """The event of a slot; nothing for anything that is not made of those words alone."""
    words = {name: text(sample, name) for name in _WORDS}
    slot = number(sample, "slot_ms")
    if slot is None or slot < 0 or not all(re.fullmatch(_WORDS[name], word) for name, word in words.items()):
        return NOTHING
    data: Mapping[str, Any] = {"slot_ms": int(slot), **words, "held_out": sample.values.get("held_out") is True}
    return Decision(events=(Event(KIND, str(int(slot)), sample.at.utc_s, data),))
