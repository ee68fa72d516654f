"""Reads and writes HL7 v2 messages: bytes in, segments, fields, repetitions, components, subcomponents out.

HL7 v2.6 chapter 2: delimiters 2.5.4, escapes 2.7, character sets table 0211. Fields are cut and unescaped only when
asked for. Anything that is no message raises MessageError, an InputError that names segment, field and component.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from healthcare.hl7.escapes import CHARSETS, Separators, escape, unescape
from healthcare.hl7.faults import Condition, Place, refused

MAX_FRAME_BYTES = 1 << 20
MAX_SEGMENTS = 5000
MAX_FIELDS = 256
_CHARSET_FIELD = 18

#: What stands in a field: a text, or a tuple of components, of which each may be a tuple of subcomponents.
Part = str | tuple[str | tuple[str, ...], ...]
#: One field to write; a list holds repetitions. Everything is escaped.
Field = Part | list[Part]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; `fields[n]` is the raw text of field n. `occurrence` counts segments of this name from 1."""

    name: str
    fields: Sequence[str]
    occurrence: int
    separators: Separators
    charset: str

    def raw(self, field: int) -> str:
        """The field as it came, with its separators; empty where there is none."""
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The raw repetitions; none for an empty field."""
        raw = self.raw(field)
        return raw.split(self.separators.repetition) if raw else []

    def components(self, field: int) -> list[str]:
        """The components of the first repetition, as text."""
        first = self.raw(field).partition(self.separators.repetition)[0]
        return [self.plain(part) for part in first.split(self.separators.component)] if first else []

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """One part of the first repetition, unescaped and without blanks around it; HL7's null `""` is empty too."""
        raw = self.raw(field)
        if not raw or raw.isalnum():  # most fields are: nothing to cut
            return raw if component == subcomponent == 1 else ""
        return self.part(raw.partition(self.separators.repetition)[0], component, subcomponent)

    def part(self, repetition: str, component: int = 1, subcomponent: int = 1) -> str:
        """As `text`, of a raw repetition."""
        by = self.separators
        return self.plain(_nth(_nth(repetition, by.component, component), by.subcomponent, subcomponent)).strip()

    def plain(self, raw: str) -> str:
        if self.separators.escape in raw:
            return unescape(raw, self.separators, self.charset)
        return "" if raw == '""' else raw

    def place(self, field: int = 0, component: int = 0) -> Place:
        return Place(self.name, self.occurrence, field, component)

    def required(self, field: int, component: int = 1) -> str:
        """As `text`. Raises MessageError where it is empty."""
        text = self.text(field, component)
        if not text:
            raise refused(self.place(field, component if component > 1 else 0), Condition.MISSING, "is empty")
        return text


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came. `mangled`: it held bytes that its character set does not have; they became U+FFFD."""

    segments: Sequence[Segment]
    separators: Separators
    charset: str
    mangled: bool = False

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def all(self, *names: str) -> Iterator[Segment]:
        """Those segments in their order."""
        return (segment for segment in self.segments if segment.name in names)

    def first(self, name: str) -> Segment | None:
        return next(self.all(name), None)

    def required(self, name: str) -> Segment:
        """The first segment of that name. Raises MessageError where there is none."""
        found = self.first(name)
        if found is None:
            raise refused(Place(name), Condition.SEQUENCE, "is missing")
        return found


def parse(frame: bytes) -> Message:
    """The message in `frame`, without MLLP's own bytes. Raises MessageError."""
    if len(frame) > MAX_FRAME_BYTES:
        raise refused(Place(), Condition.SEQUENCE, f"has {len(frame)} bytes, at most {MAX_FRAME_BYTES}")
    separators = _separators(frame[:9])
    charset = _charset(frame, separators)
    text, mangled = _decoded(frame, charset)
    lines = [line for line in _lines(text) if line]
    if len(lines) > MAX_SEGMENTS:
        raise refused(Place(), Condition.SEQUENCE, f"has {len(lines)} segments, at most {MAX_SEGMENTS}")
    counts: dict[str, int] = {}
    segments = []
    for number, line in enumerate(lines, 1):
        name = _name(line, number, separators)
        counts[name] = counts.get(name, 0) + 1
        segments.append(_segment(name, line, counts[name], separators, charset))
    if counts["MSH"] > 1:
        raise refused(Place("MSH", 2), Condition.SEQUENCE, "begins a second message in one frame")
    return Message(segments, separators, charset, mangled)


