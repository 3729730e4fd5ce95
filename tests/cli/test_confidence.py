"""How sure the graph is of a relation, wherever the command line shows or chooses relations."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graphgrow.stores import open_store
from tests.cli.test_cli import graphgrow
from tests.fact_checks import checked_log


@pytest.fixture
def silk(tmp_path: Path) -> Path:
    """Return a folder with the store silk.db: of three relations one is trusted, and nobody asked about another."""
    with closing(open_store(str(tmp_path / "silk.db"), create=True)) as store:
        store.append(*checked_log())
    return tmp_path


def said(*words: str, cwd: Path) -> Any:
    """Return what a command prints as JSON."""
    return json.loads(graphgrow(*words, "--json", cwd=cwd).stdout)


def test_show_says_how_sure_each_relation_is(silk: Path) -> None:
    """A column in per cent for people, a number from 0 to 1 in JSON; of a graph, how much of it is trusted."""
    shown = graphgrow("show", "silk.db", "silk", cwd=silk).stdout
    assert "confidence" in shown.splitlines()[1]
    assert "96 %" in next(line for line in shown.splitlines() if "fibroin" in line)
    sure = {row["target"]: row["confidence"] for row in said("show", "silk.db", "silk", cwd=silk)["relations"]}
    assert sure["fibroin"] == pytest.approx(0.967, abs=0.03)
    assert sure["cement"] < 0.01
    whole = graphgrow("show", "silk.db", cwd=silk).stdout
    assert "1 of 3 relations, of a confidence of 65 % or more" in whole
    assert "of 2 relations" in whole
    row = said("show", "silk.db", cwd=silk)
    assert (row["trusted"], row["checked"], row["relations"]) == (1, 2, 3)


def test_a_path_says_how_sure_each_step_is(silk: Path) -> None:
    """Both for people and as JSON."""
    shown = graphgrow("path", "silk.db", "silk", "sheet", "--confidence", "0", cwd=silk).stdout
    assert "96 %" in shown
    hops = said("path", "silk.db", "silk", "sheet", "--confidence", "0", cwd=silk)["paths"][0]["hops"]
    assert [round(one["confidence"], 1) for hop in hops for one in hop["relations"]] == [1.0, 0.3]


def test_core_keeps_what_is_sure_and_writes_it_as_sure(silk: Path) -> None:
    """--confidence alone asks for no second witness; the file has the confidence and the evidence of the graph."""
    core = said("core", "silk.db", "--confidence", ".7", "--to", "core.json", cwd=silk)
    assert [(row["target"], row["support"]) for row in core["listed"]] == [("fibroin", 1)]
    assert (core["concepts"], core["relations"], core["of_relations"]) == (2, 1, 3)
    assert json.loads((silk / "core.json").read_text())["links"][0]["confidence"] == core["listed"][0]["confidence"] < 1
    shown = graphgrow("core", "silk.db", "--confidence", ".7", cwd=silk).stdout
    assert "1 relation said by at least 1 sample, of a confidence of 70 % or more" in shown
    assert said("core", "silk.db", cwd=silk)["relations"] == 0


def test_measure_is_that_of_the_relations_from_a_confidence_on(silk: Path) -> None:
    """Concepts that no such relation reaches are left out, the topic stays; 0 is the whole graph."""
    panels = [said("measure", "silk.db", "--confidence", at, cwd=silk) for at in ("0", "0.2", "0.7", "1")]
    assert [(panel["nodes"], panel["relations"]) for panel in panels] == [(4, 3), (3, 2), (2, 1), (1, 0)]
    early = said("measure", "silk.db", "--confidence", "0.7", "--at", "2", cwd=silk)
    assert (early["nodes"], early["relations"]) == (1, 0)  # before anybody asked
    refused = graphgrow("measure", "silk.db", "--confidence", ".5", "--every", "2", cwd=silk, code=1)
    assert "leave out --every" in refused.stderr


def test_an_export_leaves_out_what_is_not_sure(silk: Path) -> None:
    """The file holds the topic and what is of that confidence, and comes in again."""
    assert said("export", "silk.db", "all.graphml", cwd=silk)["relations"] == 3
    assert said("export", "silk.db", "sure.graphml", "--confidence", ".7", cwd=silk)["relations"] == 1
    graphgrow("import", "sure.graphml", "sure.db", cwd=silk)
    assert (said("show", "sure.db", cwd=silk)["concepts"], said("show", "sure.db", cwd=silk)["relations"]) == (2, 1)
