from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError, RefusedError
from tests.support.clocks import FakeClock
from tests.support.opcua_authorities import PLC_URI, Made, made, revocations
from verticals.devices.opcua_facts import beside, facts_of, pem_of
from verticals.devices.opcua_trust import ISSUERS, REJECTED, TRUSTED, TrustList

NOW_S = 1_790_000_000.0
URL = "opc.tcp://plc.example:4840/"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(utc_s=NOW_S)


@pytest.fixture
def trust(tmp_path: Path, clock: FakeClock) -> TrustList:
    return TrustList(tmp_path / "opcua", clock)


@pytest.fixture(scope="module")
def plc() -> Made:
    return made(NOW_S)


@pytest.fixture(scope="module")
def authority() -> Made:
    return made(NOW_S, name="Plant authority", authority=True)


def blocking(trust: TrustList, chain: bytes, url: str = URL, uri: str = PLC_URI) -> list[str]:
    return [problem.code for problem in trust.judge(chain, url, uri).blocked]


def test_nobody_is_trusted_until_a_person_says_so_and_no_longer(trust: TrustList, plc: Made) -> None:
    assert blocking(trust, plc.der) == ["untrusted"]
    trust.keep_rejected(plc.der, URL, PLC_URI)
    assert blocking(trust, plc.der) == ["untrusted"]  # having been seen is no trust
    trust.trust(plc.fingerprint)
    assert blocking(trust, plc.der) == [] and not trust.held(REJECTED)
    trust.reject(plc.fingerprint)
    assert blocking(trust, plc.der) == ["untrusted"] and not trust.held(TRUSTED)
    trust.remove(plc.fingerprint)
    assert not trust.held(REJECTED)
    with pytest.raises(RefusedError):
        trust.trust(plc.fingerprint)


def test_a_rejected_certificate_says_where_it_was_seen_and_what_is_wrong(trust: TrustList, plc: Made) -> None:
    trust.keep_rejected(plc.der, URL, PLC_URI)
    [held] = trust.held(REJECTED)
    assert (held.url, held.application_uri, held.noted_utc_s) == (URL, PLC_URI, NOW_S)
    assert [problem.code for problem in trust.problems(held)] == ["untrusted"]
    assert held.facts.as_json()["shown_fingerprint"].count(":") == 31


@pytest.mark.parametrize(
    "wrong,code",
    [
        ({"ends_days": -0.5}, "expired"),
        ({"begins_days": 1}, "not-yet-valid"),
        ({"uri": "urn:somebody:else"}, "wrong-uri"),
        ({"uri": ""}, "wrong-uri"),
        ({"bits": 1024}, "weak-key"),
        ({"elliptic": True}, "key-kind"),
    ],
)
def test_a_trusted_certificate_that_is_not_fit_is_refused_and_says_what_to_do(
    trust: TrustList, wrong: dict[str, object], code: str
) -> None:
    unfit = made(NOW_S, **wrong)  # type: ignore[arg-type]
    trust.keep_rejected(unfit.der, URL, PLC_URI)
    trust.trust(unfit.fingerprint)
    [problem] = trust.judge(unfit.der, URL, PLC_URI).blocked
    assert problem.code == code and problem.hint


def test_another_host_is_refused_of_an_authority_s_certificate_and_said_of_a_pinned_one(
    trust: TrustList, authority: Made
) -> None:
    plc = made(NOW_S, issuer=authority, hosts=["10.1.2.3"])
    trust.add(authority.der)
    assert blocking(trust, plc.der) == ["wrong-host"]
    assert blocking(trust, plc.der, "opc.tcp://10.1.2.3:4840") == []
    trust.add(plc.der)
    assert [problem.code for problem in trust.judge(plc.der, URL, PLC_URI).problems] == ["wrong-host"]
    assert blocking(trust, plc.der) == []


def test_names_are_compared_without_case_and_addresses_as_addresses(trust: TrustList) -> None:
    plc = made(NOW_S, hosts=["PLC.Example.", "fe80::1"])
    trust.add(plc.der)
    for url in ("opc.tcp://plc.example:4840", "opc.tcp://[fe80:0:0:0:0:0:0:1]:4840"):
        assert not trust.judge(plc.der, url, PLC_URI).problems


def test_a_clock_that_is_not_set_keeps_no_line_from_its_plc(trust: TrustList, plc: Made, clock: FakeClock) -> None:
    trust.add(plc.der)
    clock.utc_s = 1000.0
    assert not trust.judge(plc.der, URL, PLC_URI).problems


