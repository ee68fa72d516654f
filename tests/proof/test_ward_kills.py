"""Line, web and jobs die ten times each (50 in full) while alarms come, are acknowledged and go: none is lost, doubled
or changed by it, and the screen shows them again in time."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from appliance.restarts import Patience
from simulators.ward_messages import HR, RR, SPO2
from tests.proof.figures import Progress, heading, print_seconds
from tests.proof.scale import Scale
from tests.support.alarm_box import LINE, WEB, AlarmBox, Gateway, alarms_on
from tests.support.cells import until
from tests.support.screens import Visitor
from tests.support.ward_box import WardBox
from tests.support.watchers import ScreenWatch

pytestmark = pytest.mark.slow

STEADY_S = Patience().steady_s
ON_SCREEN_WITHIN_S = 10.0
#: Beds whose condition stays as it is; the sixth bed's comes and goes.
ILL = {"bed-1": {SPO2: 84.0}, "bed-2": {HR: 150.0}, "bed-3": {RR: 38.0}, "bed-4": {SPO2: 78.0}}
RESTLESS, CALM = "bed-6", "bed-5"


def test_alarms_are_the_same_after_any_process_was_killed(tmp_path: Path, scale: Scale) -> None:
    shown: dict[str, list[float]] = {LINE: [], WEB: [], "jobs": []}
    progress = Progress("kills of each", scale.kills)
    with AlarmBox(tmp_path, beds=6) as box, Gateway(box) as gateway:
        until(lambda: box.runs() and box.all_running() and gateway.rounds > 2, 300, "monitors are heard", 0.1)
        for bed, values in ILL.items():
            gateway.says[bed] = {**gateway.says[bed], **values}
        gateway.asystole(CALM)
        until(lambda: len(standing(box)) >= len(ILL) + 1, 120, "alarms of five beds", 0.1)
        with box.watch() as screen, Visitor(box.url, {}) as nurse:
            for number in range(scale.kills):
                for name in shown:
                    gateway.says[RESTLESS] = {**gateway.says[RESTLESS], HR: 160.0 if number % 2 else 72.0}
                    shown[name].append(kill(box, name, screen, nurse, after_ms=9 * (number % 50)))
                progress.at(number + 1)
        changes = [event for event in box.events("alarm") if event.data["alarm"] is not None]
        acknowledged = sum(event.data["act"] == "acknowledged" for event in changes)
    heading(f"line, web and jobs killed {scale.kills} times each in turn while {len(changes)} changes of alarms came")
    print(f"{acknowledged} acknowledged, {sum(event.data['act'] == 'began' for event in changes)} began")
    for name, seconds in shown.items():
        print_seconds(f"{name}: SIGKILL to alarms on screen", seconds)
    assert twice(box) == []
    assert box.faults_of_the_store() == []
    assert max(max(seconds) for seconds in shown.values()) <= ON_SCREEN_WITHIN_S


def kill(box: AlarmBox, name: str, screen: ScreenWatch, nurse: Visitor, after_ms: float) -> float:
    """Once it is steady, and that long after an alarm was acknowledged; seconds until the screen shows all anew."""
    since = until(lambda: box.standings().get(name), 10, f"{name} is known").since_utc_s
    until(lambda: time.time() > since + STEADY_S, STEADY_S + 1, f"{name} is steady", 0.1)
    seen = acknowledge_one(box, nurse)
    before, pid = standing(box), box.pid(name)
    time.sleep(after_ms / 1000)
    killed_s = box.kill(name)
    until(lambda: box.runs() and box.pid(name) not in (0, pid), 120, f"{name} runs again")
    until(lambda: is_live(screen) and alarms_on(screen) == on_record(box), 120, f"alarms after {name} was killed", 0.05)
    took_s = time.monotonic() - killed_s
    after = standing(box)
    assert {number: after.get(number) for number in before} == before, f"changed by a kill of {name}"
    assert seen is None or on_record(box)[seen][0] == "acknowledged"
    return took_s


def acknowledge_one(box: WardBox, nurse: Visitor) -> str | None:
    """The first that nobody has seen, of those that stay; its id once the box has said that it is done."""
    waiting = [number for number, (state, _) in standing(box).items() if state == "active"]
    if len(waiting) < 2:  # one goes on sounding
        return None
    answer = nurse.order("/order/acknowledge", {"alarm": waiting[0]})
    assert answer.json() == {"accepted": True, "reason": ""}
    return waiting[0]


def on_record(box: WardBox) -> dict[str, tuple[str, str]]:
    return {number: (alarm["state"], alarm["priority"]) for number, alarm in box.alarms().items()}


def standing(box: WardBox) -> dict[str, tuple[str, str]]:
    """Those of beds whose condition does not change: nothing but a person changes them."""
    found = on_record(box)
    return {number: found[number] for number in found if number.partition("/")[0] not in (RESTLESS, "ward")}


def is_live(screen: ScreenWatch) -> bool:
    said = [told for told in screen.told() if told.kind in ("beat", "closed")]
    return bool(said) and said[-1].live and time.monotonic() - said[-1].mono_s < 2.0


def twice(box: WardBox) -> list[str]:
    """Changes of a bed are numbered: a number that came twice is a change that was made again after a kill."""
    numbers = Counter((event.station, event.data["number"]) for event in box.events("alarm"))
    began = Counter(event.subject for event in box.events("alarm") if event.data["act"] == "began")
    return [f"{station} {number}" for (station, number), count in numbers.items() if count > 1] + [
        f"{alarm} began {count} times" for alarm, count in began.items() if count > 1
    ]
