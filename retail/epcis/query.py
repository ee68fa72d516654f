"""The simple event query: what a client asks by its parameters, and whether an event is it.

Source: GS1 EPCIS 2.0, 8.2.7.1 (parameters) and 12.7 (REST). Values of one parameter are alternatives, parameters
narrow each other. A parameter that is not known here is refused: it would otherwise give more than was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import InputError
from retail.epcis.event import Body
from retail.epcis.identity import canonical
from retail.epcis.shape import moment_ms

Test = Callable[[Body], bool]

MOST_A_PAGE = 1000
_PAGE = 30
_MOST_VALUES = 100
_EPC_FIELDS: Mapping[str, tuple[str, ...]] = {
    "MATCH_epc": ("epcList", "childEPCs"),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPCList",),
    "MATCH_outputEPC": ("outputEPCList",),
    "MATCH_anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
    "MATCH_epcClass": ("quantityList", "childQuantityList"),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
}
_FIELDS = {
    "eventType": "type", "EQ_action": "action", "EQ_bizStep": "bizStep", "EQ_disposition": "disposition",
    "EQ_eventID": "eventID", "EQ_transformationID": "transformationID",
}  # fmt: skip
_PLACES = {"readPoint", "bizLocation"}
_TYPED = {"bizTransaction": "bizTransactionList", "source": "sourceList", "destination": "destinationList"}
_TOKEN = re.compile(r"(-?\d{1,16})\.(own|captured)\.(\d{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the event's time, whose it was, its number there."""

    at_ms: int
    whose: str
    number: int

    def token(self) -> str:
        return f"{self.at_ms}.{self.whose}.{self.number}"


@dataclass(slots=True)
class Query:
    """`begin_ms` <= eventTime < `end_ms`. `things`: sets of EPCs and classes, of each of which one must be in the
    event, for a look into an index; `tests` decide. `limit` (0: none) ends the query after one page of so many."""

    begin_ms: int = -(2**62)
    end_ms: int = 2**62
    things: list[Sequence[str]] = field(default_factory=list)
    event_ids: Sequence[str] = ()
    newest_first: bool = True
    per_page: int = _PAGE
    limit: int = 0
    after: Position | None = None
    tests: list[Test] = field(default_factory=list)

    def fits(self, event: Body) -> bool:
        at_ms = moment_ms(event["eventTime"])
        return self.begin_ms <= at_ms < self.end_ms and all(test(event) for test in self.tests)


def read_query(said: Mapping[str, str]) -> Query:
    """From the parameters of an address. Raises InputError, which names the parameter."""
    query = Query()
    for name, value in said.items():
        if len(value) > 8000:
            raise InputError(f"{name}: {len(value)} characters are too many")
        if not (_how(query, name, value) or _when(query, name, value) or _what(query, name, value)):
            raise InputError(
                f"the query parameter '{name[:60]}' is not known here",
                hint="See the page on EPCIS for those that are; nothing was left out of the answer without a word.",
            )
    return query


def _how(query: Query, name: str, value: str) -> bool:
    """Order and pages."""
    match name:
        case "orderBy":
            if value != "eventTime":
                raise InputError(f"orderBy: '{value[:40]}', expected: eventTime")
        case "orderDirection":
            if value not in ("ASC", "DESC"):
                raise InputError(f"orderDirection: '{value[:40]}', expected: ASC or DESC")
            query.newest_first = value == "DESC"
        case "perPage":
            query.per_page = min(_whole(name, value), MOST_A_PAGE)
        case "eventCountLimit":
            query.limit = _whole(name, value)
            if query.limit > MOST_A_PAGE:
                raise InputError(f"eventCountLimit: at most {MOST_A_PAGE}", hint="Ask without it, page by page.")
        case "nextPageToken":
            found = _TOKEN.fullmatch(value)
            if found is None:
                raise InputError("nextPageToken: it is none that was given here", hint="Begin the query anew.")
            query.after = Position(int(found[1]), found[2], int(found[3]))
        case _:
            return False
    return True


def _when(query: Query, name: str, value: str) -> bool:
    bound = {"GE_eventTime": "begin_ms", "LT_eventTime": "end_ms"}.get(name)
    if bound is not None:
        setattr(query, bound, moment_ms(value, name))
        return True
    found = re.fullmatch(r"(GE|LT)_(recordTime|errorDeclaration_?Time)", name)
    if found is None:
        return False
    at_ms, least = moment_ms(value, name), found[1] == "GE"
    record = found[2] == "recordTime"

    def test(event: Body) -> bool:
        said = event.get("recordTime") if record else event.get("errorDeclaration", {}).get("declarationTime")
        return said is not None and ((moment_ms(said) >= at_ms) if least else (moment_ms(said) < at_ms))

    query.tests.append(test)
    return True