def test_a_certificate_that_runs_out_is_said_thirty_days_before(trust: TrustList, plc: Made, clock: FakeClock) -> None:
    trust.add(plc.der)
    clock.utc_s = NOW_S + 340 * 86400
    [problem] = trust.judge(plc.der, URL, PLC_URI).problems
    assert problem.code == "runs-out" and "25 days" in problem.text and not problem.blocks


def test_an_authority_vouches_for_its_servers_over_others_in_between(trust: TrustList, authority: Made) -> None:
    between = made(NOW_S, name="Hall 3", authority=True, issuer=authority)
    plc = made(NOW_S, issuer=between)
    trust.add(authority.der)
    assert blocking(trust, plc.der) == ["untrusted"]
    assert blocking(trust, plc.der + between.der) == []  # the server shows it
    trust.add(pem_of(between.certificate), between=True)
    assert blocking(trust, plc.der) == []  # or a person brought it
    assert [held.facts.subject for held in trust.held(ISSUERS)] == ["CN=Hall 3"]


def test_an_authority_in_between_is_not_trusted_by_itself(trust: TrustList, authority: Made) -> None:
    between = made(NOW_S, name="Hall 3", authority=True, issuer=authority)
    trust.add(between.der, between=True)
    assert blocking(trust, made(NOW_S, issuer=between).der) == ["untrusted"]


def test_a_trusted_server_vouches_for_nobody(trust: TrustList, plc: Made) -> None:
    trust.add(plc.der)
    assert blocking(trust, made(NOW_S, issuer=plc).der) == ["untrusted"]


def test_what_its_authority_revoked_is_refused_even_where_a_person_trusted_it(
    trust: TrustList, authority: Made
) -> None:
    plc, other = made(NOW_S, issuer=authority), made(NOW_S, issuer=authority)
    trust.add(authority.der)
    trust.add(plc.der)
    trust.add_revocations(revocations(authority, NOW_S, plc))
    assert blocking(trust, plc.der) == ["revoked"]
    assert blocking(trust, other.der) == []


def test_a_revocation_list_of_a_stranger_revokes_nothing(trust: TrustList, authority: Made) -> None:
    plc = made(NOW_S, issuer=authority)
    trust.add(authority.der)
    trust.add_revocations(revocations(made(NOW_S, name="Plant authority", authority=True), NOW_S, plc))
    assert blocking(trust, plc.der) == []


def test_a_renewed_certificate_is_shown_beside_the_one_whose_place_it_takes(trust: TrustList, plc: Made) -> None:
    trust.add(plc.der)
    renewed = made(NOW_S, ends_days=900)
    trust.keep_rejected(renewed.der, URL, PLC_URI)
    [held] = trust.held(REJECTED)
    old = trust.replaces(held)
    assert old == facts_of(plc.certificate)
    rows = {row["name"]: row for row in beside(old, held.facts)}
    assert not rows["uri"]["changed"] and rows["valid_until"]["changed"] and rows["shown_fingerprint"]["changed"]


def test_only_so_many_unknown_certificates_are_kept(trust: TrustList, clock: FakeClock) -> None:
    first = made(NOW_S, elliptic=True)
    trust.keep_rejected(first.der, URL, PLC_URI)
    for number in range(50):
        clock.utc_s = NOW_S + number + 1
        trust.keep_rejected(made(NOW_S, elliptic=True).der, URL, PLC_URI)
    assert len(trust.held(REJECTED)) == 50
    assert first.fingerprint not in {held.facts.fingerprint for held in trust.held(REJECTED)}


@pytest.mark.parametrize(
    "content", [b"", b"\x30", b"\x30\x82\xff\xff", b"no certificate", b"-----BEGIN", b"\0" * 70000]
)
def test_what_is_no_certificate_is_refused(trust: TrustList, content: bytes) -> None:
    with pytest.raises(InputError):
        trust.add(content)
    with pytest.raises(InputError):
        trust.judge(content, URL, PLC_URI)
    with pytest.raises(InputError):
        trust.add_revocations(content)


@pytest.mark.parametrize("name", ["", "../../keys", "A" * 64, "a" * 63])
def test_a_fingerprint_is_no_path(trust: TrustList, name: str) -> None:
    for act in (trust.trust, trust.reject, trust.remove):
        with pytest.raises(RefusedError, match="no fingerprint"):
            act(name)


def test_a_weak_certificate_is_not_taken_from_a_person_either(trust: TrustList) -> None:
    with pytest.raises(InputError, match="1024 bits"):
        trust.add(made(NOW_S, bits=1024).der)


def test_the_folder_is_the_owner_s_alone(trust: TrustList, plc: Made) -> None:
    trust.add(plc.der)
    paths = [trust.folder / TRUSTED, *(trust.folder / TRUSTED).iterdir()]
    assert {oct(path.stat().st_mode & 0o077) for path in paths} == {"0o0"}
