"""One way to write each GS1 key: the URN of an EPC, a class or a pattern, and any Digital Link, become the canonical
Digital Link at id.gs1.org, down to the finest level of identification and no further.

Source: GS1 CBV 2.0, 8.9.2 rules 17 and 18; EPC Tag Data Standard 1.13, 6.3 (the URNs); GS1 Digital Link URI Syntax
1.2, 4.11 (canonical form) and table 7-1 (what is percent-encoded).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from retail.codes.gtin import check_digit, is_digits

ID = "https://id.gs1.org"
_ENCODED = str.maketrans({letter: f"%{ord(letter):02X}" for letter in "!()*+,:"})
_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)")
_SERIAL = re.compile(r"(?:[!'()*+,\-.0-9:;=A-Z_a-z]|%[0-9A-Fa-f]{2})+")
_PREFIX = re.compile(r"\d{6,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """`digits` of company prefix and reference together, 0 where the reference is of any length; `leads`: the
    reference's first digit stands before the prefix; `zero`: a filler before it; `checked`: a check digit follows.
    `then`: what the parts behind it are joined with: a further AI, or nothing."""

    ai: str
    digits: int
    leads: bool = False
    zero: str = ""
    checked: bool = True
    then: tuple[str, ...] = ()


_GTIN = _Scheme("01", 13, leads=True)
_SCHEMES: Mapping[str, _Scheme] = {
    "id:sgtin": _Scheme("01", 13, leads=True, then=("/21/",)),
    "id:sscc": _Scheme("00", 17, leads=True),
    "id:sgln": _Scheme("414", 12, then=("/254/",)),
    "id:grai": _Scheme("8003", 12, zero="0", then=("",)),
    "id:giai": _Scheme("8004", 0, checked=False),
    "id:gsrn": _Scheme("8018", 17),
    "id:gsrnp": _Scheme("8017", 17),
    "id:gdti": _Scheme("253", 12, then=("",)),
    "id:cpi": _Scheme("8010", 0, checked=False, then=("/8011/",)),
    "id:sgcn": _Scheme("255", 12, then=("",)),
    "id:ginc": _Scheme("401", 0, checked=False),
    "id:gsin": _Scheme("402", 16),
    "id:itip": _Scheme("8006", 13, leads=True, then=("", "", "/21/")),
    "id:upui": _Scheme("01", 13, leads=True, then=("/235/",)),
    "id:pgln": _Scheme("417", 12),
    "class:lgtin": _Scheme("01", 13, leads=True, then=("/10/",)),
    "idpat:sgtin": _Scheme("01", 13, leads=True, then=("/21/",)),
    "idpat:grai": _Scheme("8003", 12, zero="0", then=("",)),
    "idpat:gdti": _Scheme("253", 12, then=("",)),
    "idpat:sgcn": _Scheme("255", 12, then=("",)),
    "idpat:itip": _Scheme("8006", 13, leads=True, then=("", "", "/21/")),
    "idpat:upui": _Scheme("01", 13, leads=True, then=("/235/",)),
    "idpat:cpi": _Scheme("8010", 0, checked=False, then=("/8011/",)),
}
#: Primary keys of a Digital Link: what they look like, and their qualifiers, the finest first.
_KEYS: Mapping[str, tuple[re.Pattern[str], tuple[str, ...]]] = {
    ai: (re.compile(pattern, re.ASCII), finer)
    for ai, (pattern, finer) in {
        "00": (r"\d{18}", ()), "01": (r"\d{8}|\d{12,14}", ("21", "235", "10")), "253": (r"\d{13}[^/]{0,17}", ()),
        "255": (r"\d{13}\d{0,12}", ()), "401": (r"\d{4}[^/]{0,26}", ()), "402": (r"\d{17}", ()),
        "414": (r"\d{13}", ("254",)), "417": (r"\d{13}", ()), "8003": (r"\d{14}[^/]{0,16}", ()),
        "8004": (r"\d{4}[^/]{0,26}", ()), "8006": (r"\d{18}", ("21", "10")), "8010": (r"\d{4}[^/]{0,26}", ("8011",)),
        "8017": (r"\d{18}", ()), "8018": (r"\d{18}", ()),
    }.items()
}  # fmt: skip


@lru_cache(maxsize=4096)
def canonical(uri: str) -> str:
    """The canonical Digital Link, or empty for what names nothing of GS1's."""
    urn = _URN.fullmatch(uri)
    if urn is not None:
        return _of_urn(f"{urn[1]}:{urn[2]}", urn[3])
    if uri.startswith(("http://", "https://")):
        return _of_link(uri)
    return ""


