"""Capture and query over a real web process, with requests signed as programs sign them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import Engine

from core.clock import Instant
from retail import tables
from retail.epcis import hooks, pages
from retail.epcis.capture import captured
from retail.epcis.document import read_text
from retail.epcis.settings import EpcisSettings
from retail.settings import RetailSettings
from retail.vertical import MANIFEST
from tests.retail.epcis.examples import EVENTS, OBJECT, PACKED, TAG, Schema, document
from tests.retail.epcis.stores import GLN, products
from tests.retail.epcis.test_proposals import CAME
from tests.support.ledgers import MORNING, OATS, TEA, record, sale
from tests.support.screens import ScreenRig
from verticals.contract import Reply, Sample
from verticals.signature import HEADER, sign
from verticals.store.events import Entry, EventStore
from verticals.store.inbox import Inbox
from verticals.store.tables import inbox
from verticals.web import Panel

SECRET = b"0123456789abcdef0123456789abcdef"
BEGIN = {"GE_eventTime": "2026-11-01T00:00:00Z"}


class Partner:
    """A program with the secret, and the line's end that works what it brought."""

    def __init__(self, rig: ScreenRig, settings: RetailSettings) -> None:
        self.rig, self.settings = rig, settings
        self.client = httpx.Client(base_url=rig.url)

    @property
    def engine(self) -> Engine:
        return self.rig.store.engine

    def post(
        self, path: str, said: Any, /, secret: bytes = SECRET, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        given = {HEADER: sign(secret, self.rig.clock.now().utc_s, body), "Content-Type": "application/ld+json"}
        return self.client.post(path, content=body, headers=given | dict(headers or {}))

    def get(self, path: str, secret: bytes = SECRET, **query: str) -> httpx.Response:
        request = self.client.build_request("GET", path, params=query or None)
        target = b"GET " + request.url.raw_path
        request.headers[HEADER] = sign(secret, self.rig.clock.now().utc_s, target)
        return self.client.send(request)

    def found(self, path: str = "/epcis/events", **query: str) -> list[dict[str, Any]]:
        answer = self.get(path, SECRET, **query)
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        return events

    def work(self) -> None:
        """What the line does with the inbox: the station's rule, then the tables."""
        store = EventStore(self.engine, tables.project)
        for brought in Inbox(self.engine).pending():
            values = {
                name: value if isinstance(value, str) else json.dumps(value) for name, value in brought.payload.items()
            }
            decision = captured(Sample(brought.source, Instant(0.0, MORNING), values, brought.key), self.settings)
            store.append([Entry(events=list(decision.events), inbox_done=[brought.id])])


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenRig]:
    folder = tmp_path_factory.mktemp("epcis")
    (folder / "static").mkdir()
    key = folder / "partner.key"
    key.write_bytes(SECRET)
    key.chmod(0o600)
    settings = RetailSettings("Corner", epcis=EpcisSettings(GLN, str(key), propose=True))
    panel = Panel(pages.PAGES, folder, folder / "static", "office", 30.0, "viewer", hooks=hooks.HOOKS)
    with ScreenRig(folder, manifest=MANIFEST, panel=panel, settings=settings) as running:
        yield running


@pytest.fixture
def partner(rig: ScreenRig) -> Iterator[Partner]:
    found = Partner(rig, rig.web.desk.settings)
    yield found
    found.client.close()
    with found.engine.begin() as connection:
        for table in (inbox, *reversed(tables.metadata.sorted_tables)):
            connection.execute(table.delete())


def test_a_document_is_captured_and_found_again(partner: Partner) -> None:
    answer = partner.post("/epcis/capture", document())
    assert answer.status_code == 202
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    where = answer.headers["Location"]
    assert partner.get(where).json() == {
        "captureID": answer.json()["captureID"], "running": True, "success": False, "errors": [],
    }  # fmt: skip
    partner.work()
    job = partner.get(where).json()
    assert (job["running"], job["success"], job["taken"]) == (False, True, len(EVENTS))
    assert len(partner.found(**BEGIN)) == len(EVENTS)


def test_the_same_document_once_more_is_the_same_capture(partner: Partner) -> None:
    first, again = (partner.post("/epcis/capture", document(OBJECT)) for _ in range(2))
    assert first.json() == again.json()
    partner.work()
    assert len(partner.found()) == 1


def test_one_wrong_event_takes_the_whole_document_back_unless_the_sender_says_proceed(partner: Partner) -> None:
    said = document(OBJECT, {**PACKED, "action": "SEEN"})
    refused = partner.post("/epcis/capture", said)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("epcisBody.eventList[1].action: 'SEEN', expected: one of")
    taken = partner.post("/epcis/capture", said, headers={"GS1-Capture-Error-Behaviour": "proceed"})
    partner.work()
    job = partner.get(taken.headers["Location"]).json()
    assert (job["taken"], job["success"], len(job["errors"])) == (1, False, 1)
    assert len(partner.found()) == 1


def test_a_single_event_has_an_address_of_its_own(partner: Partner) -> None:
    context = document()["@context"]
    answer = partner.post("/epcis/events", {"@context": context, **OBJECT})
    assert answer.status_code == 201
    partner.work()
    name = quote(answer.json()["eventID"], safe="")
    [event] = partner.found(f"/epcis/events/{name}")
    assert event["eventID"] == answer.json()["eventID"]
    assert partner.get("/epcis/events/urn:uuid:0").status_code == 404
    assert partner.post("/epcis/events", document()).status_code == 400


