"""Against what is published for CBV 2.0: the worked examples of the reference implementation that GS1 names, and the
document with all GS1 keys that two implementations agree on."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.epcis.document import CONTEXT
from retail.epcis.event_hash import hash_id, pre_hash
from tests.retail.epcis.examples import EVENTS, EXAMPLE, OBJECT, WRONG

OWN = [CONTEXT, {"example": "https://ns.example.com/epcis/"}]
EXTENDED = {
    "type": "ObjectEvent", "eventTime": "2020-03-04T11:00:30.000+01:00", "eventTimeZoneOffset": "+01:00",
    "recordTime": "2020-03-04T11:00:30.999+01:00", "action": "OBSERVE", "bizStep": "departing",
    "epcList": ["urn:epc:id:sscc:4012345.0000000333", "urn:epc:id:sscc:4012345.0000000111",
                "urn:epc:id:sscc:4012345.0000000222"],
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00011.987"},
    "example:myField1": {"example:mySubField1": "2", "example:mySubField2": "5"},
    "example:myField2": "0", "example:myField3": {"example:mySubField3": ["3", "1"]},
}  # fmt: skip
SENSORS = {
    "type": "ObjectEvent", "eventTime": "2020-04-01T15:00:00+01:00", "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.9876"], "action": "OBSERVE", "bizStep": "inspecting",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
    "sensorElementList": [
        {
            "sensorMetadata": {"deviceID": "urn:epc:id:giai:4000001.111",
                               "deviceMetadata": "https://id.gs1.org/8004/4000001111"},
            "sensorReport": [
                {"type": "Temperature", "value": 26, "sDev": 0.1, "uom": "CEL"},
                {"type": "AbsoluteHumidity", "value": 12.1, "uom": "A93"},
                {"type": "Dimensionless", "microorganism": "https://www.ncbi.nlm.nih.gov/taxonomy/1126011",
                 "value": 0.05, "uom": "C35"},
                {"type": "Dimensionless", "value": 0.18, "uom": "C35",
                 "chemicalSubstance": "https://identifiers.org/inchikey:CZMRCDWAGMRECN-UGDNZRGBSA-N"},
            ],
        }
    ],
}  # fmt: skip
PARTIES = {
    "type": "ObjectEvent", "eventTime": "2020-03-04T11:00:30+01:00", "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:0614141.011111.987"], "action": "OBSERVE", "bizStep": "departing",
    "disposition": "in_transit",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00011.0", "example:myField1": "AB-12"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:4012345.11111.123"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00000"}],
    "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00000"}],
    "example:userExt": "CD-34",
}  # fmt: skip
ALL_KEYS = {
    "type": "ObjectEvent", "eventTime": "2023-03-27T11:30:00.0Z", "eventTimeZoneOffset": "+01:00", "action": "OBSERVE",
    "epcList": [
        "urn:epc:id:sgtin:4012345.012345.12", "urn:epc:id:sscc:4012345.0000000333",
        "https://id.gs1.org/00/040123450000003338", "urn:epc:id:grai:4012345.66666.87", "urn:epc:id:giai:4012345.AAbb",
        "urn:epc:id:gsrn:4012345.9876540000", "urn:epc:id:gsrnp:4012345.0000098765",
        "urn:epc:id:gdti:4012345.55555.98", "urn:epc:id:cpi:4012345.ABC.123", "urn:epc:id:sgcn:4012345.99999.44",
        "urn:epc:id:ginc:4012345.333", "urn:epc:id:gsin:4012345.999987654",
        "urn:epc:id:itip:4012345.012345.01.02.999", "urn:epc:id:upui:4012345.012345.AB12",
    ],
    "quantityList": [
        {"epcClass": f"urn:epc:{rest}"}
        for rest in ("class:lgtin:4054739.099914.20160711", "idpat:sgtin:4054739.099914.*",
                     "idpat:grai:4012345.66666.*", "idpat:gdti:4012345.55555.*", "idpat:sgcn:4012345.99999.*",
                     "idpat:cpi:4012345.ABC.*", "idpat:itip:4012345.012345.01.02.*")
    ],
    "bizStep": "other", "readPoint": {"id": "urn:epc:id:sgln:4012345.00011.987"},
}  # fmt: skip
PUBLISHED = [
    (EXTENDED, "6ae96341e0acc6d7a261364751f60e68278a81cdf51da0abb6b4e617014e39d7"),
    (SENSORS, "271565c346ae2fb28c4583c4dca4ab4772d465eb4e0b6e548d77d8b49377d95c"),
    (PARTIES, "3ae14c02c4bdc220cc31942cf804f6845eb8dec96ba6483391c92a9b165f9329"),
    (ALL_KEYS, "40744f32beff53a4bf5bb5956d465cb52de5bbcc9f131409d8efb903b04d9351"),
]


@pytest.mark.parametrize(("event", "digest"), PUBLISHED)
def test_the_published_examples_have_their_published_names(event: dict[str, Any], digest: str) -> None:
    assert hash_id(event, OWN) == f"ni:///sha-256;{digest}?ver=CBV2.0"


def shuffled(said: Any, random_: random.Random) -> Any:
    if isinstance(said, dict):
        keys = list(said)
        random_.shuffle(keys)
        return {key: shuffled(said[key], random_) for key in keys}
    if isinstance(said, list):
        said = [shuffled(one, random_) for one in said]
        random_.shuffle(said)
    return said


@given(st.integers(0, 10_000))
def test_no_order_of_keys_or_lists_changes_the_name(seed: int) -> None:
    for event, digest in PUBLISHED:
        assert digest in hash_id(shuffled(copy.deepcopy(event), random.Random(seed)), OWN)


def test_the_prefix_is_a_matter_of_taste_and_the_namespace_is_not() -> None:
    renamed = {name.replace("example:", "e:"): value for name, value in OBJECT.items()}
    renamed["e:note"] = {"e:of": OBJECT["example:note"]["example:of"]}
    own = hash_id(OBJECT, [CONTEXT, EXAMPLE])
    assert hash_id(renamed, [CONTEXT, {"e": EXAMPLE["example"]}]) == own
    assert hash_id(OBJECT, [CONTEXT, {"example": "http://elsewhere/"}]) != own


def test_when_it_was_recorded_its_id_and_a_declared_error_are_not_in_the_name() -> None:
    told = {**OBJECT, "recordTime": "2026-11-23T09:00:00Z", "eventID": "urn:uuid:1", "certificationInfo": "x:y"}
    assert hash_id(told) == hash_id(OBJECT) == hash_id(WRONG)


def test_every_value_that_changes_changes_the_name() -> None:
    names = [hash_id(event) for event in EVENTS[:-1]]
    assert len(set(names)) == len(names)
    assert hash_id({**OBJECT, "disposition": "in_progress"}) != hash_id(OBJECT)
    assert hash_id({**OBJECT, "eventTime": "2026-11-23T08:00:00.001Z"}) != hash_id(OBJECT)


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.0, "1"), (200.50, "200.5"), ("23.0", "23"), (1e3, "1000"), (-0.0, "0"), (True, "true"), ("AB-12", "AB-12"),
     (" x ", "x"), ("gs1:Temperature", "https://ref.gs1.org/voc/Temperature"),
     ("urn:epcglobal:cbv:disp:active", "https://ref.gs1.org/cbv/Disp-active")],
)  # fmt: skip
def test_values_have_one_writing(value: Any, said: str) -> None:
    assert pre_hash({**OBJECT, "example:note": value}, [EXAMPLE]).endswith(f"note={said}")


@pytest.mark.parametrize(
    ("at", "said"),
    [("2026-11-23T08:00:00Z", "08:00:00.000Z"), ("2026-11-23T09:00:00.0004+01:00", "08:00:00.000Z"),
     ("2026-11-23T07:59:59.9995Z", "08:00:00.000Z"), ("2026-11-23T08:00:00.1415Z", "08:00:00.142Z")],
)  # fmt: skip
def test_times_are_utc_with_milliseconds_rounded_half_up(at: str, said: str) -> None:
    assert f"eventTime=2026-11-23T{said}eventTimeZoneOffset" in pre_hash({**OBJECT, "eventTime": at})
