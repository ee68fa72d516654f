"""Remakes the beat classifier that the product ships.

    python -m healthcare.training.beat_model --records DIR --into healthcare/models/beats

DIR holds WFDB records with `.atr` annotations; the shipped model was made from the 22 of the MIT-BIH Arrhythmia
Database that docs/healthcare/beat-classifier.md names. Never imported by the product.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import EdgewiseError, InputError
from core.models.card import Scalar
from core.models.files import write_file
from healthcare.records.wfdb import read_annotations, read_record
from healthcare.signals.beat_examples import example_set
from healthcare.signals.beat_package import beat_files
from healthcare.signals.beat_training import RECIPE, BeatSet, teach
from verticals.runtime.shipped import ORIGIN

VERSION = "1.0.0"
_SEED = 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Makes the beat classifier's model package.")
    parser.add_argument("--records", type=Path, required=True, help="folder of WFDB records with .atr annotations")
    parser.add_argument("--into", type=Path, required=True, help="folder that the package's files are written to")
    options = parser.parse_args(arguments)
    try:
        sets = read_sets(options.records, _say)
        make(sets, options.into)
    except EdgewiseError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


def read_sets(folder: Path, say: Callable[[str], None]) -> list[BeatSet]:
    """The beats of each record, in the order of their names. Raises InputError for a folder without records."""
    headers = sorted(path for path in folder.glob("*.hea") if path.with_suffix(".atr").exists())
    if not headers:
        raise InputError(f"{folder}: there is no record with annotations (.hea and .atr) in it.")
    sets = []
    for path in headers:
        say(f"reading {path.stem}")
        sets.append(example_set(path.stem, read_record(path), read_annotations(path.with_suffix(".atr"))))
    return sets


def make(sets: Sequence[BeatSet], folder: Path) -> None:
    """Teaches by every record and writes the package's three files."""
    networks = teach(sets, _SEED, RECIPE, lambda share: _say(f"{share:.0%}"))
    provenance: dict[str, Scalar] = {
        "origin": ORIGIN,
        "data": "MIT-BIH Arrhythmia Database, 22 records, ODC-By 1.0",
        "records": " ".join(one.record for one in sets),
        "recipe": repr(RECIPE),
        "seed": _SEED,
        "made_by": "python -m healthcare.training.beat_model --records DIR --into healthcare/models/beats",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in beat_files(networks, VERSION, provenance).items():
        write_file(folder / name, content)


def _say(text: str) -> None:
    print(f"\r{text:40}", end="", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
