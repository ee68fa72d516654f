from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import DeviceError, SettingsError
from healthcare.hl7.mllp import MllpServer
from healthcare.out.messages import FHIR, PCD04, messages_of
from healthcare.out.push import FhirTarget, MllpTarget
from healthcare.out.settings import FhirSettings, OutSettings, Pcd04Settings
from tests.healthcare.hl7.listeners import Line, listening, settings
from tests.healthcare.out.receivers import AlarmManager, FhirServer, alarm_manager, fhir_server
from tests.healthcare.out.records import ABOUT, NAMING, Alarmed, entered
from verticals.contract import Event
from verticals.outgoing.delivery import RefusedByReceiverError
from verticals.store.outbox import Parcel

OUT = OutSettings(fhir=FhirSettings("http://127.0.0.1:1/r4"), pcd04=Pcd04Settings("127.0.0.1"))


def parcels(events: list[Event], stream: str, *, struck_of: Event | None = None) -> list[Parcel]:
    found = [one for event in events for one in messages_of(event, ABOUT, NAMING, OUT, entered=struck_of)]
    kept = [(one.kind, one.key, json.loads(json.dumps(one.payload))) for one in found if one.stream == stream]
    return [Parcel(number, stream, key, kind, payload, 0.0, 0) for number, (kind, key, payload) in enumerate(kept)]


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server() as found:
        yield found


@pytest.fixture
def manager() -> Iterator[AlarmManager]:
    with alarm_manager() as found:
        yield found


def fhir(server: FhirServer, tmp_path: Path, **how: Any) -> FhirTarget:
    return FhirTarget(FhirSettings(server.url, within=2.0, **how), tmp_path)


@pytest.mark.parametrize("method", ["put", "post"])
def test_alarms_and_sets_arrive_and_twice_is_once(server: FhirServer, tmp_path: Path, method: str) -> None:
    target = fhir(server, tmp_path, method=method)
    ward = Alarmed()
    sent = parcels(ward.finds() + ward.acknowledged(20.0) + entered({"rr_per_min": 20, "spo2_pct": 95}), FHIR)
    for parcel in [*sent, *sent]:
        target.send(parcel)
    assert sorted(server.kinds()) == ["Communication"] * 3 + ["Observation"] * 3


@pytest.mark.parametrize("method", ["put", "post"])
def test_what_was_struck_out_is_entered_in_error_at_the_receiver(
    server: FhirServer, tmp_path: Path, method: str
) -> None:
    target = fhir(server, tmp_path, method=method)
    events = entered({"rr_per_min": 20}, strike=True)
    for parcel in parcels(events, FHIR, struck_of=events[0]):
        target.send(parcel)
    assert [each["status"] for each in server.resources.values()] == ["entered-in-error"] * 2


def test_where_the_server_gives_ids_references_go_by_identifier(server: FhirServer, tmp_path: Path) -> None:
    target = fhir(server, tmp_path, method="post")
    ward = Alarmed()
    for parcel in parcels(ward.finds() + ward.acknowledged(20.0) + entered({"rr_per_min": 20}), FHIR):
        target.send(parcel)
    [answer] = [each for each in server.resources.values() if "inResponseTo" in each]
    [link] = answer["inResponseTo"]
    assert link["type"] == "Communication"
    assert link["identifier"]["value"] in server.resources
    [score] = [each for each in server.resources.values() if "derivedFrom" in each]
    assert score["derivedFrom"][0]["reference"] in server.resources  # sent along: the server puts its own id there


def test_the_token_is_sent_and_a_new_one_is_read_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    [first, *_] = parcels(Alarmed().finds(), FHIR)
    with fhir_server(token="new") as server:
        target = fhir(server, tmp_path, token_file="token")
        with pytest.raises(DeviceError, match="HTTP 401") as caught:
            target.send(first)
        assert not isinstance(caught.value, RefusedByReceiverError)
        file.write_text("new\n")
        target.send(first)
        file.unlink()
        with pytest.raises(DeviceError, match="token_file"):
            target.send(first)
    with pytest.raises(SettingsError, match="token_file"):
        fhir(server, tmp_path, token_file="token")


