from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from core.errors import DeviceError, PortBusyError, StoreError
from healthcare.hl7.frames import framed
from healthcare.hl7.mllp import MllpServer, make
from healthcare.hl7.settings import MllpCaptureSettings, MllpSettings
from tests.healthcare.hl7.listeners import Client, Line, listening, sending, settings, until
from tests.healthcare.hl7.messages import alarm, frame, movement, observations
from verticals.contract import Action, DeviceSpec, Sample
from verticals.devices.base import Surroundings
from verticals.places import Places


async def test_a_message_becomes_a_sample_and_is_acknowledged() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        assert await client.ask(observations("1")) == ("AA", "1")
        assert await client.ask(alarm(id="2")) == ("AA", "2")
        assert await client.ask(movement("A01", id="3")) == ("AA", "3")
    assert [sample.values["kind"] for sample in line.samples] == ["numerics", "monitor-alarm", "patient"]


async def test_nothing_is_acknowledged_before_it_is_recorded() -> None:
    line, server = Line(records=False), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        await client.send(observations("1"))
        await until(lambda: line.samples)
        with pytest.raises(TimeoutError):
            await client.code(within_s=0.05)
        line.samples[0].recorded.settle(7)
        assert await client.code() == ("AA", "1")


async def test_a_message_with_several_samples_waits_for_all_of_them() -> None:
    line, server = Line(records=False), MllpServer("feed", settings())
    two = frame("PID|||1", "PV1||I|A^1^1", "OBX|1|NM|147842||60", "PID|||2", "PV1||I|A^1^2", "OBX|1|NM|147842||80")
    async with listening(server, line), sending(server) as client:
        await client.send(two)
        await until(lambda: len(line.samples) == 2)
        line.samples[1].recorded.settle(1)
        with pytest.raises(TimeoutError):
            await client.code(within_s=0.05)
        line.samples[0].recorded.settle(2)
        assert (await client.code())[0] == "AA"


async def test_what_could_not_be_recorded_is_an_error_and_comes_in_when_repeated() -> None:
    line, server = Line(records=False), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        await client.send(observations("1"))
        await until(lambda: line.samples)
        line.samples[0].recorded.fail(StoreError("the disk is full"))
        assert await client.code() == ("AE", "1")
        line.records = True
        assert await client.ask(observations("1")) == ("AA", "1")
        assert await client.ask(observations("1")) == ("AA", "1")
    assert len(line.samples) == 2


async def test_a_pipelining_sender_is_answered_in_its_order_however_recording_ends() -> None:
    line, server = Line(records=False), MllpServer("feed", settings(window=8))
    async with listening(server, line), sending(server) as client:
        await client.send(*(observations(str(number)) for number in range(6)))
        await until(lambda: len(line.samples) == 6)  # side by side: none waits for the record of another
        for sample in reversed(line.samples):
            sample.recorded.settle(1)
        assert [await client.code() for _ in range(6)] == [("AA", str(number)) for number in range(6)]


async def test_beyond_the_window_the_sender_is_held_up() -> None:
    line, server = Line(records=False), MllpServer("feed", settings(window=2))
    async with listening(server, line), sending(server) as client:
        await client.send(*(observations(str(number)) for number in range(10)))
        await until(lambda: len(line.samples) >= 4)
        await asyncio.sleep(0.02)
        assert len(line.samples) == 4  # one being answered, two that wait, one at the door
        line.records = True
        for sample in line.samples:
            sample.recorded.settle(1)
        assert [(await client.code())[1] for _ in range(10)] == [str(number) for number in range(10)]


async def test_who_waits_for_each_answer_is_urgent_and_who_sends_ahead_is_not() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        await client.ask(observations("1"))
        await client.ask(observations("2"))
        await client.send(observations("3"), observations("4"), observations("5"))
        assert [await client.code() for _ in range(3)] == [("AA", "3"), ("AA", "4"), ("AA", "5")]
        line.clock.advance(1.0)
        await client.ask(observations("6"))
        await client.ask(observations("7"))
    assert [sample.recorded.urgent for sample in line.samples] == [False, True, False, False, False, False, False]


