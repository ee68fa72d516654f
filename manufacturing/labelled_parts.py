"""What people said of parts on record, as pictures that a lesson can be taught from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, TextClause, func, or_, select

from core.learning.labels import Label, LabelledPicture, training_set
from manufacturing.datasets import PictureFile
from manufacturing.tables import LABELLED, parts
from verticals.places import Places
from verticals.store.database import open_database, reading
from verticals.store.evidence import EvidenceStore

#: More would not fit beside the pictures of good parts; the newest labels count.
_MOST = 500
_APP = "manufacturing"


@dataclass(frozen=True, slots=True)
class LabelledParts:
    """`good` are false rejects and accepts that were right, `defects` missed ones and rejects that were right."""

    good: Sequence[PictureFile] = ()
    defects: Sequence[PictureFile] = ()


def labelled_parts(places: Places, recipe: str, folder: Path) -> LabelledParts:
    """Of the parts that were judged by `recipe`: copies of their pictures in `folder`, those that are still there.

    Raises StoreError when the record cannot be read.
    """
    engine = open_database(places.app_store(_APP), read_only=True)
    try:
        with reading(engine) as connection:
            found = training_set(_labels(connection, recipe))
        evidence = EvidenceStore(places.evidence(_APP), engine, 0, 0)
        good, defects = (_copied(evidence, said, folder) for said in (found.good, found.defects))
        return LabelledParts(good, defects)
    finally:
        engine.dispose()


def labelled_count(connection: Connection, recipe: str) -> int:
    """How many parts with a picture there are, judged by `recipe`, of which people said something."""
    return int(connection.execute(select(func.count()).select_from(parts).where(*_asked(recipe))).scalar_one())


def _asked(recipe: str) -> tuple[ColumnElement[bool] | TextClause, ...]:
    judged_by = or_(parts.c.recipe == recipe, parts.c.recipe.is_(None) & parts.c.model.startswith(f"{recipe} "))
    return LABELLED, judged_by, parts.c.image_sha256.is_not(None)


def _labels(connection: Connection, recipe: str) -> list[Label]:
    query = select(parts).where(*_asked(recipe))
    rows = connection.execute(query.order_by(parts.c.sequence.desc()).limit(_MOST)).mappings()
    return [
        Label(
            row["image_sha256"], row["label"], row["at_utc_s"], row["defect"] or "", _rejected(row["code"]),
            f"{row['station']} {row['part_id']}",
        )
        for row in rows
    ]  # fmt: skip


def _rejected(code: int) -> bool | None:
    """What the line decided; None where no model judged."""
    return None if code >= 100 else code > 0


def _copied(evidence: EvidenceStore, said: Sequence[LabelledPicture], folder: Path) -> list[PictureFile]:
    found = []
    for one in said:
        kept = evidence.get(one.picture)
        if kept is not None:
            content, media_type = kept
            path = folder / f"{one.picture}.{media_type.rpartition('/')[2]}"
            path.write_bytes(content)
            found.append(PictureFile(path, one.part, kind=one.kind))
    return found
