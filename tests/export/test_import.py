"""Graphs of other programs, read as concepts and relations that can be grown further."""

import json
import os
from pathlib import Path

import networkx as nx
import pytest

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.export import export, read_file, read_graph
from graphgrow.export.cypher import HEAD
from graphgrow.export.interpretation import MOST_SUPPORT
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Relation
from tests.conftest import RECORDED


def test_foreign_graph_gets_canonical_keys(tmp_path: Path) -> None:
    """Nodes of somebody else's file become concepts by their name, two spellings one concept."""
    links = [{"source": "1", "target": "2", "label": "eats"}, {"source": "1", "target": "ghost"}]
    whole = {
        "nodes": [{"id": "1", "name": "cats"}, {"id": "2", "name": "mouse"}, {"id": "3", "name": "cat"}],
        "links": links,
    }
    (tmp_path / "theirs.json").write_text(json.dumps(whole), encoding="utf-8")
    delta = read_graph(tmp_path / "theirs.json")
    assert [(c.key, c.name, c.aliases) for c in delta.concepts] == [
        ("cat", "cats", ("cat",)),
        ("mouse", "mouse", ()),
        ("ghost", "ghost", ()),
    ]
    assert [s.relation.predicate for s in delta.relations] == ["eats", "related to"]


def test_real_graphml_of_another_tool_is_read(shared: Path) -> None:
    """An LLM-extracted graph with Chinese names: all concepts, all edges, each passage a piece of evidence."""
    delta = read_graph(shared / "anesthesia.graphml")
    assert len(delta.concepts) == pytest.approx(559, abs=3)
    assert len({s.relation for s in delta.relations}) == pytest.approx(371, abs=5)
    assert not [c.name for c in delta.concepts if '"' in c.name]
    (first,) = (
        s for s in delta.relations if s.raw.predicate.startswith("COPD患者术前需继续使用支气管扩张剂以保持通气")
    )
    assert [s.raw.predicate for s in delta.support if s.relation == first.relation] == [
        "COPD患者术前需继续使用支气管扩张剂以减少气道阻力。"
    ]


def test_lightrag_says_what_in_keywords_and_how_in_descriptions(tmp_path: Path) -> None:
    """The first keyword is the predicate, every description of a passage is evidence in its own words."""
    theirs: nx.Graph[str] = nx.Graph()
    for name in ("Spider Silk", "Fibroin"):
        theirs.add_node(name, entity_id=name, entity_type="MATERIAL", description="d", source_id="chunk-1",
                        file_path="a.pdf", created_at=1)  # fmt: skip
    theirs.add_edge("Spider Silk", "Fibroin", weight=2.0,
                    description="Silk is made of fibroin.<SEP>Fibroin forms silk.",
                    keywords="composition<SEP>protein, silk", source_id="chunk-1<SEP>chunk-2")  # fmt: skip
    nx.write_graphml(theirs, tmp_path / "graph_chunk_entity_relation.graphml")
    delta = read_graph(tmp_path / "graph_chunk_entity_relation.graphml")
    assert [c.name for c in delta.concepts] == ["Spider Silk", "Fibroin"]
    assert {s.relation for s in delta.statements} == {Relation("spider silk", "composition", "fibroin")}
    assert [s.raw.predicate for s in delta.statements] == ["Silk is made of fibroin.", "Fibroin forms silk."]


def test_graphrag_keeps_ids_of_its_own_beside_names(tmp_path: Path) -> None:
    """An attribute `id` is no node's id, quotation marks around a name are not part of it."""
    theirs: nx.Graph[str] = nx.Graph()
    theirs.add_node('"SCROOGE"', id="3f2a", type='"PERSON"', description="a miser", source_id="t1", human_readable_id=0)
    theirs.add_node('"MARLEY"', id="77b1", type='"PERSON"', description="a ghost", source_id="t1", human_readable_id=1)
    theirs.add_edge('"SCROOGE"', '"MARLEY"', id="e1", weight=9.0, description="Marley warns Scrooge", source_id="t1")
    nx.write_graphml(theirs, tmp_path / "merged_graph.graphml")
    delta = read_graph(tmp_path / "merged_graph.graphml")
    assert [c.name for c in delta.concepts] == ["SCROOGE", "MARLEY"]
    (said,) = delta.statements
    assert (said.relation.predicate, said.raw.predicate) == ("related to", "Marley warns Scrooge")


def test_gephi_numbers_its_nodes_and_labels_them(tmp_path: Path) -> None:
    """Where an id is a number, the label is the name, in GraphML and GEXF."""
    theirs: nx.DiGraph[str] = nx.DiGraph()
    theirs.add_node("n0", label="silk")
    theirs.add_node("n1", label="fibroin")
    theirs.add_edge("n0", "n1", predicate="contains")
    nx.write_graphml(theirs, tmp_path / "g.graphml")
    nx.write_gexf(theirs, tmp_path / "g.gexf")
    for file in ("g.graphml", "g.gexf"):
        delta = read_graph(tmp_path / file)
        assert [c.name for c in delta.concepts] == ["silk", "fibroin"]
        assert [s.relation for s in delta.relations] == [Relation("silk", "contains", "fibroin")]


