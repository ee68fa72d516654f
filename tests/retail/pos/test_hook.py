"""The webhook over real HTTP: signed messages are in the inbox when they are answered, all others change nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.clock import SystemClock
from retail.pos.settings import PosSettings
from retail.settings import RetailSettings
from retail.vertical import Retail
from tests.retail.pos.test_transaction import POSLOG, SALE, json_of
from tests.support.screens import ScreenRig
from verticals.signature import HEADER, sign
from verticals.store.inbox import Inbox
from verticals.store.upgrade import prepare_app_db, prepare_box_db

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[ScreenRig]:
    path = tmp_path / "pos.secret"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    store = RetailSettings("Store 014", pos=PosSettings(str(path)))
    rig = ScreenRig(tmp_path, vertical=Retail(), manifest=Retail.manifest, settings=store)
    rig.places.make("retail")
    prepare_app_db(rig.places, Retail.manifest)
    prepare_box_db(rig.places)
    with rig as running:
        yield running


def send(rig: ScreenRig, body: bytes, media_type: str = "application/json", **headers: str) -> httpx.Response:
    given = {HEADER: sign(SECRET, SystemClock().now().utc_s, body), "Content-Type": media_type, **headers}
    return httpx.post(f"{rig.url}/hooks/pos", content=body, headers=given)


def brought(rig: ScreenRig) -> list[Mapping[str, Any]]:
    return [fact.payload for fact in Inbox(rig.store.engine).pending()]


def test_a_signed_sale_is_in_the_store_when_it_is_answered(rig: ScreenRig) -> None:
    answer = send(rig, json_of())
    assert (answer.status_code, answer.json()) == (200, {"taken": 1, "ignored": 0, "refused": 0, "reasons": []})
    [payload] = brought(rig)
    assert payload["documents"][0]["ref"] == "2026-11-30/17"


def test_the_same_message_once_more_is_answered_and_kept_once(rig: ScreenRig) -> None:
    for _ in range(3):
        assert send(rig, json_of()).status_code == 200
    assert len(brought(rig)) == 1


def test_poslog_and_csv_come_by_the_same_door(rig: ScreenRig) -> None:
    csv = b"workstation,sequence,business_date,time,item,quantity\n3,18,2026-11-30,2026-11-30T09:00:00,4711,1\n"
    assert send(rig, POSLOG, "text/xml; charset=utf-8").json()["taken"] == 1
    assert send(rig, csv, "text/csv").json()["taken"] == 1
    assert len(brought(rig)) == 2


def test_a_wrong_transaction_is_kept_for_a_person_and_the_till_need_not_send_it_again(rig: ScreenRig) -> None:
    body = json.dumps({"transactions": [SALE, {**SALE, "sequence": "18", "kind": "sail"}]}).encode()
    answer = send(rig, body).json()
    assert (answer["taken"], answer["refused"]) == (1, 1) and "sail" in answer["reasons"][0]
    assert "sail" in brought(rig)[0]["documents"][1]["refused"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({HEADER: ""}, 403), ({HEADER: sign(b"x" * 32, time.time(), json_of())}, 403),
     ({HEADER: sign(SECRET, time.time() - 3600, json_of())}, 403), ({"Content-Type": "text/plain"}, 400)],
)  # fmt: skip
def test_a_message_that_is_not_rightly_signed_changes_nothing(
    rig: ScreenRig, headers: dict[str, str], status: int
) -> None:
    answer = send(rig, json_of(), **headers)
    assert answer.status_code == status and answer.json()["error"]
    assert brought(rig) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"nonsense", b"\xff" * 50])
def test_what_cannot_be_read_is_said_and_nothing_is_taken(rig: ScreenRig, body: bytes) -> None:
    answer = send(rig, body)
    assert answer.status_code == 400 and answer.json()["error"]
    assert brought(rig) == []


def test_training_mode_is_answered_and_leaves_nothing(rig: ScreenRig) -> None:
    assert send(rig, json_of(kind="training")).json()["ignored"] == 1
    assert brought(rig) == []


def test_only_posts_are_taken_and_no_session_is_asked_for(rig: ScreenRig) -> None:
    assert httpx.get(f"{rig.url}/hooks/pos").status_code == 405
    assert send(rig, json_of(), Cookie="session=abc").status_code == 200


def test_a_site_without_a_secret_has_no_webhook(tmp_path: Path) -> None:
    rig = ScreenRig(tmp_path, vertical=Retail(), manifest=Retail.manifest, settings=RetailSettings("Store 014"))
    rig.places.make("retail")
    prepare_app_db(rig.places, Retail.manifest)
    prepare_box_db(rig.places)
    with rig as running:
        assert send(running, json_of()).status_code == 404
