"""`edgewise retail gaps`: gaps in one photo of a bay, taken on a walk or before a camera is set up.

Exit 0: none. 1: there are gaps. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def register(acts: Any) -> None:
    text = "find gaps in a photo of a bay"
    gaps: argparse.ArgumentParser = acts.add_parser("gaps", help=text, description=text)
    gaps.add_argument("photo", type=Path, help="a picture that the bay fills, taken from before it")
    gaps.add_argument(
        "--planogram", type=Path, metavar="FILE", help="the plan of the bay: its slots say where rows are"
    )
    gaps.add_argument("--json", action="store_true", help="one JSON document on stdout")
    gaps.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from retail.shelf.gaps import find_gaps, find_rows, rows_of
    from retail.shelf.plan import read_plan
    from verticals.devices.pictures import read_picture

    picture = read_picture(arguments.photo)
    rows = None if arguments.planogram is None else rows_of(read_plan(arguments.planogram))
    found = find_gaps(picture, rows)
    count = len(find_rows(picture) if rows is None else rows)
    if arguments.json:
        gaps = [{"row": gap.row + 1, "left": round(gap.left, 4), "right": round(gap.right, 4)} for gap in found]
        sys.stdout.write(json.dumps({"rows": count, "gaps": gaps}, indent=1) + "\n")
    else:
        lines = [f"row {gap.row + 1} from the top: {gap.left:.0%} to {gap.right:.0%} of the width" for gap in found]
        sys.stdout.write("\n".join([f"{len(found)} gaps in {count} rows.", *lines]) + "\n")
    return 1 if found else 0
