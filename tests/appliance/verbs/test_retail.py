"""`edgewise retail import|export|check` as a person meets them: done, a finding, or one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.cli import main
from retail import tables
from tests.support.ledgers import OATS, TEA, count, receipt, sale
from verticals.contract import Event
from verticals.store.database import open_database, writing
from verticals.store.events import Entry, EventStore
from verticals.store.inbox import Inbox


@pytest.fixture
def site(tmp_path: Path) -> list[str]:
    """The words that name a site with a store and its empty data directory."""
    config = tmp_path / "edgewise.toml"
    config.write_text('[site]\nname = "Store 014"\n[retail]\nstore = "Store 014"\n')
    return ["--config", str(config), "--data", str(tmp_path / "data")]


@pytest.fixture
def products(tmp_path: Path) -> Path:
    path = tmp_path / "products.csv"
    path.write_text(f"gtin,name,price,codes\n{TEA},Tea,2.49,4711\n{OATS},Oats,1.99,\n")
    return path


def store_of(site: list[str]) -> EventStore:
    return EventStore(open_database(Path(site[3]) / "retail/events.db"), tables.project)


def test_an_import_is_in_the_inbox_of_a_store_that_does_not_run(
    site: list[str], products: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock = products.with_name("stock.csv")
    stock.write_text("item,quantity\n4711,7\n")
    assert main(["retail", "import", "--products", str(products), "--stock", str(stock), "--json", *site]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "brought": {"products": 2, "stock": 1}, "facts": 2, "running": False,
    }  # fmt: skip
    facts = Inbox(store_of(site).engine).pending()
    assert [fact.payload["kind"] for fact in facts] == ["catalogue", "documents"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--products", "{products}", "--planogram", "{missing}"], "cannot be read"), ([], "no file was named"),
     (["--products", "{products}", "--stock", "{stock}"], "stock.csv: line 2, column 'item': no product")],
)  # fmt: skip
def test_nothing_is_imported_where_anything_is_wrong(
    site: list[str], products: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    stock = products.with_name("stock.csv")
    stock.write_text("item,quantity\n999,7\n")
    names = {"products": products, "missing": products.with_name("none.csv"), "stock": stock}
    assert main(["retail", "import", *(word.format(**names) for word in words), *site]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and told.out == ""
    assert not (Path(site[3]) / "retail/events.db").exists() or not Inbox(store_of(site).engine).pending()


def test_a_ledger_that_agrees_is_said_to_and_one_that_does_not_is_a_finding(
    site: list[str], products: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retail", "import", "--products", str(products), *site]) == 0
    store = store_of(site)
    said = [one.as_json() for one in (receipt("d-1", 24), count("c-1", 20), sale("s-1", 3))]
    store.append([Entry(events=[Event("documents", "d", 1.0, {"documents": said}, "store")])])
    capsys.readouterr()
    assert main(["retail", "check", *site]) == 0
    assert "agrees" in capsys.readouterr().out
    with writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE ledger_balances SET thousandths = thousandths + 1000")
    assert main(["retail", "check", "--json", *site]) == 1
    [found] = json.loads(capsys.readouterr().out)["differences"]
    assert (found["what"], found["about"]) == ("balance", f"{TEA} at floor")
    assert main(["retail", "check", "--rebuild", *site]) == 1
    assert main(["retail", "check", *site]) == 0


def test_everything_is_exported_as_csv(
    site: list[str], products: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retail", "import", "--products", str(products), *site]) == 0
    said = [receipt("d-1", 24).as_json()]
    store_of(site).append([Entry(events=[Event("documents", "d", 1.0, {"documents": said}, "store")])])
    assert main(["retail", "export", "--to", str(tmp_path / "copy"), *site]) == 0
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {"products.csv", "planogram.csv", "stock.csv", "moves.csv", "counts.csv"}
    assert f"{TEA},floor,24" in (tmp_path / "copy/stock.csv").read_text()


def test_a_site_without_a_store_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "edgewise.toml"
    config.write_text('[site]\nname = "Plant"\n[retail]\nstore = "Store 014"\n')
    assert main(["retail", "check", "--config", str(config), "--data", str(tmp_path / "data")]) == 2
    assert "there is no store yet" in capsys.readouterr().err