def gtin_of(uri: str) -> str:
    """The GTIN-14 that an EPC or a class is of; empty for what is none."""
    found = canonical(uri)
    return found[len(ID) + 4 :][:14] if found.startswith(f"{ID}/01/") else ""


def lot_of(uri: str) -> str:
    """The lot of a class; empty where it has none."""
    found = canonical(uri)
    return found.partition("/10/")[2] if found.startswith(f"{ID}/01/") else ""


def class_of_gtin(gtin: str, lot: str = "") -> str:
    """The class of a product, or of one lot of it, as its canonical Digital Link."""
    return f"{ID}/01/{gtin}" + (f"/10/{_segment(lot)}" if lot else "")


def place_of(gln: str, place: str = "") -> str:
    """A store by its GLN, or a place in it."""
    return f"{ID}/414/{gln}" + (f"/254/{_segment(place)}" if place else "")


def _segment(text: str) -> str:
    kept = "-._~'$;=@"
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in kept)
        else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in text
    )  # fmt: skip


def _of_urn(kind: str, rest: str) -> str:
    scheme = _SCHEMES.get(kind)
    if scheme is None:
        return ""
    prefix, _, behind = rest.partition(".")
    count = 1 + len(scheme.then)
    parts = behind.split(".", count - 1) if count > 1 and kind != "id:cpi" else behind.rsplit(".", count - 1)
    if not _PREFIX.fullmatch(prefix) or len(parts) != count:
        return ""
    key = _key(scheme, prefix, parts[0])
    if not key:
        return ""
    found = f"{ID}/{scheme.ai}/{key}"
    for joined, part in zip(scheme.then, parts[1:], strict=True):
        if kind.startswith("idpat:") and part == "*":
            return found  # a pattern of all serial numbers is the class
        if (kind, part) == ("id:sgln", "0"):
            return found  # the location without an extension
        if not _SERIAL.fullmatch(part):
            return ""
        found += joined + part.translate(_ENCODED)
    return found


def _key(scheme: _Scheme, prefix: str, reference: str) -> str:
    if not scheme.digits:
        return prefix + reference.translate(_ENCODED) if _SERIAL.fullmatch(reference) else ""
    if len(prefix) + len(reference) != scheme.digits or (reference and not is_digits(reference)):
        return ""
    digits = reference[0] + prefix + reference[1:] if scheme.leads and reference else prefix + reference
    digits = scheme.zero + digits
    return f"{digits}{check_digit(digits)}" if scheme.checked else digits


def _of_link(uri: str) -> str:
    path = re.split(r"[?#]", uri.split("://", 1)[1], maxsplit=1)[0]
    steps = path.split("/")[1:]
    for place in range(len(steps) - 1):
        known = _KEYS.get(steps[place])
        if known is None or not known[0].fullmatch(steps[place + 1]):
            continue
        ai, key = steps[place], steps[place + 1]
        behind = dict(zip(steps[place + 2 :: 2], steps[place + 3 :: 2], strict=False))
        finest = next((one for one in known[1] if behind.get(one)), "")
        found = f"{ID}/{ai}/{key.zfill(14) if ai == '01' else key}"
        return found + (f"/{finest}/{behind[finest].translate(_ENCODED)}" if finest else "")
    return ""
