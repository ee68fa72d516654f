"""What a model package says about itself: `card.toml`, read strictly, written so that it reads back the same."""

from __future__ import annotations

import json
import math
import numbers
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from core.errors import PackageError

Scalar = str | int | float | bool
T = TypeVar("T")

#: Element types that a tensor of a card may have, named as numpy names them.
DTYPES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64",
)  # fmt: skip
#: Card names and versions become folder names: one path component, nothing hidden.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RULES = ("above", "argmax")
_MOMENTS = ("before", "after")
_MAX_ITEMS = 10_000
_MAX_RANK = 8


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of the graph. A -1 in `shape` is a free dimension; `unit` says what a number means."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What the caller does `before` or `after` the graph, by name, with its options."""

    name: str
    when: str = "before"
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an output becomes a verdict, so that a flipped one is seen.

    `above`: every number of the output against the limit named `limit`. `argmax`: the place of the largest
    number along the last axis; it needs no limit.
    """

    output: str
    limit: str = ""
    rule: str = "above"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A number of an output is right when |got - expected| <= absolute + relative * |expected|."""

    absolute: float = 1e-4
    relative: float = 1e-4


@dataclass(frozen=True, slots=True)
class Card:
    """`limits` are the numbers that decisions are taken by, such as `threshold`."""

    name: str
    version: str
    kind: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    intended_use: str
    licence: str
    labels: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None
    tolerance: Tolerance = Tolerance()
    steps: tuple[Step, ...] = ()
    provenance: Mapping[str, Scalar] = field(default_factory=dict)


def is_name(text: str) -> bool:
    """Whether a package may have that name; it is a folder's name too."""
    return _NAME.fullmatch(text) is not None


def is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def parse_card(text: str, where: str = "card.toml") -> Card:
    """Raises PackageError naming `where`, the key, its value and what was expected."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PackageError(f"{where}: not readable as TOML: {error}", hint="Make the package again.") from error
    return _card(_Table(values, where))


def write_card(card: Card) -> str:
    """The text of `card.toml`. Raises PackageError when the card breaks a rule of its own format."""
    text = _render(card)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PackageError(f"card.toml of {card.name}: holds text that is not Unicode: {error.reason}") from error
    if parse_card(text, f"card.toml of {card.name}") != card:
        raise PackageError(f"card.toml of {card.name}: does not read back as it was written", hint="Use its own types.")
    return text


class _Table:
    """A TOML table that is taken apart key by key; what is left over at the end is not known."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._left = dict(values)
        self._where = where

    def fault(self, key: str, expected: str, value: object = None) -> NoReturn:
        got = "is missing" if value is None else f"is {_short(value)}"
        raise PackageError(f"{self._where}: key '{key}' {got}, expected: {expected}")

    def take(self, key: str, read: Callable[[object], T | None], expected: str, default: T | None = None) -> T:
        """`read` gives None for a value that is not what was `expected`."""
        if key not in self._left:
            return self.fault(key, expected) if default is None else default
        value = self._left.pop(key)
        result = read(value)
        return self.fault(key, expected, value) if result is None else result

    def tables(self, key: str, *, needed: bool) -> list[_Table]:
        default: list[dict[str, Any]] | None = None if needed else []
        values = self.take(key, _list_of_tables, "an array of tables", default)
        return [_Table(value, f"{self._where}: {key}[{index}]") for index, value in enumerate(values)]

    def table(self, key: str) -> _Table | None:
        if key not in self._left:
            return None
        return _Table(self.take(key, _table, "a table"), f"{self._where}: {key}")

    def scalars(self, key: str) -> dict[str, Scalar]:
        return self.take(key, _scalars, "a table of names and texts, finite numbers or flags", {})

    def rest_as_scalars(self) -> dict[str, Scalar]:
        left, self._left = self._left, {}
        rest = _scalars(left)
        return self.fault("options", "texts, finite numbers or flags", left) if rest is None else rest

    def done(self) -> None:
        if self._left:
            raise PackageError(f"{self._where}: key {_short(next(iter(self._left)))} is not known")


def _card(table: _Table) -> Card:
    text = "a text that is not empty"
    card = Card(
        name=table.take("name", _matching(_NAME), "up to 64 letters, digits, '.', '_', '-'"),
        version=table.take("version", _matching(_VERSION), "up to 64 letters, digits, '.', '_', '+', '-'"),
        kind=table.take("kind", _matching(_NAME), "up to 64 letters, digits, '.', '_', '-'"),
        intended_use=table.take("intended_use", _text, text),
        licence=table.take("licence", _text, text),
        labels=table.take("labels", _texts, "an array of texts", ()),
        inputs=_tensors(table, "inputs"),
        outputs=_tensors(table, "outputs"),
        limits=table.take("limits", _limits, "a table of names and finite numbers", {}),
        verdict=_verdict(table.table("verdict")),
        tolerance=_tolerance(table.table("tolerance")),
        steps=tuple(_step(item) for item in table.tables("steps", needed=False)),
        provenance=table.scalars("provenance"),
    )
    _check_verdict(card, table)
    table.done()
    return card


