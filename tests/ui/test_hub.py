from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clocks import FakeClock
from tests.support.screens import MANIFEST, Trial, trial_panel
from ui.hub import STALE_AFTER_S, WAITING_LIMIT, Hub, Screen
from verticals.contract import Event
from verticals.places import Places
from verticals.runtime.bridge import Bridge
from verticals.runtime.live import LiveMessage
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    places = Places(tmp_path / "data")
    places.make("trial")
    return EventStore(open_database(prepare_app_db(places, MANIFEST)))


@pytest.fixture
async def hub(store: EventStore, tmp_path: Path) -> AsyncIterator[Hub]:
    bridge = Bridge()
    made = Hub(store, bridge, FakeClock(), Trial(trial_panel(tmp_path)).panel().tell)
    await made.prepare()
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    bridge.close()


def event(kind: str = "part", subject: str = "1") -> Event:
    return Event(kind, subject, 0.0)


async def heard(screen: Screen, kind: str) -> dict[str, Any]:
    """The next frame of this kind."""
    async with asyncio.timeout(5):
        while True:
            content = await screen.next()
            assert isinstance(content, str)
            frame: dict[str, Any] = json.loads(content)
            if frame["t"] == kind:
                return frame


async def test_a_new_screen_hears_first_how_things_stand(hub: Hub) -> None:
    hub.receive(LiveMessage("beat", {"clock_set": False, "stations": {"press": {"level": "good"}}}))
    hub.receive(LiveMessage("live", {"station": "press", "data": {"speed": 3}}))
    hub.receive(LiveMessage("live", {"station": "press", "data": {"count": 7}}))
    screen = hub.join(0)
    assert (await heard(screen, "hello"))["boot"] == hub.boot
    beat = await heard(screen, "beat")
    assert beat["line"] == {"clock_set": False}
    assert beat["stale"] is False and beat["stations"] == {"press": {"level": "good"}}
    assert (await heard(screen, "snapshot"))["stations"] == {"press": {"speed": 3, "count": 7}}
    assert hub.live()["stations"] == {"press": {"level": "good", "speed": 3, "count": 7}}


async def test_new_events_are_read_once_and_told_to_all(hub: Hub, store: EventStore) -> None:
    screens = [hub.join(0), hub.join(0)]
    store.append([Entry([event(), event("silent"), event("part", "2")])])
    hub.receive(LiveMessage("stored", {"sequence": 3}))
    for screen in screens:
        first, second = await heard(screen, "event"), await heard(screen, "event")
        assert first == {"t": "event", "sequence": 1, "event": {"kind": "part", "subject": "1"}}
        assert second["sequence"] == 3
    assert hub.sequence == 3


async def test_a_beat_that_names_a_newer_number_makes_up_for_a_lost_word(hub: Hub, store: EventStore) -> None:
    screen = hub.join(0)
    store.append([Entry([event()])])
    hub.receive(LiveMessage("beat", {"sequence": 1}))
    assert (await heard(screen, "event"))["sequence"] == 1


async def test_events_whose_pictures_are_on_their_way_wait_for_the_lines_word(hub: Hub, store: EventStore) -> None:
    hub.changed(True)
    screen = hub.join(0)
    store.append([Entry([event(subject=str(n)) for n in (1, 2, 3)])])
    hub.receive(LiveMessage("stored", {"sequence": 1}))
    assert (await heard(screen, "event"))["sequence"] == 1
    hub.receive(LiveMessage("stored", {"sequence": 1}))
    hub.receive(LiveMessage("stored", {"sequence": 3}))
    assert [(await heard(screen, "event"))["sequence"] for _ in range(2)] == [2, 3]


async def test_a_screen_that_was_away_gets_what_it_missed(hub: Hub, store: EventStore) -> None:
    store.append([Entry([event(subject=str(n)) for n in range(1, 6)])])
    hub.receive(LiveMessage("stored", {}))
    await heard_when_known(hub, 5)
    screen = hub.join(3)
    assert [(await heard(screen, "event"))["sequence"] for _ in range(2)] == [4, 5]


