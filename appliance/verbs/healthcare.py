"""`edgewise healthcare`: how good beats, their classes and rhythms are on annotated records; replay of captures.

Exit 0: done. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.arguments import whole
from appliance.progress import progress
from appliance.verbs import healthcare_replay, healthcare_train

_KINDS = {"qrs": "Beats", "veb": "Ventricular beats", "sveb": "Supraventricular beats", "af": "Atrial fibrillation"}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("healthcare", help="patient-vital alerts: evaluate, replay, train")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    text = "score beats, beat classes and atrial fibrillation on annotated records (ANSI/AAMI EC57)"
    evaluate: argparse.ArgumentParser = acts.add_parser("evaluate", help=text, description=text)
    evaluate.add_argument("--records", type=Path, required=True, metavar="DIR", help="WFDB records (.hea) with .atr")
    evaluate.add_argument("--cross-validate", action="store_true", help="classes by a model that other records taught")
    evaluate.add_argument("--rhythm", action="store_true", help="atrial fibrillation too, where rhythms are annotated")
    evaluate.add_argument("--seed", type=whole(0), default=0, help="of the teaching with --cross-validate")
    evaluate.add_argument("--json", action="store_true", help="one JSON document on stdout")
    evaluate.set_defaults(run=run)
    healthcare_replay.register(acts)
    healthcare_train.register(acts)


def run(arguments: argparse.Namespace) -> int:
    from healthcare.evaluation import evaluate

    with progress(quiet=arguments.json) as tell:
        document = evaluate(
            arguments.records,
            cross_validate=arguments.cross_validate,
            rhythm=arguments.rhythm,
            seed=arguments.seed,
            tell=tell,
        )
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if arguments.json else "\n".join(_lines(document)) + "\n")
    return 0


def _lines(document: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{len(document['records'])} records; the first {document['learning_period_s']:.0f} s of each are not scored."
    ]
    for kind, title in _KINDS.items():
        gross, average = document["gross"][kind], document["average"][kind]
        if gross is not None:
            lines.append(f"{title}: {_shares(gross)}; mean of the records {_shares(average)}.")
    lines.append(f"Muted as too poor to rely upon: {document['muted_share']:.2%} of the time.")
    for name, one in document["records"].items():
        qrs = one["qrs"]
        lines.append(f"  {name}: {_shares(qrs)}, {qrs['missed']:.0f} missed, {qrs['wrong']:.0f} wrong")
    return lines


def _shares(one: Mapping[str, float | None]) -> str:
    return f"sensitivity {_share(one['sensitivity'])}, positive predictivity {_share(one['positive_predictivity'])}"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.2%}"
