"""A recipe: everything that says how one kind of part is inspected on a line. A change is a new version.

Made from what an order or a recorded event says; `Recipe.read` trusts neither.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import InputError
from manufacturing.settings import ModbusMap

#: The one camera of a line that has no more of them.
ONE_VIEW = ""
_LONGEST_NAME = 40
_LONGEST_TEXT = 200
_LARGEST_NUMBER = 2**31 - 1  # Int32 at the PLC
_MOST_SHAPES_BYTES = 20_000
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class ModelPick:
    """One package of the shelf, by its content."""

    name: str
    version: str
    sha256: str

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Scores above `limit` reject. `rate` is the share of good parts, 0..1, that it was set to reject."""

    limit: float
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """`models` by the view that each judges, `ONE_VIEW` where the line has one camera.

    `threshold` None: each model's own. `plc_number` None: chosen by hand only. `exposure_us` and `gain` None: as the
    camera is. `region` and `masks`: what the models were taught with, shown and not applied again. `tags` and
    `modbus` override the line's. Scores from `review_from` up to the limit are accepted and put up for review.
    """

    line: str
    name: str
    version: int
    models: Mapping[str, ModelPick]
    threshold: Limit | None = None
    region: Mapping[str, float] | None = None
    masks: Sequence[Any] = ()
    plc_number: int | None = None
    exposure_us: float | None = None
    gain: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    modbus: Mapping[str, Any] = field(default_factory=dict)
    review_from: float | None = None
    reason: str = ""
    who: str = ""
    role: str = ""
    at_utc_s: float = 0.0

    @property
    def model(self) -> ModelPick:
        """The one model, or the first view's."""
        return next(iter(self.models.values()))

    @property
    def title(self) -> str:
        """`flange 3`: what the PLC reads in RecipeIdActive."""
        return f"{self.name} {self.version}"

    @property
    def setup(self) -> dict[str, Any]:
        """What camera, PLC link and Modbus device are to be set to; empty where everything stays as the line's."""
        wanted = {"exposure_us": self.exposure_us, "gain": self.gain, "tags": self.tags, "modbus": self.modbus}
        return {name: value for name, value in wanted.items() if value not in (None, {})}

    def document(self) -> dict[str, Any]:
        """As JSON holds it; `Recipe.read` gives the same recipe again."""
        kept = asdict(self)
        models = kept.pop("models")
        kept["masks"] = list(self.masks)
        return kept | ({"model": models[ONE_VIEW]} if list(models) == [ONE_VIEW] else {"models": models})

    @staticmethod
    def read(document: Mapping[str, Any]) -> Recipe:
        """Raises InputError with what is wrong with it, in words for the person who asked."""
        strange = sorted(set(document) - {*Recipe.__dataclass_fields__, "model"})
        if strange:
            raise InputError(f"a recipe has no '{strange[0]}'")
        recipe = Recipe(
            line=_text(document, "line"),
            name=_name(document),
            version=_whole(document, "version", 1) or 1,
            models=_models(document),
            threshold=_threshold(document.get("threshold")),
            region=_region(document.get("region")),
            masks=_masks(document.get("masks")),
            plc_number=_whole(document, "plc_number", 1),
            exposure_us=_positive(document, "exposure_us"),
            gain=_positive(document, "gain", zero=True),
            tags=_tags(document.get("tags")),
            modbus=_modbus(document.get("modbus")),
            review_from=_finite(document, "review_from"),
            reason=_text(document, "reason"),
            who=_text(document, "who"),
            role=_text(document, "role"),
            at_utc_s=_finite(document, "at_utc_s") or 0.0,
        )
        limit = recipe.threshold.limit if recipe.threshold else math.inf
        if recipe.review_from is not None and recipe.review_from >= limit:
            raise InputError(
                f"the review band begins at {recipe.review_from:g}, which is not below the limit {limit:g}"
            )
        return recipe

    def with_model(self, model: ModelPick, version: int, **changes: Any) -> Recipe:
        """The next version with another model: a limit that was set for the old one's scores does not go along."""
        return replace(
            self, models={ONE_VIEW: model}, version=version, threshold=None, review_from=None, **changes
        )  # fmt: skip


