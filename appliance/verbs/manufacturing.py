"""`edgewise manufacturing`: teach an inspection from good pictures, find out how good one is, judge a folder with it.

Exit 0: done. 1: pictures of a replay could not be judged. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance.arguments import above_zero, add_config, add_data, whole
from appliance.progress import progress

#: That of `core.learning.plan.TeachSettings`, which a command line that only lists verbs does not load.
_SHIFT_PX = 16

_LIMIT_OF = {"given": "as given", "recipe": "the recipe's", "model": "the model's own"}

Act = Callable[[argparse.Namespace], int]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("manufacturing", help="defect inspection: teach, evaluate, replay")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    teach = _add(acts, "teach", _teach, "make a model package from a folder of good pictures and put it on the shelf")
    teach.add_argument("folder", type=Path, help="pictures of good parts; a sub-folder holds pictures of one part")
    teach.add_argument("--recipe", required=True, help="the name of the model")
    teach.add_argument("--known-defects", type=Path, metavar="FOLDER", help="a sub-folder for each kind of defect")
    teach.add_argument("--activate", metavar="SLOT", help="make it answer for this slot (a line asks by its recipe)")
    add_data(teach)
    evaluate = _add(acts, "evaluate", _evaluate, "teach from a labelled set and judge its test pictures")
    evaluate.add_argument("--dataset", type=Path, required=True, help="train/good, test/good, test/<defect>")
    evaluate.add_argument("--teach-from", type=whole(1), default=0, metavar="N", help="teach from only N good pictures")
    evaluate.add_argument("--labels", type=_counts, default=(10, 30), metavar="N,N",
                          help="teach once more with so many of the test's defects; 0: do not")  # fmt: skip
    seeds = evaluate.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=whole(0), default=0, help="0: the split as it lies; others deal it anew")
    seeds.add_argument("--seeds", type=whole(1), metavar="N", help="seeds 0 to N-1: their mean and each")
    text = "judge the pictures of a folder as the line would; CSV on stdout"
    replay: argparse.ArgumentParser = acts.add_parser("replay", help=text, description=text)
    replay.add_argument("folder", type=Path, help="pictures; those in its sub-folders too")
    replay.add_argument("--slot", required=True, help="whose active model judges (a line asks by its recipe)")
    replay.add_argument("--limit", type=float, help="in place of that of the recipe, or the model")
    add_config(replay)
    add_data(replay)
    replay.add_argument("--json", action="store_true", help="one JSON document on stdout")
    replay.set_defaults(run=run, act=_replay)


def run(arguments: argparse.Namespace) -> int:
    act: Act = arguments.act
    return act(arguments)


def _add(acts: Any, name: str, act: Act, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--false-reject-rate", type=above_zero(0.5), default=0.01, help="share of good parts that may be rejected"
    )
    parser.add_argument(
        "--shift-px", type=whole(0), default=_SHIFT_PX, help="how far a part may lie off, of 256 pixels"
    )
    ways = ("find", "none", "shifts", "flips", "turns")
    parser.add_argument("--augment", choices=ways, default="find", help="what a good part may do in the picture")
    parser.add_argument("--register", choices=("find", "yes", "no"), default="find", help="put parts in their place")
    parser.add_argument("--eight-bits", choices=("find", "no"), default="find", help="try the model in whole numbers")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run, act=act)
    return parser


def _teach(arguments: argparse.Namespace) -> int:
    from appliance.teaching import teach_now
    from verticals.places import Places

    inputs = {
        "folder": str(arguments.folder),
        "recipe": arguments.recipe,
        "false_reject_rate": arguments.false_reject_rate,
        "shift_px": arguments.shift_px,
        "augment": arguments.augment,
        "register": arguments.register,
        "eight_bits": arguments.eight_bits,
    }
    if arguments.known_defects is not None:
        inputs["known_defects"] = str(arguments.known_defects)
    with progress(quiet=arguments.json) as tell:
        result = teach_now(Places(arguments.data), inputs, tell, slot=arguments.activate or "")
    return _tell(arguments, result, _taught_lines(result, arguments.activate))


def _evaluate(arguments: argparse.Namespace) -> int:
    from manufacturing.evaluation import EvaluationSettings, evaluate, evaluate_seeds

    settings = EvaluationSettings(
        arguments.false_reject_rate, arguments.seed, arguments.teach_from, arguments.shift_px,
        arguments.augment, arguments.register, arguments.eight_bits, labels=arguments.labels,
    )  # fmt: skip
    with progress(quiet=arguments.json) as tell:
        if arguments.seeds:
            result = evaluate_seeds(arguments.dataset, settings, arguments.seeds, tell)
        else:
            result = evaluate(arguments.dataset, settings, tell)
    lines = _seeds_lines(result) if arguments.seeds else _evaluated_lines(result)
    return _tell(arguments, result, lines)


def _replay(arguments: argparse.Namespace) -> int:
    from appliance.site import places_of
    from manufacturing import replaying
    from verticals.runtime.models import shelf_of

    places = places_of(arguments.config, arguments.data)
    recipe = replaying.recipe_of(places, arguments.slot)
    with progress(quiet=arguments.json) as tell:
        result = replaying.replay(shelf_of(places), arguments.slot, arguments.folder, arguments.limit, tell, recipe)
    if arguments.json:
        _tell(arguments, result, [])
    else:
        csv.writer(sys.stdout, lineterminator="\n").writerows(replaying.lines(result))
        model = result["model"]
        sys.stderr.write(
            f"{model['name']} {model['version']}: {result['accepted']} accepted, {result['rejected']} rejected, "
            f"{result['not_judged']} not judged of {result['pictures']}. Limit: {_LIMIT_OF[result['limit_of']]}.\n"
        )
    return 1 if result["not_judged"] else 0


def _taught_lines(result: Mapping[str, Any], slot: str | None) -> list[str]:
    low, high = result["false_reject_ci95"]
    return [
        f"{result['name']} {result['version']} is on the shelf" + (f" and active for {slot}." if slot else "."),
        f"Taught from {result['pictures']} pictures of {result['parts']} parts in {result['teach_cpu_s']:.1f} CPU s.",
        f"Threshold {result['threshold']:.2f}: false rejects wished {_share(result['false_reject_rate'])}, "
        f"expected {_share(result['expected_false_reject_rate'])} ({_share(low)} to {_share(high)}).",
        result["note"],
        *([result["labels"]["summary"]] if result["labels"] else []),
        *_doubtful_lines(result),
    ]


def _evaluated_lines(result: Mapping[str, Any]) -> list[str]:
    images, latency = result["images"], result["latency_ms"]
    count = sum(images["defects"].values())
    pixel = "no masks" if result["pixel_auroc"] is None else f"{result['pixel_auroc']:.4f}"
    return [
        f"Taught from {images['taught_from']} good pictures in {result['teach_cpu_s']:.1f} CPU s.",
        f"Image AUROC {result['image_auroc']:.4f} on {images['good']} good and {count} defective; pixel AUROC {pixel}.",
        *(f"  {name}: {value:.4f} ({images['defects'][name]} pictures)" for name, value in result["defects"].items()),
        f"At threshold {result['threshold']:.2f}:",
        f"  false rejects {_share(result['false_reject_rate'])} ({_between(result['false_reject_ci95'])}), "
        f"promised {_between(result['promised_false_reject_ci95'])}",
        _foreseen_line(result["false_rejects"]),
        f"  escapes {_share(result['escape_rate'])} ({_between(result['escape_ci95'])})",
        f"Latency, one thread: p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms, max {latency['max']:.1f} ms.",
        *_labels_lines(result["with_labels"]),
        *_new_parts_lines(result),
        result["note"],
        *_doubtful_lines(result),
    ]


def _foreseen_line(found: Mapping[str, Any]) -> str:
    low, high = found["foreseen95"]
    kept = "as promised" if found["kept"] else "NOT as promised"
    return f"  of {found['parts']} good parts {found['rejected']} rejected, {low} to {high} were to be expected: {kept}"


def _labels_lines(with_labels: Mapping[str, Any]) -> list[str]:
    return [
        f"With {count} labelled defects, of {one['defects']} others: recall {_share(one['recall'])} (without "
        f"{_share(one['without']['recall'])}), false rejects {_share(one['false_reject_rate'])}, image AUROC "
        f"{one['image_auroc']:.4f}. {'Used' if one['on'] else 'Not used'}: {one['why']}"
        for count, one in with_labels.items()
        if one is not None
    ]


def _new_parts_lines(result: Mapping[str, Any]) -> list[str]:
    new = result["new_parts"]
    if new is None:
        return []
    return [
        f"{_share(result['parts_seen'] or 0)} of the good pictures show parts that were taught from. New parts alone: "
        f"image AUROC {new['image_auroc']:.4f}, recall {_share(new['recall'])}, false rejects "
        f"{_share(new['false_reject_rate'])} ({new['good']} good, {new['defects']} defective)."
    ]


def _counts(text: str) -> tuple[int, ...]:
    """Whole numbers above 0, without the noughts."""
    counts = [whole(0)(one.strip()) for one in text.split(",")]
    return tuple(count for count in counts if count)


def _doubtful_lines(result: Mapping[str, Any]) -> list[str]:
    if not result["doubtful"]:
        return []
    names = ", ".join(result["doubtful"])
    return [f"Look at these: the other good parts find them strange, and they raise the threshold: {names}."]


def _seeds_lines(result: Mapping[str, Any]) -> list[str]:
    spread = result["standard_deviation"]
    lines = [f"Mean of {result['seeds']} seeds, with one standard deviation:"]
    lines += [f"  {name}: {value:.4f} +- {spread[name]:.4f}" for name, value in result["mean"].items()]
    lines.append(f"False rejects as promised in {result['false_rejects_kept']} of {result['seeds']} splits.")
    return lines + [f"  seed {one['seed']}: image AUROC {one['image_auroc']:.4f}" for one in result["each"]]


def _tell(arguments: argparse.Namespace, document: Mapping[str, Any], lines: list[str]) -> int:
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if arguments.json else "\n".join(lines) + "\n")
    return 0


def _share(value: float) -> str:
    return f"{value:.1%}"


def _between(interval: list[float]) -> str:
    return f"{interval[0]:.1%} to {interval[1]:.1%}"
