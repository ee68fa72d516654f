"""`edgewise retail evaluate`: how well products, shelves or barcodes are seen. `edgewise retail enrol`: a new product.

Exit 0: done. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.arguments import add_data, whole
from appliance.progress import Tell, progress
from appliance.verbs import retail_codes

#: What `evaluate` can look at, and what has to come with it.
_WAYS = {"references": ("queries",), "video": ("planogram", "truth"), "codes": ()}


def register(acts: Any) -> None:
    """Adds `evaluate` and `enrol` to the acts of `edgewise retail`."""
    text = "score product recognition, the slots of a shelf camera, or barcode reading"
    evaluate: argparse.ArgumentParser = acts.add_parser("evaluate", help=text, description=text)
    evaluate.add_argument("--references", type=Path, metavar="DIR", help="photos to know products by, a folder each")
    evaluate.add_argument("--queries", type=Path, metavar="DIR", help="with --references: photos to be recognised")
    evaluate.add_argument("--per-product", type=whole(1), default=0, metavar="K", help="only K references a product")
    evaluate.add_argument("--video", type=Path, metavar="FILE", help="a recording of a shelf camera")
    evaluate.add_argument("--planogram", type=Path, metavar="FILE", help="with --video: the plan of its bay, TOML")
    evaluate.add_argument("--truth", type=Path, metavar="CSV", help="with --video: which slots hold goods, by frames")
    retail_codes.register(evaluate)
    evaluate.add_argument("--seed", type=whole(0), default=0, help="which references and new products are drawn")
    evaluate.add_argument("--json", action="store_true", help="one JSON document on stdout")
    evaluate.set_defaults(run=run_evaluate, parser=evaluate)
    text = "make a product known by its photos; five are enough"
    enrol: argparse.ArgumentParser = acts.add_parser("enrol", help=text, description=text)
    enrol.add_argument("product", help="its number (GTIN) or name, as planograms write it")
    enrol.add_argument("--photos", type=Path, required=True, metavar="DIR", help="a folder with pictures of it alone")
    add_data(enrol)
    enrol.add_argument("--json", action="store_true", help="one JSON document on stdout")
    enrol.set_defaults(run=run_enrol)


def run_evaluate(arguments: argparse.Namespace) -> int:
    way = _way(arguments)
    if way == "codes":
        return retail_codes.run(arguments)
    with progress(quiet=arguments.json) as tell:
        document = _products(arguments, tell) if way == "references" else _video(arguments, tell)
    lines = _product_lines(document) if way == "references" else _video_lines(document)
    _say(arguments, document, lines)
    return 0


def _way(arguments: argparse.Namespace) -> str:
    """The one thing to look at; ends with usage where it is none, several, or not whole."""
    given = [way for way in _WAYS if getattr(arguments, way) is not None]
    if len(given) != 1:
        arguments.parser.error("one of --references, --video and --codes")
    for name in _WAYS[given[0]]:
        if getattr(arguments, name) is None:
            arguments.parser.error(f"--{given[0]} needs --{name}")
    return given[0]


def _products(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    from retail.evaluation import evaluate_products

    return evaluate_products(
        arguments.references, arguments.queries, arguments.per_product, arguments.seed, tell
    )  # fmt: skip


def _video(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    from retail.evaluation_video import evaluate_video

    return evaluate_video(arguments.video, arguments.planogram, arguments.truth, tell)


def run_enrol(arguments: argparse.Namespace) -> int:
    from core.clock import SystemClock
    from core.models.trust import Trust
    from retail.shelf.enrolment import enrol, tell_bays
    from retail.shelf.photo_folders import photos_in
    from retail.shelf.products import shipped_session
    from verticals.places import Places
    from verticals.runtime.models import shelf_of

    places = Places(arguments.data)
    places.make("retail")
    photos = photos_in(arguments.photos)
    key = Trust(places.keys).box_key()
    now = SystemClock().now()
    document = enrol(shelf_of(places), key, shipped_session(), arguments.product, photos, now)
    document["bays_told"] = tell_bays(places)
    more = "" if document["enough_photos"] else " Five photos let it be known better."
    verb = "known anew" if document["replaced"] else "known now"
    text = f"{document['product']} is {verb} by {document['photos']} photos, one of {document['products']} products."
    _say(arguments, document, [text + more])
    return 0


def _product_lines(document: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{document['products']} products by {document['references']} references, {document['queries']} queries: "
        f"{document['top1']:.1%} right, {document['top5']:.1%} among the first five; "
        f"{document['ms_per_picture']} ms of one core a picture.",
        f"Known ones called unknown: {document['known_rejected']:.1%}.",
    ]
    if document["new_products"] is not None:
        new, out = document["new_products"], document["held_out"]
        lines.append(
            f"Of {out['products']} products left out, {out['unknown_rejected']:.1%} of pictures were called unknown "
            f"(AUROC {document['unknown_auroc']:.3f}); by {new['photos']} photos each, {new['top1']:.1%} were right."
        )
    return lines


def _video_lines(document: Mapping[str, Any]) -> list[str]:
    slots = ", ".join(f"{name} {share:.1%}" for name, share in document["slots"].items())
    lines = [
        f"{document['slot_accuracy']:.2%} of slots right in {document['frames']} frames ({slots}); "
        f"{document['frames_right']} frames wholly right; {document['ms_per_frame']} ms of one core a frame."
    ]
    return lines + [f"  frame {one['frame']}: {one['slot']} {one['state']}" for one in document["changes"]]


def _say(arguments: argparse.Namespace, document: Mapping[str, Any], lines: list[str]) -> None:
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if arguments.json else "\n".join(lines) + "\n")