def _tensors(table: _Table, key: str) -> tuple[TensorSpec, ...]:
    specs = tuple(_tensor(item) for item in table.tables(key, needed=True))
    names = [spec.name for spec in specs]
    if not names or len(set(names)) != len(names):
        table.fault(key, "at least one, each with a name of its own", names)
    return specs


def _tensor(table: _Table) -> TensorSpec:
    spec = TensorSpec(
        name=table.take("name", _text, "the name of the tensor in the graph"),
        dtype=table.take("dtype", _one_of(DTYPES), f"one of {', '.join(DTYPES)}"),
        shape=table.take("shape", _shape, f"at most {_MAX_RANK} whole numbers, -1 for a free dimension"),
        unit=table.take("unit", _any_text, "a text", ""),
    )
    table.done()
    return spec


def _step(table: _Table) -> Step:
    name = table.take("name", _text, "the name of the step")
    when = table.take("when", _one_of(_MOMENTS), '"before" or "after"', "before")
    return Step(name, when, table.rest_as_scalars())


def _verdict(table: _Table | None) -> Verdict | None:
    if table is None:
        return None
    verdict = Verdict(
        output=table.take("output", _text, "the name of an output"),
        limit=table.take("limit", _any_text, "the name of a limit", ""),
        rule=table.take("rule", _one_of(_RULES), '"above" or "argmax"', "above"),
    )
    table.done()
    return verdict


def _tolerance(table: _Table | None) -> Tolerance:
    if table is None:
        return Tolerance()
    expected = "a finite number, 0 or more"
    tolerance = Tolerance(
        absolute=table.take("absolute", _not_negative, expected, Tolerance().absolute),
        relative=table.take("relative", _not_negative, expected, Tolerance().relative),
    )
    table.done()
    return tolerance


def _check_verdict(card: Card, table: _Table) -> None:
    verdict = card.verdict
    if verdict is None:
        return
    if verdict.output not in {spec.name for spec in card.outputs}:
        table.fault("verdict.output", f"one of the outputs {[spec.name for spec in card.outputs]}", verdict.output)
    if verdict.rule == "above" and verdict.limit not in card.limits:
        table.fault("verdict.limit", f"one of the limits {list(card.limits)}", verdict.limit)
    if verdict.rule == "argmax" and verdict.limit:
        table.fault("verdict.limit", 'none, for the rule "argmax"', verdict.limit)


# Readers of single values: what was read, or None when the value is not what is expected.


def _any_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _matching(pattern: re.Pattern[str]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def _one_of(choices: Sequence[str]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in choices else None


def _texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list) and len(value) <= _MAX_ITEMS and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _not_negative(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _shape(value: object) -> tuple[int, ...] | None:
    def is_size(size: object) -> bool:
        return isinstance(size, int) and not isinstance(size, bool) and (size == -1 or 0 < size < 2**31)

    return tuple(value) if isinstance(value, list) and len(value) <= _MAX_RANK and all(map(is_size, value)) else None


def _table(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _list_of_tables(value: object) -> list[dict[str, Any]] | None:
    if isinstance(value, list) and len(value) <= _MAX_ITEMS and all(isinstance(item, dict) for item in value):
        return value
    return None


def _limits(value: object) -> dict[str, float] | None:
    if not isinstance(value, dict) or not all(map(_KEY.fullmatch, value)):
        return None
    numbers = {key: _number(item) for key, item in value.items()}
    return None if None in numbers.values() else {key: item for key, item in numbers.items() if item is not None}


def _scalars(value: object) -> dict[str, Scalar] | None:
    if not isinstance(value, dict) or not all(map(_KEY.fullmatch, value)):
        return None
    good = all(isinstance(item, str | bool) or _number(item) is not None for item in value.values())
    return value if good else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


# Writing. JSON's escapes are TOML's, but for DEL, which JSON leaves as it is.


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, numbers.Integral):  # numpy's own numbers included, which show themselves as np.int64(3)
        return repr(int(value))
    return repr(float(value)) if isinstance(value, numbers.Real) else repr(value)


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{_quoted(key) if '.' in key else key} = {_value(value)}" for key, value in values.items()]


def _render(card: Card) -> str:
    lines = _lines({"name": card.name, "version": card.version, "kind": card.kind, "intended_use": card.intended_use,
                    "licence": card.licence, "labels": card.labels})  # fmt: skip
    for key, specs in (("inputs", card.inputs), ("outputs", card.outputs)):
        for spec in specs:
            values = {"name": spec.name, "dtype": spec.dtype, "shape": spec.shape, "unit": spec.unit}
            lines += ["", f"[[{key}]]", *_lines(values)]
    for step in card.steps:
        lines += ["", "[[steps]]", *_lines({"name": step.name, "when": step.when, **step.options})]
    if card.limits:
        lines += ["", "[limits]", *_lines({key: float(value) for key, value in card.limits.items()})]
    if card.verdict is not None:
        verdict = {"output": card.verdict.output, "limit": card.verdict.limit, "rule": card.verdict.rule}
        lines += ["", "[verdict]", *_lines(verdict)]
    tolerance = {"absolute": float(card.tolerance.absolute), "relative": float(card.tolerance.relative)}
    lines += ["", "[tolerance]", *_lines(tolerance)]
    if card.provenance:
        lines += ["", "[provenance]", *_lines(card.provenance)]
    return "\n".join(lines) + "\n"
