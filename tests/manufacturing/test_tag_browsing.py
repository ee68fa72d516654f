from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import DeviceError, InputError, TrustError
from manufacturing.plc_security import own_certificates, trust_list
from manufacturing.settings import PlcSettings
from manufacturing.tag_browsing import order, run
from simulators.plc_keys import plc_certificates
from tests.support.opcua_servers import PlcProcess
from verticals.devices.opcua_browse import BrowseLimits, browse
from verticals.devices.opcua_trust import TrustList
from verticals.jobs.context import JobContext
from verticals.places import Places


class Site:
    def __init__(self, folder: Path) -> None:
        self.places = Places(folder / "data")
        self.told: list[dict[str, Any]] = []
        clock, keys = SystemClock(), folder / "plc"
        TrustList(keys, clock).add(own_certificates(self.places, clock).ensure().certificate)
        self.trust = trust_list(self.places, clock)
        self.trust.add(plc_certificates(keys).ensure().certificate)
        self.plc = PlcProcess(keys)
        self.settings = PlcSettings(self.plc.url)

    def context(self, asked_to_stop: Callable[[], bool] = lambda: False) -> JobContext:
        tell = lambda message: self.told.append(dict(message))  # noqa: E731
        return JobContext("manufacturing", 1, "Engineer 2", self.places, SystemClock(), tell, asked_to_stop)

    def run(self, **inputs: Any) -> Any:
        return run(self.context(), {**order(self.settings), **inputs})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("site"))
    yield found
    found.plc.end()


def test_the_variables_of_a_secured_plc_are_told_with_what_they_could_be(site: Site) -> None:
    result = site.run()
    tags = {tag["path"].rsplit(":", 1)[-1]: tag for tag in result["tags"]}
    assert (result["cut"], result["left_out"]) == ("", 0)
    assert tags["PartId"] == {
        "node_id": "ns=2;s=Cell.PartId", "path": "/0:Objects/2:Cell/2:PartId", "kind": "UInt32", "array": False,
        "readable": True, "writable": True, "value": "0",
    }  # fmt: skip
    assert tags["Row"]["array"] and not tags["Locked"]["writable"]
    proposals = {proposal["tag"]: proposal for proposal in result["proposals"]}
    assert proposals["Trigger"]["node_id"] == "ns=2;s=Cell.Trigger" and not proposals["Trigger"]["problems"]
    assert not proposals["Bypass"]["node_id"]
    assert site.told[0]["text"].startswith("Connecting") and json.dumps(result)


def test_a_mapping_is_checked_dry_at_the_plc(site: Site) -> None:
    mapping = {"Trigger": "ns=2;s=Cell.Trigger", "PartId": "/0:Objects/2:Cell/2:PartId", "Ready": "ns=2;s=Cell.Locked"}
    result = site.run(mapping={**mapping, "Busy": "ns=2;s=nothing", "Fault": "gibberish", "Ack": "ns=2;s=Cell"})
    assert not result["fine"]
    assert result["problems"]["Trigger"] == result["problems"]["PartId"] == []
    assert result["problems"]["Ready"] == ["its type is UInt16, expected is Boolean", "the box may not write it"]
    for tag in ("Busy", "Fault", "Ack"):
        assert "there is no variable" in result["problems"][tag][0]
    assert site.run(mapping={"Trigger": "ns=2;s=Cell.Trigger"})["fine"]


def test_limits_end_it_and_are_said(site: Site) -> None:
    def seen(limits: BrowseLimits) -> Any:
        from manufacturing.plc_security import plc_security

        security = plc_security(site.settings, site.places, SystemClock())
        return asyncio.run(browse(site.plc.url, security, limits))

    assert seen(BrowseLimits(nodes=5)).cut == "more than 5 nodes" and seen(BrowseLimits(nodes=5)).nodes == 5
    shallow = seen(BrowseLimits(depth=1))
    assert shallow.cut == "deeper than 1 levels" and not shallow.tags
    assert seen(BrowseLimits(within_s=0.0)).cut == "longer than 0 s"


def test_a_cancelled_job_stops_and_gives_nothing(site: Site) -> None:
    assert run(site.context(lambda: True), order(site.settings)) == {}


def test_an_untrusted_or_missing_plc_is_a_plain_problem(site: Site) -> None:
    with pytest.raises(DeviceError):
        run(site.context(), order(PlcSettings("opc.tcp://127.0.0.1:1/", security="none")))
    [held] = site.trust.held("trusted")
    site.trust.reject(held.facts.fingerprint)
    with pytest.raises(TrustError, match="open Trust"):
        site.run()
    site.trust.trust(held.facts.fingerprint)


@pytest.mark.parametrize("inputs", [{}, {"plc": 7}, {"plc": {"url": "opc.tcp://x"}, "more": 1}])
def test_other_inputs_are_refused(site: Site, inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run(site.context(), inputs)


def test_an_order_names_secrets_by_their_file_alone(site: Site) -> None:
    plc = PlcSettings("opc.tcp://x", user="box", password_file="/secret")
    assert order(plc)["plc"]["password_file"] == "/secret" and set(order(plc)["plc"]) < set(asdict(plc))
