"""The tag page over a real web process, as a browser without script gets it: read, choose, check, save."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from manufacturing import plc_tags
from manufacturing.recipes import Recipe
from manufacturing.settings import PlcSettings
from manufacturing.tag_browsing import KIND, order
from manufacturing.tag_choice import BY_HAND, candidates, choices, needed, recipe_tags, site_lines
from manufacturing.tag_mapping import BY_NAME, WANTED, propose
from manufacturing.tag_sheet import MEANINGS
from simulators.tags import TAGS
from tests.support.kiosks import LINE, KioskRig
from tests.support.screens import PIN, Visitor, eventually
from verticals.contract import Event
from verticals.devices.opcua_browse import FoundTag
from verticals.store.database import open_database
from verticals.store.jobs import Jobs

PAGE = "/line/line-3/tags"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskRig]:
    with KioskRig(tmp_path) as running:
        running.run_line()
        running.accounts.add("Engineer 2", PIN, {"manufacturing": "engineer"}, by="the test")
        yield running


@pytest.fixture
def visitor(kiosk: KioskRig) -> Visitor:
    engineer = kiosk.client()
    assert engineer.sign_in("Engineer 2").status_code == 303
    return engineer


@pytest.fixture
def jobs(kiosk: KioskRig) -> Jobs:
    return Jobs(open_database(kiosk.places.box_db), kiosk.clock)


def act(visitor: Visitor, what: str, **values: str) -> httpx.Response:
    return visitor.post(PAGE, data={"csrf": visitor.csrf(), "act": what, **values}, follow_redirects=True)


def text(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def variable(name: str, kind: str = "", *, folder: str = "DB_Vision", writable: bool = True) -> FoundTag:
    """As a PLC of another maker has it, of the type that the tag of this name wants."""
    kind = kind or BY_NAME[name].kinds[0]
    path = f"/0:Objects/3:PLC_1/3:{folder}/3:x{name}"
    return FoundTag(f'ns=3;s="{folder}"."x{name}"', path, kind, False, True, writable, "0")


def every(**changed: FoundTag) -> list[FoundTag]:
    return [changed.get(wanted.name) or variable(wanted.name) for wanted in WANTED]


def found(variables: Sequence[FoundTag], **more: Any) -> dict[str, Any]:
    proposals = [proposal.as_json() for proposal in propose(variables)]
    result = {"url": LINE.plc.url, "tags": [tag.as_json() for tag in variables], "left_out": 0, "nodes": 90, "cut": ""}
    return {**result, "proposals": proposals, **more}


def worked(jobs: Jobs, result: Mapping[str, Any] | str) -> dict[str, Any]:
    """The oldest job that waits, ended as a worker ends it; a text is what it failed of."""
    job = jobs.claim()
    assert job is not None and job.kind == KIND
    if isinstance(result, str):
        jobs.fail(job.id, result)
    else:
        jobs.finish(job.id, result)
    return dict(job.inputs)


def read(visitor: Visitor, jobs: Jobs, result: Mapping[str, Any] | str) -> httpx.Response:
    act(visitor, "read")
    worked(jobs, result)
    return visitor.get(PAGE)


def check(
    visitor: Visitor, jobs: Jobs, problems: Mapping[str, list[str]] | None = None, **picks: str
) -> httpx.Response:
    asked = act(visitor, "check", **picks)
    job = jobs.claim()
    assert job is not None
    said = {name: (problems or {}).get(name, []) for name in job.inputs["mapping"]}
    jobs.finish(job.id, {"tags": {}, "problems": said, "fine": not any(said.values())})
    return visitor.get(str(asked.url))


def put_in_force(kiosk: KioskRig, **more: Any) -> None:
    model = {"name": "flange", "version": "3.0.0", "sha256": "ab" * 32}
    document = Recipe.read({"line": "line-3", "name": "flange", "version": 1, "model": model, **more}).document()
    told = {"name": "flange", "version": 1, "recipe": document, "in_force": True}
    kiosk.record(*(Event(kind, "flange", 1.0, told, "line-3") for kind in ("recipe-saved", "recipe-chosen")))
    kiosk.station.changeover.book.apply("recipe-saved", told)


# --- the page ------------------------------------------------------------------------------------------------


def test_an_operator_looks_and_an_engineer_reads(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    stranger = kiosk.client()
    assert "Sign in to change" in text(stranger.get(PAGE))
    assert stranger.post(PAGE, data={"csrf": stranger.csrf(), "act": "read"}).status_code != 200
    assert jobs.claim() is None
    assert "Read the PLC&#39;s tags" in visitor.get(PAGE).text or "Read the PLC's tags" in text(visitor.get(PAGE))
    act(visitor, "read")
    job = jobs.claim()
    assert job is not None and (job.inputs, job.who) == (order(LINE.plc), "Engineer 2")


def test_progress_is_shown_and_reading_is_cancelled(visitor: Visitor, jobs: Jobs) -> None:
    act(visitor, "read")
    job = jobs.claim()
    assert job is not None
    jobs.note_progress(job.id, 0.34, "5120 nodes, 2210 variables")
    page = visitor.get(PAGE)
    assert "5120 nodes" in text(page) and 'value="0.340"' in page.text and 'data-state="working"' in page.text
    act(visitor, "cancel")
    cancelled = jobs.get(job.id)
    assert cancelled is not None and cancelled.cancel_asked


def test_a_server_that_is_away_is_said_and_missing_trust_leads_to_trust(visitor: Visitor, jobs: Jobs) -> None:
    page = read(visitor, jobs, "cannot connect: connection refused")
    assert "connection refused" in text(page) and "Open Trust" not in text(page)
    page = read(visitor, jobs, "PLC certificate not trusted: open Trust.")
    assert 'href="/line/line-3/trust"' in page.text and "Open Trust" in text(page)


def test_each_tag_has_its_proposal_and_its_problem_in_words(visitor: Visitor, jobs: Jobs) -> None:
    variables = every(Score=variable("Score", "Int16"), Busy=variable("Busy", writable=False))
    page = text(read(visitor, jobs, found(variables)))
    assert "18 of 20 look right" in page and "DB_Vision / xTrigger" in page
    assert "its type is Int16, expected is Float or Double" in page and "the box may not write it" in page


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cut": "more than 20000 nodes", "nodes": 20000}, "Not all was read: more than 20 000 nodes."),
        ({"left_out": 1200}, "1 200 variables are left out"),
        ({"tags": [], "proposals": []}, "The PLC shows no variables."),
    ],
)
def test_what_was_not_read_is_said(visitor: Visitor, jobs: Jobs, more: dict[str, Any], words: str) -> None:
    assert words in text(read(visitor, jobs, found(every(), **more)))


def test_a_tag_is_chosen_by_two_taps(visitor: Visitor, jobs: Jobs) -> None:
    other = variable("Score", folder="DB_Spare")
    read(visitor, jobs, found([*every(Score=variable("Score", "Int16")), other]))
    choosing = visitor.get(PAGE, params={"tag": "Score", "q": "spare"})
    assert "1 of 1" in text(choosing) and "anomaly score" in text(choosing)
    [row] = re.findall(r'class="node[^"]*" href="([^"]+)"', choosing.text)
    chosen = visitor.get(row.replace("&amp;", "&"))
    assert "20 of 20 look right" in text(chosen) and "DB_Spare / xScore" in text(chosen) and "by hand" in text(chosen)


def test_a_search_without_a_hit_says_so_and_the_keys_are_a_form(visitor: Visitor, jobs: Jobs) -> None:
    read(visitor, jobs, found(every()))
    assert "No variable has" in text(visitor.get(PAGE, params={"tag": "Score", "q": "nosuch"}))
    keys = visitor.get(PAGE, params={"tag": "Score", "q": "spa", "keys": "1"})
    assert 'data-part="keyboard"' in keys.text and 'value="spa"' in keys.text


def test_only_what_the_plc_itself_has_checked_can_be_saved(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    put_in_force(kiosk)
    read(visitor, jobs, found(every()))
    refused = act(visitor, "save", pick="Commissioning", step="save")
    assert refused.status_code == 409 and "Check them at the PLC first" in text(refused)
    wrong = check(visitor, jobs, {"Busy": ["the box may not write it"]})
    assert "19 of 20 fit, checked at the PLC" in text(wrong) and "step=save" not in wrong.text
    assert act(visitor, "save", pick="Commissioning").status_code == 409
    assert "step=save" in check(visitor, jobs).text
    other = {"Busy": variable("Fault").node_id}
    assert act(visitor, "save", pick="Commissioning", **other).status_code == 409, "not the mapping that was checked"


def test_a_mapping_is_saved_as_the_next_version_of_the_recipe_and_chosen(
    kiosk: KioskRig, visitor: Visitor, jobs: Jobs
) -> None:
    put_in_force(kiosk, review_from=2.5)
    read(visitor, jobs, found(every()))
    check(visitor, jobs)
    asked = visitor.get(PAGE, params={"step": "save"})
    assert "Save with flange 1 as its next version?" in text(asked) and "ns=2;s=Cell.Trigger" in text(asked)
    assert "say why" in text(act(visitor, "save", step="save"))
    saved = act(visitor, "save", words="new PLC program")
    assert "Saved as flange 2" in text(saved)
    [event] = kiosk.store.read(kinds=("recipe-saved",), newest_first=True)[:1]
    recipe = event.data["recipe"]
    assert (recipe["version"], recipe["review_from"], recipe["reason"]) == (2, 2.5, "new PLC program")
    assert recipe["tags"]["Trigger"] == variable("Trigger").node_id and len(recipe["tags"]) == 20
    assert [event.data["version"] for event in kiosk.store.read(kinds=("recipe-asked",))] == [2]
    assert {"browse-tags", "save-recipe", "choose-recipe"} <= {entry.act for entry in kiosk.audit.read()}


def test_a_line_without_a_recipe_gets_lines_for_its_site_file(visitor: Visitor, jobs: Jobs) -> None:
    read(visitor, jobs, found(every()))
    check(visitor, jobs)
    page = visitor.get(PAGE, params={"step": "save"})
    assert "This line has no recipe yet" in text(page)
    assert "plc.tags.Trigger = &#34;ns=3;s=\\&#34;DB_Vision\\&#34;.\\&#34;xTrigger\\&#34;&#34;" in page.text
    assert act(visitor, "save", pick="Commissioning").status_code == 409


def test_a_dead_line_refuses_and_the_page_says_why(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    put_in_force(kiosk)
    read(visitor, jobs, found(every()))
    check(visitor, jobs)
    kiosk.silence_line()
    eventually(lambda: kiosk.web.desk.live()["age_s"] > 3)
    refused = act(visitor, "save", pick="Commissioning", step="save")
    assert refused.status_code == 409 and "the recipe was not saved" in text(refused)


def test_a_check_that_failed_is_said(visitor: Visitor, jobs: Jobs) -> None:
    read(visitor, jobs, found(every()))
    act(visitor, "check")
    worked(jobs, "the server did not answer in time")
    page = visitor.get(PAGE)
    assert "did not come to an end" in text(page) and "step=save" not in page.text


def test_jobs_of_another_plc_are_not_shown(visitor: Visitor, jobs: Jobs) -> None:
    jobs.start("manufacturing", KIND, order(PlcSettings("opc.tcp://10.9.9.9:4840/")))
    worked(jobs, found(every()))
    assert "Which variable is which?" in text(visitor.get(PAGE))


@pytest.mark.parametrize("query", [{"tag": "Nothing"}, {"tag": "Score", "page": "-1"}, {"Trigger": "gibberish"}])
def test_strange_addresses_are_plain_pages(visitor: Visitor, jobs: Jobs, query: dict[str, str]) -> None:
    read(visitor, jobs, found(every()))
    assert visitor.get(PAGE, params=query).status_code == 200
    assert act(visitor, "nothing").status_code == 409


def test_the_sheet_has_every_tag_with_what_it_means(kiosk: KioskRig) -> None:
    put_in_force(kiosk, tags={"Trigger": "ns=9;i=7"})
    page = kiosk.client().get(f"{PAGE}/sheet")
    assert page.text.count("<tr>") == 1 + 20 and "with recipe flange 1 in force" in text(page)
    assert "ns=9;i=7" in page.text and "ns=2;s=Cell.Ready" in page.text and "box → PLC" in page.text


# --- what is chosen, without a page --------------------------------------------------------------------------


def test_the_sheet_means_what_the_simulated_cell_means() -> None:
    theirs = {tag.name: tag for tag in TAGS}
    for wanted in WANTED:
        tag = theirs[wanted.name]
        assert tag.meaning.startswith(MEANINGS[wanted.name])
        assert tag.kind in wanted.kinds and (tag.writer == "box") == wanted.written


def test_what_the_line_uses_now_stays_where_it_fits() -> None:
    variables = every()
    proposals = {proposal.tag: proposal.node_id for proposal in propose(variables)}
    spare = variable("Trigger", folder="DB_Spare")
    moved = {"Trigger": spare.path, "Busy": "nsu=urn:plc;s=Busy", "Score": variable("PartId").node_id}
    now = {each.wanted.name: each for each in choices(LINE.plc, moved, [*variables, spare], proposals, {})}
    assert (now["Trigger"].how, now["Trigger"].node_id) == ("as now", spare.path)
    assert now["Busy"].how == "as now", "only the PLC knows what is at such an address"
    assert now["Score"].how == "proposed", "what does not fit gives way"
    assert now["Ready"].node_id == variable("Ready").node_id


def test_one_variable_for_two_tags_is_a_problem_of_both() -> None:
    variables = every()
    picked = {"Busy": variable("Fault").node_id, "Fault": variable("Fault").node_id}
    found = {each.wanted.name: each for each in choices(LINE.plc, {}, variables, {}, picked)}
    assert found["Busy"].problems == ("Fault has the same variable",) and found["Busy"].how == BY_HAND
    assert found["Fault"].problems == ("Busy has the same variable",)


def test_tags_that_no_recipe_can_move_go_into_the_site_file() -> None:
    plc = replace(LINE.plc, chooses_recipes=True)
    assert len(needed(LINE.plc)) == 20 and len(needed(plc)) == 22
    mapping = {"RecipeId": "ns=3;i=1", "Trigger": "ns=3;i=2", "Ack": plc_tags.nodes(plc, {})["Ack"]}
    assert recipe_tags(plc, mapping) == {"Trigger": "ns=3;i=2"}
    assert site_lines(plc, mapping, all_of_them=False) == ['plc.tags.RecipeId = "ns=3;i=1"']
    assert len(site_lines(plc, mapping, all_of_them=True)) == 2


def test_the_proposal_comes_first_then_what_fits() -> None:
    wrong, right, other = variable("Score", "Int16"), variable("Score", folder="B"), variable("Score", folder="A")
    found = candidates(BY_NAME["Score"], [wrong, other, right], right.node_id, "SCORE")
    assert found == [right, other, wrong]
    assert candidates(BY_NAME["Score"], [wrong, other, right], "", 'score "a"') == [other]
