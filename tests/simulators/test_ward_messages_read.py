"""The ward's messages read by the product's own HL7 code, which shares nothing with what wrote them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.clock import Instant, SystemClock
from healthcare.alarms.monitor_codes import monitor_code
from healthcare.hl7.feed import Feed
from healthcare.hl7.mllp import MllpServer
from healthcare.hl7.settings import MllpSettings
from simulators.scenarios import make_episode
from simulators.ward import Ward
from simulators.ward_alarms import RULES
from simulators.ward_faults import parse_fault
from simulators.ward_messages import (
    EVT_LEAD_OFF,
    EVT_LOW,
    HR,
    NIBP_SYS,
    SPO2,
    TEMP,
    AlarmNote,
    Metric,
    Person,
    Sender,
    Value,
    alarm_message,
    numerics_message,
    patient_message,
)
from simulators.ward_settings import WardSettings
from verticals.contract import Sample
from verticals.devices.base import Port

AT_UTC_S = 1_795_000_000.25
AT = Instant(1000.0, AT_UTC_S)
BED, DEVICE = "W7^R2^B7", "ACDE480000000007"
PERSON = Person("T7007", "Test", "G", "19850808", "M")
GATEWAY = Sender("GW1^ACDE48FFFF000003^EUI-64", "W7")


def read(text: str) -> list[dict[str, Any]]:
    """The samples that the box makes of a message; fails where it answers with an error."""
    feed = Feed("mllp", ZoneInfo("UTC"), AT)
    taking = feed.take(text.encode(), AT)
    assert not taking.outcome.faults and taking.outcome.result.value == "A", taking.outcome
    assert not [name for name in feed.counts if "unknown" in name or "odds" in name or "assumed" in name], feed.counts
    return [dict(sample.values) for sample in taking.samples]


def make_note(**changes: Any) -> AlarmNote:
    values: dict[str, Any] = {
        "id": "007-0001", "sequence": 0, "phase": "start", "state": "active", "priority": "PM", "kind": "SP",
        "event": EVT_LOW, "text": "SpO2 low", "metric": SPO2, "value": 82.0, "limits": "88-100", "abnormality": "L",
    }  # fmt: skip
    return AlarmNote(**{**values, **changes})


def test_the_box_reads_the_numerics_that_were_sent() -> None:
    second = Metric(TEMP.code, TEMP.ref_id, "1.26.2.1", TEMP.unit, 1)
    values = [Value(HR, 112.4), Value(SPO2, None), Value(TEMP, 38.44), Value(second, 37.8),
              Value(NIBP_SYS, 96.0, taken_utc_s=AT_UTC_S - 4)]  # fmt: skip
    (sample,) = read(numerics_message(GATEWAY, "1", AT_UTC_S, PERSON, BED, DEVICE, values))
    assert (sample["kind"], sample["location"], sample["device"], sample["patient"]) == (
        "numerics",
        BED,
        DEVICE,
        "T7007",
    )
    found = {(r["measure"], r["instance"]): (r["value"], r["at_utc_s"]) for r in json.loads(sample["readings"])}
    assert found == {
        ("hr_per_min", "1.5.1.1"): (112, AT_UTC_S),
        ("spo2_pct", "1.3.1.1"): (None, AT_UTC_S),
        ("temp_cel", "1.26.1.1"): (38.4, AT_UTC_S),
        ("temp_cel", "1.26.2.1"): (37.8, AT_UTC_S),
        ("nibp_sys_mmhg", "1.7.1.1"): (96, AT_UTC_S - 4),
    }


@pytest.mark.parametrize("sentinel", ["-999", "-100", "8388607"])
def test_a_sentinel_in_place_of_a_value_is_read_as_none(sentinel: str) -> None:
    text = numerics_message(GATEWAY, "1", AT_UTC_S, PERSON, BED, DEVICE, [Value(HR, None, sentinel=sentinel)])
    assert f"|{sentinel}|" in text
    assert json.loads(read(text)[0]["readings"])[0]["value"] is None


def test_a_monitor_in_standby_sends_a_sign_of_life_without_values() -> None:
    (sample,) = read(numerics_message(GATEWAY, "1", AT_UTC_S, PERSON, BED, DEVICE, []))
    assert sample["readings"] == "[]"


def test_begin_and_end_of_an_alarm_are_one_alarm_to_the_box() -> None:
    found = []
    for number, (phase, state) in enumerate([("start", "active"), ("continue", "active"), ("end", "inactive")]):
        note = make_note(sequence=number, phase=phase, state=state, value=None if phase == "end" else 82.0)
        (sample,) = read(alarm_message(GATEWAY, str(number), AT_UTC_S, PERSON, BED, DEVICE, note))
        assert (sample["kind"], sample["location"]) == ("monitor-alarm", BED)
        found.append(json.loads(sample["alarm"]))
    assert len({alarm["id"] for alarm in found}) == 1
    assert [alarm["phase"] for alarm in found] == ["start", "continue", "end"]
    assert [alarm["value"] for alarm in found] == [82, 82, None]
    assert (found[0]["priority"], found[0]["type"], found[0]["limits"]) == ("PM", "SP", "88-100")


def test_the_box_knows_what_every_alarm_of_the_ward_is() -> None:
    wanted = {"desat": "spo2-desat"}
    for name, rule in RULES.items():
        note = make_note(event=rule.event, metric=rule.metric, priority=rule.priority, kind=rule.kind, text=rule.text)
        (sample,) = read(alarm_message(GATEWAY, name, AT_UTC_S, PERSON, BED, DEVICE, note))
        alarm = json.loads(sample["alarm"])
        assert (alarm["priority"], alarm["type"], alarm["text"]) == (rule.priority, rule.kind, rule.text)
        assert monitor_code(alarm["code"], alarm["source_code"], alarm["ref_id"]) == wanted.get(name, name)


def test_a_technical_alarm_names_its_lead() -> None:
    note = make_note(event=EVT_LEAD_OFF, metric=HR, value=None, limits="", abnormality="", kind="ST")
    (sample,) = read(alarm_message(GATEWAY, "1", AT_UTC_S, PERSON, BED, DEVICE, note))
    alarm = json.loads(sample["alarm"])
    assert (alarm["code"], alarm["source_code"], alarm["value"]) == ("196680", "147842", None)


@pytest.mark.parametrize(("event", "prior"), [("A01", ""), ("A02", "W7^R1^B1"), ("A03", ""), ("A08", "")])
def test_the_box_reads_who_comes_and_goes(event: str, prior: str) -> None:
    (sample,) = read(patient_message(GATEWAY, "1", AT_UTC_S, event, PERSON, BED, prior))
    assert (sample["kind"], sample["event"], sample["location"], sample["prior_location"]) == (
        "patient",
        event,
        BED,
        prior,
    )
    person = json.loads(sample["patient"])
    assert (person["id"], person["family"], person["given"]) == ("T7007", "Test", "G")
    assert sample["at_utc_s"] == AT_UTC_S


@pytest.mark.slow
async def test_a_whole_ward_is_taken_by_the_listener_whole(tmp_path: Path) -> None:
    """Every message of some seconds with faults, each once, none refused."""
    samples: list[Sample] = []

    async def emit(sample: Sample) -> None:
        samples.append(sample)
        sample.recorded.settle(len(samples))

    clock = SystemClock()
    server = MllpServer("mllp", MllpSettings(port=0))
    running = asyncio.create_task(server.run(Port(emit, lambda news: None, clock)))
    async with asyncio.timeout(10):
        while server.address is None:  # noqa: ASYNC110 - the listener has no event for it
            await asyncio.sleep(0.01)
    episodes = tuple(make_episode(kind, bed, 0, 60) for bed, kind in ((1, "vf"), (3, "leads-off"), (4, "standby")))
    ward = Ward(
        WardSettings(
            hl7_port=server.address[1], lasts_s=4.0, links=2, window=4, log_path=tmp_path / "ward.jsonl",
            episodes=(*episodes, make_episode("discharge", 6, 2), make_episode("transfer", 8, 2.5, amount=6)),
            faults=(parse_fault("duplicate@1"), parse_fault("late-ack@1.5"), parse_fault("half-frame@2")),
        ),
        clock,
    )  # fmt: skip
    await ward.run()
    ward.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    accounts = ward.links.accounts().values()
    assert sum(account["refused"] for account in accounts) == ward.links.waiting == 0
    heard = [sample for sample in samples if sample.values["kind"] != "link"]
    assert len({sample.key for sample in heard}) == len(heard) == sum(account["offered"] for account in accounts)
    assert {str(sample.values["kind"]) for sample in heard} == {"numerics", "patient", "monitor-alarm"}
    assert len([sample for sample in heard if sample.values["kind"] == "patient"]) == 15 + 2
