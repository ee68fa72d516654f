"""`edgewise healthcare train`: a deterioration score from a site's own stays, on trial against NEWS2.

Exit 0: it won, and was written where --into says. 1: it lost and stays off; nothing is written. 2: bad usage or input.
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
from core.errors import InputError

_MOST_PER_DAY = 24.0


def register(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "teach a deterioration score on this site's own stays and hold it against NEWS2; off unless it wins"
    parser: argparse.ArgumentParser = acts.add_parser("train", help=text, description=text)
    parser.add_argument("--vitals", type=Path, required=True, metavar="CSV", help="stay, hour and NEWS2's parameters")
    parser.add_argument("--events", type=Path, required=True, metavar="CSV", help="stay and hour of each event")
    parser.add_argument("--into", type=Path, metavar="FILE", help="where a score that won is written")
    budget = "false alerts a patient-day that the ward can bear"
    parser.add_argument("--alerts-per-day", type=_per_day, default=1.0, metavar="N", help=budget)
    parser.add_argument("--seed", type=whole(0), default=0, help="of the parts that stays are dealt into")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from healthcare.deterioration.score import learnt
    from healthcare.deterioration.stays import read_stays
    from healthcare.deterioration.trial import tried

    stays = read_stays(arguments.vitals, arguments.events)
    with progress(quiet=arguments.json) as tell:
        trial = tried(stays, arguments.alerts_per_day, arguments.seed, tell)
    document = {**trial.as_json(), "budget_per_patient_day": arguments.alerts_per_day, "written": None}
    if trial.won and arguments.into is not None:
        _write(arguments.into, learnt(stays, trial).as_json())
        document["written"] = str(arguments.into)
    sys.stdout.write(json.dumps(document, indent=1) + "\n" if arguments.json else "\n".join(_lines(document)) + "\n")
    return 0 if trial.won else 1


def _write(path: Path, score: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(score, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _lines(document: Mapping[str, Any]) -> list[str]:
    news2, score = document["news2"], document["score"]
    lines = [
        f"{document['stays']} stays, {news2['events']} with an event, {news2['patient_days']:.0f} patient-days.",
        f"No more than {document['budget_per_patient_day']:g} false alerts a patient-day: "
        f"NEWS2 alerts from {news2['threshold']} points on.",
        f"NEWS2:     {_figures(news2)}",
        f"Own score: {_figures(score)}, on patients that it did not learn from",
        _difference("Events told, score less NEWS2:", document["more_heard_ci95"], "{:+.2f}"),
        _difference("Warning earlier by (h):", document["earlier_h_ci95"], "{:+.1f}"),
    ]
    if document["won"]:
        written = document["written"]
        return [*lines, f"It won. Written: {written}" if written else "It won. --into FILE writes it."]
    return [*lines, "It lost and stays off:", *(f"  {reason}" for reason in document["lost_by"])]


def _figures(one: Mapping[str, Any]) -> str:
    return (
        f"{one['heard']} of {one['events']} events told ({one['sensitivity']:.0%}), mean warning "
        f"{one['mean_lead_h']:.1f} h, {one['false_per_patient_day']:.2f} false alerts a patient-day"
    )


def _difference(what: str, values: list[float], form: str) -> str:
    middle, low, high = (form.format(value) for value in values)
    return f"{what} {middle} (95 %: {low} to {high})"


def _per_day(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _MOST_PER_DAY:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and up to {_MOST_PER_DAY:g}")
    return value
