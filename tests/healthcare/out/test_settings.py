from __future__ import annotations

from typing import Any

import pytest

from core.errors import SettingsError
from core.settings import checked
from healthcare.settings import HealthcareSettings

WARD = {"ward": "Ward 7", "beds": [{"name": "bed-7", "label": "7"}]}


def read(**out: Any) -> HealthcareSettings:
    return checked(HealthcareSettings, {**WARD, "out": out}, "healthcare")


def test_nothing_goes_anywhere_unless_a_site_says_so() -> None:
    assert (read().out.fhir, read().out.pcd04) == (None, None)
    assert read().out.identity == "pseudonym"


def test_a_site_names_its_receivers() -> None:
    out = read(
        fhir={"url": "https://fhir.example/r4/", "vitals_every": "5min", "method": "post"},
        pcd04={"host": "alarms.example", "tls": True},
    ).out
    assert out.fhir is not None and out.pcd04 is not None
    assert (out.fhir.url, out.fhir.vitals_every) == ("https://fhir.example/r4", 300.0)
    assert out.pcd04.port == 2575


@pytest.mark.parametrize(
    ("out", "fault"),
    [
        ({"fhir": {"url": "http://fhir.example/r4"}}, "https"),
        ({"fhir": {"url": "ftp://fhir.example"}}, "base of a FHIR server"),
        ({"fhir": {"url": "https://fhir.example/r4?x=1"}}, "base of a FHIR server"),
        ({"fhir": {"url": "https://fhir.example", "vitals_every": "1s"}}, "vitals_every"),
        ({"pcd04": {"host": "alarms.example"}}, "tls = true"),
        ({"fhir": {"url": "https://fhir.example"}, "identity": "record-number"}, "record_system"),
        ({"fhir": {"url": "https://fhir.example", "tokenfile": "x"}}, "tokenfile"),
    ],
)
def test_a_fault_says_what_was_expected(out: dict[str, Any], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        read(**out)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/fhir", "http://[::1]/fhir", "http://localhost/fhir"])
def test_this_box_itself_may_be_spoken_to_without_tls(url: str) -> None:
    assert read(fhir={"url": url}).out.fhir is not None


def test_another_machine_without_tls_needs_the_word() -> None:
    assert read(pcd04={"host": "10.1.2.3", "unencrypted_beyond_loopback": True}).out.pcd04 is not None
