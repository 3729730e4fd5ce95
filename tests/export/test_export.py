"""Exports that come in again the same, whatever the names hold."""

import csv
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse as parse_xml

import igraph
import networkx as nx
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, csv_pair, export, neo4j_pair, read_graph
from graphgrow.export.tables import FORMULA, guarded, unguarded
from graphgrow.graph.confidence import confidence, trusted_part
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Concept, Delta, Edit, Expansion, Focus, Measures, Prompt, Proposal, Reply, Triple
from graphgrow.graph.visible import visible
from graphgrow.resolve.resolve import VERBATIM, resolve
from tests.conftest import RECORDED
from tests.fact_checks import OPEN, SURE, WRONG, checked_log

HOSTILE = [
    "=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r\n=1", "'quoted", "''", "'=1", '"; DROP TABLE', 'a"b', "a\\", "\\u0027",
    "\\\\", "<script>alert(1)</script>", "&amp;", "]]>", "<!--", "a,b\nc", "a;b|c", "名前", "\u202eevil", "עברית",
    "\U0001f469\u200d\U0001f52c", "\x00", "\x1b[31m", "'}) DETACH DELETE n //", '"}) DETACH DELETE n //', "] AS row",
    "// no comment", "<SEP>", "n0", "1.0", "nan", "null", "true", "a/b#c:d", "%41", "_:b0", "<urn:x>", "key:ID",
    "x" * 10_000, "=" * 10_000, "\\" * 301,
]  # fmt: skip
hostile = st.one_of(st.text(min_size=1, max_size=30), st.sampled_from(HOSTILE))
said = st.lists(st.builds(Triple, hostile, hostile, hostile), max_size=6)
ALL = [
    Triple(one, other, third)
    for one, other, third in zip(HOSTILE, HOSTILE[7:] + HOSTILE[:7], HOSTILE[::-1], strict=True)
]


@pytest.fixture(scope="module")
def recorded() -> Graph:
    """Return the graph of the recorded run."""
    return fold(read_events(RECORDED))


def graph_of(*proposals: list[Triple], onto: Graph | None = None) -> Graph:
    """Return a graph that takes every name as it stands, a new one or the one to go on with."""
    graph = onto or Graph()
    for triples in proposals:
        delta = resolve(Proposal(tuple(triples), (), "ok"), graph, "t", VERBATIM)
        focus = Focus("bfs", ("t",), "a test")
        graph.apply(Expansion(graph.seq + 1, "t", focus, Prompt("", ""), Reply(""), "ok", "", delta, Measures()))
    return graph


