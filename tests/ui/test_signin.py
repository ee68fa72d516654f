from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clocks import FakeClock
from tests.support.screens import PIN, ScreenRig
from ui.signin import local_path
from verticals.store.access import AccessSettings


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def rig(tmp_path: Path, blank: Path, clock: FakeClock) -> Iterator[ScreenRig]:
    with ScreenRig(tmp_path, blank=blank, clock=clock, access=AccessSettings(kiosk_idle_limit=60.0)) as running:
        running.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
        running.accounts.add("Guest", PIN, {"other": "guest"}, by="test")
        yield running


def test_name_or_number_with_the_pin_opens_a_session(rig: ScreenRig) -> None:
    for who in ("Ada", "ada", "1"):
        client = rig.client()
        answer = client.sign_in(who)
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
        assert client.get("/settings").json()["who"] == "Ada"


def test_the_pad_of_a_page_gets_data(rig: ScreenRig) -> None:
    client = rig.client()
    values = {"csrf": client.csrf(), "who": "Ada", "pin": PIN, "next": "/"}
    answer = client.post("/sign-in", data=values, headers={"Accept": "application/json"})
    assert answer.json() == {"signed_in": True, "to": "/"}


def test_a_wrong_pin_says_no_more_than_that(rig: ScreenRig) -> None:
    answer, stranger = rig.client().sign_in("Ada", "0000"), rig.client().sign_in("Nobody", "0000")
    assert answer.status_code == stranger.status_code == 401
    alert = [page.text.partition('role="alert"')[2].partition("</p>")[0] for page in (answer, stranger)]
    assert alert[0] == alert[1] and "0000" not in answer.text


def test_wrong_pins_lock_out_and_say_for_how_long(rig: ScreenRig, clock: FakeClock) -> None:
    client = rig.client()
    for _ in range(5):
        client.sign_in("Ada", "0000")
    clock.advance(10.0)
    locked = client.sign_in("Ada", PIN)
    assert locked.status_code == 401
    assert "too many wrong PINs" in locked.text and "Try again in" in locked.text
    clock.advance(120.0)
    assert client.sign_in("Ada", PIN).status_code == 303


def test_tries_from_one_place_are_limited_whoever_is_named(rig: ScreenRig) -> None:
    client = rig.client()
    statuses = [client.sign_in(f"somebody {n}", "0000").status_code for n in range(12)]
    assert statuses.count(429) >= 1


def test_somebody_without_a_role_here_stays_outside(rig: ScreenRig) -> None:
    client = rig.client()
    answer = client.sign_in("Guest")
    assert answer.status_code == 401 and "no role in trial" in answer.text
    assert client.get("/settings").status_code == 303


def test_signing_out_ends_the_session_itself(rig: ScreenRig) -> None:
    client = rig.client()
    client.sign_in("Ada")
    token = client.cookies["edgewise_trial"]
    assert client.post("/sign-out", data={"csrf": client.csrf()}).headers["location"] == "/"
    client.cookies.set("edgewise_trial", token)
    assert client.get("/settings").status_code == 303


def test_the_kiosk_falls_back_after_a_minute_in_which_nobody_did_anything(rig: ScreenRig, clock: FakeClock) -> None:
    client = rig.client()
    client.sign_in("Ada")
    clock.advance(50.0)
    assert client.get("/settings").status_code == 200  # somebody looked: the minute begins anew
    clock.advance(50.0)
    assert (
        client.get("/settings", headers={"Sec-Fetch-Mode": "cors"}).status_code == 200
    )  # a script looked: it does not
    clock.advance(20.0)
    assert client.get("/settings").status_code == 303
    assert "nobody as operator" in client.get("/").text


def test_a_new_sign_in_ends_the_one_before(rig: ScreenRig) -> None:
    rig.accounts.add("Bo", PIN, {"trial": "operator"}, by="test")
    client = rig.client()
    client.sign_in("Ada")
    first = client.cookies["edgewise_trial"]
    client.sign_in("Bo")
    client.cookies.delete("edgewise_trial")
    client.cookies.set("edgewise_trial", first)
    assert client.get("/settings").status_code == 303


@pytest.mark.parametrize(
    ("to", "path"),
    [("/line/3?x=1", "/line/3?x=1"), ("https://elsewhere", "/"), ("//elsewhere", "/"), ("/\\elsewhere", "/"),
     ("", "/"), ("/a\nb", "/"), ("/sign-in?next=/", "/")],
)  # fmt: skip
def test_only_paths_of_this_site_are_gone_to(to: str, path: str) -> None:
    assert local_path(to) == path


def test_what_a_page_says_by_itself_keeps_nobody_signed_in(rig: ScreenRig, clock: FakeClock) -> None:
    """A screen that reports every few seconds that it can sound is no person."""
    client = rig.client()
    client.sign_in("Ada")
    said = {"Accept": "application/json", "X-CSRF-Token": client.csrf(), "X-Beat": "1"}
    clock.advance(40.0)
    client.post("/order", json={}, headers=said)
    clock.advance(30.0)
    assert client.get("/settings", headers={"Sec-Fetch-Mode": "cors", "Accept": "application/json"}).status_code == 401
    client.sign_in("Ada")
    clock.advance(40.0)
    client.order("/order", {})
    clock.advance(30.0)
    assert client.get("/settings", headers={"Sec-Fetch-Mode": "cors"}).status_code == 200
