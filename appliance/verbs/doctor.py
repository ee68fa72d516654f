"""`edgewise doctor`: what is wrong on this box, and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys

from appliance.arguments import add_config, add_data


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("doctor", help="what is wrong on this box, and what to do")
    add_config(parser)
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when all is well, 1 when there is a finding."""
    from appliance.checkup import examine

    findings = examine(arguments.config, arguments.data)
    bad = [finding for finding in findings if not finding.well]
    if arguments.json:
        listed = [{"what": f.what, "well": f.well, "found": f.found, "do": f.do} for f in findings]
        sys.stdout.write(json.dumps({"well": not bad, "findings": listed}, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            line = f"{'ok  ' if finding.well else 'BAD '} {finding.what}: {finding.found}"
            sys.stdout.write(line + (f" -> {finding.do}" if finding.do else "") + "\n")
    return 1 if bad else 0