def _what(query: Query, name: str, value: str) -> bool:
    values = [one.strip() for one in value.split(",") if one.strip()]
    if not values or len(values) > _MOST_VALUES:
        raise InputError(f"{name}: 1 to {_MOST_VALUES} values, separated by commas")
    if name in _EPC_FIELDS:
        if not any(_is_pattern(one) for one in values):
            query.things.append(values)
        query.tests.append(_about(_EPC_FIELDS[name], values))
        return True
    test = _plain(name, values) or _placed(name, values) or _listed(name, values) or _declared(name, values)
    test = test or _own(name, values)
    if test is None:
        return False
    if name == "EQ_eventID":
        query.event_ids = values
    query.tests.append(test)
    return True


def _plain(name: str, values: Sequence[str]) -> Test | None:
    wanted, of = set(values), _FIELDS.get(name)
    if of is not None:
        return lambda event: event.get(of) in wanted
    found = re.fullmatch(r"EQ_persistentDisposition_(set|unset)", name)
    if found is None:
        return None
    side = found[1]
    return lambda event: bool(wanted & set(event.get("persistentDisposition", {}).get(side, ())))


def _placed(name: str, values: Sequence[str]) -> Test | None:
    """EQ: the very place; WD: also the places in it, as far as their Digital Links say so."""
    how, _, of = name.partition("_")
    if of not in _PLACES or how not in ("EQ", "WD"):
        return None
    wanted = {_same(one) for one in values}

    def test(event: Body) -> bool:
        here = _same(event.get(of, {}).get("id", ""))
        return here in wanted or (how == "WD" and any(here.startswith(f"{one}/254/") for one in wanted))

    return test


def _listed(name: str, values: Sequence[str]) -> Test | None:
    """EQ_bizTransaction_TYPE, EQ_source_TYPE, EQ_destination_TYPE; bizTransactions may have no type."""
    found = re.fullmatch(r"EQ_(bizTransaction|source|destination)_?(.*)", name)
    if found is None:
        return None
    of, kind = found[1], found[2]
    wanted = {_same(one) for one in values}
    return lambda event: any(
        _same(one[of]) in wanted and kind in ("", one.get("type", "")) for one in event.get(_TYPED[of], ())
    )


def _declared(name: str, values: Sequence[str]) -> Test | None:
    if name == "EXISTS_errorDeclaration":
        return _there(values, lambda event: "errorDeclaration" in event)
    of = {"EQ_errorReason": "reason", "EQ_correctiveEventID": "correctiveEventIDs"}.get(name)
    if of is None:
        return None
    wanted = set(values)

    def test(event: Body) -> bool:
        said = event.get("errorDeclaration", {}).get(of, ())
        return bool(wanted & ({said} if isinstance(said, str) else set(said)))

    return test


def _own(name: str, values: Sequence[str]) -> Test | None:
    """EQ_ and EXISTS_ of an extension at the top of an event, and of instance or lot data."""
    found = re.fullmatch(r"(EQ|EXISTS)_(ILMD_)?([A-Za-z][\w.+-]*:.+)", name)
    if found is None:
        return None
    how, inside, of = found.groups()

    def said(event: Body) -> Any:
        return (event.get("ilmd", {}) if inside else event).get(of)

    if how == "EXISTS":
        return _there(values, lambda event: said(event) is not None)
    return lambda event: isinstance(said(event), str | int | float) and str(said(event)) in values


def _there(values: Sequence[str], test: Test) -> Test:
    if values == ["true"]:
        return test
    if values == ["false"]:
        return lambda event: not test(event)
    raise InputError(f"'{values[0][:40]}', expected: true or false")


def _about(fields: Sequence[str], values: Sequence[str]) -> Test:
    tests = [_matching(one) for one in values]
    return lambda event: any(test(uri) for uri in _uris(event, fields) for test in tests)


def _uris(event: Body, fields: Iterable[str]) -> Iterable[str]:
    for name in fields:
        said = event.get(name, ())
        for one in [said] if isinstance(said, str) else said:
            yield one if isinstance(one, str) else one["epcClass"]


def _is_pattern(uri: str) -> bool:
    return uri.startswith("urn:epc:idpat:") and not canonical(uri)


def _matching(wanted: str) -> Callable[[str], bool]:
    """Each writing of one EPC is that EPC; a class, and a pattern of all its serial numbers, are all items of it."""
    if _is_pattern(wanted):
        kind, _, rest = wanted.removeprefix("urn:epc:idpat:").partition(":")
        parts = [r"[^.]+" if part == "*" else re.escape(part) for part in rest.split(".")]
        pattern = re.compile(rf"urn:epc:(id|class|idpat):l?{re.escape(kind)}:{'[.]'.join(parts)}")
        return lambda uri: pattern.fullmatch(uri) is not None
    same = _same(wanted)
    return lambda uri: _same(uri) == same or _same(uri).startswith((f"{same}/21/", f"{same}/10/", f"{same}/235/"))


def _same(uri: str) -> str:
    return canonical(uri) or uri


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not 0 < int(value[:9]) < 10**8:
        raise InputError(f"{name}: '{value[:40]}', expected: a whole number above 0")
    return int(value[:9])
