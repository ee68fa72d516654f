from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import AccessError, RefusedError
from tests.support.clocks import FakeClock
from tests.support.opcua_authorities import PLC_URI, Made, made
from tests.verticals.devices.test_opcua_trust import NOW_S, URL
from verticals.contract import Json
from verticals.devices.opcua_certificates import OwnCertificates
from verticals.devices.opcua_desk import CertificateDesk
from verticals.devices.opcua_facts import facts_of, read_chain
from verticals.devices.opcua_trust import KEYS, REJECTED, TRUSTED, TrustList

WHO: dict[str, Any] = {"who": "Engineer 2", "role": "engineer"}


class Rig:
    def __init__(self, keys: Path) -> None:
        self.clock = FakeClock(utc_s=NOW_S)
        self.audited: list[tuple[str, Json, str, str]] = []
        self.desk = CertificateDesk(keys, self.clock, self.audit)
        self.trust = TrustList(keys / KEYS, self.clock)
        self.own = OwnCertificates(keys / KEYS / "own", self.clock)

    def audit(self, act: str, detail: Json, *, who: str, role: str) -> None:
        self.audited.append((act, detail, who, role))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture(scope="module")
def plc() -> Made:
    return made(NOW_S)


def test_a_box_without_a_line_has_nothing_to_show(rig: Rig) -> None:
    assert rig.desk.own() == {"current": None, "next": None}
    assert [rig.desk.held(place) for place in (TRUSTED, REJECTED)] == [[], []]
    with pytest.raises(RefusedError):
        rig.desk.own_file()


def test_what_a_person_trusts_is_in_the_audit_with_name_role_and_reason(rig: Rig, plc: Made) -> None:
    rig.trust.keep_rejected(plc.der, URL, PLC_URI)
    [shown] = rig.desk.held(REJECTED)
    assert (shown["url"], [problem["code"] for problem in shown["problems"]]) == (URL, ["untrusted"])
    rig.desk.trust(plc.fingerprint, reason="compared at the PLC", **WHO)
    [(act, detail, who, role)] = rig.audited
    assert (act, detail["fingerprint"], detail["reason"]) == (
        "certificate-trusted",
        plc.fingerprint,
        "compared at the PLC",
    )
    assert (who, role) == ("Engineer 2", "engineer")
    assert [held["fingerprint"] for held in rig.desk.held(TRUSTED)] == [plc.fingerprint]


def test_nobody_acts_without_a_name_and_nothing_is_done(rig: Rig, plc: Made) -> None:
    rig.trust.keep_rejected(plc.der, URL, PLC_URI)
    with pytest.raises(AccessError):
        rig.desk.trust(plc.fingerprint, who="", role="operator")
    with pytest.raises(AccessError):
        rig.desk.add(plc.der, who="", role="operator")
    assert not rig.audited and not rig.desk.held(TRUSTED)


def test_an_act_that_is_refused_is_not_audited(rig: Rig) -> None:
    with pytest.raises(RefusedError):
        rig.desk.trust("0" * 64, **WHO)
    assert not rig.audited


def test_a_renewed_certificate_stands_beside_the_old_one(rig: Rig, plc: Made) -> None:
    rig.desk.add(plc.der, **WHO)
    renewed = made(NOW_S, ends_days=900)
    rig.trust.keep_rejected(renewed.der, URL, PLC_URI)
    [shown] = rig.desk.held(REJECTED)
    assert shown["replaces"] == plc.fingerprint
    assert {row["name"] for row in shown["beside"] if row["changed"]} == {"valid_until", "shown_fingerprint"}
    rig.desk.trust(renewed.fingerprint, **WHO)
    assert rig.audited[-1][1]["replaces"] == plc.fingerprint


def test_the_box_s_own_certificate_is_handed_out_and_renewed_and_its_key_never(rig: Rig) -> None:
    own = rig.own.ensure()
    for form in ("der", "pem"):
        file = rig.desk.own_file(form)
        assert facts_of(read_chain(file.content)[0]) == own.facts and file.name == f"edgewise.{form}"
        assert b"PRIVATE" not in file.content
    rig.desk.renew(**WHO)
    shown = rig.desk.own()
    assert shown["next"]["fingerprint"] != shown["current"]["fingerprint"] == own.facts.fingerprint
    rig.desk.use_next(**WHO)
    assert rig.desk.own()["current"] == shown["next"]
    assert [act for act, *_ in rig.audited] == ["own-certificate-renewed", "own-certificate-changed"]


def test_a_certificate_that_runs_out_is_shown_so(rig: Rig) -> None:
    rig.own.ensure()
    rig.clock.utc_s = rig.own.ensure().facts.valid_until_utc_s - 86400
    assert [problem["code"] for problem in rig.desk.own()["current"]["problems"]] == ["runs-out"]
