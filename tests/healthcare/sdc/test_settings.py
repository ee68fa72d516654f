from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from healthcare.sdc.settings import SdcSettings
from healthcare.settings import HealthcareSettings

DEVICE = {"name": "m1", "bed": "bed-1", "epr": "urn:uuid:1"}
HERE, THERE, SAFE = (f"{address}:6464/1" for address in ("http://127.0.0.1", "http://10.1.2.3", "https://10.1.2.3"))
TLS = {"certificate": "a", "key": "b", "ca": "c"}


def read(**table: Any) -> SdcSettings:
    return TypeAdapter(SdcSettings).validate_python(table)


def test_a_device_at_a_fixed_address_and_one_that_is_sought() -> None:
    assert read(devices=[{**DEVICE, "address": HERE}]).devices[0].address == HERE
    assert read(devices=[{**DEVICE, "address": SAFE, "certificate_name": "monitor-1"}], tls=TLS).tls is not None
    assert read(devices=[DEVICE], interface="127.0.0.1").silent_after == 8.0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"devices": []}, "devices"),
        ({"devices": [{"name": "m1", "bed": "bed-1", "address": HERE}]}, "epr"),
        ({"devices": [DEVICE]}, "interface"),
        ({"devices": [{**DEVICE, "address": "10.1.2.3"}]}, "address"),
        ({"devices": [{**DEVICE, "address": THERE}]}, "unencrypted_beyond_loopback"),
        ({"devices": [DEVICE], "interface": "eth1"}, "unencrypted_beyond_loopback"),
        ({"devices": [{**DEVICE, "address": SAFE}]}, "tls"),
        ({"devices": [{**DEVICE, "address": HERE}], "tls": TLS}, "https"),
        ({"devices": [{**DEVICE, "address": HERE, "certificate_name": "x"}]}, "tls"),
        ({"devices": [{**DEVICE, "address": HERE}, {**DEVICE, "epr": "2", "address": THERE}]}, "called 'm1'"),
        ({"devices": [{**DEVICE, "address": HERE}, {**DEVICE, "name": "m2", "epr": " URN:UUID:1"}]}, "epr '1'"),
        ({"devices": [{**DEVICE, "address": HERE}, {**DEVICE, "name": "m2", "epr": "2", "address": HERE}]}, "address"),
        ({"devices": [{**DEVICE, "address": HERE}], "silent_after": "1s"}, "silent_after"),
        ({"devices": [{**DEVICE, "address": HERE}], "typo": 1}, "typo"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(table: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        read(**table)


def test_a_device_is_at_a_bed_of_the_ward_and_called_as_no_other_device() -> None:
    def ward(bed: str, name: str) -> HealthcareSettings:
        beds = [{"name": "bed-1", "label": "1", "devices": ["0009FBFFFE000002"]}]
        sdc = {"devices": [{"name": name, "bed": bed, "epr": "1", "address": HERE}]}
        return TypeAdapter(HealthcareSettings).validate_python({"ward": "7", "beds": beds, "sdc": sdc})

    assert ward("bed-1", "m1").sdc is not None
    with pytest.raises(ValidationError, match="bed-9"):
        ward("bed-9", "m1")
    with pytest.raises(ValidationError, match="0009FBFFFE000002"):
        ward("bed-1", "0009FBFFFE000002")