@pytest.mark.parametrize(
    "text",
    [
        "source,predicate,target\nSilk,contains,Fibroin\nsilk,made by,gland\n",
        "subject,object,relation,year\nSilk,Fibroin,contains,2001\nsilk,gland,made by,2002\n",
        "\ufeffHead,Relation,Tail\r\nSilk,contains,Fibroin\r\nsilk,made by,gland\r\n",
        "Silk,contains,Fibroin\nsilk,made by,gland\n",
    ],
    ids=["named", "by other names", "with a mark", "without a header"],
)
def test_a_table_of_triples_is_a_graph(tmp_path: Path, text: str) -> None:
    """One CSV file of triples, whatever its columns are called."""
    (tmp_path / "triples.csv").write_text(text, encoding="utf-8")
    delta = read_graph(tmp_path / "triples.csv")
    assert {s.relation for s in delta.statements} == {
        Relation("silk", "contains", "fibroin"),
        Relation("silk", "made by", "gland"),
    }
    assert [c.key for c in delta.concepts] == ["silk", "fibroin", "gland"]


def test_a_table_of_triples_and_a_pair_of_one_name_are_not_told_apart(tmp_path: Path) -> None:
    """Nobody guesses which of the two is meant."""
    (tmp_path / "t.csv").write_text("source,predicate,target\na,is,b\n", encoding="utf-8")
    export(Graph(), tmp_path / "t.csv")
    with pytest.raises(BadInput, match=r"t\.concepts\.csv"):
        read_graph(tmp_path / "t.csv")


def test_the_same_triple_twice_is_said_twice(tmp_path: Path) -> None:
    """Rows that repeat a triple are its support."""
    (tmp_path / "t.csv").write_text("source,predicate,target\na,is,b\na,is,b\n", encoding="utf-8")
    delta = read_graph(tmp_path / "t.csv")
    assert (len(delta.relations), len(delta.support)) == (1, 1)


def test_somebody_elses_turtle_is_read_by_its_labels(tmp_path: Path) -> None:
    """Things are called by their label or the end of their address, predicates too, classes are concepts."""
    (tmp_path / "t.ttl").write_text(
        """@prefix ex: <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> .
        ex:Q1 rdfs:label "Spider silk" ; a ex:Material ; ex:hasPart ex:fibroin_heavy ; ex:year 1999 .
        ex:hasPart a owl:ObjectProperty .""",
        encoding="utf-8",
    )
    delta = read_graph(tmp_path / "t.ttl")
    names = {c.key: c.name for c in delta.concepts}
    said = {(names[s.relation.source], s.relation.predicate, names[s.relation.target]) for s in delta.statements}
    assert said == {("Spider silk", "is a", "Material"), ("Spider silk", "has part", "fibroin heavy")}
    assert "has Part" not in names.values()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.cypher", "CREATE (n:Person {name: 'x'});"),
        ("a.cypher", "// A graph of graphgrow. Read it with:  cypher-shell --file FILE\nUNWIND [\n[1,2\n] AS row\n"),
        ("a.ttl", "<a> <b"),
        ("a.csv", "one,two\n1,2\n"),
        ("a.csv", ""),
        ("a.gexf", "<gexf"),
        ("a.graphml", "<graphml"),
        ("a.json", "[1]"),
        ("a.neo4j.csv", ""),
        ("a.json", '{"nodes": ["a"], "links": 5}'),
        ("a.cypher", f"{HEAD}UNWIND [\n[1]\n] AS row\nMATCH (n)\nDETACH DELETE n\nRETURN 1\n"),
    ],
)
def test_what_is_no_graph_is_refused_in_one_sentence(tmp_path: Path, file: str, text: str) -> None:
    """A broken or foreign file is an error that names it."""
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=file[0]):
        read_graph(tmp_path / file)


@pytest.mark.parametrize(
    ("support", "read"), [("9" * 5000, MOST_SUPPORT), ("0" * 5000 + "7", 7), ("0" * 5000, 1), ("many", 1)]
)
def test_a_count_of_any_length_is_a_count(tmp_path: Path, support: str, read: int) -> None:
    """Thousands of digits, or lists a thousand deep in the text of a cell, are no traceback."""
    link = {"source": "a", "target": "b", "support": support, "evidence": "[" * 100_000}
    (tmp_path / "a.json").write_text(json.dumps({"nodes": ["a", "b"], "links": [link]}), encoding="utf-8")
    (said,) = read_graph(tmp_path / "a.json").relations
    assert said.support == read


@pytest.mark.parametrize("ending", ["csv", "tsv", "graphml", "gexf", "json", "ttl", "cypher"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, ending: str, kind: str) -> None:
    """A pipe that nobody writes, and a device without end, are refused in a sentence."""
    path = tmp_path / f"a.{ending}"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="is no file on disk"):
        read_graph(path)


def test_a_file_that_does_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many gigabytes that are not there is one sentence too."""

    def full(_path: Path, **_options: str) -> str:
        raise MemoryError

    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(Path, "read_text", full)
    with pytest.raises(BadInput, match="more than fits into the memory"):
        read_graph(tmp_path / "a.json")


@pytest.mark.parametrize("ending", [".json", ".csv", ".graphml"])
def test_an_import_of_what_is_unsure_says_that_it_counts_as_certain(ending: str, tmp_path: Path) -> None:
    """A file of ours has a confidence that no import keeps; one of what people added has nothing to lose."""
    graph = Graph()
    graph.apply_all(read_events(RECORDED))
    export(graph, tmp_path / f"unsure{ending}")
    added = Graph()
    added.apply(edits.add(added, "nacre", "resists", "crack growth"))
    export(added, tmp_path / f"sure{ending}")
    said = {name: " ".join(read_file(tmp_path / f"{name}{ending}").taken) for name in ("unsure", "sure")}
    assert "counts as certain" in said["unsure"]
    assert "counts as certain" not in said["sure"]
