"""`edgewise user add|list|remove`: the people of this box. Before the first `add` there is no account and no PIN."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import pwd
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from appliance.arguments import add_config, add_data
from core.clock import SystemClock
from core.errors import InputError, RefusedError

if TYPE_CHECKING:
    from verticals.contract import Role
    from verticals.store.access import AccessSettings
    from verticals.store.accounts import Account, Accounts


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("user", help="who may sign in on this box, and as what")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    add = acts.add_parser("add", help="a new person; the PIN is asked for")
    add.add_argument("name")
    add.add_argument("--role", action="append", required=True, metavar="APP:ROLE", help="may be given once per app")
    add.add_argument("--badge", default="", help="id of a badge that stands for the name")
    add.add_argument("--pin-stdin", action="store_true", help="read the PIN from the first line of stdin")
    add.set_defaults(act=_add)
    show = acts.add_parser("list", help="everybody")
    show.set_defaults(act=_list)
    remove = acts.add_parser("remove", help="takes PIN, roles and sessions away")
    remove.add_argument("name", help="name or number")
    remove.set_defaults(act=_remove)
    for act in (add, show, remove):
        act.add_argument("--json", action="store_true", help="one JSON document on stdout")
        add_config(act)
        add_data(act)
        act.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    lines, document = arguments.act(arguments)
    sys.stdout.write((json.dumps(document, ensure_ascii=False) if arguments.json else "\n".join(lines)) + "\n")
    return 0


def _add(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    wanted = dict(_split(role) for role in arguments.role)
    roles = _roles(list(wanted))
    pin = _read_pin() if arguments.pin_stdin else _ask_pin()
    with _people(arguments, roles, _access(arguments)) as people:
        account = people.add(arguments.name, pin, wanted, by=_who(), badge=arguments.badge)
    return [f"added {_line(account)}"], {"added": _document(account)}


def _list(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    with _people(arguments, {}) as people:
        everybody = people.all()
    lines = [_line(account) for account in everybody] or [
        "Nobody yet. The first one: edgewise user add NAME --role APP:ROLE"
    ]
    return lines, {"accounts": [_document(account) for account in everybody]}


def _remove(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    with _people(arguments, {}) as people:
        account = people.find(arguments.name)
        if account is None:
            raise RefusedError(f"there is no account '{arguments.name}'", hint="See `edgewise user list`.")
        people.remove(account.number, by=_who())
    return [f"removed {account.name} (number {account.number})"], {"removed": _document(account)}


@contextmanager
def _people(
    arguments: argparse.Namespace, roles: Mapping[str, Sequence[Role]], access: AccessSettings | None = None
) -> Iterator[Accounts]:
    from appliance.site import places_of
    from verticals.store.box import open_box

    box = open_box(places_of(arguments.config, arguments.data), roles, SystemClock(), access)
    try:
        yield box.accounts
    finally:
        box.close()


def _access(arguments: argparse.Namespace) -> AccessSettings | None:
    """What the site asks of a PIN; None where there is no site yet. Raises SettingsError for a site that is wrong."""
    from appliance.site import load_site

    return load_site(arguments.config).access if arguments.config.exists() else None


def _roles(apps: Sequence[str]) -> dict[str, Sequence[Role]]:
    from verticals import catalog

    return {app: catalog.load(app).manifest.roles for app in apps}


def _split(role: str) -> tuple[str, str]:
    app, mark, name = role.partition(":")
    if not (app and mark and name):
        raise InputError(f"--role '{role}' is not of the form APP:ROLE", hint="Such as manufacturing:engineer.")
    return app, name


def _read_pin() -> str:
    return sys.stdin.readline().strip()


def _ask_pin() -> str:
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for the PIN", hint="Give it with --pin-stdin.")
    pin = getpass.getpass("PIN: ")
    if getpass.getpass("Again: ") != pin:
        raise InputError("the two PINs differ")
    return pin


def _who() -> str:
    """Who acts at the console, for the audit."""
    try:
        return f"console:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"console:{os.getuid()}"


def _document(account: Account) -> dict[str, Any]:
    return {
        "number": account.number,
        "name": account.name,
        "roles": dict(account.roles),
        "badge": account.has_badge,
        "disabled": account.disabled,
    }


def _line(account: Account) -> str:
    roles = ", ".join(f"{app}:{role}" for app, role in sorted(account.roles.items())) or "no role"
    marks = (" (disabled)" if account.disabled else "") + (" (badge)" if account.has_badge else "")
    return f"{account.number:>4}  {account.name}: {roles}{marks}"
