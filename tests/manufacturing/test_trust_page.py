"""The trust page over a real web process and real certificate files, as a browser without script gets it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from manufacturing.plc_security import own_certificates, trust_list
from manufacturing.trust_page import common_name
from tests.support.kiosks import LINE, KioskRig
from tests.support.opcua_authorities import made, revocations
from tests.support.screens import PIN, Visitor, eventually

TRUST = "/line/line-3/trust"
URL = LINE.plc.url
URI = "urn:plc-3"


class TrustRig(KioskRig):
    """The line hears its PLC, `plc_age_s` ago."""

    plc_age_s: float | None = 0.4

    def told(self) -> dict[str, Any]:
        return {**super().told(), "plc_age_s": self.plc_age_s}

    def show(self, *, uri: str = URI, **more: Any) -> str:
        """The fingerprint of a certificate that the PLC has just shown."""
        one = made(self.clock.now().utc_s, name="PLC 3", uri=uri, **more)
        trust_list(self.places, self.clock).keep_rejected(one.der, URL, URI)
        return one.fingerprint

    def stand(self, true: Callable[[dict[str, Any]], bool]) -> None:
        """Waits until the web process has heard how the line stands."""
        self.beat_line()
        eventually(lambda: true(self.web.desk.live()["stations"].get(LINE.name, {})))


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[TrustRig]:
    with TrustRig(tmp_path) as running:
        own_certificates(running.places, running.clock).ensure()
        running.run_line()
        running.stand(lambda live: "plc_age_s" in live)
        running.accounts.add("Engineer 2", PIN, {"manufacturing": "engineer"}, by="the test")
        yield running


@pytest.fixture
def visitor(kiosk: TrustRig) -> Visitor:
    engineer = kiosk.client()
    assert engineer.sign_in("Engineer 2").status_code == 303
    return engineer


def act(visitor: Visitor, deed: str, look: str = "", files: Any = None, **values: str) -> httpx.Response:
    said = {"csrf": visitor.csrf(), "act": deed, "look": look, "pick": "Commissioning", **values}
    return visitor.post(TRUST, data=said, files=files or {"nothing": ("", b"")}, follow_redirects=True)


def text(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def held(kiosk: TrustRig, place: str) -> list[str]:
    return [found["fingerprint"] for found in kiosk.web.desk.certificates.held(place)]


def test_an_operator_looks_and_an_engineer_changes(kiosk: TrustRig) -> None:
    shown = kiosk.show()
    stranger = kiosk.client()
    page = stranger.get(TRUST)
    assert page.status_code == 200 and "Shown by the PLC, not trusted" in text(page)
    assert "Sign in to change" in text(page) and "do=trust" not in page.text
    assert "hold 1.5 s" not in stranger.get(TRUST, params={"look": shown, "do": "trust"}).text
    said = {"csrf": stranger.csrf(), "act": "trust", "look": shown, "pick": "Commissioning"}
    assert stranger.post(TRUST, data=said).status_code != 200
    assert held(kiosk, "rejected") == [shown]


def test_a_fingerprint_is_shown_in_groups_of_four(kiosk: TrustRig) -> None:
    shown = kiosk.show().upper()
    groups = " ".join(shown[at : at + 4] for at in range(0, 64, 4))
    assert groups in text(kiosk.client().get(TRUST))


def test_what_a_plc_showed_is_trusted_with_a_reason_and_the_audit_knows(kiosk: TrustRig, visitor: Visitor) -> None:
    shown = kiosk.show()
    asked = visitor.get(TRUST, params={"look": shown, "do": "trust"})
    assert "Trust this certificate?" in text(asked) and "hold 1.5 s" in text(asked)
    done = act(visitor, "trust", shown, words="first start")
    assert "Trusted." in text(done) and held(kiosk, "trusted") == [shown] and held(kiosk, "rejected") == []
    [entry] = [entry for entry in kiosk.audit.read() if entry.act == "certificate-trusted"]
    detail = json.loads(entry.detail)
    assert (entry.who, detail["reason"], detail["fingerprint"]) == ("Engineer 2", "first start", shown)


@pytest.mark.parametrize("what", ["trust", "renew", "use-next", "add", "remove", "reject"])
def test_nothing_is_done_without_a_reason(kiosk: TrustRig, visitor: Visitor, what: str) -> None:
    shown = kiosk.show()
    refused = act(visitor, what, shown, pick=" ", do=what)
    assert refused.status_code == 409 and "say why" in text(refused)
    assert held(kiosk, "rejected") == [shown] and kiosk.web.desk.certificates.own()["next"] is None


def test_trust_is_taken_back_and_the_certificate_forgotten(kiosk: TrustRig, visitor: Visitor) -> None:
    shown = kiosk.show()
    act(visitor, "trust", shown)
    assert "Trust no more" in text(visitor.get(TRUST))
    assert "Not trusted any more" in text(act(visitor, "reject", shown))
    assert "Forgotten" in text(act(visitor, "remove", shown))
    assert held(kiosk, "trusted") == held(kiosk, "rejected") == []
    assert "Nothing waits" in text(visitor.get(TRUST))
    acts = {entry.act for entry in kiosk.audit.read()}
    assert {"certificate-trusted", "certificate-rejected", "certificate-removed"} <= acts
    gone = act(visitor, "trust", shown)
    assert gone.status_code == 409 and "there is no rejected certificate" in text(gone)


def test_one_that_was_brought_as_a_file_and_taken_back_waits_when_the_plc_shows_it(
    kiosk: TrustRig, visitor: Visitor
) -> None:
    trust = trust_list(kiosk.places, kiosk.clock)
    plc = made(kiosk.clock.now().utc_s, name="PLC 3", uri=URI)
    trust.add(plc.der)
    act(visitor, "reject", plc.fingerprint)
    trust.keep_rejected(plc.der, URL, URI)
    assert "Shown by the PLC, not trusted" in text(visitor.get(TRUST))
    assert trust.held("rejected")[0].url == URL


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ends_days": -3, "begins_days": -90}, "The certificate ran out on"),
        ({"ends_days": 5}, "runs out in"),
        ({"bits": 1024}, "1024 bits only"),
        ({"hosts": ("elsewhere",)}, "names elsewhere, the settings say &#39;127.0.0.1&#39;"),
        ({"uri": "urn:another"}, "The certificate is for &#39;urn:another&#39;"),
        ({"elliptic": True}, "not RSA"),
    ],
)
def test_what_is_wrong_is_said_in_words(kiosk: TrustRig, more: dict[str, Any], words: str) -> None:
    kiosk.show(**more)
    assert words in kiosk.client().get(TRUST).text


def test_one_that_takes_anothers_place_stands_beside_it_with_what_differs(kiosk: TrustRig, visitor: Visitor) -> None:
    act(visitor, "trust", kiosk.show())
    kiosk.show(hosts=("127.0.0.1", "new-name"))
    page = visitor.get(TRUST)
    assert "Trusted now" in text(page) and "Shown by the PLC, not trusted" in text(page)
    assert page.text.count('class="differs"') >= 2 and "new-name, 127.0.0.1" in text(page)


def test_the_boxs_own_is_renewed_and_both_are_there_for_the_plc(kiosk: TrustRig, visitor: Visitor) -> None:
    before = kiosk.web.desk.certificates.own()["current"]
    page = act(visitor, "renew", pick="Runs out soon")
    assert "Renewed. The PLC must trust the new one." in text(page)
    waiting = kiosk.web.desk.certificates.own()["next"]
    assert all(each["fingerprint"][:4].upper() in text(page) for each in (before, waiting))
    for which, facts in (("current", before), ("next", waiting)):
        answer = visitor.get(f"{TRUST}/own", params={"which": which, "form": "der"})
        assert answer.headers["content-type"] == "application/pkix-cert"
        assert x509.load_der_x509_certificate(answer.content).subject.rfc4514_string() == facts["subject"]
        pem = visitor.get(f"{TRUST}/own", params={"which": which, "form": "pem"}).content
        assert x509.load_pem_x509_certificate(pem) == x509.load_der_x509_certificate(answer.content)
    assert "attachment" in answer.headers["content-disposition"]
    act(visitor, "use-next", pick="Trusted at the PLC")
    own = kiosk.web.desk.certificates.own()
    assert own["current"]["fingerprint"] == waiting["fingerprint"] and own["next"] is None


def test_files_are_brought_and_refused_in_words(kiosk: TrustRig, visitor: Visitor) -> None:
    now_s = kiosk.clock.now().utc_s
    authority = made(now_s, name="Plant authority", authority=True)
    between = made(now_s, name="Between", authority=True, issuer=authority)
    act(visitor, "add", files=[("file", ("root.der", authority.der))], what="trusted")
    act(visitor, "add", files=[("file", ("between.der", between.der))], what="issuers")
    crl = revocations(authority, now_s)
    assert "Added" in text(act(visitor, "add", files=[("file", ("list.crl", crl))], what="revocations"))
    assert held(kiosk, "trusted") == [authority.fingerprint] and held(kiosk, "issuers") == [between.fingerprint]
    listed = visitor.get(TRUST, params={"view": "all"})
    assert "Plant authority" in text(listed) and "completes chains" in text(listed)
    looked = visitor.get(TRUST, params={"look": between.fingerprint})
    assert "Completes chains" in text(looked) and "do=remove" in looked.text
    file = visitor.get(f"{TRUST}/file", params={"place": "trusted", "look": authority.fingerprint})
    assert file.content == authority.der
    torn = act(visitor, "add", files=[("file", ("torn.der", b"no certificate"))], do="add")
    assert torn.status_code == 409 and "no X.509 certificate" in text(torn)
    assert "no file came" in text(act(visitor, "add", do="add"))


def test_many_are_listed_by_the_page(kiosk: TrustRig, visitor: Visitor) -> None:
    trust = trust_list(kiosk.places, kiosk.clock)
    for number in range(6):
        trust.add(made(kiosk.clock.now().utc_s, name=f"PLC {number}").der)
    pages = [text(visitor.get(TRUST, params={"view": "all", "page": str(page)})) for page in (1, 2)]
    assert "1 of 2" in pages[0] and "2 of 2" in pages[1]
    assert all(f"PLC {number} " in " ".join(pages) for number in range(6))


def test_the_connection_is_said_as_it_is(kiosk: TrustRig, visitor: Visitor) -> None:
    assert "SECURED Basic256Sha256, signed and encrypted" in text(visitor.get(TRUST))
    kiosk.station.discipline.fault("plc-untrusted", f"PLC certificate not trusted: open Trust. ({URL}, SHA-256 ab12)")
    kiosk.stand(lambda live: "plc-untrusted" in live["standing"]["faults"])
    assert "NOT TRUSTED The PLC at" in text(visitor.get(TRUST)) and "SHA-256 ab12" not in visitor.get(TRUST).text
    kiosk.station.discipline.clear("plc-untrusted")
    kiosk.station.discipline.fault("plc-lost", "connection refused")
    kiosk.stand(lambda live: "plc-lost" in live["standing"]["faults"])
    assert "NOT CONNECTED" in text(visitor.get(TRUST))
    kiosk.station.discipline.clear("plc-lost")
    kiosk.plc_age_s = None
    kiosk.stand(lambda live: live["plc_age_s"] is None)
    assert "WAITING" in text(visitor.get(TRUST))
    kiosk.silence_line()
    eventually(lambda: "NOT LIVE" in text(visitor.get(TRUST)))


def test_an_open_link_is_said_loudly_and_has_nothing_to_trust(tmp_path: Path) -> None:
    with TrustRig(tmp_path, line=replace(LINE, plc=replace(LINE.plc, security="none"))) as kiosk:
        kiosk.run_line()
        kiosk.stand(lambda live: "plc_age_s" in live)
        page = kiosk.client().get(TRUST)
        assert "banner--attention" in page.text and "NOT SECURED" in text(page)
        assert "Nothing to trust" in text(page) and "No certificate is needed" in text(page)


def test_the_run_pages_banner_leads_to_it(kiosk: TrustRig) -> None:
    assert re.search(r'data-field="banner-to"[^>]* hidden', kiosk.client().get("/").text)
    kiosk.station.discipline.fault("plc-untrusted", "open Trust")
    kiosk.stand(lambda live: "plc-untrusted" in live["standing"]["faults"])
    assert re.search(rf'data-field="banner-to" href="{TRUST}">', kiosk.client().get("/").text)


@pytest.mark.parametrize("query", [{"look": "../../etc"}, {"page": "x", "view": "all"}, {"do": "nothing"}])
def test_strange_addresses_are_plain_pages(visitor: Visitor, query: dict[str, str]) -> None:
    assert visitor.get(TRUST, params=query).status_code == 200


def test_strange_files_and_acts_are_refused(visitor: Visitor) -> None:
    for query in ({"place": "own", "look": "ab"}, {"place": "trusted", "look": "../own/current"}):
        assert visitor.get(f"{TRUST}/file", params=query).status_code in (400, 404, 409)
    assert act(visitor, "nothing").status_code == 409


def test_a_name_is_read_from_a_subject() -> None:
    assert common_name("O=Plant,CN=PLC\\, line 3") == "PLC, line 3"
    assert common_name("O=Plant") == "O=Plant"
