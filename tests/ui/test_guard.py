from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from core.clock import SystemClock
from tests.support.screens import MANIFEST, PIN, ScreenRig, trial_panel
from ui.csrf import Csrf
from ui.guard import Guard
from ui.identity import Identities, Peer
from verticals.store.sessions import Sessions
from verticals.web import Page


def test_every_route_has_a_declared_role(rig: ScreenRig) -> None:
    rules = {rule.endpoint for rule in rig.web.app.url_map.iter_rules()}
    assert rules == set(rig.web.guard.roles)
    assert all(rig.web.guard.roles.values())


def test_a_page_without_a_role_does_not_start(tmp_path: Path) -> None:
    panel = trial_panel(tmp_path)
    with (
        pytest.raises(ValueError, match="/bare declares no role"),
        ScreenRig(tmp_path, panel=replace(panel, pages=(Page("/bare", panel.pages[0].view, ""),))),
    ):
        pass


def test_a_route_that_slipped_in_beside_the_guard_answers_nobody(rig: ScreenRig) -> None:
    rig.web.app._got_first_request = False
    rig.web.app.add_url_rule("/slipped", view_func=lambda: "secret")
    answer = rig.client().get("/slipped")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


def test_the_box_s_own_screen_may_what_its_role_may_and_no_more(rig: ScreenRig) -> None:
    client = rig.client()
    assert client.get("/").status_code == 200
    page = client.get("/settings", params={"a": "b"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fsettings%3Fa%3Db")
    order = client.order("/tune", {})
    assert order.status_code == 401 and order.json()["error"] == "this needs somebody who is signed in"


def test_a_role_that_includes_another_may_both(rig: ScreenRig) -> None:
    rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
    client = rig.client()
    client.sign_in("Ada")
    assert client.get("/settings").json()["who"] == "Ada"
    assert client.get("/").status_code == 200


def test_too_small_a_role_is_told_which_it_takes(rig: ScreenRig) -> None:
    rig.accounts.add("Bo", PIN, {"trial": "operator"}, by="test")
    client = rig.client(Accept="application/json")
    client.headers["Accept"] = "text/html"
    client.sign_in("Bo")
    answer = client.get("/settings", headers={"Accept": "application/json"})
    assert answer.status_code == 403 and "'engineer'" in answer.json()["hint"]


def test_without_a_kiosk_role_nothing_is_shown_before_a_sign_in(tmp_path: Path) -> None:
    with ScreenRig(tmp_path, manifest=replace(MANIFEST, kiosk_role="")) as rig:
        client = rig.client()
        assert client.get("/").status_code == 303
        assert client.get("/evidence/" + "0" * 64, headers={"Accept": "application/json"}).status_code == 401
        assert client.get("/healthz/ready").status_code == 200


def test_who_comes_through_a_proxy_is_not_the_box_s_screen(rig: ScreenRig) -> None:
    assert rig.client(**{"X-Forwarded-For": "10.1.2.3"}).get("/").status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_change_without_the_page_s_token_is_refused(rig: ScreenRig, token: str) -> None:
    client = rig.client()
    client.csrf()
    answer = client.post("/order", json={}, headers={"X-CSRF-Token": token, "Accept": "application/json"})
    assert answer.status_code == 403 and "too old" in answer.json()["error"]
    assert client.post("/sign-in", data={"who": "1", "pin": PIN}).status_code == 403


def test_a_token_is_worth_nothing_in_another_browser(rig: ScreenRig) -> None:
    stolen = rig.client().csrf()
    other = rig.client()
    other.csrf()
    assert other.post("/order", json={}, headers={"X-CSRF-Token": stolen}).status_code == 403


def test_a_change_from_another_site_is_refused_even_with_a_token(rig: ScreenRig) -> None:
    answer = rig.client().order("/order", {}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and "another site" in answer.json()["error"]


def test_a_screen_that_fires_changes_is_slowed(rig: ScreenRig) -> None:
    client = rig.client()
    answers = [client.post("/order", json={}) for _ in range(120)]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == 403 and slowed
    assert int(slowed[0].headers["retry-after"]) >= 1


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(rig: ScreenRig) -> None:
    rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
    client = rig.client()
    for answer in (client.get("/"), client.sign_in("Ada")):
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie


def test_add_refuses_a_page_without_a_role(rig: ScreenRig) -> None:
    sessions = Sessions(rig.store.engine, rig.web.desk.audit_chain, SystemClock())  # type: ignore[attr-defined]
    guard = Guard(Flask("bare"), Identities(MANIFEST, sessions), Csrf(b"k" * 32), SystemClock(), secure=False)
    with pytest.raises(ValueError, match="declares no role"):
        guard.add("/bare", lambda: "", "")


@pytest.mark.parametrize(
    ("address", "headers", "at_the_box"),
    [
        ("127.0.0.1", [], True),
        ("::1", [], True),
        ("10.0.0.9", [], False),
        ("127.0.0.1", ["Forwarded"], False),
        ("?", [], False),
    ],
)
def test_only_loopback_without_a_proxy_is_at_the_box(address: str, headers: list[str], at_the_box: bool) -> None:
    assert Peer.of(address, headers).at_the_box is at_the_box
