from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retail.epcis.naming import Naming, own_event
from retail.epcis.shape import is_uri

NAMING = Naming("Corner", "4012345000115", "Europe/Berlin")
_texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=60)


@given(_texts, _texts, st.integers(1, 999))
def test_an_event_of_ours_leads_back_to_its_document(source: str, ref: str, number: int) -> None:
    name = NAMING.event(source, ref, number)
    assert own_event(name) == (source, ref)
    assert is_uri(name)
    assert is_uri(NAMING.transaction(source, ref))


def test_anybody_elses_event_is_not_ours() -> None:
    assert own_event("urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8") is None


def test_a_place_is_found_by_its_name_with_and_without_a_gln() -> None:
    for naming in (NAMING, Naming("Corner")):
        assert naming.place_called(naming.place("back-room")) == "back-room"
        assert naming.place_called("https://id.gs1.org/414/4000001000005") == ""


def test_the_offset_is_the_stores_at_that_moment() -> None:
    assert NAMING.offset(1_795_420_800.0) == "+01:00"
    assert NAMING.offset(1_785_000_000.0) == "+02:00"