def there_and_back(graph: Graph, ending: str) -> Graph:
    """Return the graph that an export holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"graph{ending}"
        export(graph, path)
        again = Graph()
        again.apply(Edit(1, "add", read_graph(path)))
        return again


def told(graph: Graph) -> dict[Any, Any]:
    """Return what a graph says of every relation: in which raw words, and how often.

    What nobody sees is in no reply and no file once they are read (graph/visible.py): here it is put in past that.
    """

    def words(raw: Triple) -> Triple:
        return Triple(visible(raw.source), visible(raw.predicate), visible(raw.target))

    return {relation: [(words(one.raw), one.support) for one in said] for relation, said in graph.relations.items()}


@settings(deadline=None, max_examples=120)
@given(said, said, st.sampled_from(sorted(FORMATS)))
def test_export_then_import_is_the_same_graph(one: list[Triple], two: list[Triple], ending: str) -> None:
    """Concepts, spellings, relations, support and every piece of evidence survive the way out and in."""
    graph = graph_of(one, two, one)
    again = there_and_back(graph, ending)
    assert list(again.concepts.values()) == list(graph.concepts.values())
    assert told(again) == told(graph)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_hostile_name_at_once(ending: str) -> None:
    """The names that break formats, all of them in one graph and in every place."""
    graph = graph_of(ALL, ALL[::-1])
    again = there_and_back(graph, ending)
    assert again.concepts == graph.concepts
    assert told(again) == told(graph)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_name_that_no_reply_could_bring_is_cleaned_on_the_way_out(ending: str) -> None:
    """A log written by somebody else may hold control characters in keys and names: no file has them."""
    graph = Graph()
    graph.apply(Edit(1, "add", Delta(concepts=(Concept("a\x01b", "A\x00\x0bB\uffff"), Concept("c", "c")))))
    assert there_and_back(graph, ending).concepts == {"a b": Concept("a b", "A B"), "c": Concept("c", "c")}


def test_an_empty_graph_is_a_file_too(tmp_path: Path) -> None:
    """Every format has a way to say nothing."""
    for ending in FORMATS:
        export(Graph(), tmp_path / f"g{ending}")
        assert read_graph(tmp_path / f"g{ending}") == Delta()


@pytest.mark.parametrize("ending", FORMATS)
def test_the_recorded_run_comes_back_the_same(ending: str, recorded: Graph, tmp_path: Path) -> None:
    """A real graph, every concept, spelling, relation and piece of evidence."""
    export(recorded, tmp_path / f"g{ending}")
    again = Graph()
    again.apply(Edit(1, "add", read_graph(tmp_path / f"g{ending}")))
    assert again.concepts == recorded.concepts
    assert told(again) == told(recorded)


def test_graphml_is_read_by_networkx_and_igraph(tmp_path: Path) -> None:
    """Other programs see names, predicates, every relation, and what Gephi draws by."""
    export(silk(), tmp_path / "g.graphml")
    theirs = nx.read_graphml(tmp_path / "g.graphml")
    assert {data["label"] for _, data in theirs.nodes(data=True)} == {"silk", "fibroin", "gland"}
    assert sorted(data["predicate"] for _, _, data in theirs.edges(data=True)) == ["contains", "is", "made by"]
    assert len({(data["x"], data["y"]) for _, data in theirs.nodes(data=True)}) == 3
    assert {type(data["community"]) for _, data in theirs.nodes(data=True)} == {int}
    read = igraph.Graph.Read_GraphML(str(tmp_path / "g.graphml"))
    assert read.ecount() == 3
    assert set(read.vs["name"]) == {"silk", "fibroin", "gland"}
    assert read.es["weight"] == [1.0, 1.0, 1.0]


def silk() -> Graph:
    """Return a small graph of two steps."""
    return graph_of(
        [Triple("silk", "contains", "fibroin")], [Triple("silk", "made by", "gland"), Triple("silk", "is", "silk")]
    )


def test_gexf_has_positions_communities_and_time(tmp_path: Path) -> None:
    """Gephi finds a place, a community and the first step of every concept, in a graph that it calls dynamic."""
    export(silk(), tmp_path / "g.gexf")
    theirs = nx.read_gexf(tmp_path / "g.gexf")
    nodes = dict(theirs.nodes(data=True))
    assert {key: data["start"] for key, data in nodes.items()} == {"silk": 1, "fibroin": 1, "gland": 2}
    assert all({"x", "y", "z"} == set(data["viz"]["position"]) for data in nodes.values())
    assert all(isinstance(data["community"], int) for data in nodes.values())
    assert parse_xml(tmp_path / "g.gexf").getroot()[1].get("mode") == "dynamic"  # noqa: S314 # ours


def test_json_is_read_by_networkx(tmp_path: Path) -> None:
    """The file is networkx's own node-link form."""
    export(silk(), tmp_path / "g.json")
    whole = json.loads((tmp_path / "g.json").read_text(encoding="utf-8"))
    theirs = nx.node_link_graph(whole, edges="links")
    assert sorted(theirs.nodes) == ["fibroin", "gland", "silk"]
    assert theirs.number_of_edges() == 3


def test_csv_is_read_by_pandas(tmp_path: Path) -> None:
    """Numbers are numbers, and the tables have a header in an empty graph too."""
    assert export(silk(), tmp_path / "g.csv") == csv_pair(tmp_path / "g.csv")
    concepts, relations = map(pd.read_csv, csv_pair(tmp_path / "g.csv"))
    assert list(concepts["first_seq"]) == [1, 1, 2]
    assert relations["support"].sum() == 3
    assert json.loads(relations["evidence"][0])[0]["said"] == ["silk", "contains", "fibroin"]
    export(Graph(), tmp_path / "none.csv")
    assert "predicate" in pd.read_csv(csv_pair(tmp_path / "none.csv")[1]).columns


def test_turtle_is_read_by_pyoxigraph(tmp_path: Path) -> None:
    """A query finds a relation by labels, and by its evidence the event that said it."""
    from pyoxigraph import QuerySolutions, RdfFormat, Store

    export(silk(), tmp_path / "g.ttl")
    theirs = Store()
    theirs.load(path=str(tmp_path / "g.ttl"), format=RdfFormat.TURTLE)
    found = theirs.query("""
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX prov: <http://www.w3.org/ns/prov#>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX gg: <urn:graphgrow:>
        SELECT ?name ?event WHERE {
          ?silk skos:prefLabel "silk" . ?silk ?made ?what . ?made rdfs:label "made by" . ?what skos:prefLabel ?name .
          ?said rdf:subject ?silk ; rdf:predicate ?made ; prov:wasDerivedFrom/prov:wasGeneratedBy/gg:event ?event .
        }""")
    assert isinstance(found, QuerySolutions)
    assert [(row["name"].value, row["event"].value) for row in found] == [("gland", "2")]