async def heard_when_known(hub: Hub, sequence: int) -> None:
    probe = hub.join(hub.sequence)
    while hub.sequence < sequence:
        await heard(probe, "event")
    hub.leave(probe)


async def test_a_screen_that_was_away_too_long_loads_anew(hub: Hub, store: EventStore) -> None:
    for start in range(0, 600, 100):
        store.append([Entry([event(subject=str(start + n)) for n in range(100)])])
    hub.receive(LiveMessage("stored", {}))
    await heard_when_known(hub, 600)
    assert (await heard(hub.join(3), "reload"))["t"] == "reload"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await heard(hub.join(600), "reload")
        raise AssertionError("a screen that knows everything was sent away")


async def test_an_event_that_the_app_cannot_tell_takes_nobody_down(
    hub: Hub, store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    screen = hub.join(0)
    store.append([Entry([event("broken"), event()])])
    hub.receive(LiveMessage("stored", {}))
    assert (await heard(screen, "event"))["sequence"] == 2
    assert "event 1 (broken) cannot be told" in caplog.text


async def test_a_line_that_goes_is_told_at_once(hub: Hub) -> None:
    hub.changed(True)
    hub.receive(LiveMessage("beat", {}))
    screen = hub.join(0)
    await heard(screen, "beat")
    hub.changed(False)
    beat = await heard(screen, "beat")
    assert beat["stale"] is True and beat["line_age_s"] is None


async def test_a_line_that_falls_silent_is_stale_by_its_age(hub: Hub) -> None:
    clock = hub._clock
    assert isinstance(clock, FakeClock)
    hub.receive(LiveMessage("beat", {}))
    assert json.loads(hub._beat_frame())["stale"] is False
    clock.advance(STALE_AFTER_S)
    assert hub.live()["age_s"] == STALE_AFTER_S
    assert json.loads(hub._beat_frame())["stale"] is True


async def test_waves_travel_as_bytes_with_their_head(hub: Hub) -> None:
    screen = hub.join(0)
    hub.receive(LiveMessage("live", {"station": "bed-7", "data": {"channel": "ecg_mv"}}, b"\x00\x01"))
    while isinstance(content := await screen.next(), str):
        pass
    size = int.from_bytes(content[:4], "big")
    assert json.loads(content[4 : 4 + size]) == {"station": "bed-7", "data": {"channel": "ecg_mv"}}
    assert content[4 + size :] == b"\x00\x01"


async def test_what_is_no_live_value_is_passed_over(hub: Hub) -> None:
    for data in ({}, {"station": 3, "data": {}}, {"station": "press", "data": 3}):
        hub.receive(LiveMessage("live", data))
    hub.receive(LiveMessage("unheard-of", {}))
    assert hub.live() == {"age_s": None, "stations": {}, "line": {}}


async def test_a_slow_screen_loses_its_oldest_waves_and_nothing_else() -> None:
    screen = Screen(limit=3)
    for frame in ("a", b"1", b"2", "b", "c"):
        screen.put(frame)
    assert not screen.full.is_set()
    assert [await screen.next() for _ in range(3)] == ["a", "b", "c"]


async def test_a_full_queue_marks_the_screen_and_keeps_its_bound() -> None:
    screen = Screen(limit=3)
    for n in range(5):
        screen.put(str(n))
    assert screen.full.is_set()
    assert [await screen.next() for _ in range(3)] == ["0", "1", "2"]


def test_the_bound_of_a_screen_is_more_than_a_moment_of_a_busy_line() -> None:
    assert WAITING_LIMIT >= 64


async def test_a_store_that_is_gone_at_the_start_is_read_from_its_end_later(
    tmp_path: Path, store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = Places(tmp_path / "data").events_db("trial")
    store.append([Entry([event()])])
    store.engine.dispose()
    reader = open_database(path, read_only=True)
    hidden = path.rename(path.with_name("hidden.db"))
    bridge = Bridge()
    hub = Hub(EventStore(reader), bridge, FakeClock())
    await hub.prepare()
    assert "the store is gone" in caplog.text and hub.sequence == 0
    hidden.rename(path)
    await hub.prepare()
    assert hub.sequence == 1
    bridge.close()
