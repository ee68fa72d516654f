"""From labels that people gave to pictures of parts to good parts and defects that a model can be taught from.

Who labelled is not asked and not kept: a label counts by what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import InputError

RIGHT, FALSE_REJECT, MISSED_DEFECT, OTHER_DEFECT = "right", "false-reject", "missed-defect", "other-defect"
LABELS = (RIGHT, FALSE_REJECT, MISSED_DEFECT, OTHER_DEFECT)
#: Takes back what was said of a picture until then.
NO_LABEL = "none"
#: The type of a defect that nobody named.
UNNAMED = "unnamed"
_LONGEST_TYPE = 80


@dataclass(frozen=True, slots=True)
class Label:
    """`picture` is its SHA-256 in hex. `rejected` is what the line decided, None where it did not judge.

    Pictures with the same `part` show one part; empty for a part of its own.
    """

    picture: str
    label: str
    at_utc_s: float
    defect: str = ""
    rejected: bool | None = None
    part: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, object]) -> Label:
        """Reads `picture`, `label`, `at_utc_s` and, where given, `defect`, `rejected`, `part`; the rest is let be.

        Raises InputError naming what is wrong.
        """
        picture, label = entry.get("picture"), entry.get("label")
        if not isinstance(picture, str) or not _is_sha256(picture):
            raise InputError(f"a label names its picture by SHA-256, not {picture!r:.80}")
        if label not in (*LABELS, NO_LABEL):
            raise InputError(f"a label of picture {picture[:12]} is one of {', '.join(LABELS)}, not {label!r:.40}")
        at, rejected = entry.get("at_utc_s"), entry.get("rejected")
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise InputError(f"the label of picture {picture[:12]} has no time 'at_utc_s'")
        if rejected is not None and not isinstance(rejected, bool):
            raise InputError(
                f"'rejected' of picture {picture[:12]} is {rejected!r:.40}, expected true, false or nothing"
            )
        defect, part = (str(entry.get(key) or "").strip() for key in ("defect", "part"))
        return cls(picture.lower(), str(label), float(at), defect[:_LONGEST_TYPE], rejected, part)

    @property
    def is_defect(self) -> bool | None:
        """None where the label does not say: one taken back, or "right" about a part that the line did not judge."""
        if self.label == NO_LABEL:
            return None
        return self.rejected if self.label == RIGHT else self.label != FALSE_REJECT


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """`kind` is the type of its defect, empty for a good part."""

    picture: str
    part: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What the labels teach: every picture once, the oldest label first.

    `changed` pictures were called good and defective at different times, the newest label counted; `unclear` ones
    were left out because nobody said what they are.
    """

    good: tuple[LabelledPicture, ...]
    defects: tuple[LabelledPicture, ...]
    changed: int
    unclear: int

    def kinds(self) -> dict[str, int]:
        """How many defects of each type, the most frequent first."""
        counts: dict[str, int] = {}
        for defect in self.defects:
            counts[defect.kind] = counts.get(defect.kind, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def training_set(labels: Iterable[Label]) -> TrainingSet:
    """The newest label of each picture counts; of two of the same time, the one that comes later in `labels`.

    A false reject is a good part. A missed defect, a defect of another type, and a reject that was right are defects.
    What was said before a label was taken back is forgotten. A newest label that names no type keeps the type that an
    older one gave to the same defect.
    """
    histories: dict[str, list[Label]] = {}
    for label in sorted(labels, key=lambda label: label.at_utc_s):
        if label.label == NO_LABEL:
            histories.pop(label.picture, None)
        else:
            histories.setdefault(label.picture, []).append(label)
    good: list[LabelledPicture] = []
    defects: list[LabelledPicture] = []
    changed = unclear = 0
    for history in sorted(histories.values(), key=lambda history: history[-1].at_utc_s):
        said = [label for label in history if label.is_defect is not None]
        if not said:
            unclear += 1
            continue
        newest = said[-1]
        changed += len({label.is_defect for label in said}) > 1
        if newest.is_defect:
            defects.append(LabelledPicture(newest.picture, newest.part, _kind(said)))
        else:
            good.append(LabelledPicture(newest.picture, newest.part))
    return TrainingSet(tuple(good), tuple(defects), changed, unclear)


def _kind(said: list[Label]) -> str:
    """The type that was named last, of the newest labels that all call the picture a defect."""
    for label in reversed(said):
        if not label.is_defect:
            break
        if label.defect:
            return label.defect
    return UNNAMED


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in text)
