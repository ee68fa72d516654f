"""Separators, escape sequences and character sets of HL7 v2 (v2.6 2.5.4, 2.7; table 0211)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

#: MSH-18 to Python's name; empty: nothing said. ASCII is read as UTF-8 or Latin-1: senders say it and send umlauts.
CHARSETS: Mapping[str, str] = MappingProxyType(
    {"": "", "ASCII": "", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UTF8": "utf-8", "UNICODE": "utf-8"}
    | {f"8859/{part}": f"iso8859_{part}" for part in (*range(1, 10), 15)}
)

_LINE_BREAK = ".br"
_WITHOUT_TEXT = frozenset({"H", "N"})  # highlighting begins, ends


@dataclass(frozen=True, slots=True)
class Separators:
    """`truncation` is new in v2.7 and only written where a sender had it."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def encoding(self) -> str:
        """MSH-2"""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation

    def letters(self) -> dict[str, str]:
        """The letter of the escape sequence to the separator it stands for."""
        found = {"F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.subcomponent}
        return found | ({"P": self.truncation} if self.truncation else {})


def escape(text: str, by: Separators) -> str:
    """`text` fit to stand in a field; line breaks become `\\.br\\`, other control characters `\\X..\\`."""
    if not text or text.isalnum():
        return text
    pattern, sequences = _to_escape(by)
    return pattern.sub(lambda found: sequences.get(found[0]) or _hex(found[0], by), text)


def unescape(raw: str, by: Separators, charset: str) -> str:
    """The text that `raw` stands for. A sequence that we do not know stays as it came."""
    if by.escape not in raw:
        return raw
    sign = re.escape(by.escape)
    letters = by.letters()
    return re.sub(f"{sign}([^{sign}]*){sign}", lambda found: _meant(found[1], found[0], letters, charset), raw)


def _meant(sequence: str, whole: str, letters: Mapping[str, str], charset: str) -> str:
    if sequence in letters:
        return letters[sequence]
    if sequence == _LINE_BREAK:
        return "\n"
    if sequence in _WITHOUT_TEXT:
        return ""
    if sequence[:1] == "X":
        try:
            return bytes.fromhex(sequence[1:]).decode(charset, "replace")
        except ValueError:
            return whole
    return whole


def _hex(sign: str, by: Separators) -> str:
    return f"{by.escape}X{ord(sign):02X}{by.escape}"


@lru_cache(maxsize=32)
def _to_escape(by: Separators) -> tuple[re.Pattern[str], dict[str, str]]:
    sequences = {sign: f"{by.escape}{letter}{by.escape}" for letter, sign in by.letters().items()}
    sequences |= dict.fromkeys(("\r\n", "\n", "\r"), f"{by.escape}{_LINE_BREAK}{by.escape}")
    signs = "".join(re.escape(sign) for sign in by.letters().values())
    return re.compile(rf"\r\n|[\r\n\x00-\x1f{signs}]"), sequences
