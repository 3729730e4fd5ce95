"""Exports read by programs that did not write them: schemas, Gephi, igraph, networkx, a SPARQL engine, spreadsheets."""

import csv
import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import parse as parse_xml

import igraph
import networkx as nx
import pandas as pd
import pytest
from filelock import FileLock

from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, csv_pair, export, read_graph
from graphgrow.export.rows import UNDIRECTED
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Edit, Triple
from tests.conftest import RECORDED, ROOT
from tests.export.test_export import ALL, graph_of, told
from tests.processes import finished


@pytest.fixture(scope="module")
def recorded() -> Graph:
    """Return the graph of the recorded run."""
    return fold(read_events(RECORDED))


def jars() -> Path:
    """Return the folder of the readers' programs; skip the test where they cannot be had, in CI that is a failure."""
    missing = [tool for tool in ("java", "javac", "mvn") if not shutil.which(tool)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"Gephi's importers need {', '.join(missing)}")
    with FileLock(ROOT / ".readers.lock"):
        finished(["make", "-s", "reader-jars"], cwd=ROOT, check=True)
    return ROOT / ".readers"


@pytest.mark.slow
def test_schemas_take_graphml_and_gexf_and_gephi_finds_all(recorded: Graph, tmp_path: Path) -> None:
    """Every concept with its place, every relation with its words, of the recorded run and of hostile names."""
    hostile = graph_of(ALL, ALL[::-1])
    files = []
    for graph, name in ((recorded, "run"), (hostile, "hostile")):
        files += [tmp_path / f"{name}.graphml", tmp_path / f"{name}.gexf"]
        for file in files[-2:]:
            export(graph, file)
    command = ["java", "-Xmx512m", "-cp", f"{jars()}/*", str(ROOT / "tests" / "readers" / "Readers.java")]
    done = finished([*command, *map(str, files)], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.split(r"^valid\t.*\n", done.stdout, flags=re.MULTILINE)[1:]
    assert len(found) == len(files)
    for graph, text in zip((recorded, recorded, hostile, hostile), found, strict=True):
        rows = [line.split("\t") for line in text.splitlines()]
        nodes, edges = ([row[1:] for row in rows if row[0] == kind] for kind in ("node", "edge"))
        assert Counter(row[0] for row in nodes) == Counter(concept.name for concept in graph.concepts.values())
        assert len({(x, y) for _, x, y in nodes}) == len(graph.concepts)
        assert {row[3] for row in edges} <= {"DIRECTED", "null"}  # of one edge, or by the default of the file
        assert Counter(tuple(row[:3]) for row in edges) == Counter(
            (graph.name(r.source), r.predicate, graph.name(r.target)) for r in graph.relations
        )


@pytest.mark.parametrize("ending", [".graphml", ".gexf"])
def test_ids_are_unique(recorded: Graph, ending: str, tmp_path: Path) -> None:
    """Programs that keep one edge an id keep them all."""
    export(recorded, tmp_path / f"g{ending}")
    for kind, count in (("node", len(recorded.concepts)), ("edge", len(recorded.relations))):
        elements = parse_xml(tmp_path / f"g{ending}").getroot().iter()  # noqa: S314 # ours
        ids = [one.get("id") for one in elements if one.tag.endswith(f"}}{kind}")]
        assert len(ids) == len(set(ids)) == count


def test_igraph_and_networkx_find_every_relation(recorded: Graph, tmp_path: Path) -> None:
    """Names, predicates and direction, each by the readers of another program."""
    export(recorded, tmp_path / "g.graphml")
    export(recorded, tmp_path / "g.gexf")
    said = Counter((recorded.name(r.source), r.predicate, recorded.name(r.target)) for r in recorded.relations)
    theirs = igraph.Graph.Read_GraphML(str(tmp_path / "g.graphml"))
    names = theirs.vs["name"]
    assert theirs.is_directed()
    assert Counter((names[e.source], e["predicate"], names[e.target]) for e in theirs.es) == said
    for read in (nx.read_graphml(tmp_path / "g.graphml"), nx.read_gexf(tmp_path / "g.gexf")):
        label = {node: data["label"] for node, data in read.nodes(data=True)}
        assert Counter((label[s], data["predicate"], label[t]) for s, t, data in read.edges(data=True)) == said


def test_a_sparql_engine_finds_every_relation(recorded: Graph, tmp_path: Path) -> None:
    """By rdflib, which neither wrote the file nor reads it for us."""
    rdflib = pytest.importorskip("rdflib")
    export(recorded, tmp_path / "g.ttl")
    theirs = rdflib.Graph().parse(tmp_path / "g.ttl", format="turtle")
    rows = theirs.query("""
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        SELECT ?a ?says ?b WHERE { ?r a rdf:Statement ; rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o .
          ?s skos:prefLabel ?a . ?o skos:prefLabel ?b . ?p rdfs:label ?says . ?s ?p ?o }""")
    assert Counter(tuple(map(str, row)) for row in rows) == Counter(
        (recorded.name(r.source), r.predicate, recorded.name(r.target)) for r in recorded.relations
    )


def test_json_is_read_by_networkx_and_csv_by_pandas_and_the_csv_module(recorded: Graph, tmp_path: Path) -> None:
    """The same relations in each."""
    keys = Counter((r.source, r.predicate, r.target) for r in recorded.relations)
    export(recorded, tmp_path / "g.json")
    whole = json.loads((tmp_path / "g.json").read_text(encoding="utf-8"))
    theirs = nx.node_link_graph(whole, edges="links")
    assert Counter((s, data["predicate"], t) for s, t, data in theirs.edges(data=True)) == keys
    export(recorded, tmp_path / "g.csv")
    _, relations = csv_pair(tmp_path / "g.csv")
    table = pd.read_csv(relations, keep_default_na=False)
    assert Counter(zip(table["source"], table["predicate"], table["target"], strict=True)) == keys
    with relations.open(newline="", encoding="utf-8") as file:
        assert Counter((row["source"], row["predicate"], row["target"]) for row in csv.DictReader(file)) == keys


def test_excel_gets_a_mark_that_other_readers_bear_or_do_without(tmp_path: Path) -> None:
    """With the mark Excel knows UTF-8; pandas and our reader bear it, the csv module does not: so it is asked for."""
    graph = graph_of([Triple("µ-opioid", "binds", "β-endorphin")])
    export(graph, tmp_path / "plain.csv")
    export(graph, tmp_path / "excel.csv", excel=True)
    for name, mark in (("plain", b""), ("excel", b"\xef\xbb\xbf")):
        pair = csv_pair(tmp_path / f"{name}.csv")
        assert all(
            file.read_bytes().startswith(mark + first) for file, first in zip(pair, (b"key", b"source"), strict=True)
        )
        assert list(pd.read_csv(pair[1])["source"]) == ["µ-opioid"]
        again = Graph()
        again.apply(Edit(1, "add", read_graph(tmp_path / f"{name}.csv")))
        assert (again.concepts, told(again)) == (graph.concepts, told(graph))
        with pair[1].open(newline="", encoding="utf-8") as file:
            assert ("source" in (csv.DictReader(file).fieldnames or ())) is not bool(mark)
    with pytest.raises(BadInput, match=r"\.csv"):
        export(graph, tmp_path / "g.json", excel=True)


@pytest.mark.parametrize("ending", FORMATS)
def test_types_come_back(ending: str, tmp_path: Path) -> None:
    """What a concept is said to be is in every format."""
    (tmp_path / "typed.json").write_text(
        json.dumps(
            {
                "nodes": [
                    {"id": "IL6", "label": "Gene"},
                    {"id": "TP53", "label": "Gene"},
                    {"id": "CO2", "label": "Chemical"},
                ],
                "edges": [{"source": "IL6", "target": "TP53", "relation": "regulates"}],
            }
        ),
        encoding="utf-8",
    )
    graph = Graph()
    graph.apply(Edit(1, "add", read_graph(tmp_path / "typed.json")))
    assert {c.name: c.type for c in graph.concepts.values()} == {"IL6": "Gene", "TP53": "Gene", "CO2": "Chemical"}
    export(graph, tmp_path / f"g{ending}")
    assert read_graph(tmp_path / f"g{ending}").concepts == tuple(graph.concepts.values())


@pytest.mark.parametrize("ending", [".graphml", ".gexf", ".json"])
def test_what_has_no_direction_has_none_after_import_and_export(ending: str, tmp_path: Path) -> None:
    """Evidence says so, both ways round are one relation, and an export is undirected again."""
    theirs: nx.MultiGraph[str] = nx.MultiGraph()
    theirs.add_edge("aspirin", "headache", predicate="goes with")
    theirs.add_edge("headache", "aspirin", predicate="goes with")
    if ending == ".json":
        (tmp_path / "t.json").write_text(json.dumps(nx.node_link_data(theirs, edges="edges")), encoding="utf-8")
    else:
        (nx.write_graphml if ending == ".graphml" else nx.write_gexf)(theirs, tmp_path / f"t{ending}")
    graph = Graph()
    graph.apply(Edit(1, "add", read_graph(tmp_path / f"t{ending}")))
    ((relation, said),) = graph.relations.items()
    assert (relation.predicate, [one.raw.predicate for one in said]) == ("goes with", [f"goes with{UNDIRECTED}"] * 2)
    export(graph, tmp_path / f"g{ending}")
    again = Graph()
    again.apply(Edit(1, "add", read_graph(tmp_path / f"g{ending}")))
    assert told(again) == told(graph)
    if ending == ".json":
        assert json.loads((tmp_path / "g.json").read_text(encoding="utf-8"))["directed"] is False
    else:
        read = nx.read_graphml if ending == ".graphml" else nx.read_gexf
        assert not read(tmp_path / f"g{ending}").is_directed()


@pytest.mark.parametrize("ending", [".graphml", ".gexf", ".json"])
def test_a_relation_without_direction_has_none_beside_others_that_have_one(ending: str, tmp_path: Path) -> None:
    """In the words of each format; that of GraphML is data of the edge, which networkx reads in a directed graph."""
    said = [{"source": "a", "target": "b", "label": "near", "directed": False}, {"source": "b", "target": "c"}]
    (tmp_path / "t.json").write_text(json.dumps({"links": said}), encoding="utf-8")
    graph = Graph()
    graph.apply(Edit(1, "add", read_graph(tmp_path / "t.json")))
    export(graph, tmp_path / f"g{ending}")
    text = (tmp_path / f"g{ending}").read_text(encoding="utf-8")
    if ending == ".gexf":
        assert 'defaultedgetype="directed"' in text
        assert text.count('type="undirected"') == 1
    elif ending == ".graphml":
        edges = list(nx.read_graphml(tmp_path / "g.graphml").edges(data="directed", default=True))
        assert sorted(edges) == [("n0", "n1", False), ("n1", "n2", True)]
    else:
        assert [link.get("directed", True) for link in json.loads(text)["links"]] == [False, True]
    assert read_graph(tmp_path / f"g{ending}").relations == read_graph(tmp_path / "t.json").relations


def test_a_spreadsheet_finds_no_formula_in_a_csv(tmp_path: Path) -> None:
    """Of names that a spreadsheet would run none is a formula to LibreOffice; one that is not guarded would be."""
    office = shutil.which("soffice")
    if office is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "LibreOffice is not installed: its package libreoffice-calc is enough"
        )
    names = [
        '=HYPERLINK("http://127.0.0.1/";"x")',
        "+1+1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        " =6+6",
        "'=1+1",
        'x"\n=3+3',
    ]
    export(
        graph_of([Triple(name, "is a", f"thing {place}") for place, name in enumerate(names)], ALL), tmp_path / "g.csv"
    )
    (tmp_path / "plain.csv").write_text("a,b\n=1+1,x\n", encoding="utf-8")
    files = [*csv_pair(tmp_path / "g.csv"), tmp_path / "plain.csv"]
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    words = [office, profile, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), *map(str, files)]
    finished(words, check=True, capture_output=True)
    cells = {
        file.stem: [one for one in parse_xml(file.with_suffix(".fods")).iter() if one.tag.endswith("}table-cell")]  # noqa: S314  # of our own
        for file in files
    }
    formulas = {
        stem: [value for cell in found for name, value in cell.items() if name.endswith("}formula")]
        for stem, found in cells.items()
    }
    assert formulas == {"g.concepts": [], "g.relations": [], "plain": ["of:=1+1"]}
    assert "thing 6" in ["".join(cell.itertext()).strip() for cell in cells["g.concepts"]]
