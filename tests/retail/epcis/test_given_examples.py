"""The published examples and the published schema of EPCIS 2.0 against the reader and writer."""

from __future__ import annotations

import json
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from retail.epcis.document import Document, query_document, read_document, read_text
from retail.epcis.event_hash import hash_id
from tests.retail.epcis.examples import EVENTS, EXAMPLE, Schema, document, given, mutants

pytestmark = pytest.mark.samples
NOW_MS = 1_795_420_800_250


@pytest.fixture(scope="module")
def schema(samples: Path) -> Schema:
    return Schema(samples)


def refused(said: Any) -> bool:
    try:
        read_document(said)
    except InputError:
        return True
    return False


def test_every_given_example_is_read_and_written_as_it_came(samples: Path, schema: Schema) -> None:
    files = given(samples)
    assert len(files) >= 37
    for file in files:
        said = json.loads(file.read_bytes())
        read = read_text(file.read_bytes())
        back = read.as_json() if said["type"] == "EPCISDocument" else read.events[0]
        assert back == said, file.name
        assert schema.accepts(back), file.name


def test_every_event_of_the_examples_by_itself_is_an_event_and_has_a_name(samples: Path, schema: Schema) -> None:
    for file in given(samples):
        read = read_text(file.read_bytes())
        for event in read.standing():
            assert schema.accepts(event), file.name
            [again] = read_document(event).events
            assert hash_id(again) == hash_id(event, read.context)


def test_the_same_event_in_either_writing_of_its_keys_has_one_name(samples: Path) -> None:
    """The standard gives this event twice: with URNs, and with Digital Links."""
    folder = samples / "retail" / "epcis"
    names = [
        hash_id(read.events[0], read.context)
        for name in ("Example_9.6.4-TransformationEvent", "Example_9.6.4-TransformationEventWithDigitalLink")
        for read in [read_text((folder / f"{name}.jsonld").read_bytes())]
    ]
    assert names[0] == names[1]


def test_what_is_written_anew_holds_before_the_schema(schema: Schema) -> None:
    made = Document(EVENTS, [document()["@context"][0], EXAMPLE]).as_json(NOW_MS)
    assert schema.accepts(made)
    assert schema.accepts(query_document(EVENTS, [EXAMPLE], NOW_MS))


def _held(examples: list[tuple[Any, Any]], schema: Schema) -> int:
    """What the schema refuses, the reader refuses; how much of it there was."""
    found = 0
    for where, said in examples:
        if not schema.accepts(said):
            found += 1
            assert refused(said), f"the schema refuses this, the reader does not: {where}"
    return found


def test_what_the_schema_refuses_is_refused(samples: Path, schema: Schema) -> None:
    every = list(mutants(document()))
    assert _held(random.Random(7).sample(every, 300), schema) > 100


@pytest.mark.slow
def test_what_the_schema_refuses_in_any_example_is_refused(samples: Path, schema: Schema) -> None:
    found = [json.loads(file.read_bytes()) for file in given(samples)]
    assert _held(list(chain.from_iterable(mutants(said) for said in found)), schema) > 10_000
