from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.hl7.escapes import Separators, escape, unescape
from healthcare.hl7.faults import Condition, MessageError
from healthcare.hl7.message import MAX_FIELDS, MAX_FRAME_BYTES, MAX_SEGMENTS, compose, parse
from tests.healthcare.hl7.messages import observations

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12).map(str.strip).filter(lambda text: text != '""')


def fault_of(frame: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        parse(frame)
    assert isinstance(caught.value, InputError)
    return str(caught.value)


def test_segments_fields_repetitions_and_components_are_found() -> None:
    message = parse(b"MSH|^~\\&|A^1\rPID|||7^^^H^XX~12345^^^Hosp&1.2&ISO^MR\rOBX|1\rOBX|2\r")
    pid = message.required("PID")
    assert [pid.part(each) for each in pid.repetitions(3)] == ["7", "12345"]
    assert pid.part(pid.repetitions(3)[1], 4, 2) == "1.2"
    assert pid.text(3, 5) == "XX"
    assert (pid.text(3, 9), pid.text(40), pid.raw(40), pid.repetitions(2)) == ("", "", "", [])
    assert [row.occurrence for row in message.all("OBX")] == [1, 2]


def test_msh_1_is_the_separator_and_msh_3_the_sender() -> None:
    header = parse(observations()).header
    assert (header.raw(1), header.raw(2), header.text(3), header.text(10)) == ("|", r"^~\&", "ACME_GW", "1001")


def test_other_separators_than_the_usual_ones_are_taken_from_msh() -> None:
    message = parse(b"MSH#*!?%#A*1%2#\rPID###5?S?6*x\r")
    assert message.header.text(3, 2, 2) == "2"
    assert message.required("PID").text(3) == "5*6"


def test_the_truncation_sign_of_version_2_7_is_borne() -> None:
    assert parse(b"MSH|^~\\&#|A|\r").separators.truncation == "#"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r"])
def test_segments_that_end_with_something_else_are_borne(end: bytes) -> None:
    assert parse(observations().replace(b"\r", end)).required("OBR").text(1) == "1"


def test_hl7_null_is_empty() -> None:
    assert parse(b'MSH|^~\\&|""|\r').header.text(3) == ""


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (r"a\F\b\S\c\R\d\T\e\E\f", r"a|b^c~d&e\f"),
        (r"1\.br\2", "1\n2"),
        (r"\H\bold\N\ text", "bold text"),
        (r"\X4D\\XC3A9\ ", "Mé "),
        (r"\Q\ \X4\ \Cxx\ lone \ ", r"\Q\ \X4\ \Cxx\ lone \ "),
    ],
)
def test_escape_sequences(raw: str, meant: str) -> None:
    assert unescape(raw, Separators(), "utf-8") == meant


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_what_was_escaped_comes_back(text: str) -> None:
    by = Separators()
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    escaped = escape(text, by)
    assert unescape(escaped, by, "utf-8") == expected
    assert not set(escaped) & set("|^~&\r\n\x0b\x1c")


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_was_composed_is_read(fields: list[list[str]]) -> None:
    message = parse(compose(["MSH", "A"], ["ZZZ", *[tuple(parts) for parts in fields]]))
    segment = message.segments[1]
    for number, parts in enumerate(fields, 1):
        read = [segment.text(number, part) for part in range(1, len(parts) + 1)]
        assert read == [part.replace("\r\n", "\n").replace("\r", "\n").strip() for part in parts]


def test_repetitions_and_subcomponents_are_composed() -> None:
    written = compose(["MSH", "A"], ["PID", "", "", [("1", "", "", ("H", "2.3")), "5"], "", ""])
    assert written == b"MSH|^~\\&|A\rPID|||1^^^H&2.3~5\r"


@pytest.mark.parametrize(
    ("named", "encoding", "mangled"),
    [
        ("", "utf-8", False),
        ("", "latin-1", False),
        ("ASCII", "utf-8", False),
        ("8859/1", "latin-1", False),
        ("UNICODE UTF-8", "utf-8", False),
        ("UNICODE UTF-8~8859/1", "utf-8", False),
        ("UNICODE UTF-8", "latin-1", True),
        ("8859/15", "iso8859-15", False),
    ],
)
def test_character_sets(named: str, encoding: str, mangled: bool) -> None:
    message = parse(f"MSH|^~\\&|Gerät|||||||||||||||{named}|\r".encode(encoding))
    assert message.mangled is mangled
    assert message.header.text(3) == ("Ger\ufffdt" if mangled else "Gerät")


def test_a_character_set_we_do_not_have_is_named() -> None:
    assert "MSH-18 is 'GB 18030-2000'" in fault_of(b"MSH|^~\\&|||||||||||||||GB 18030-2000\r".replace(b"&|", b"&|A|"))


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (b"", "does not begin with an MSH segment"),
        (b"FHS|^~\\&|", "does not begin with an MSH segment"),
        (b"MSH", "MSH-2 holds no four separators"),
        (b"MSH|^~|", "MSH-2 holds no four separators"),
        (b"MSH|^^\\&|", "MSH-2 holds no four separators"),
        (b"MSHa^~\\&a", "MSH-2 holds no four separators"),
        (b"MSH|^~\\&|A\rpid|1\r", "has no segment name where its segment 2 begins"),
        (b"MSH|^~\\&|A\rPIDX|1\r", "has no segment name where its segment 2 begins"),
        (b"MSH|^~\\&|A\rMSH|^~\\&|B\r", "MSH (segment MSH number 2) begins a second message"),
        (b"MSH|^~\\&|A\rPID" + b"|" * (MAX_FIELDS + 1) + b"\r", f"PID has {MAX_FIELDS + 1} fields"),
        (b"MSH|^~\\&|A\r" + b"OBX|1\r" * MAX_SEGMENTS, f"has {MAX_SEGMENTS + 1} segments"),
        (b"MSH|^~\\&|" + b"x" * MAX_FRAME_BYTES, "bytes, at most 1048576"),
    ],
)
def test_what_is_no_message_is_said_so(frame: bytes, says: str) -> None:
    assert says in fault_of(frame)


def test_a_fault_names_segment_field_and_component() -> None:
    message = parse(b"MSH|^~\\&|A\rOBX|1\rOBX|2||\r")
    with pytest.raises(MessageError) as caught:
        list(message.all("OBX"))[1].required(3, 2)
    assert caught.value.fault.condition is Condition.MISSING
    assert "OBX-3.2 (segment OBX number 2) is empty" in str(caught.value)
    with pytest.raises(MessageError, match="PV1 is missing"):
        message.required("PV1")