def test_events_are_found_by_resource_and_page_by_page(partner: Partner) -> None:
    partner.post("/epcis/capture", document(OBJECT, PACKED))
    partner.work()
    record(partner.engine, *(sale(f"s{number}", at=MORNING + number) for number in range(3)))
    assert len(partner.found(f"/epcis/epcs/{quote(TAG, safe='')}/events")) == 2
    assert len(partner.found("/epcis/bizSteps/retail_selling/events")) == 3
    assert len(partner.found("/epcis/eventTypes/AggregationEvent/events")) == 1
    answer, seen = partner.get("/epcis/events", perPage="2"), 0
    while True:
        seen += len(answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"])
        if "Link" not in answer.headers:
            break
        target = answer.headers["Link"].partition("<")[2].partition(">")[0]
        answer = partner.get(f"/epcis/events{target}")
    assert seen == 5


def test_a_parameter_that_is_not_known_is_refused(partner: Partner) -> None:
    answer = partner.get("/epcis/events", EQ_bizLokation="x")
    assert answer.status_code == 400
    assert "'EQ_bizLokation' is not known here" in answer.json()["error"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"type": "EPCISDocument"}', b"\xff\xfe", b'{"a": 1, "a": 2}', b"[" * 5000]
)
def test_what_is_no_document_is_refused_with_the_reason(partner: Partner, body: bytes) -> None:
    answer = partner.post("/epcis/capture", body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_nobody_captures_or_queries_without_the_secret(partner: Partner) -> None:
    other = b"x" * 32
    assert partner.post("/epcis/capture", document(), other).status_code == 403
    assert partner.get("/epcis/events", other).status_code == 403
    assert partner.client.get("/epcis/events").status_code == 403
    signed = partner.client.build_request("GET", "/epcis/events", params={"EQ_action": "ADD"})
    signed.headers[HEADER] = sign(SECRET, partner.rig.clock.now().utc_s, b"GET /epcis/events?EQ_action=DELETE")
    assert partner.client.send(signed).status_code == 403
    signed.headers["X-Edgewise-Target"] = "/epcis/events?EQ_action=DELETE"
    assert partner.client.send(signed).status_code == 403


def test_a_store_without_a_secret_has_no_such_door() -> None:
    class Desk:
        settings = RetailSettings("Corner")

    assert hooks.secret(Desk()) is None  # type: ignore[arg-type]


def test_people_export_everything_as_a_document_and_as_a_table(partner: Partner) -> None:
    partner.post("/epcis/capture", document())
    partner.work()
    record(partner.engine, sale("s", 2))
    person = partner.rig.client()
    answer = person.get("/export/epcis", params=BEGIN)
    assert len(read_text(answer.content).events) == len(EVENTS) + 1
    table = list(csv.DictReader(io.StringIO(person.get("/export/epcis", params={"format": "csv"}).text)))
    sold = [row for row in table if row["biz_step"] == "retail_selling"]
    assert [(row["gtin"], row["quantity"], row["disposition"]) for row in sold] == [(TEA, "2", "retail_sold")]
    assert {row["type"] for row in table} == {event["type"] for event in EVENTS}
    assert person.get("/export/epcis", params={"format": "xml"}).status_code == 400


def test_a_lead_books_or_dismisses_what_is_proposed(partner: Partner) -> None:
    products(partner.engine, TEA, OATS)
    for number in range(2):
        event = {**CAME, "eventTime": f"2026-11-23T08:00:0{number}Z"}
        partner.post("/epcis/capture", document(event, **{"example:n": number}))
    partner.work()
    rig, person = partner.rig, partner.rig.client()
    first, second = person.get("/epcis/proposals").json()["proposals"]
    assert person.order(f"/epcis/proposals/{first['ref']}", {"act": "book"}).status_code == 401
    rig.accounts.add("lead", "4711", {"retail": "lead"}, by="test")
    assert person.sign_in("lead").status_code == 303
    rig.start_line()
    rig.beat(store={})
    rig.answer_commands(Reply(True))
    assert person.order(f"/epcis/proposals/{first['ref']}", {"act": "book"}).json()["accepted"]
    assert person.order(f"/epcis/proposals/{second['ref']}", {"act": "dismiss"}).json() == {"accepted": True}
    assert person.order(f"/epcis/proposals/{second['ref']}", {"act": "eat"}).status_code == 400
    partner.work()
    left = person.get("/epcis/proposals").json()["proposals"]
    assert [one["ref"] for one in left] == [first["ref"]]
    assert person.order(f"/epcis/proposals/{second['ref']}", {"act": "book"}).status_code == 409


@pytest.mark.samples
def test_every_given_example_is_captured_and_comes_back_before_the_schema(partner: Partner, samples: Path) -> None:
    from tests.retail.epcis.examples import given

    schema, count = Schema(samples), 0
    for file in given(samples):
        said: Mapping[str, Any] = json.loads(file.read_bytes())
        path = "/epcis/capture" if said["type"] == "EPCISDocument" else "/epcis/events"
        assert partner.post(path, file.read_bytes()).status_code in (201, 202), file.name
        count += 1
    partner.work()
    answer = partner.get("/epcis/events", perPage="1000")
    assert schema.accepts(answer.json())
    assert len(answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) >= 30 <= count
