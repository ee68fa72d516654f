"""`edgewise retail evaluate --codes DIR`: how well barcodes are read in pictures whose text is known."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def register(parser: argparse.ArgumentParser) -> None:
    """Adds what `run` needs to the parser of `edgewise retail evaluate`."""
    parser.add_argument("--codes", type=Path, metavar="DIR", help="sets of barcode pictures, the text beside each")
    parser.add_argument("--corrections", type=Path, metavar="CSV", help="with --codes: texts that are wrong there")


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 whenever it could evaluate."""
    from retail.codes.evaluation import evaluate, read_corrections

    document = evaluate(arguments.codes, read_corrections(arguments.corrections) if arguments.corrections else None)
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if arguments.json else "\n".join(lines(document)) + "\n")
    return 0


def lines(document: Mapping[str, Any]) -> list[str]:
    """The same for people."""
    told = [f"{document['pictures']} pictures, {document['ms_per_picture']} ms each on one core."]
    for name, one in [*document["symbologies"].items(), ("all products", document["products"])]:
        if one["pictures"]:
            told.append(
                f"{name}: {one['read']} of {one['pictures']} read ({one['read_rate']:.1%}; "
                f"{one['first_pass_rate']:.1%} without retries), "
                f"{one['pictures_with_wrong_reads']} with a wrong read"
            )
    told.append(
        f"Wrong reads: {document['wrong_reads_before_item_list']}; "
        f"{document['wrong_reads_after_item_list']} after the item list."
    )
    told.append(f"Without a code: {document['no_code']['pictures']} pictures, {document['no_code']['reads']} reads.")
    return told