def test_turtle_tells_when_and_by_whom_where_the_log_is_given(tmp_path: Path) -> None:
    """PROV-O: every event of the recorded run has its time and its model; a graph alone has neither."""
    from pyoxigraph import RdfFormat, Store

    asked = """PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?model ?at WHERE { ?event a prov:Activity ; prov:endedAtTime ?at ; prov:wasAssociatedWith ?who .
          ?who a prov:SoftwareAgent ; rdfs:label ?model }"""
    log = list(read_events(RECORDED))
    found = []
    for events in ((), log):
        export(fold(log), tmp_path / "g.ttl", events)
        theirs = Store()
        theirs.load(path=str(tmp_path / "g.ttl"), format=RdfFormat.TURTLE)
        found.append({(row["model"].value, row["at"].value.replace("Z", "+00:00")) for row in theirs.query(asked)})  # type: ignore[union-attr]
    dated = [event for event in log if isinstance(event, Expansion) and event.at]
    assert dated
    assert found == [set(), {(event.reply.model, event.at) for event in dated}]
    assert read_graph(tmp_path / "g.ttl").concepts


@pytest.mark.parametrize("act", [lambda path: export(silk(), path), read_graph])
def test_turtle_without_its_package_says_what_to_install(
    act: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, on the way out and in, and no file is left half written."""
    (tmp_path / "g.ttl").write_text("", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(BadInput, match=r"graphgrow\[rdf\]"):
        act(tmp_path / "g.ttl")
    assert [path.name for path in tmp_path.iterdir()] == ["g.ttl"]


@given(st.text())
@example("'")
@example("'='")
@example("\uff1d1")
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    """Whatever a text is, its cell begins like no formula, and reading takes off what was put on."""
    cell = str(guarded(text))
    assert cell[:1] not in set(FORMULA) - {"'"}
    assert unguarded(cell) == text


@pytest.mark.parametrize(("ending", "pair"), [(".csv", csv_pair), (".neo4j.csv", neo4j_pair)])
def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, ending: str, pair: Any) -> None:
    """A name that a spreadsheet would run starts with an apostrophe in the file."""
    export(graph_of([Triple('=HYPERLINK("http://x")', "+1", "@SUM(A1)")], ALL), tmp_path / f"g{ending}")
    csv.field_size_limit(10_000_000)
    for path in pair(tmp_path / f"g{ending}"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell[:1] in set(FORMULA) - {"'"} and cell and not cell[1:].isdigit()]


@pytest.mark.parametrize("part", ["concepts", "relations"])
def test_one_table_of_a_pair_means_both(part: str, tmp_path: Path) -> None:
    """That of relations has keys for ends, which are no names where the names stand beside it."""
    export(silk(), tmp_path / "g.csv")
    assert read_graph(tmp_path / f"g.{part}.csv") == read_graph(tmp_path / "g.csv")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """Nothing is left beside an export, and a name of no format is refused with those there are."""
    for ending in FORMATS:
        export(silk(), tmp_path / f"g{ending}")
    assert not [path.name for path in tmp_path.iterdir() if "draft" in path.name]
    with pytest.raises(BadInput, match=r"ends in \.graphml, \.gexf, \.json"):
        export(silk(), tmp_path / "g.xlsx")


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_says_how_sure_a_relation_is(ending: str, tmp_path: Path) -> None:
    """Each as it names attributes; what was left out for its confidence is not there, and the rest comes in again."""
    whole = fold(checked_log())
    for graph, held in ((whole, {SURE, WRONG, OPEN}), (trusted_part(whole), {SURE})):
        files = export(graph, tmp_path / f"g{ending}")
        assert f"{confidence(whole, SURE):.4f}" in files[-1].read_text(encoding="utf-8")
        again = Graph()
        again.apply(Edit(1, "add", read_graph(tmp_path / f"g{ending}")))
        assert set(again.relations) == held


def test_a_script_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Relations had no confidence then."""
    export(silk(), tmp_path / "g.cypher")
    text = (tmp_path / "g.cypher").read_text(encoding="utf-8").replace(", r.confidence = row[9]", "")
    earlier = re.sub(r"^(\[.*\"), [\d.]+\](,?)$", r"\1]\2", text, flags=re.MULTILINE)
    assert earlier != text
    (tmp_path / "old.cypher").write_text(earlier, encoding="utf-8")
    assert read_graph(tmp_path / "old.cypher") == read_graph(tmp_path / "g.cypher")
