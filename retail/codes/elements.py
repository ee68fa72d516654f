"""GS1 element strings: a chain of application identifiers (AI) with their values, cut by biip.

What biip lets pass is held here: a value that runs into the next without a separator, an AI twice with two values,
AIs that exclude each other. Source: GS1 General Specifications 3 (AIs), 4.13 and 4.14 (pairs), 7.8 (parsing);
pairs as in the GS1 Barcode Syntax Dictionary (`ex`, `req`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from biip import ParseConfig, ParseError
from biip.gs1_element_strings import GS1ElementString

from core.errors import InputError
from retail.codes.gtin import shown

SEPARATOR = "\x1d"  # FNC1 between two element strings, ISO/IEC 15417
#: No label holds more: GS1-128 has 48, GS1 DataMatrix 2,335, a GS1 QR 4,296 characters.
MOST_CHARACTERS = 4296
_PLAIN = ParseConfig(gs1_element_strings_verify_date=False)  # dates are read in dates.py, which is told the day
_IN_BRACKETS = re.compile(r"\(([0-9]{2,4})\)([^()]+)")

_ITEM = ("01", "02", "03", "8006", "8026")
_MEASURES = ("30", "31", "32", "35", "36")
#: AI (or its beginning) to those it may not stand with.
EXCLUDES: Mapping[str, tuple[str, ...]] = {"01": ("255", "37"), "21": ("235",), "392": ("393",), "310": ("320",)}
#: AI (or its beginning) to what must stand beside it: one of each group.
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "02": (("37",),),
    "10": (_ITEM,), "11": (_ITEM,), "13": (_ITEM,), "15": (_ITEM,), "16": (_ITEM,), "17": ((*_ITEM, "255"),),
    "20": (_ITEM,), "21": (("01", "03", "8006"),), "22": (("01",),), "235": (("01",),), "240": (_ITEM,),
    "241": (_ITEM,), "254": (("414",),), "30": (("01", "02"),), "310": (("01", "02"),), "320": (("01", "02"),),
    "37": (("00",), ("02", "8026")), "392": (("01",), _MEASURES), "393": (_MEASURES,), "7003": (_ITEM,),
}  # fmt: skip


def read_elements(message: str) -> dict[str, str]:
    """AI to value, in the order of the code; separators are `SEPARATOR`. Raises InputError."""
    if len(message) > MOST_CHARACTERS:
        raise InputError(f"a code of {len(message)} characters: no GS1 code holds more than {MOST_CHARACTERS}")
    found: dict[str, str] = {}
    rest = message.strip(SEPARATOR)
    while rest:
        element = _first(rest, message)
        rest = _behind(element, rest, message)
        _note(found, element, message)
    if not found:
        raise InputError("the code is empty: it begins as GS1 codes do and holds nothing")
    check_pairs(found)
    return found


def read_brackets(text: str) -> dict[str, str]:
    """The same as people write it below the bars: `(01)09521234543213(17)261130`. Raises InputError."""
    parts = _IN_BRACKETS.findall(text) if _IN_BRACKETS.sub("", text) == "" else []
    if not parts or len(text) > MOST_CHARACTERS:
        raise InputError(
            f"'{shown(text)}' cannot be read: identifiers in brackets, each with its value behind it",
            hint="Such as (01)09521234543213(17)261130.",
        )
    found: dict[str, str] = {}
    for ai, value in parts:
        try:
            element = GS1ElementString.parse(ai + value, config=_PLAIN)
        except ParseError as error:
            raise InputError(f"({ai}){shown(value)} is not as the identifier ({ai}) wants it") from error
        if element.ai.ai != ai:
            raise InputError(f"({ai}) is no application identifier of GS1")
        _note(found, element, text)
    check_pairs(found)
    return found


def missing(found: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences on what should stand beside what is there: it may stand in another code on the same item."""
    remarks = []
    for ai in found:
        for group in NEEDS.get(ai, NEEDS.get(ai[:3], ())) if ai not in ("00", "01") else ():
            if not any(_has(found, wanted) for wanted in group):
                remarks.append(f"({ai}) stands without {' or '.join(f'({wanted})' for wanted in group)}")
    return tuple(remarks)


def _first(rest: str, message: str) -> GS1ElementString:
    try:
        return GS1ElementString.extract(rest, config=_PLAIN)
    except (ParseError, ValueError) as error:
        raise InputError(
            f"'{shown(message)}' cannot be read from '{shown(rest)}' on: no identifier of GS1 with a value that fits",
            hint="Is the scanner set to send the separator (GS, ASCII 29)? See the page on codes.",
        ) from error


def _behind(element: GS1ElementString, rest: str, message: str) -> str:
    """What is left. A value of variable length ends with a separator or the code, or it was cut where it should not."""
    behind = rest[len(element) :]
    if behind and element.ai.separator_required and not behind.startswith(SEPARATOR):
        raise InputError(
            f"'{shown(message)}': the value of ({element.ai.ai}) has no end",
            hint="Is the scanner set to send the separator (GS, ASCII 29)? See the page on codes.",
        )
    return behind.lstrip(SEPARATOR)


def _note(found: dict[str, str], element: GS1ElementString, message: str) -> None:
    ai = element.ai.ai
    if found.get(ai, element.value) != element.value:
        raise InputError(f"'{shown(message)}' says ({ai}) twice: {shown(found[ai])} and {shown(element.value)}")
    found[ai] = element.value


def check_pairs(found: Mapping[str, str]) -> None:
    """Raises InputError for an identifier without a value, and for two that exclude each other."""
    for ai, value in found.items():
        if not value:  # biip's pattern of some numeric identifiers lets nothing pass
            raise InputError(f"({ai}) has no value")
        for other in EXCLUDES.get(ai, EXCLUDES.get(ai[:3], ())):
            if _has(found, other):
                raise InputError(f"({ai}) and ({other}) may not stand in one code", hint="The label is printed wrong.")


def _has(found: Mapping[str, str], wanted: str) -> bool:
    """`wanted` is a whole AI, or its beginning where the last digits say decimals."""
    return any(ai == wanted or (len(ai) == 4 and ai.startswith(wanted) and wanted[0] == "3") for ai in found)
