"""The number in a tag: SGTIN-96 and SGTIN-198, a GTIN with a serial number, as bits, as URI and as GTIN-14.

Source: GS1 EPC Tag Data Standard 1.13: 14.5.1 (both schemes), table 14-2 (partitions), 10 (filter), 6.3.1 (URI),
appendix A (characters of a serial number). SGTIN+ of version 2 (header 0xF7) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from core.errors import InputError
from retail.codes.gtin import check_digit, gtin14, is_digits, shown

HEADER_96, HEADER_198 = 0x30, 0x36
POS_ITEM = 1  # filter value of a trade item at the point of sale
MOST_SERIAL_96 = 2**38 - 1
_SERIAL_LETTERS_198 = 20
#: Partition to (bits, digits) of the company prefix and (bits, digits) of indicator and item reference.
PARTITIONS = {
    0: ((40, 12), (4, 1)),
    1: ((37, 11), (7, 2)),
    2: ((34, 10), (10, 3)),
    3: ((30, 9), (14, 4)),
    4: ((27, 8), (17, 5)),
    5: ((24, 7), (20, 6)),
    6: ((20, 6), (24, 7)),
}
_OF_DIGITS = {prefix[1]: partition for partition, (prefix, _) in PARTITIONS.items()}
_LETTERS = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_ESCAPES: Mapping[int, str] = {ord(letter): f"%{ord(letter):02X}" for letter in '"%&/<>?'}
_URI = re.compile(r"urn:epc:(?:id:sgtin:|tag:sgtin-(96|198):([0-7])\.)([0-9]{6,12})\.([0-9]{1,7})\.(.{1,80})")


@dataclass(frozen=True, slots=True)
class Sgtin:
    """`item` is the indicator and the item reference, 13 digits together with `prefix`; `bits` 96 or 198.

    Raises InputError for what such a tag cannot hold.
    """

    prefix: str
    item: str
    serial: str
    filter: int = POS_ITEM
    bits: int = 96

    def __post_init__(self) -> None:
        if len(self.prefix) not in _OF_DIGITS or not is_digits(self.prefix + self.item):
            raise InputError(f"company prefix '{shown(self.prefix)}': 6 to 12 digits")
        if len(self.prefix) + len(self.item) != 13:
            raise InputError(f"company prefix {self.prefix} and item {shown(self.item)}: 13 digits together")
        if not 0 <= self.filter <= 7:
            raise InputError(f"filter value {self.filter}: 0 to 7")
        if self.bits == 96:
            _check_serial_96(self.serial)
        elif self.bits != 198 or not _LETTERS.fullmatch(self.serial):
            raise InputError(f"serial number '{shown(self.serial)}': 1 to 20 letters, digits and signs of GS1's set")

    @property
    def gtin(self) -> str:
        """GTIN-14: indicator, company prefix, item reference, check digit."""
        digits = self.item[0] + self.prefix + self.item[1:]
        return f"{digits}{check_digit(digits)}"

    @property
    def uri(self) -> str:
        """`urn:epc:id:sgtin:0614141.812345.6789`"""
        return f"urn:epc:id:sgtin:{self.prefix}.{self.item}.{self.serial.translate(_ESCAPES)}"

    @property
    def tag_uri(self) -> str:
        serial = self.serial.translate(_ESCAPES)
        return f"urn:epc:tag:sgtin-{self.bits}:{self.filter}.{self.prefix}.{self.item}.{serial}"

    def encoded(self) -> bytes:
        """The EPC bank's bytes: 12, or 26 (13 words of 16 bits, the last 10 bits zero)."""
        partition = _OF_DIGITS[len(self.prefix)]
        (prefix_bits, _), (item_bits, _) = PARTITIONS[partition]
        bits = f"{HEADER_96 if self.bits == 96 else HEADER_198:08b}{self.filter:03b}{partition:03b}"
        bits += f"{int(self.prefix):0{prefix_bits}b}{int(self.item):0{item_bits}b}"
        if self.bits == 96:
            bits += f"{int(self.serial):038b}"
        else:
            bits += "".join(f"{ord(letter):07b}" for letter in self.serial)
        size = 12 if self.bits == 96 else 26
        return int(bits.ljust(size * 8, "0"), 2).to_bytes(size, "big")


