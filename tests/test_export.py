"""Exports that come in again the same, whatever the names hold."""

import csv
import json
import tempfile
from pathlib import Path

import igraph
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.export import WRITERS, csv_pair, export, read_graph
from graphgrow.graph import Graph
from graphgrow.model import Edit, Expansion, Focus, Measures, Prompt, Proposal, Reply, Triple
from graphgrow.resolve import VERBATIM, resolve

hostile = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(
        ["=1+1", "'quoted", '"; DROP TABLE', "<script>alert(1)</script>", "a,b\nc", "名前", "]]>", "-2", "@x", "\x00"]
    ),
)
said = st.lists(st.builds(Triple, hostile, hostile, hostile), max_size=6)


def graph_of(*proposals: list[Triple]) -> Graph:
    """Return a graph that takes every name as it stands."""
    graph = Graph()
    for triples in proposals:
        delta = resolve(Proposal(tuple(triples), (), "ok"), graph, "t", VERBATIM)
        focus = Focus("bfs", ("t",), "a test")
        graph.apply(Expansion(graph.seq + 1, "t", focus, Prompt("", ""), Reply(""), "ok", "", delta, Measures()))
    return graph


@settings(deadline=None, max_examples=60)
@given(said, said, st.sampled_from(sorted(WRITERS)))
def test_export_then_import_is_the_same_graph(one: list[Triple], two: list[Triple], ending: str) -> None:
    """Concepts, spellings, relations and support survive the way out and in, with hostile names in every place."""
    graph = graph_of(one, two, one)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"graph{ending}"
        export(graph, path)
        again = Graph()
        again.apply(Edit(1, "add", read_graph(path)))
    assert again.concepts == graph.concepts
    assert {r: again.support(r) for r in again.relations} == {r: graph.support(r) for r in graph.relations}


def test_graphml_is_read_by_networkx_and_igraph(tmp_path: Path) -> None:
    """Other programs see names, predicates and every relation."""
    graph = graph_of(
        [Triple("silk", "contains", "fibroin"), Triple("silk", "made by", "gland"), Triple("silk", "is", "silk")]
    )
    export(graph, tmp_path / "g.graphml")
    theirs = nx.read_graphml(tmp_path / "g.graphml")
    assert {data["label"] for _, data in theirs.nodes(data=True)} == {"silk", "fibroin", "gland"}
    assert sorted(data["predicate"] for _, _, data in theirs.edges(data=True)) == ["contains", "is", "made by"]
    assert igraph.Graph.Read_GraphML(str(tmp_path / "g.graphml")).ecount() == 3


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    """A name that a spreadsheet would run starts with an apostrophe in the file."""
    export(graph_of([Triple('=HYPERLINK("http://x")', "+1", "@SUM(A1)")]), tmp_path / "g.csv")
    for path in csv_pair(tmp_path / "g.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell[:1] in "=+@" and cell]


def test_foreign_graph_gets_canonical_keys(tmp_path: Path) -> None:
    """Nodes of somebody else's file become concepts by their name, two spellings one concept."""
    links = [{"source": "1", "target": "2", "label": "eats"}, {"source": "1", "target": "ghost"}]
    whole = {
        "nodes": [{"id": "1", "name": "Cats"}, {"id": "2", "name": "mouse"}, {"id": "3", "name": "cat"}],
        "links": links,
    }
    (tmp_path / "theirs.json").write_text(json.dumps(whole), encoding="utf-8")
    delta = read_graph(tmp_path / "theirs.json")
    assert [(c.key, c.name, c.aliases) for c in delta.concepts] == [
        ("cat", "Cats", ("cat",)),
        ("mouse", "mouse", ()),
        ("ghost", "ghost", ()),
    ]
    assert [s.relation.predicate for s in delta.relations] == ["eats", "related to"]


def test_real_graphml_of_another_tool_is_read(shared: Path) -> None:
    """An LLM-extracted graph with Chinese names: all concepts, all edges, none lost to encoding."""
    delta = read_graph(shared / "anesthesia.graphml")
    assert len(delta.concepts) == pytest.approx(559, abs=3)
    assert len({s.relation for s in delta.relations}) == pytest.approx(371, abs=5)