@pytest.mark.parametrize(("status", "refused"), [(422, True), (400, True), (503, False), (404, False), (302, False)])
def test_only_content_that_was_read_counts_as_refused(
    server: FhirServer, tmp_path: Path, status: int, refused: bool
) -> None:
    server.refuse = [status]
    with pytest.raises(DeviceError, match=f"HTTP {status}") as caught:
        fhir(server, tmp_path).send(parcels(Alarmed().finds(), FHIR)[0])
    assert isinstance(caught.value, RefusedByReceiverError) is refused
    assert "4711" not in caught.value.message
    assert len(server.calls) == 1  # the token follows no redirection


def test_a_server_that_hangs_up_or_is_not_there_is_tried_again(server: FhirServer, tmp_path: Path) -> None:
    server.drop_answers = 1
    target = fhir(server, tmp_path)
    [first, *_] = parcels(Alarmed().finds(), FHIR)
    with pytest.raises(DeviceError, match="did not answer"):
        target.send(first)
    target.send(first)
    assert server.kinds() == ["Communication"]


def test_alarms_arrive_in_order_over_one_connection(manager: AlarmManager, tmp_path: Path) -> None:
    target = MllpTarget(Pcd04Settings("127.0.0.1", manager.port, within=2.0), tmp_path, SystemClock())
    ward = Alarmed()
    manager.answers = ["CA", "AA"]
    manager.stale_first = True
    for parcel in parcels(ward.finds() + ward.acknowledged(20.0), PCD04):
        target.send(parcel)
    assert [alarm["phase"] for alarm in manager.alarms] == ["start", "continue"]
    assert manager.connections == 1
    target.close()


@pytest.mark.parametrize("code", ["AE", "AR", "CE", "CR"])
def test_a_refusing_acknowledgement_is_a_refusal(manager: AlarmManager, tmp_path: Path, code: str) -> None:
    target = MllpTarget(Pcd04Settings("127.0.0.1", manager.port, within=2.0), tmp_path, SystemClock())
    manager.answers = [code]
    [start] = parcels(Alarmed().finds(), PCD04)
    with pytest.raises(RefusedByReceiverError, match=code):
        target.send(start)
    target.send(start)
    target.close()


def test_a_lost_connection_is_made_anew(manager: AlarmManager, tmp_path: Path) -> None:
    target = MllpTarget(Pcd04Settings("127.0.0.1", manager.port, within=2.0), tmp_path, SystemClock())
    manager.answers = [""]
    [start] = parcels(Alarmed().finds(), PCD04)
    with pytest.raises(DeviceError, match="did not acknowledge"):
        target.send(start)
    target.send(start)
    assert (manager.connections, len(manager.messages)) == (2, 1)
    target.close()


def test_silence_is_no_acknowledgement(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        target = MllpTarget(Pcd04Settings("127.0.0.1", port, within=0.05), tmp_path, SystemClock())
        with pytest.raises(DeviceError, match="did not acknowledge"):
            target.send(parcels(Alarmed().finds(), PCD04)[0])


async def test_this_products_own_listener_takes_what_it_sends(tmp_path: Path) -> None:
    line = Line()
    ward = Alarmed()
    async with listening(MllpServer("hl7", settings()), line) as server:
        assert server.address is not None
        target = MllpTarget(Pcd04Settings("127.0.0.1", server.address[1], within=2.0), tmp_path, SystemClock())
        for parcel in parcels(ward.finds() + ward.acknowledged(20.0), PCD04):
            await asyncio.to_thread(target.send, parcel)
        target.close()
    alarms = [sample for sample in line.samples if sample.values.get("kind") == "monitor-alarm"]
    assert [json.loads(str(sample.values["alarm"]))["phase"] for sample in alarms] == ["start", "continue"]
    assert {sample.values["location"] for sample in alarms} == {"W7^R3^B2"}
