from __future__ import annotations

import itertools

import pytest

from core.errors import InputError
from healthcare.hl7.acknowledge import Outcome, Result, acknowledgements
from healthcare.hl7.faults import Condition, Fault, Place
from healthcare.hl7.header import Header, check, header_of, rejects
from healthcare.hl7.message import Message, parse
from tests.healthcare.hl7.messages import frame, observations

FAULT = Fault(Place("OBX", 2, 5), Condition.DATA_TYPE, "is no number")
ACCEPTED, ERROR, REJECTED = (Outcome(Result.ACCEPTED), Outcome(Result.ERROR, (FAULT,)), Outcome(Result.REJECTED))


def answers(message: bytes, outcome: Outcome) -> list[Message]:
    return [parse(reply) for reply in acknowledgements(header_of(parse(message)), outcome, 1_785_000_000.5, "E-1")]


def codes(message: bytes, outcome: Outcome) -> list[str]:
    return [answer.required("MSA").text(1) for answer in answers(message, outcome)]


def test_sender_and_receiver_are_swapped_and_the_id_comes_back() -> None:
    (answer,) = answers(observations("77"), ACCEPTED)
    header = answer.header
    assert (header.raw(3), header.raw(4)) == ("EDGE", "WARD7")
    assert (header.raw(5), header.raw(6)) == ("ACME_GW^ACDE48234567ABCD^EUI-64", "HOSP")
    assert header.raw(9) == "ACK^R01^ACK"
    assert (header.text(11), header.text(12)) == ("P", "2.6")
    assert header.raw(7) == "20260725172000.500+0000"
    assert answer.required("MSA").raw(2) == "77"


def test_each_acknowledgement_has_an_id_of_its_own() -> None:
    both = answers(observations(accept="AL", application="AL"), ACCEPTED)
    assert len({answer.header.text(10) for answer in both}) == 2


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad", "rejected"),
    [
        ("", "", ["AA"], ["AE"], ["AR"]),
        ("NE", "AL", ["AA"], ["AE"], ["AR"]),
        ("AL", "NE", ["CA"], ["CE"], ["CR"]),
        ("AL", "", ["CA"], ["CE"], ["CR"]),
        ("", "AL", ["AA"], ["AE"], ["AR"]),
        ("AL", "AL", ["CA", "AA"], ["CE"], ["CR"]),
        ("ER", "NE", [], ["CE"], ["CR"]),
        ("SU", "NE", ["CA"], [], []),
        ("NE", "ER", [], ["AE"], ["AR"]),
        ("NE", "SU", ["AA"], [], []),
        ("ER", "AL", ["AA"], ["CE"], ["CR"]),
        ("NE", "NE", [], [], []),
    ],
)
def test_both_modes_and_all_their_conditions(
    accept: str, application: str, good: list[str], bad: list[str], rejected: list[str]
) -> None:
    message = observations(accept=accept, application=application)
    assert [codes(message, outcome) for outcome in (ACCEPTED, ERROR, REJECTED)] == [good, bad, rejected]


def test_no_condition_gives_more_than_one_of_a_level() -> None:
    for accept, application in itertools.product(("AL", "NE", "ER", "SU", "", "XX"), repeat=2):
        for outcome in (ACCEPTED, ERROR, REJECTED):
            given = codes(observations(accept=accept, application=application), outcome)
            assert len({code[0] for code in given}) == len(given)


def test_an_error_names_place_code_and_severity() -> None:
    (answer,) = answers(observations(), ERROR)
    err = answer.required("ERR")
    assert err.components(2) == ["OBX", "2", "5"]
    assert err.components(3) == ["102", "Data type error", "HL70357"]
    assert err.text(4) == "E"
    assert err.text(8) == "OBX-5 (segment OBX number 2) is no number"
    assert answer.required("MSA").text(3) == err.text(8)


def test_a_warning_goes_with_an_acceptance() -> None:
    (answer,) = answers(observations(), Outcome(Result.ACCEPTED, (FAULT,)))
    assert (answer.required("MSA").text(1), answer.required("ERR").text(4)) == ("AA", "W")


def test_versions_before_2_5_get_the_older_error() -> None:
    (answer,) = answers(observations().replace(b"|2.6|", b"|2.4|"), ERROR)
    err = answer.required("ERR")
    assert [err.text(1, part) for part in (1, 2, 3)] == ["OBX", "2", "5"]
    assert [err.text(1, 4, part) for part in (1, 2, 3)] == ["102", "Data type error", "HL70357"]
    assert answers(observations().replace(b"|2.6|", b"|2.3|"), ACCEPTED)[0].header.raw(9) == "ACK^R01"


def test_separators_and_character_set_are_the_sender_s() -> None:
    message = "MSH#*!?%#Gerät*x##E##2026##ORU*R01#5#P#2.6######8859/1\rPID\r".encode("latin-1")
    (reply,) = acknowledgements(header_of(parse(message)), ACCEPTED, 0.0, "E-1")
    assert "Gerät*x".encode("latin-1") in reply
    assert parse(reply).header.text(18) == "8859/1"


@pytest.mark.parametrize(
    ("swap", "condition", "rejected"),
    [
        ((b"ORU^R01^ORU_R01", b"MDM^T02"), Condition.MESSAGE_TYPE, True),
        ((b"ORU^R01^ORU_R01", b"ORU^R30"), Condition.EVENT, True),
        ((b"ORU^R01^ORU_R01", b""), Condition.MISSING, False),
        ((b"|2.6|", b"|3.0|"), Condition.VERSION, True),
        ((b"|2.6|", b"||"), Condition.VERSION, True),
        ((b"|P|", b"|T|"), Condition.PROCESSING, True),
        ((b"|1001|", b"||"), Condition.MISSING, False),
        ((b"|1001|", b"|" + b"9" * 200 + b"|"), Condition.DATA_TYPE, False),
    ],
)
def test_what_is_not_meant_for_us_is_rejected_and_what_is_wrong_is_an_error(
    swap: tuple[bytes, bytes], condition: Condition, rejected: bool
) -> None:
    header = header_of(parse(observations().replace(*swap)))
    with pytest.raises(InputError) as caught:
        check(header, ("P",))
    assert caught.value.fault.condition is condition  # type: ignore[attr-defined]
    assert rejects(caught.value) is rejected  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ORU^R01", "ORU^^ORU_R01", "ORU^R40^ORU_R40", "oru^r01", "ADT^A01^ADT_A01"])
def test_types_may_be_written_short(kind: str) -> None:
    check(header_of(parse(frame(kind=kind))), ("P",))


def test_the_key_is_bounded() -> None:
    assert len(Header("x" * 10_000, "", "", "", "", "", "1", "", "").key) < 300
