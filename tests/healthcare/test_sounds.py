"""The tones of `sounds.js`: their timings within IEC 60601-1-8, and when which of them sounds; under Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import healthcare

SOUNDS_JS = Path(healthcare.__file__).parent / "static" / "healthcare" / "sounds.js"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here: apt-get install nodejs")


def run(program: str) -> Any:
    words = ["node", "--input-type=module", "-e", SOUNDS_JS.read_text() + program]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tones() -> dict[str, Any]:
    found: dict[str, Any] = run("console.log(JSON.stringify(TONES));")
    return found


def gaps_s(pulses: list[dict[str, float]]) -> list[float]:
    return [round(later["at_s"] - earlier["at_s"] - earlier["long_s"], 3) for earlier, later in pairwise(pulses)]


def test_a_high_burst_is_three_and_two_twice(tones: dict[str, Any]) -> None:
    pulses = tones["high"]["pulses"]
    x, long = 0.1, 0.15
    assert all(pulse["long_s"] == long for pulse in pulses) and 0.075 <= long <= 0.2 and 0.05 <= x <= 0.125
    assert gaps_s(pulses) == [x, x, 2 * x + long, x, 0.7, x, x, 2 * x + long, x]
    assert 2.5 <= tones["high"]["again_s"] <= 15


def test_medium_is_three_pulses_and_low_is_one(tones: dict[str, Any]) -> None:
    assert gaps_s(tones["medium"]["pulses"]) == [0.2, 0.2] and 2.5 <= tones["medium"]["again_s"] <= 30
    assert len(tones["low"]["pulses"]) == 1 and tones["low"]["again_s"] > 15
    assert all(0.125 <= pulse["long_s"] <= 0.25 for name in ("medium", "low") for pulse in tones[name]["pulses"])


def test_no_lower_priority_is_louder_even_when_it_has_grown_louder(tones: dict[str, Any]) -> None:
    high, medium, low = (tones[name]["level"] for name in ("high", "medium", "low"))
    assert high >= 1.4 * medium * 0.999 and medium >= 1.4 * low * 0.999
    assert high * 1.4 <= 1.0


_PLAY = """
const played = [];
let now = 0;
const speaker = {
  running: true,
  burst: (name, louder) => played.push([now, name, louder]),
  hush: () => played.push([now, "hush"]),
};
const sounder = new Sounder(speaker, () => now);
const pass = (seconds) => {
  for (const end = now + seconds; now < end;) { now = Math.round(10 * now + 1) / 10; sounder.tick(); }
};
const none = { priority: "", louder: false, ids: [] };
"""


def played(script: str) -> list[list[Any]]:
    found: list[list[Any]] = run(_PLAY + script + "console.log(JSON.stringify(played));")
    return found


def test_a_tone_comes_again_until_nothing_sounds() -> None:
    heard = played("""
        sounder.wanted({ priority: "high", louder: false, ids: ["a"] });
        pass(24); sounder.wanted(none); pass(60);
    """)
    assert [at for at, name, *_ in heard if name == "high"] == [0, 11.5, 23]
    assert heard[-1] == [24, "hush"]


def test_a_higher_alarm_does_not_wait_for_the_end_of_a_burst() -> None:
    heard = played("""
        sounder.wanted({ priority: "medium", louder: false, ids: ["a"] });
        pass(0.5); sounder.wanted({ priority: "high", louder: false, ids: ["b"] });
    """)
    assert heard == [[0, "medium", False], [0.5, "hush"], [0.5, "high", False]]


def test_another_alarm_of_the_same_priority_is_heard_at_the_end_of_the_burst() -> None:
    heard = played("""
        sounder.wanted({ priority: "high", louder: false, ids: ["a"] });
        pass(1); sounder.wanted({ priority: "high", louder: false, ids: ["a", "b"] }); pass(4);
    """)
    assert heard == [[0, "high", False], [3.5, "high", False]]


def test_what_has_grown_louder_is_louder_at_once() -> None:
    heard = played("""
        sounder.wanted({ priority: "high", louder: false, ids: ["a"] });
        pass(6); sounder.wanted({ priority: "high", louder: true, ids: ["a"] });
    """)
    assert heard == [[0, "high", False], [6, "high", True]]


def test_an_acknowledged_or_paused_alarm_does_not_sound() -> None:
    found = run("""
        const told = (...alarms) => [{ alarms }];
        const one = (id, priority, sound, louder = false) => ({ id, priority, sound, louder });
        console.log(JSON.stringify([
          soundingOf(told(one("a", "high", "off"), one("b", "high", "paused"))),
          soundingOf(told(one("a", "high", "off", true), one("b", "medium", "on"), one("c", "low", "on"))),
          soundingOf([{}, ...told(one("a", "low", "on"), one("b", "high", "on", true))]),
        ]));
    """)
    assert found == [
        {"priority": "", "louder": False, "ids": []},
        {"priority": "medium", "louder": False, "ids": ["b"]},
        {"priority": "high", "louder": True, "ids": ["b"]},
    ]
