from __future__ import annotations

import re

import pytest

from core.clock import SystemClock
from tests.support.screens import ScreenRig
from ui.headers import CONTENT_POLICY
from verticals.contract import Evidence
from verticals.store.evidence import EvidenceStore


def test_a_page_of_the_app_stands_in_the_shell(rig: ScreenRig) -> None:
    page = rig.client().get("/")
    assert page.status_code == 200
    assert "<h1>nobody as operator</h1>" in page.text
    assert 'data-theme="plant"' in page.text
    assert f'data-boot="{rig.web.hub.boot}"' in page.text


def test_a_view_gets_path_query_and_person(rig: ScreenRig) -> None:
    answer = rig.client().get("/data/slot-7", params={"since": "3"})
    assert answer.json() == {"path": {"thing": "slot-7"}, "query": {"since": "3"}, "who": "", "role": "operator"}


def test_a_file_comes_with_its_name_and_a_go_leads_on(rig: ScreenRig) -> None:
    file = rig.client().get("/file")
    assert file.content == b"a,b\n"
    assert file.headers["content-disposition"] == "attachment; filename=list.csv"
    assert rig.client().get("/go").headers["location"] == "/data/there"


def test_an_upload_reaches_the_view_and_the_inbox(rig: ScreenRig) -> None:
    client = rig.client()
    given = {"csrf": client.csrf(), "key": "receipt-1"}
    first = client.post("/bring", data=given, files={"picture": ("shelf.png", b"bytes")})
    again = client.post("/bring", data=given, files={"picture": ("shelf.png", b"bytes")})
    assert first.json()["id"] == again.json()["id"] > 0


@pytest.mark.parametrize(("how", "status", "word"), [("input", 400, "no such thing"), ("refused", 409, "not now")])
def test_a_fault_of_the_house_is_told_as_it_stands(rig: ScreenRig, how: str, status: int, word: str) -> None:
    page = rig.client().get(f"/fails/{how}")
    assert page.status_code == status
    assert word in page.text and page.headers["content-type"].startswith("text/html")
    data = rig.client(Accept="application/json").get(f"/fails/{how}")
    assert data.status_code == status and data.json()["error"] == word


def test_an_unforeseen_fault_shows_no_traceback(rig: ScreenRig, caplog: pytest.LogCaptureFixture) -> None:
    page = rig.client().get("/fails/badly")
    assert page.status_code == 500
    assert "secret" not in page.text and "Traceback" not in page.text
    assert "secret inside" in caplog.text


def test_a_page_that_is_not_there_says_so_as_page_and_as_data(rig: ScreenRig) -> None:
    assert "No such page" in rig.client().get("/nowhere").text
    assert rig.client(Accept="application/json").get("/nowhere").json()["code"] == "http"


def test_every_answer_carries_the_content_policy(rig: ScreenRig) -> None:
    client = rig.client()
    for path in ("/", "/nowhere", "/static/ui/base.css", "/healthz/ready", "/file"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == CONTENT_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_health_says_what_it_stands_on(rig: ScreenRig) -> None:
    client = rig.client()
    assert client.get("/healthz/live").json() == {"live": True}
    before = client.get("/healthz/ready").json()
    assert before["ready"] is True and before["line_stale"] is True and before["line_age_s"] is None
    rig.start_line()
    rig.beat()
    rig.in_loop(_turn())
    assert client.get("/healthz/ready").json()["streams"] == 0


async def _turn() -> None:
    return None


def test_metrics_can_be_scraped(rig: ScreenRig) -> None:
    text = rig.client().get("/metrics").text
    assert 'edge_web_streams{app="trial"} 0.0' in text
    assert 'edge_web_refused_peers_total{app="trial"} 0.0' in text
    assert "edge_web_request_seconds_bucket" in text


def test_evidence_may_be_kept_for_ever_and_strays_are_not_found(rig: ScreenRig) -> None:
    keep = EvidenceStore(rig.places.evidence("trial"), rig.store.engine, 1e9, 0.0, SystemClock())
    sha256 = keep.put(Evidence(b"\x89PNG\r\n\x1a\npicture"))
    client = rig.client()
    picture = client.get(f"/evidence/{sha256}")
    assert picture.content.endswith(b"picture") and picture.headers["content-type"] == "image/png"
    assert "immutable" in picture.headers["cache-control"]
    assert client.get(f"/evidence/{sha256}", headers={"If-None-Match": f'"{sha256}"'}).status_code == 304
    assert client.get("/evidence/" + "0" * 64).status_code == 404
    assert client.get("/evidence/..%2f..%2fevents.db").status_code == 404


def test_static_files_are_asked_for_and_not_sent_twice(rig: ScreenRig) -> None:
    client = rig.client()
    first = client.get("/static/ui/main.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/static/ui/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/static/trial/page.css").status_code == 200
    for path in ("/static/ui/../../app.py", "/static/%2e%2e/app.py", "/static/ui/", "/static/ui/none.css"):
        assert client.get(path).status_code == 404


def test_no_page_of_the_shell_has_inline_script_or_style(rig: ScreenRig) -> None:
    client = rig.client()
    for path in ("/", "/patterns", "/sign-in", "/nowhere"):
        text = client.get(path).text
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text), path
        assert re.findall(r"<script[^>]*>", text) == ['<script type="module" src="/static/ui/main.js">']
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), path


def test_a_body_beyond_all_measure_is_refused(rig: ScreenRig) -> None:
    client = rig.client()
    given = {"csrf": client.csrf(), "key": "x" * (2 << 20)}
    assert client.post("/bring", data=given).status_code == 413


def test_a_store_that_cannot_be_read_is_not_ready_and_says_why(rig: ScreenRig) -> None:
    for path in rig.places.app("trial").glob("events.db*"):
        with path.open("r+b") as file:  # written over and never cut: the line has it mapped
            file.write(b"no database at all, whatever its name says" * 100)
    answer = rig.client().get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False and "why" in answer.json()
