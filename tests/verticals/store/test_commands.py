from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.databases import open_in
from tests.support.factories import make_app_db, make_command, make_entry
from verticals.contract import Reply
from verticals.store.commands import Commands
from verticals.store.events import EventStore


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_app_db(tmp_path)


def test_a_command_is_pending_until_it_is_answered(engine: Engine) -> None:
    commands = Commands(engine)
    first = commands.ask("line-3", make_command("bypass", on=True))
    second = commands.ask("line-4", make_command("label"))
    waiting = commands.pending()
    assert [(item.station, item.command.id, item.command.name) for item in waiting] == [
        ("line-3", first, "bypass"),
        ("line-4", second, "label"),
    ]
    assert waiting[0].command.args == {"on": True}
    assert (waiting[0].command.who, waiting[0].command.role) == ("anna", "operator")
    assert waiting[0].command.at == make_command().at
    EventStore(engine).append([make_entry("a", replies=[(first, Reply(False, "locked", {"until_s": 5}))])])
    assert [item.command.id for item in commands.pending()] == [second]
    assert commands.reply_of(first) == Reply(False, "locked", {"until_s": 5})
    assert commands.reply_of(second) is None
    assert commands.reply_of(99) is None


def test_only_commands_after_the_given_one_are_read(engine: Engine) -> None:
    commands = Commands(engine)
    ids = [commands.ask("line-3", make_command()) for _ in range(3)]
    assert [item.command.id for item in commands.pending(after=ids[0])] == ids[1:]


def test_a_withdrawn_command_is_not_carried_out_any_more(engine: Engine) -> None:
    commands = Commands(engine)
    asked = commands.ask("line-3", make_command())
    assert commands.withdraw(asked) is None
    assert commands.pending() == []


def test_a_reply_that_was_faster_than_the_withdrawal_stands(engine: Engine) -> None:
    commands = Commands(engine)
    asked = commands.ask("line-3", make_command())
    EventStore(engine).append([make_entry("a", replies=[(asked, Reply(True))])])
    assert commands.withdraw(asked) == Reply(True)


def test_what_the_line_did_after_all_is_the_truth(engine: Engine) -> None:
    commands = Commands(engine)
    asked = commands.ask("line-3", make_command())
    commands.withdraw(asked)
    EventStore(engine).append([make_entry("a", replies=[(asked, Reply(True))])])
    assert commands.reply_of(asked) == Reply(True)


def test_a_reply_is_read_through_a_read_only_connection(engine: Engine, tmp_path: Path) -> None:
    asked = Commands(engine).ask("line-3", make_command())
    EventStore(engine).append([make_entry("a", replies=[(asked, Reply(True))])])
    assert Commands(open_in(tmp_path, read_only=True)).reply_of(asked) == Reply(True)