def of_gtin(gtin: str, prefix_digits: int, serial: str, *, filter_value: int = POS_ITEM, bits: int = 96) -> Sgtin:
    """What goes into the tag of a product; how long its company prefix is, the number itself does not say."""
    digits = gtin14(gtin)
    return Sgtin(digits[1 : 1 + prefix_digits], digits[0] + digits[1 + prefix_digits : 13], serial, filter_value, bits)


def decode(epc: bytes) -> Sgtin:
    """The SGTIN in a tag's EPC bank. Raises InputError for another scheme and for bits that are no SGTIN."""
    if len(epc) < 12:
        raise InputError(f"a tag with {len(epc)} bytes: an SGTIN has 12 or 25")
    if epc[0] == HEADER_96:
        return _decode(epc, 96)
    if epc[0] == HEADER_198 and len(epc) >= 25:
        return _decode(epc, 198)
    raise InputError(f"the tag {epc.hex().upper()[:60]} holds no SGTIN-96 or SGTIN-198 (header 0x{epc[0]:02X})")


def from_hex(text: str) -> Sgtin:
    """As `decode`, from the hexadecimal digits that readers print."""
    try:
        return decode(bytes.fromhex(text))
    except ValueError as error:
        raise InputError(f"'{shown(text)}' are no hexadecimal digits of a tag") from error


def from_uri(uri: str) -> Sgtin:
    """From a pure identity or a tag URI; without a size it is one that holds the serial number. Raises InputError."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise InputError(f"'{shown(uri)}' is no URI of an SGTIN", hint="Such as urn:epc:id:sgtin:0614141.812345.6789.")
    size, filter_value, prefix, item, escaped = match.groups()
    serial = unquote(escaped)
    plain = serial == "0" or (is_digits(serial) and serial[0] != "0" and int(serial) <= MOST_SERIAL_96)
    bits = int(size) if size else (96 if plain else 198)
    return Sgtin(prefix, item, serial, POS_ITEM if filter_value is None else int(filter_value), bits)


def _decode(epc: bytes, size: int) -> Sgtin:
    number, width = int.from_bytes(epc, "big"), len(epc) * 8

    def field(begin: int, bits: int) -> int:
        return number >> (width - begin - bits) & ((1 << bits) - 1)

    partition = field(11, 3)
    if partition not in PARTITIONS:
        raise InputError(f"the tag {epc.hex().upper()[:60]}: there is no partition 7")
    (prefix_bits, prefix_digits), (item_bits, item_digits) = PARTITIONS[partition]
    prefix, item = field(14, prefix_bits), field(14 + prefix_bits, item_bits)
    if prefix >= 10**prefix_digits or item >= 10**item_digits:
        raise InputError(f"the tag {epc.hex().upper()[:60]}: more digits than partition {partition} has")
    serial = str(field(58, 38)) if size == 96 else _letters(field(58, 140), epc)
    return Sgtin(f"{prefix:0{prefix_digits}d}", f"{item:0{item_digits}d}", serial, field(8, 3), size)


def _letters(bits: int, epc: bytes) -> str:
    """Seven bits a letter, behind the last one zeros."""
    codes = [bits >> (7 * (_SERIAL_LETTERS_198 - 1 - place)) & 0x7F for place in range(_SERIAL_LETTERS_198)]
    letters = "".join(map(chr, codes)).rstrip("\0")
    if not _LETTERS.fullmatch(letters):
        raise InputError(f"the tag {epc.hex().upper()[:60]}: its serial number holds what none may hold")
    return letters


def _check_serial_96(serial: str) -> None:
    if not is_digits(serial) or (serial[0] == "0" and serial != "0") or len(serial) > 12:
        raise InputError(f"serial number '{shown(serial)}': of an SGTIN-96 digits without a zero before them")
    if int(serial) > MOST_SERIAL_96:
        raise InputError(f"serial number {serial}: an SGTIN-96 holds up to {MOST_SERIAL_96}")