async def test_when_half_the_window_waits_the_record_is_urgent() -> None:
    line, server = Line(records=False), MllpServer("feed", settings(window=8))
    async with listening(server, line), sending(server) as client:
        await client.send(*(observations(str(number)) for number in range(6)))
        await until(lambda: len(line.samples) == 6)
        assert [sample.recorded.urgent for sample in line.samples] == [False, False, False, False, True, True]


async def test_a_repetition_over_a_second_link_is_acknowledged_and_taken_once() -> None:
    line, server = Line(records=False), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as first:
        await first.send(observations("1"))
        await until(lambda: line.samples)
        await first.close()
        async with sending(server) as second:
            await second.send(observations("1"))
            await asyncio.sleep(0.02)
            line.samples[0].recorded.settle(1)
            assert await second.code() == ("AA", "1")
    assert len(line.samples) == 1


async def test_what_was_taken_from_a_sender_that_hung_up_is_seen_through() -> None:
    line, server = Line(records=False), MllpServer("feed", settings())
    async with listening(server, line):
        async with sending(server) as client:
            await client.send(observations("1"))
            await until(lambda: line.samples)
        await until(lambda: server.peers.connected == 0)
        line.samples[0].recorded.settle(1)
        async with sending(server) as again:
            assert await again.ask(observations("1")) == ("AA", "1")
    assert len(line.samples) == 1


async def test_a_sender_that_closes_its_half_still_gets_its_answer() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        client.writer.write(framed(observations("1")))
        client.writer.write_eof()
        assert await client.code() == ("AA", "1")
        assert await client.hung_up()


async def test_split_merged_and_broken_frames_do_not_end_the_link() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        whole = b"noise\r\n" + framed(observations("1")) + b"\x0bMSH|^~\\&|broken off" + framed(observations("2"))
        for at in range(0, len(whole), 97):
            client.writer.write(whole[at : at + 97])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert [await client.code() for _ in range(2)] == [("AA", "1"), ("AA", "2")]
        assert (await client.ask(b"\xff\xfe garbage"))[0] == "AE"
        assert await client.ask(observations("3")) == ("AA", "3")


async def test_a_frame_that_is_too_long_is_answered_and_ends_the_link_alone() -> None:
    line, server = Line(), MllpServer("feed", settings(frame_limit=2048.0))
    async with listening(server, line), sending(server) as client:
        await client.send(observations("1") + b"NTE|" + b"x" * 5000)
        assert await client.code() == ("AE", "1")
        assert await client.hung_up()
        async with sending(server) as another:
            assert await another.ask(observations("2")) == ("AA", "2")


async def test_a_frame_that_does_not_end_and_an_idle_link_are_given_up() -> None:
    line, server = Line(), MllpServer("feed", settings(frame_within=0.05, idle_timeout=0.05))
    async with listening(server, line):
        async with sending(server) as begun:
            begun.writer.write(b"\x0bMSH|")
            assert await begun.hung_up()
        async with sending(server) as idle:
            assert await idle.hung_up()


async def test_an_unlisted_address_is_refused_counted_and_told_once() -> None:
    line, server = Line(), MllpServer("feed", settings(peers=("10.0.0.0/8",)))
    async with listening(server, line):
        for _ in range(3):
            client = await Client.connect(server)
            assert await client.hung_up()
            await client.close()
    assert server.peers.refused == {"127.0.0.1": 3}
    assert line.told.count(("peer-refused", False)) == 1
    assert "127.0.0.1" in line.news[0].detail
    assert not line.samples


async def test_more_links_than_allowed_are_not_let_in_until_one_ends() -> None:
    line, server = Line(), MllpServer("feed", settings(connections=1))
    async with listening(server, line):
        async with sending(server) as first:
            await first.ask(observations("1"))
            second = await Client.connect(server)
            assert await second.hung_up()
            await second.close()
        await until(lambda: ("too-many-links", True) in line.told)
        async with sending(server) as third:
            assert await third.ask(observations("2")) == ("AA", "2")
    assert line.told.count(("too-many-links", False)) == 1


