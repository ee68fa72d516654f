"""What a line promises about people, time, devices, the inbox and its own pulse."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.clock import Instant
from core.errors import PortBusyError, SettingsError
from tests.support.clocks import FakeClock
from tests.support.lines import Plan, make_rig, running_line, turns, until
from tests.support.stations import ScriptedStation, saw
from verticals.contract import (
    NOTHING,
    Action,
    Command,
    Decision,
    DeviceNews,
    Event,
    Health,
    Level,
    Reply,
    Sample,
)
from verticals.devices.base import Port
from verticals.devices.replay import RecordingActuator
from verticals.runtime.fittings import Fitting
from verticals.runtime.live import LiveMessage


def _obey(command: Command) -> Decision:
    event = Event("order", command.name, command.at.utc_s, dict(command.args), who=command.who)
    return Decision(events=(event,), reply=Reply(True, data={"echo": command.args.get("for_s")}))


# People


async def test_a_command_is_answered_in_the_transaction_of_its_events(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(command=_obey)])) as rig:
        reply = await rig.ask("place", "bypass", for_s=60)
        assert reply == Reply(True, data={"echo": 60})
        [event] = rig.recorded("order")
        assert (event.who, event.station, event.data) == ("anna", "place", {"for_s": 60})


async def test_what_was_asked_while_the_line_was_away_is_answered_at_its_start(tmp_path: Path) -> None:
    with make_rig(Plan(tmp_path, [ScriptedStation(command=_obey)])) as rig:
        number = rig.commands.ask("place", Command("stop", Instant(9_999_999.0, rig.clock.utc_s), who="bert"))
        taken_back = rig.commands.ask("place", Command("start", rig.clock.now()))
        rig.commands.withdraw(taken_back)
        await rig.line.start()
        await until(lambda: rig.commands.reply_of(number))
        await rig.line.stop()
        assert [event.subject for event in rig.recorded("order")] == ["stop"]


async def test_what_is_said_over_the_live_line_alone_leaves_only_what_the_station_records(tmp_path: Path) -> None:
    def here(command: Command) -> Decision:
        return _obey(command) if command.args else Decision(reply=Reply(True))

    station = ScriptedStation(command=here)
    async with running_line(Plan(tmp_path, [station])) as rig:
        said = {"station": "place", "name": "here", "args": {}, "who": "bert", "role": "operator"}
        wrong: list[dict[str, Any]] = [{}, {**said, "args": [1]}, {**said, "station": "nowhere"}, {**said, "name": 7}]
        for data in (*wrong, said, {**said, "args": {"for_s": 60}}):
            rig.live.receive(LiveMessage("said", data))
        await rig.quiet()
        assert [name for name, _ in station.calls].count("command") == 2
        [event] = rig.recorded("order")
        assert (event.who, event.data) == ("bert", {"for_s": 60})
        assert rig.commands.pending() == []


async def test_a_command_from_another_boot_is_dated_on_this_ones_clock(tmp_path: Path) -> None:
    station = ScriptedStation(command=_obey)
    async with running_line(Plan(tmp_path, [station])) as rig:
        rig.commands.ask("place", Command("old", Instant(rig.clock.mono_s - 5, rig.clock.utc_s - 3600)))
        rig.commands.ask("place", Command("fresh", Instant(rig.clock.mono_s - 5, rig.clock.utc_s - 5)))
        rig.live.joined()
        await until(lambda: len(station.called("command")) == 2)
        old, fresh = station.called("command")
        assert old.at == Instant(rig.clock.mono_s, rig.clock.utc_s - 3600)
        assert fresh.at.mono_s == rig.clock.mono_s - 5


async def test_an_unknown_station_a_bug_and_a_missing_answer_are_refusals(tmp_path: Path) -> None:
    def fail(command: Command) -> Decision:
        if command.name == "silent":
            return NOTHING
        raise KeyError("recipe")

    async with running_line(Plan(tmp_path, [ScriptedStation(command=fail)])) as rig:
        for station, name, words in [
            ("ghost", "stop", "there is no station 'ghost'"),
            ("place", "stop", "KeyError: 'recipe'"),
            ("place", "silent", "no answer to 'silent'"),
        ]:
            reply = await rig.ask(station, name)
            assert not reply.accepted and words in reply.reason
        assert [event.data["where"] for event in rig.recorded("mishap")] == ["command"]


async def test_commands_go_before_samples_that_wait(tmp_path: Path) -> None:
    station = ScriptedStation(command=_obey)
    async with running_line(Plan(tmp_path, [station])) as rig:
        for number in range(3):
            await rig.see("place", str(number))
        rig.lane("place").order(Command("stop", rig.clock.now()))
        await rig.quiet()
        assert [name for name, _ in station.calls][:2] == ["command", "prepare"]


# Facts from outside


async def test_facts_of_the_inbox_become_samples_and_are_done_with_their_events(tmp_path: Path) -> None:
    station = ScriptedStation("till")
    async with running_line(Plan(tmp_path, [station])) as rig:
        rig.inbox.bring("till", "sale-1", {"amount": 3, "items": ["a", "b"], "void": None, "cash": True})
        rig.inbox.bring("till", "sale-2", {})
        rig.inbox.bring("nobody", "x", {})
        rig.live.receive(LiveMessage("inbox"))
        await until(lambda: not rig.inbox.pending())
        first = station.called("decide")[0]
        assert dict(first.values) == {"amount": 3, "items": '["a","b"]', "cash": True}
        assert (first.source, first.key) == ("till", "sale-1")
        assert sorted(event.subject for event in rig.recorded()) == ["sale-1", "sale-2", "x"]


async def test_an_absorbed_fact_is_done_too_and_comes_only_once(tmp_path: Path) -> None:
    station = ScriptedStation("till", prepare=lambda sample: None)
    async with running_line(Plan(tmp_path, [station])) as rig:
        rig.inbox.bring("till", "sale-1", {})
        for _ in range(3):
            rig.live.receive(LiveMessage("inbox"))
        await until(lambda: not rig.inbox.pending())
        rig.live.receive(LiveMessage("inbox"))
        await rig.quiet()
        assert len(station.called("prepare")) == 1


# Time


async def test_a_tick_comes_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    due: list[Instant] = []

    def tick(now: Instant) -> Decision:
        due.clear()
        return Decision(events=(Event("rang", "bell", now.utc_s),))

    station = ScriptedStation(due=lambda: due[0] if due else None, tick=tick)
    async with running_line(Plan(tmp_path, [station])) as rig:
        due.append(rig.clock.now().plus(10))
        await rig.see("place", "a")
        await turns()
        await rig.advance(9.9)
        assert not station.called("tick")
        await rig.advance(0.1)
        await rig.quiet()
        assert len(rig.recorded("rang")) == 1
        await rig.advance(100)
        assert len(station.called("tick")) == 1


async def test_a_station_that_is_always_due_does_not_starve_the_others(tmp_path: Path) -> None:
    restless = ScriptedStation("restless", due=lambda: Instant(0.0, 0.0))
    async with running_line(Plan(tmp_path, [restless, ScriptedStation()])) as rig:
        await turns()
        assert len(restless.called("tick")) == 1
        assert await (await rig.see("place", "a")).recorded
        await rig.advance(1.0)
        assert len(restless.called("tick")) == 2


async def test_a_tick_that_fails_each_time_is_recorded_once(tmp_path: Path) -> None:
    def tick(now: Instant) -> Decision:
        raise ValueError("broken")

    async with running_line(Plan(tmp_path, [ScriptedStation(due=lambda: Instant(0.0, 0.0), tick=tick)])) as rig:
        for _ in range(5):
            await rig.advance(1.0)
        await rig.quiet()
        assert len(rig.recorded("mishap")) == 1
        assert rig.lane("place").mishaps.counts["tick"] >= 5


async def test_a_step_of_the_clock_is_an_event_and_a_slow_correction_is_none(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation()])) as rig:
        await rig.advance(0.5)
        for _ in range(8):
            rig.clock.step_utc(0.3)
            await rig.advance(0.5)
        rig.clock.step_utc(-3600.0)
        await rig.advance(0.5)
        await rig.quiet()
        assert [event.data["step_s"] for event in rig.recorded("clock-step")] == [-3600.0]


# Devices


class Faulty:
    """A device that ends `ends` times, in one way and the other, before it stays."""

    name = "camera"

    def __init__(self, ends: int) -> None:
        self.ends = ends
        self.begun: list[float] = []
        self.steered: list[tuple[bool, int]] = []

    async def run(self, port: Port) -> None:
        self.begun.append(port.clock.now().mono_s)
        if len(self.begun) <= self.ends:
            if len(self.begun) % 3 == 0:
                raise asyncio.CancelledError
            if len(self.begun) % 2:
                raise OSError("cable")
            return
        port.news(DeviceNews(self.name, True, port.clock.now()))
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        return ""

    async def steer(self, *, ready: bool, beat: int) -> None:
        self.steered.append((ready, beat))
        raise RuntimeError("a steer that fails")


async def test_a_device_that_ends_is_started_again_with_back_off_and_its_station_told(tmp_path: Path) -> None:
    device, station = Faulty(ends=9), ScriptedStation()
    other = ScriptedStation("other")
    plan = Plan(tmp_path, [station, other], devices=[Fitting(device, "place")])
    async with running_line(plan) as rig:
        for _ in range(2000):
            await rig.advance(0.1)
            if len(device.begun) == 10:
                break
        pauses = [round(later - before, 1) for before, later in zip(device.begun, device.begun[1:], strict=False)]
        assert pauses[:5] == [0.2, 0.4, 0.8, 1.6, 3.2] and max(pauses) == pytest.approx(30.0, abs=0.11)
        news = station.called("device_changed")
        assert [one.ok for one in news] == [False] * 9 + [True]
        assert news[0].code == "device-stopped" and "cable" in news[0].detail
        assert other.called("device_changed") == []
        await rig.advance(0.5)
        assert rig.beat["restarts"] == 9 and rig.beat["devices"]["camera"]["ok"]


async def test_devices_are_steered_with_readiness_and_beat_while_the_loop_moves(tmp_path: Path) -> None:
    level = [Level.GOOD]
    station = ScriptedStation(health=lambda: Health(level[0], "running"))
    clock = FakeClock()
    arm, shared = RecordingActuator("arm", clock), RecordingActuator("shared", clock)
    broken = ScriptedStation("broken", health=lambda: Health(Level.FAULT, "stopped", {"x": "It stands."}))
    plan = Plan(tmp_path, [station, broken], devices=[Fitting(arm, "place"), shared, Faulty(0)], clock=clock)
    async with running_line(plan) as rig:
        await rig.advance(0.5)
        first = arm.beat
        assert (arm.ready, shared.ready) == (True, False)
        level[0] = Level.FAULT
        await rig.advance(0.5)
        assert (arm.ready, arm.beat) == (False, first + 1)
        assert len(rig.moves) >= 2
        level[0] = Level.GOOD
        await rig.advance(0.5)
        assert arm.ready
    assert not arm.ready  # a line that ends says so


async def test_two_devices_or_stations_of_one_name_are_refused(tmp_path: Path) -> None:
    clock = FakeClock()
    twins = [RecordingActuator("arm", clock), RecordingActuator("arm", clock)]
    with pytest.raises(SettingsError, match="two devices"), make_rig(Plan(tmp_path, [], devices=twins)):
        pass
    with pytest.raises(SettingsError, match="two stations"), make_rig(Plan(tmp_path, [ScriptedStation()] * 2)):
        pass


# The pulse


async def test_the_beat_says_how_everything_is(tmp_path: Path) -> None:
    station = ScriptedStation(health=lambda: Health(Level.ATTENTION, "bypass", {"late": "Three were late."}))
    async with running_line(Plan(tmp_path, [station])) as rig:
        await (await rig.see("place", "a")).recorded
        await rig.advance(0.5)
        beat = rig.beat
        assert (beat["at"], beat["sequence"], beat["clock_set"]) == (rig.clock.utc_s, 1, True)
        assert beat["stations"]["place"] == {
            "level": "attention",
            "state": "bypass",
            "faults": {"late": "Three were late."},
            "depth": 0,
            "counts": {"samples": 1},
            "errors": 0,
        }
        assert (beat["held"], beat["lost"]) == (0, 0)


async def test_a_health_that_fails_is_a_fault_and_the_beat_goes_on(tmp_path: Path) -> None:
    def fail() -> Health:
        raise ValueError("broken")

    async with running_line(Plan(tmp_path, [ScriptedStation(health=fail)])) as rig:
        await rig.advance(0.5)
        assert rig.beat["stations"]["place"]["level"] == "fault"


async def test_an_unset_clock_is_said(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation()], clock=FakeClock(utc_s=1000.0))) as rig:
        assert rig.beat["clock_set"] is False


async def test_a_second_line_on_the_same_socket_touches_nothing(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation()])) as rig:
        await (await rig.see("place", "a")).recorded
        station = ScriptedStation()
        with make_rig(Plan(tmp_path, [station])) as second, pytest.raises(PortBusyError):
            await second.line.start()
        assert station.saved is None and station.restored == []


async def test_a_clean_stop_finishes_what_is_under_way_and_takes_nothing_new(tmp_path: Path) -> None:
    clock = FakeClock()
    arm = RecordingActuator("arm", clock)

    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(events=saw(sample).events, actions=(Action("arm", 1, until_s=1, at_s=0.5, protective=True),))

    with make_rig(Plan(tmp_path, [ScriptedStation(decide=decide)], devices=[arm], clock=clock)) as rig:
        await rig.line.start()
        await rig.see("place", "a")
        await turns()
        stopping = asyncio.create_task(rig.line.stop())
        await turns()
        late = asyncio.create_task(rig.see("place", "b"))
        await rig.advance(0.5)
        await asyncio.wait_for(stopping, 5)
        assert not late.done()
        late.cancel()
        assert len(arm.taken) == 1
        assert [event.subject for event in rig.recorded("seen")] == ["a"]
        assert rig.events.load_state("place") == ({"seen": 1}, 1)