def pick_of(document: Any, what: str = "the model") -> ModelPick:
    """Raises InputError unless it is a name, a version and a sha256."""
    values = document if isinstance(document, Mapping) else {}
    name, version, sha256 = (values.get(key) for key in ("name", "version", "sha256"))
    if not (isinstance(name, str) and isinstance(version, str) and name and version):
        raise InputError(f"say name, version and sha256 of {what}")
    if not is_sha256(sha256):
        raise InputError(f"the sha256 of {what} is {_SHA256_DIGITS} digits of 0-9 and a-f")
    return ModelPick(name[:80], version[:80], str(sha256))


def is_sha256(value: Any) -> bool:
    return isinstance(value, str) and len(value) == _SHA256_DIGITS and not set(value) - set("0123456789abcdef")


def told_pick(detail: str) -> ModelPick | None:
    """What the keeper says it has loaded: `flange 1.0.0 <sha256>`; None for anything else."""
    words = detail.split(" ")
    return ModelPick(*words) if len(words) == 3 and is_sha256(words[2]) else None


def _models(document: Mapping[str, Any]) -> dict[str, ModelPick]:
    several = document.get("models")
    if several is None:
        return {ONE_VIEW: pick_of(document.get("model"))}
    if not isinstance(several, Mapping) or not several:
        raise InputError("'models' is a table of one model per view")
    return {str(view)[:_LONGEST_NAME]: pick_of(model, f"the model of view '{view}'") for view, model in several.items()}


def _name(document: Mapping[str, Any]) -> str:
    name = document.get("name")
    plain = isinstance(name, str) and name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if not plain or len(str(name)) > _LONGEST_NAME:
        raise InputError(f"a recipe's name is 1 to {_LONGEST_NAME} letters, digits, - and _")
    return str(name)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return "" if value is None else str(value).strip()[:_LONGEST_TEXT]


def _finite(document: Mapping[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise InputError(f"'{name}' is a number")
    return number


def _positive(document: Mapping[str, Any], name: str, *, zero: bool = False) -> float | None:
    number = _finite(document, name)
    if number is not None and (number < 0 or (number == 0 and not zero)):
        raise InputError(f"'{name}' is a number above 0")
    return number


def _whole(document: Mapping[str, Any], name: str, least: int) -> int | None:
    number = _finite(document, name)
    if number is None:
        return None
    if number != int(number) or not least <= number <= _LARGEST_NUMBER:
        raise InputError(f"'{name}' is a whole number from {least} to {_LARGEST_NUMBER}")
    return int(number)


def _threshold(value: Any) -> Limit | None:
    if value is None or value == "":
        return None
    document = value if isinstance(value, Mapping) else {"limit": value}
    limit, rate = _finite(document, "limit"), _finite(document, "rate")
    if limit is None:
        raise InputError("a threshold says its 'limit', and the 'rate' of good parts that it rejects")
    if rate is not None and not 0 <= rate < 1:
        raise InputError("the rate of a threshold is a share of the good parts, 0 to 1")
    return Limit(limit, rate)


def _region(value: Any) -> dict[str, float] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"x", "y", "w", "h"}:
        raise InputError("a region says x, y, w and h, as shares of the picture")
    return {name: _finite(value, name) or 0.0 for name in ("x", "y", "w", "h")}


def _masks(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError("masks are a list of shapes")
    try:
        size = len(json.dumps(list(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputError("masks are lists of numbers") from error
    if size > _MOST_SHAPES_BYTES:
        raise InputError(f"the masks are too detailed: {size} bytes, at most {_MOST_SHAPES_BYTES}")
    return tuple(value)


def _tags(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(node, str) and node for node in value.values()):
        raise InputError("tags are a table of tag names to node ids")
    return {str(name): str(node)[:_LONGEST_TEXT] for name, node in value.items()}


def _modbus(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        places = TypeAdapter(ModbusMap).validate_python(dict(value))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"modbus: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (TypeError, ValueError) as error:
        raise InputError("modbus is a table of registers and coils") from error
    return {name: place for name, place in asdict(places).items() if place is not None}
