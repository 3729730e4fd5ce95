"""Corrections from the command line: what they print, that they bind, that the log keeps them."""

import json
from pathlib import Path

import pytest

from graphgrow.graph.events import write_events
from graphgrow.graph.model import Budget, Change, Delta, Edit
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from tests.cli.test_cli import graphgrow
from tests.conftest import triples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a store that holds three grown steps."""
    store = MemoryStore()
    replies = [
        triples(("CNT", "contains", "gas"), ("carbon nanotube", "is a", "fibre"), ("CNT", "is a", "tube")),
        triples(("fibre", "part of", "fabric"), ("glue", "part of", "fabric"), ("fabric", "is a", "high")),
        triples(("gas", "part of", "tube")),
    ]
    list(grow("fabric", store, Scripted(replies), policy="bfs", budget=Budget(steps=3)))
    write_events(tmp_path / "run.jsonl", store.events())
    graphgrow("replay", "run.jsonl", "--store", "g.db", cwd=tmp_path)
    return tmp_path


def shown(folder: Path) -> dict[str, object]:
    """Return concepts and relations as an export has them."""
    graphgrow("export", "g.db", "g.json", cwd=folder)
    found: dict[str, object] = json.loads((folder / "g.json").read_text(encoding="utf-8"))
    return found


def test_merge_and_unmerge_from_the_command_line(folder: Path) -> None:
    """A merge says what it did, shows one concept with both names, and taken back leaves the graph as it was."""
    before = shown(folder)
    said = graphgrow("merge", "g.db", "cnt", "carbon nanotube", "--reason", "an acronym", cwd=folder).stdout
    assert "step 4, merge: carbon nanotube is CNT" in said
    concept = graphgrow("show", "g.db", "carbon nanotubes", cwd=folder).stdout
    assert "CNT, also written carbon nanotube" in concept
    assert "fibre" in concept
    assert "an acronym" in json.dumps([json.loads(line) for line in lines(folder, "g.db")])
    graphgrow("unmerge", "g.db", "carbon nanotube", cwd=folder)
    assert shown(folder) == before
    assert "equal: 5 steps" in graphgrow("verify", "g.db", cwd=folder).stdout


def lines(folder: Path, store: str) -> list[str]:
    """Return the events of a store as lines of JSON."""
    from graphgrow.graph.events import to_json

    home = open_store(str(folder / store))
    try:
        return [to_json(event) for event in home.events()]
    finally:
        home.close()


def test_every_correction_has_its_command(folder: Path) -> None:
    """Each command appends one event, and what it did is seen in the graph and in the log."""
    for words in (
        ("rename", "g.db", "CNT", "Nanotube"),
        ("retype", "g.db", "nanotube", "contains", "gas", "produces"),
        ("add", "g.db", "fabric", "has part", "seam"),
        ("apart", "g.db", "carbon nanotube", "tube"),
        ("doubt", "g.db", "carbon nanotube", "tube"),
        ("reject", "g.db", "glue", "--reason", "too vague"),
        ("reject", "g.db", "fibre", "part of", "fabric"),
        ("restore", "g.db", "fibre", "part of", "fabric"),
        ("restore", "g.db", "glue"),
        ("restore", "g.db", "high"),
    ):
        row = json.loads(graphgrow(*words, "--json", cwd=folder).stdout)
        assert row["edit"] == ("add" if words[0] == "add" else words[0])
    log = graphgrow("log", "g.db", cwd=folder).stdout
    assert "by hand" in log
    assert "Nanotube contains gas: produces" in log
    assert "verify" not in log
    assert "equal: 13 steps" in graphgrow("verify", "g.db", cwd=folder).stdout
    assert "Nanotube" in graphgrow("show", "g.db", "cnt", cwd=folder).stdout
    assert "high" in graphgrow("show", "g.db", "high", cwd=folder).stdout


def test_rejects_are_listed_with_their_rule(folder: Path) -> None:
    """Hygiene's and people's rejects stand in one list; what was let in again is gone from it."""
    graphgrow("reject", "g.db", "glue", "--reason", "too vague", cwd=folder)
    rows = json.loads(graphgrow("rejects", "g.db", "--json", cwd=folder).stdout)
    assert {"rule": "rejected by hand: too vague", "text": "glue", "times": 0} in rows
    assert "high" in {row["text"] for row in rows}
    graphgrow("restore", "g.db", "high", cwd=folder)
    assert "high" not in graphgrow("rejects", "g.db", cwd=folder).stdout


def test_review_walks_the_queue(folder: Path) -> None:
    """Merge, keep apart, skip and stop do what they say; what is decided does not come again."""
    home = open_store(str(folder / "g.db"))
    pairs = [("cnt", "carbon nanotube"), ("gas", "glue"), ("tube", "carbon nanotube"), ("fibre", "fabric")]
    doubts = tuple(Change("doubt", pair, reason="alike", score=0.8) for pair in pairs)
    home.append(Edit(4, "add", Delta(changes=doubts)))
    home.close()
    assert len(json.loads(graphgrow("review", "g.db", "--json", cwd=folder).stdout)) == 4
    said = graphgrow("review", "g.db", cwd=folder, answers="m\nk\ns\nq\n").stdout
    assert said.count("step ") == 2
    left = json.loads(graphgrow("review", "g.db", "--json", cwd=folder).stdout)
    assert len(left) == 2
    assert "equal: 6 steps" in graphgrow("verify", "g.db", cwd=folder).stdout
    for _ in left:
        graphgrow("review", "g.db", cwd=folder, answers="k\nk\n")
    assert "nothing waits for a decision" in graphgrow("review", "g.db", cwd=folder).stdout


def test_bad_corrections_get_one_sentence(folder: Path) -> None:
    """Unknown concepts, half a relation and things decided already are refused, and nothing is written."""
    before = lines(folder, "g.db")
    for words, sentence in (
        (("merge", "g.db", "CNT", "nanotub"), "no concept 'nanotub'"),
        (("unmerge", "g.db", "CNT"), "not merged into anything"),
        (("reject", "g.db", "CNT", "gas"), "2 words after the store"),
        (("reject", "g.db", "CNT", "is", "glue"), "is no relation of this graph"),
        (("restore", "g.db", "CNT"), "nothing to restore"),
        (("rename", "g.db", "CNT", "carbon nanotube"), "merge the two"),
        (("add", "g.db", "CNT", "is a", "!"), "names nothing"),
        (("rejects", "none.db"), "there is no graph at"),
    ):
        assert sentence in graphgrow(*words, cwd=folder, code=1).stderr
    assert lines(folder, "g.db") == before