def compose(*segments: Sequence[Field], charset: str = "utf-8", separators: Separators | None = None) -> bytes:
    """The bytes of a message. Each segment is its name and its fields; those of MSH begin at MSH-3.

    A tuple is a field's components, a list its repetitions: `("PID", "", "", [("1", "", "", "", "MR"), "2"])`.
    """
    by = separators or Separators()
    lines = []
    for name, *fields in segments:
        written = [_written(field, by) for field in fields]
        start = f"MSH{by.field}{by.encoding}" if name == "MSH" else str(name)
        lines.append(by.field.join([start, *written]).rstrip(by.field) if written else start)
    return ("\r".join(lines) + "\r").encode(charset, "replace")


def _written(field: Field, by: Separators) -> str:
    if isinstance(field, str):
        return escape(field, by)
    if isinstance(field, list):
        return by.repetition.join(_written(each, by) for each in field)
    return by.component.join(_component(part, by) for part in field).rstrip(by.component)


def _component(part: str | tuple[str, ...], by: Separators) -> str:
    return escape(part, by) if isinstance(part, str) else by.subcomponent.join(escape(each, by) for each in part)


def _nth(raw: str, separator: str, number: int) -> str:
    """The part of that number, from 1; empty where there are fewer."""
    if number == 1:
        return raw.partition(separator)[0]
    parts = raw.split(separator, number)
    return parts[number - 1] if len(parts) >= number else ""


@lru_cache(maxsize=64)
def _separators(begin: bytes) -> Separators:
    """MSH-1 and MSH-2, of the first nine bytes. Raises MessageError."""
    head = begin.decode("latin-1")
    if not head.startswith("MSH"):
        raise refused(Place(), Condition.SEQUENCE, "does not begin with an MSH segment")
    encoding = head[4:].partition(head[3:4])[0] if len(head) > 4 else ""
    signs = head[3:4] + encoding
    distinct = len(set(signs)) == len(signs) and not any(sign.isalnum() or ord(sign) < 32 for sign in signs)
    if len(encoding) not in (4, 5) or not distinct or not signs.isascii():
        raise refused(Place("MSH", 1, 2), Condition.DATA_TYPE, r"holds no four separators, such as ^~\&")
    return Separators(*signs)


def _charset(frame: bytes, by: Separators) -> str:
    """Python's name of the character set of MSH-18; empty where none is said. Raises MessageError."""
    end = min((at for at in (frame.find(b"\r"), frame.find(b"\n")) if at >= 0), default=len(frame))
    fields = frame[: min(end, 8192)].decode("latin-1").split(by.field)
    if len(fields) < _CHARSET_FIELD:
        return ""
    named = fields[_CHARSET_FIELD - 1].partition(by.repetition)[0].strip().upper()
    charset = CHARSETS.get(named)
    if charset is None:
        place = Place("MSH", 1, _CHARSET_FIELD)
        raise refused(place, Condition.NOT_IN_TABLE, f"is {named[:40]!r}", hint="Send ASCII, 8859/1 or UNICODE UTF-8.")
    return charset


def _decoded(frame: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether bytes were lost. Where no set is said, UTF-8 that reads as such, else Latin-1."""
    if not charset:
        try:
            return frame.decode("utf-8"), False
        except UnicodeDecodeError:
            return frame.decode("latin-1"), False
    try:
        return frame.decode(charset), False
    except UnicodeDecodeError:
        return frame.decode(charset, "replace"), True


def _lines(text: str) -> list[str]:
    """Segments end with CR; that some senders write LF or both is borne."""
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    return text.split("\r")


def _name(line: str, number: int, by: Separators) -> str:
    name = line[:3]
    whole = len(name) == 3 and name.isascii() and name.isalnum() and name.isupper()
    if not whole or line[3:4] not in ("", by.field):
        raise refused(Place(), Condition.SEQUENCE, f"has no segment name where its segment {number} begins")
    return name


def _segment(name: str, line: str, occurrence: int, by: Separators, charset: str) -> Segment:
    fields = line.split(by.field)
    if name == "MSH":
        fields.insert(1, by.field)  # MSH-1 is the separator itself
    if len(fields) - 1 > MAX_FIELDS:
        text = f"has {len(fields) - 1} fields, at most {MAX_FIELDS}"
        raise refused(Place(name, occurrence), Condition.SEQUENCE, text)
    return Segment(name, fields, occurrence, by, charset or "utf-8")
