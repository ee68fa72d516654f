"""`edgewise models`: the shelf of the box, and packages in files.

Exit 0: done. 1: a package that was to be checked or activated is not right. 2: bad usage or input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from appliance.arguments import add_data
from core.errors import GoldenError, HashError, PackageError, SignatureError
from core.models.card import TensorSpec
from core.models.gate import Gate
from core.models.package import Package, read_package, sign_package, zip_package
from core.models.shelf import Shelf, ShelfEntry, Slot
from core.models.trust import SigningKey, Trust
from verticals.places import Places

Act = Callable[[argparse.Namespace], int]
#: What a package can be found guilty of; anything else that is wrong is wrong with what was typed.
_FINDINGS = (SignatureError, HashError, GoldenError)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("models", help="the model packages of this box")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    _add(acts, "list", _list, "what is on the shelf and what is active")
    _add(acts, "show", _show, "what a package says about itself", "package")
    _add(acts, "install", _install, "put a package, a folder or a zip, on the shelf", "path")
    activate = _add(acts, "activate", _activate, "make a package answer for a slot", "slot", "name", "version")
    activate.epilog = "A running line takes it over when it starts again; its own screen does it at once."
    _add(acts, "rollback", _rollback, "make what answered before answer again", "slot")
    _add(acts, "export", _export, "write a package of the shelf to one zip", "name", "version", "target")
    verify = _add(acts, "verify", _verify, "check hashes, signature and golden vectors: of a package, or of the shelf")
    verify.add_argument("path", nargs="?", type=Path, help="a folder or a zip; without it, everything on the shelf")
    sign = _add(acts, "sign", _sign, "sign a package that lies in a folder", "path")
    sign.add_argument("--key", type=Path, help="a private key in PEM; without it, the key of this box")


def run(arguments: argparse.Namespace) -> int:
    act: Act = arguments.act
    return act(arguments)


def _add(acts: Any, name: str, act: Act, text: str, *positional: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
    for argument in positional:
        parser.add_argument(argument, type=Path if argument in ("path", "target") else str)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_data(parser)
    parser.set_defaults(run=run, act=act)
    return parser


def _list(arguments: argparse.Namespace) -> int:
    shelf = _shelf(arguments)
    entries, slots = shelf.list(), shelf.slots()
    document = {"packages": [_entry(entry) for entry in entries], "slots": [_slot(slot) for slot in slots]}
    lines = [
        f"{entry.name} {entry.version}: " + (f"BROKEN: {entry.broken}" if entry.broken else _origin(entry.package))
        for entry in entries
    ]
    lines += [f"slot {slot.name}: {_active(slot)}" for slot in slots]
    return _tell(arguments, document, lines or ["The shelf is empty."])


def _show(arguments: argparse.Namespace) -> int:
    package = _named(arguments)
    card = package.card
    lines = [f"{card.name} {card.version}, {card.kind}: {card.intended_use}", f"licence: {card.licence}"]
    lines += [f"input  {_tensor(spec)}" for spec in card.inputs] + [f"output {_tensor(spec)}" for spec in card.outputs]
    lines += [f"limit  {name} = {value:g}" for name, value in card.limits.items()]
    lines += [f"from   {name}: {value}" for name, value in card.provenance.items()]
    lines += [f"golden {len(package.golden.cases)} cases", f"sha256 {package.sha256}", _origin(package)]
    return _tell(arguments, _package(package), lines)


def _install(arguments: argparse.Namespace) -> int:
    return _done(arguments, _shelf(arguments).install(arguments.path), "is on the shelf")


def _activate(arguments: argparse.Namespace) -> int:
    try:
        package = _shelf(arguments).activate(arguments.slot, arguments.name, arguments.version)
    except _FINDINGS as error:
        return _finding(arguments, error)
    return _done(arguments, package, f"is active for '{arguments.slot}'")


def _rollback(arguments: argparse.Namespace) -> int:
    try:
        package = _shelf(arguments).rollback(arguments.slot)
    except _FINDINGS as error:
        return _finding(arguments, error)
    return _done(arguments, package, f"is active for '{arguments.slot}' again")


def _export(arguments: argparse.Namespace) -> int:
    package = _shelf(arguments).package(arguments.name, arguments.version)
    zip_package(package, arguments.target)
    return _done(arguments, package, f"is in {arguments.target}")


def _verify(arguments: argparse.Namespace) -> int:
    if arguments.path is not None and not arguments.path.exists():
        raise PackageError(f"{arguments.path}: there is no such package")
    if arguments.path is not None:
        found = [_checked(str(arguments.path), lambda: read_package(arguments.path, _trust(arguments)))]
    else:
        shelf = _shelf(arguments)
        found = [_of_shelf(shelf, entry) for entry in shelf.list()]
    lines = [f"{item['package']}: {item['problem'] or 'right'}" for item in found]
    _tell(arguments, {"packages": found}, lines or ["The shelf is empty."])
    return 1 if any(item["problem"] for item in found) else 0


def _sign(arguments: argparse.Namespace) -> int:
    key = SigningKey.load(arguments.key) if arguments.key else _trust(arguments).box_key()
    return _done(arguments, sign_package(arguments.path, key), f"is signed by key {key.id}")


def _of_shelf(shelf: Shelf, entry: ShelfEntry) -> dict[str, str]:
    return _checked(f"{entry.name} {entry.version}", lambda: shelf.package(entry.name, entry.version))


def _checked(title: str, read: Callable[[], Package]) -> dict[str, str]:
    try:
        package = read()
        Gate().check(package)
    except PackageError as error:
        return {"package": title, "problem": str(error), "code": error.code}
    return {"package": title, "problem": "", "sha256": package.sha256}


def _named(arguments: argparse.Namespace) -> Package:
    """`show` takes a path, or name@version, or the name of a slot."""
    path, shelf = Path(arguments.package), _shelf(arguments)
    if path.exists():
        return read_package(path, _trust(arguments))
    name, _, version = arguments.package.partition("@")
    package = shelf.package(name, version) if version else shelf.active(name)
    if package is None:
        raise PackageError(f"'{name}' is no file, and no slot with a model", hint="Say a path, or name@version.")
    return package


def _trust(arguments: argparse.Namespace) -> Trust:
    return Trust(Places(arguments.data).keys)


def _shelf(arguments: argparse.Namespace) -> Shelf:
    return Shelf(Places(arguments.data).models, _trust(arguments), Gate())


def _done(arguments: argparse.Namespace, package: Package, what: str) -> int:
    return _tell(arguments, _package(package), [f"{package.card.name} {package.card.version} {what}."])


def _finding(arguments: argparse.Namespace, error: PackageError) -> int:
    sys.stderr.write(f"edgewise: {error}\n")
    if arguments.json:
        _tell(arguments, {"problem": error.message, "code": error.code}, [])
    return 1


def _tell(arguments: argparse.Namespace, document: Any, lines: Sequence[str]) -> int:
    text = json.dumps(document, ensure_ascii=False, indent=1) if arguments.json else "\n".join(lines)
    sys.stdout.write(f"{text}\n")
    return 0


def _origin(package: Package | None) -> str:
    if package is None:
        return ""
    return "made on this box" if package.signed_by_box else f"signed by {package.signer_name or package.signer}"


def _active(slot: Slot) -> str:
    return f"{slot.active.name} {slot.active.version}" if slot.active else "no readable state"


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name} {spec.dtype} {list(spec.shape)} {spec.unit}".rstrip()


def _entry(entry: ShelfEntry) -> dict[str, Any]:
    about = {"name": entry.name, "version": entry.version, "broken": entry.broken, "slots": list(entry.slots)}
    return about if entry.package is None else {**_package(entry.package), **about}


def _slot(slot: Slot) -> dict[str, Any]:
    picks = [{"name": pick.name, "version": pick.version, "sha256": pick.sha256} for pick in slot.history]
    active = slot.active and {"name": slot.active.name, "version": slot.active.version, "sha256": slot.active.sha256}
    return {"slot": slot.name, "active": active, "history": picks}


def _package(package: Package) -> dict[str, Any]:
    card = package.card
    return {
        "name": card.name,
        "version": card.version,
        "kind": card.kind,
        "sha256": package.sha256,
        "signer": package.signer,
        "signed_by_box": package.signed_by_box,
        "size_bytes": package.size_bytes,
        "licence": card.licence,
        "intended_use": card.intended_use,
        "limits": dict(card.limits),
        "provenance": dict(card.provenance),
        "golden_cases": len(package.golden.cases),
    }