async def test_silence_is_told_with_and_without_a_link_and_its_end_too() -> None:
    line, server = Line(), MllpServer("feed", settings(silent_after=10.0))
    async with listening(server, line):
        await server.steer(ready=True, beat=1)
        line.clock.advance(10.5)
        await server.steer(ready=True, beat=3)
        assert (line.told, line.news[-1].detail) == ([("feed-silent", False)], "no monitor or gateway is connected")
        async with sending(server) as client:
            await client.ask(observations("1"))
            await server.steer(ready=True, beat=5)
            assert line.told[-1] == ("feed-silent", True)
            line.clock.advance(10.5)
            await server.steer(ready=True, beat=7)
            await server.steer(ready=True, beat=9)
    assert line.told[2:] == [("peer-silent", False), ("feed-silent", False)]
    assert line.news[-1].detail == "1 connected, and no observation arrives"
    assert "ACME_GW at 127.0.0.1" in line.news[-2].detail


async def test_a_sender_of_admissions_alone_may_be_silent() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        await client.ask(movement("A01"))
        line.clock.advance(60)
        await server.steer(ready=True, beat=1)
    assert [code for code, _ in line.told] == ["feed-silent"]


async def test_the_desk_hears_each_second_how_the_feed_is() -> None:
    line, server = Line(), MllpServer("feed", settings())
    async with listening(server, line), sending(server) as client:
        await client.ask(observations("1"))
        line.clock.advance(2.0)
        for beat in range(4):
            await server.steer(ready=True, beat=beat)
    states = [sample.values for sample in line.samples if sample.values["kind"] == "link"]
    assert len(states) == 2
    assert (states[0]["feed"], states[0]["ok"], states[0]["age_s"]) == ("feed", True, 2.0)
    assert json.loads(str(states[0]["peers"])) == [
        {"address": "127.0.0.1", "sender": "ACME_GW", "connected": True, "messages": 1, "refused": 0, "age_s": 2.0}
    ]
    assert json.loads(str(states[0]["counts"]))["ORU-R01"] == 1


async def test_a_listener_takes_no_orders_and_says_when_its_port_is_taken() -> None:
    line, server = Line(), MllpServer("feed", settings())
    with pytest.raises(DeviceError):
        await server.act(Action("feed", 1, 1.0))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortBusyError):
            await MllpServer("feed", settings(port=taken.getsockname()[1])).run(line.port())


async def test_what_came_before_a_restart_of_the_listener_is_known_after_it() -> None:
    line, server = Line(), MllpServer("feed", settings())
    for _ in range(2):
        async with listening(server, line), sending(server) as client:
            assert await client.ask(observations("1")) == ("AA", "1")
    assert len(line.samples) == 1


async def test_a_fault_behind_the_port_ends_the_link_and_not_the_listener() -> None:
    class Broken(Line):
        async def emit(self, sample: Sample) -> None:
            if not self.samples:
                self.samples.append(sample)
                raise RuntimeError("broken")
            await super().emit(sample)

    line, server = Broken(), MllpServer("feed", settings())
    async with listening(server, line):
        async with sending(server) as client:
            await client.send(observations("1"))
            assert await client.hung_up()
        async with sending(server) as client:
            assert await client.ask(observations("1")) == ("AA", "1")


async def test_plain_text_beyond_loopback_is_told_as_long_as_it_lasts() -> None:
    line = Line()
    plain = settings(host="0.0.0.0", peers=("127.0.0.1",), unencrypted_beyond_loopback=True)
    async with listening(MllpServer("feed", plain), line):
        assert line.told == [("unencrypted", False)]


async def test_make_captures_where_the_site_asks_for_it(tmp_path: Path) -> None:
    line = Line()
    spec = DeviceSpec("feed", "hl7", "", settings(capture=MllpCaptureSettings()))
    server = make(spec, Surroundings("healthcare", Places(tmp_path), line.clock))
    async with listening(server, line), sending(server) as client:
        await client.ask(observations("1"))
    kept = (tmp_path / "healthcare" / "captures" / "feed" / "mllp.capture").read_bytes()
    assert observations("1") in kept


def test_the_usual_settings_are_those_of_the_standard() -> None:
    usual = MllpSettings()
    assert (usual.host, usual.port, usual.silent_after, usual.idle_timeout) == ("127.0.0.1", 2575, 10.0, 0.0)
