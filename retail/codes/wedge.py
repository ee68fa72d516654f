"""What a scanner types: an AIM identifier before the code (ISO/IEC 15424), separators in the forms that wedges send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retail.codes.elements import SEPARATOR

#: AIM identifier to the name of the symbology, where the code is chained element strings.
GS1_SYMBOLOGIES = {
    "]C1": "gs1-128",
    "]e0": "gs1-databar",
    "]e1": "gs1-composite",
    "]e2": "gs1-composite",
    "]d2": "gs1-datamatrix",
    "]Q3": "gs1-qr",
    "]J1": "gs1-dotcode",
}
#: The same of all others; those that are not here are called by their identifier.
OTHER_SYMBOLOGIES = {
    "]E0": "ean-13",
    "]E1": "ean-2",
    "]E2": "ean-5",
    "]E3": "ean-13",  # with an add-on of 2 or 5 digits behind
    "]E4": "ean-8",
    "]I0": "itf",
    "]I1": "itf-14",
    "]C0": "code-128",
    "]d1": "datamatrix",
    "]Q1": "qr",
    "]A0": "code-39",
}
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
#: None of these signs can stand in a value (ISO/IEC 646 table of GS1's 82 characters), so they can only be separators.
_FORMS = re.compile(r"\x1d|\N{SYMBOL FOR GROUP SEPARATOR}|\{GS\}|\[GS\]|<GS>|\\x1[dD]|\\u001[dD]|\^\]|\||~|\x1e")
_ENDS = "\r\n\t\x00 \x02\x03\x04"


@dataclass(frozen=True, slots=True)
class Typed:
    """`aim` is empty where the scanner sends none; `gs1` says that the code begins as GS1 codes do."""

    body: str
    aim: str
    symbology: str
    gs1: bool


def read_typed(text: str) -> Typed:
    """Cuts the identifier off and puts `SEPARATOR` for what stands for it. Nothing is judged."""
    body = text.strip(_ENDS)
    aim = body[:3] if _AIM.match(body) else ""
    body = body[len(aim) :]
    if aim in GS1_SYMBOLOGIES:
        return Typed(separated(body), aim, GS1_SYMBOLOGIES[aim], True)
    if not aim and _FORMS.match(body):  # FNC1 in front, sent as a separator: so do scanners without identifiers
        return Typed(separated(body), "", "", True)
    return Typed(body, aim, OTHER_SYMBOLOGIES.get(aim, aim), False)


def separated(body: str) -> str:
    """With `SEPARATOR` for each form of it; the same where there are none."""
    return _FORMS.sub(SEPARATOR, body)
