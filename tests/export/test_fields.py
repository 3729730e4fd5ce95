"""Files of the field, read as they are meant: which field is what, in words, and what was left out."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from graphgrow.errors import BadInput
from graphgrow.export import Reading, read_file
from graphgrow.graph.events import read_lines
from graphgrow.parse.fields import are_types, handles

RELIEVES = [("aspirin", "relieves", "headache")]
TREATS = [("aspirin", "treats", "headache")]
RELATED = [("aspirin", "related to", "headache")]
DRUG = {"identity": 12, "labels": ["Drug"], "properties": {"name": "aspirin"}, "elementId": "4:x:12"}
PAIN = {"identity": 13, "labels": ["Symptom"], "properties": {"name": "headache"}, "elementId": "4:x:13"}
TREATED = {"identity": 3, "start": 12, "end": 13, "type": "TREATS", "properties": {"since": 2}, "elementId": "5:x:3"}
AT = {"id": "12", "labels": ["Drug"], "properties": {"name": "aspirin"}}
TO = {"id": "13", "labels": ["Symptom"], "properties": {"name": "headache"}}
JSON: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "records of Neo4j Browser": ([{"n": DRUG, "r": TREATED, "m": PAIN}], TREATS),
    "a path of Neo4j": (
        [
            {
                "p": {
                    "start": DRUG,
                    "end": PAIN,
                    "length": 1,
                    "segments": [{"start": DRUG, "relationship": TREATED, "end": PAIN}],
                }
            }
        ],
        TREATS,
    ),
    "graphs of Neo4j's HTTP API": (
        {
            "results": [
                {
                    "columns": ["p"],
                    "data": [
                        {
                            "graph": {
                                "nodes": [AT, TO],
                                "relationships": [
                                    {"id": "3", "type": "TREATS", "startNode": "12", "endNode": "13", "properties": {}}
                                ],
                            }
                        },
                        {"graph": {"nodes": [AT], "relationships": []}},
                    ],
                }
            ],
            "errors": [],
        },
        TREATS,
    ),
    "Cytoscape": (
        {
            "elements": {
                "nodes": [{"data": {"id": "a", "name": "aspirin"}}, {"data": {"id": "h", "name": "headache"}}],
                "edges": [{"data": {"id": "e", "source": "a", "target": "h", "interaction": "relieves"}}],
            }
        },
        RELIEVES,
    ),
    "a list of Cytoscape's elements": (
        [
            {"data": {"id": "a", "label": "aspirin"}},
            {"data": {"id": "h", "label": "headache"}},
            {"data": {"id": "e", "source": "a", "target": "h", "label": "relieves"}},
        ],
        RELIEVES,
    ),
    "JSON Graph Format": (
        {
            "graph": {
                "nodes": {"a": {"label": "aspirin"}, "h": {"label": "headache"}},
                "edges": [{"source": "a", "target": "h", "relation": "relieves"}],
            }
        },
        RELIEVES,
    ),
    "graphology": (
        {
            "nodes": [
                {"key": "1", "attributes": {"label": "aspirin"}},
                {"key": "2", "attributes": {"label": "headache"}},
            ],
            "edges": [{"key": "e", "source": "1", "target": "2", "attributes": {"label": "relieves"}}],
        },
        RELIEVES,
    ),
    "threes": ([["aspirin", "relieves", "headache"]], RELIEVES),
    "records": ([{"subject": "aspirin", "predicate": "relieves", "object": "headache"}], RELIEVES),
    "triples": ({"triples": [{"head": "aspirin", "relation": "relieves", "tail": "headache"}]}, RELIEVES),
    "JSON in strings": (
        {
            "nodes": '[{"id": "1", "name": "aspirin"}, {"id": "2", "name": "headache"}]',
            "edges": '[{"source_node_id": "1", "target_node_id": "2", "relationship_name": "relieves"}]',
        },
        RELIEVES,
    ),
    "vis.js": (
        {
            "nodes": [{"id": 1, "label": "aspirin"}, {"id": 2, "label": "headache"}],
            "edges": [{"from": 1, "to": 2, "label": "relieves", "arrows": "to"}],
        },
        RELIEVES,
    ),
    "d3 by place": (
        {
            "nodes": [{"name": "aspirin", "group": 1}, {"name": "headache", "group": 2}],
            "links": [{"source": 0, "target": 1, "value": 3}],
        },
        RELATED,
    ),
    "LangChain": (
        {
            "nodes": [{"id": "aspirin", "type": "Drug", "properties": {}}],
            "relationships": [
                {
                    "source": {"id": "aspirin", "type": "Drug"},
                    "target": {"id": "headache", "type": "Symptom"},
                    "type": "RELIEVES",
                    "properties": {},
                }
            ],
        },
        RELIEVES,
    ),
    "SPARQL results": (
        {
            "head": {"vars": ["s", "p", "o"]},
            "results": {
                "bindings": [
                    {name: {"type": "literal", "value": value} for name, value in zip("spo", RELIEVES[0], strict=True)}
                ]
            },
        },
        RELIEVES,
    ),
    "hashes for ids, types for labels": (
        {
            "nodes": [
                {"id": f"3f2b8c1e-1111-2222-3333-44445555666{n}", "label": "Thing", "name": name}
                for n, name in enumerate(("aspirin", "headache"))
            ],
            "edges": [
                {
                    "source": "3f2b8c1e-1111-2222-3333-444455556660",
                    "target": "3f2b8c1e-1111-2222-3333-444455556661",
                    "label": "RELIEVES",
                }
            ],
        },
        RELIEVES,
    ),
}


def graph(*nodes: object, links: list[object] | None = None, **rest: object) -> dict[str, object]:
    """Return an object of nodes and links, which are of 1 and 2 where none are given."""
    return {"nodes": nodes, "links": links or [{"source": 1, "target": 2, "label": "relieves"}], **rest}


DRUGS = {"nodes": [{"id": "aspirin"}, {"id": "headache"}]}
JSON |= {
    "edge data of networkx": (
        {"nodes": ["aspirin", "headache"], "edges": [["aspirin", "headache", {"relation": "relieves"}]]},
        RELIEVES,
    ),
    "adjacency of networkx": (
        {**DRUGS, "directed": True, "adjacency": [[{"relation": "relieves", "id": "headache"}], []]},
        RELIEVES,
    ),
    "cognee": (
        {
            "nodes": [["id1", {"name": "aspirin"}], ["id2", {"name": "headache"}]],
            "edges": [["id1", "id2", "relieves", {}]],
        },
        RELIEVES,
    ),
    "ends before what they say": (
        {"nodes": ["aspirin", "headache"], "edges": [["aspirin", "headache", "relieves"]]},
        RELIEVES,
    ),
    "what they say before the ends": (
        {"nodes": ["aspirin", "headache"], "edges": [["relieves", "aspirin", "headache"]]},
        RELIEVES,
    ),
    "JSON-LD": (
        {
            "@context": {"schema": "http://schema.org/"},
            "@graph": [
                {
                    "@id": "http://x/1",
                    "@type": "schema:Drug",
                    "schema:name": "aspirin",
                    "schema:relieves": {"@id": "http://x/2"},
                },
                {"@id": "http://x/2", "schema:name": {"@value": "headache", "@language": "en"}},
            ],
        },
        RELIEVES,
    ),
    "nested JSON-LD": ({"@type": "Drug", "name": "aspirin", "relieves": [{"name": "headache"}]}, RELIEVES),
    "Obsidian": (
        {
            "nodes": [
                {"id": "ab12", "type": "text", "text": "aspirin"}, {"id": "cd34", "type": "text", "text": "headache"}],
            "edges": [{"id": "e1", "fromNode": "ab12", "toNode": "cd34", "label": "relieves"}],
        },
        RELIEVES,
    ),
    "tooltips": (
        graph(
            {"id": 1, "label": "aspirin", "title": "Drug<br>analgesic", "value": 5},
            {"id": 2, "label": "headache", "title": "Symptom", "value": 6},
        ),
        RELIEVES,
    ),
    "titles beside ids that tell": (
        graph(
            {"id": "aspirin", "title": "A drug against pain"},
            {"id": "headache", "title": "Pain in the head"},
            links=[["aspirin", "headache", {"label": "relieves"}]],
        ),
        RELIEVES,
    ),
    "spans of a text with types for labels": (
        graph({"id": 1, "text": "aspirin", "label": "CHEM"}, {"id": 2, "text": "headache", "label": "SYM"}),
        RELIEVES,
    ),
    "several names": (graph({"id": 1, "name": ["aspirin", "ASA"]}, {"id": 2, "name": ["headache"]}), RELIEVES),
    "CX": (
        [{"nodes": [{"@id": 1, "n": "aspirin"}, {"@id": 2, "n": "headache"}]},
         {"edges": [{"@id": 3, "s": 1, "t": 2, "i": "relieves"}]}],
        RELIEVES,
    ),
    "CX2": (
        [{"attributeDeclarations": [{"nodes": {"name": {"d": "string"}}, "edges": {"interaction": {"d": "string"}}}]},
         {"nodes": [{"id": 0, "x": 1, "v": {"name": "aspirin"}}, {"id": 1, "v": {"name": "headache"}}]},
         {"edges": [{"id": 0, "s": 0, "t": 1, "v": {"interaction": "relieves"}}]}],
        RELIEVES,
    ),
    "DocRED": (
        [{"sents": [["Aspirin", "relieves", "headache"]],
          "vertexSet": [[{"name": "aspirin", "type": "DRUG"}], [{"name": "headache", "type": "SYM"}]],
          "labels": [{"h": 0, "t": 1, "r": "relieves", "evidence": [0]}]}],
        RELIEVES,
    ),
    "where a claim is from": (
        [{"subject": "aspirin", "predicate": "relieves", "object": "headache", "source": "Wikipedia"}],
        RELIEVES,
    ),
    "pandas split": (
        {"columns": ["object", "predicate", "subject"], "index": [0], "data": [["headache", "relieves", "aspirin"]]},
        RELIEVES,
    ),
    "pandas columns": (
        {"subject": {"0": "aspirin"}, "predicate": {"0": "relieves"}, "object": {"0": "headache"}}, RELIEVES),
    "pandas list": ({"subject": ["aspirin"], "predicate": ["relieves"], "object": ["headache"]}, RELIEVES),
    "rows under a header": ([["subject", "predicate", "object"], ["aspirin", "relieves", "headache"]], RELIEVES),
    "records of a query": ([{"a.name": "aspirin", "type(r)": "RELIEVES", "b.name": "headache"}], RELIEVES),
    "Neo4j's driver": ([{"r": [{"name": "aspirin"}, "RELIEVES", {"name": "headache"}]}], RELIEVES),
    "keys of other languages": ([{"Quelle": "aspirin", "Beziehung": "relieves", "Ziel": "headache"}], RELIEVES),
}  # fmt: skip
TABLES = {
    "semicolons": ("Source;Relation;Target\naspirin;relieves;headache\n", RELIEVES),
    "tabs": ("subject\tpredicate\tobject\naspirin\trelieves\theadache\n", RELIEVES),
    "subject, verb, object": ("subject,verb,object\naspirin,relieves,headache\n", RELIEVES),
    "h, r, t": ("h,r,t\naspirin,relieves,headache\n", RELIEVES),
    "s, p, o": ("s,p,o\naspirin,relieves,headache\n", RELIEVES),
    "start and end nodes": ("start_node,relationship_name,end_node\naspirin,relieves,headache\n", RELIEVES),
    "ids of nodes": ("sourceNodeId,relationType,targetNodeId\naspirin,relieves,headache\n", RELIEVES),
    "nodes with numbers": ("node_1,edge,node_2,count\naspirin,relieves,headache,2\n", RELIEVES),
    "names before numbers": (
        "source_id,source_name,relation,target_id,target_name\n1,aspirin,relieves,2,headache\n",
        RELIEVES,
    ),
    "the index of pandas": (",source,target\n0,aspirin,headache\n", RELATED),
    "the index of pandas before three columns": (",source,relation,target\n0,aspirin,relieves,headache\n", RELIEVES),
    "Excel's word for what parts cells": ("sep=|\nsource|predicate|target\naspirin|relieves|headache\n", RELIEVES),
    "Gephi": ("Source,Target,Type,Id,Label,Weight\naspirin,headache,Directed,0,,1.0\n", RELATED),
    "Gephi with labels": (
        "Source,Target,Type,Id,Label,timeset,Weight\naspirin,headache,Directed,0,relieves,,1.0\n",
        RELIEVES,
    ),
    "ConceptNet": ("uri,relation,start,end\n/a/1,relieves,aspirin,headache\n", RELIEVES),
    **{
        head: (f"{head}\naspirin,relieves,headache\n", RELIEVES)
        for head in (
            "Quelle,Beziehung,Ziel",
            "sujet,pr\u00e9dicat,objet",
            "Sujeto,Relacion,Objeto",
            "soggetto,predicato,oggetto",
            "podmiot,relacja,obiekt",
            "\u0441\u0443\u0431\u044a\u0435\u043a\u0442,\u043f\u0440\u0435\u0434\u0438\u043a\u0430\u0442,\u043e\u0431\u044a\u0435\u043a\u0442",
            "\u4e3b\u8bed,\u8c13\u8bed,\u5bbe\u8bed",
            "\u5934\u5b9e\u4f53,\u5173\u7cfb,\u5c3e\u5b9e\u4f53",
            "\u4e3b\u8a9e,\u8ff0\u8a9e,\u76ee\u7684\u8a9e",
            "\uc8fc\uc5b4,\uad00\uacc4,\ubaa9\uc801\uc5b4",
            "\u0627\u0644\u0645\u0635\u062f\u0631,\u0627\u0644\u0639\u0644\u0627\u0642\u0629,\u0627\u0644\u0647\u062f\u0641",
            "cause,relation,effect",
            "drug,relation,disease",
            "a.name,type(r),b.name",
            "Entity A,Relation,Entity B",
        )
    },
    "where a claim is from": ("subject,predicate,object,source\naspirin,relieves,headache,Wikipedia\n", RELIEVES),
    "a target that is no end": ("head,relation,tail,target\naspirin,relieves,headache,yes\n", RELIEVES),
    "a source beside two nodes": ("node1,relation,node2,source\naspirin,relieves,headache,Reactome\n", RELIEVES),
    "a source from and to": ("from,to,label,source\naspirin,headache,relieves,Wikipedia\n", RELIEVES),
    "BioGRID": ("Symbol Interactor A,Symbol Interactor B,System\naspirin,headache,x\n", RELATED),
    "a matrix": (",aspirin,headache\naspirin,0,1\nheadache,0,0\n", RELATED),
    "a matrix of words": ("x,headache,aspirin\naspirin,relieves,\nheadache,,\n", RELIEVES),
    "PrimeKG": ("relation,x_index,x_id,x_name,y_index,y_id,y_name\nrelieves,0,9,aspirin,8,17,headache\n", RELIEVES),
}
YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d5" yfiles.type="nodegraphics"/><key for="edge" id="d9" yfiles.type="edgegraphics"/>
<graph edgedefault="directed"><node id="n0"><data key="d5"><y:ShapeNode><y:Geometry height="30"/><y:NodeLabel>aspirin
</y:NodeLabel></y:ShapeNode></data></node><node id="n1"><data key="d5"><y:ShapeNode><y:NodeLabel>headache</y:NodeLabel>
</y:ShapeNode></data></node><edge id="e0" source="n0" target="n1"><data key="d9"><y:PolyLineEdge><y:EdgeLabel>relieves
</y:EdgeLabel></y:PolyLineEdge></data></edge></graph></graphml>"""
APOC = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="name" for="node" attr.name="name"/>
<key id="labels" for="node" attr.name="labels"/><key id="label" for="edge" attr.name="label"/>
<graph edgedefault="directed">
<node id="n1" labels=":Drug"><data key="labels">:Drug</data><data key="name">aspirin</data></node>
<node id="n2"><data key="labels">:Symptom</data><data key="name">headache</data></node>
<edge id="e1" source="n1" target="n2" label="TREATS"><data key="label">TREATS</data></edge></graph></graphml>"""
GEXF = """<gexf xmlns="http://www.gexf.net/{version}" version="{number}"><graph defaultedgetype="directed">
<nodes><node id="0" label="aspirin"/><node id="1" label="headache"/></nodes>
<edges><edge id="0" source="0" target="1" {relieves}/></edges></graph></gexf>"""
XML = {
    "yed.graphml": (YED, RELIEVES),
    "apoc.graphml": (APOC, TREATS),
    "g12.gexf": (GEXF.format(version="1.2draft", number="1.2", relieves='label="relieves"'), RELIEVES),
    "g13.gexf": (GEXF.format(version="1.3", number="1.3", relieves='label="relieves"'), RELIEVES),
    "kind.gexf": (GEXF.format(version="1.3", number="1.3", relieves='kind="relieves"'), RELIEVES),
}


def said(reading: Reading) -> list[tuple[str, str, str]]:
    """Return the relations by the names of their ends."""
    names = {concept.key: concept.name for concept in reading.delta.concepts}
    relations = [statement.relation for statement in reading.delta.relations]
    return [(names[r.source], r.predicate, names[r.target]) for r in relations]


def read_text(folder: Path, name: str, text: str, **columns: str) -> Reading:
    """Return what a file of a text is read as."""
    (folder / name).write_text(text, encoding="utf-8")
    return read_file(folder / name, columns)


@pytest.mark.parametrize("shape", JSON)
def test_json_of_every_shape_is_read(shape: str, tmp_path: Path) -> None:
    """By names, never by the ids or types beside them, and no concept more."""
    value, expected = JSON[shape]
    reading = read_text(tmp_path, "g.json", json.dumps(value))
    assert said(reading) == expected
    assert len(reading.delta.concepts) == 2
    assert len(reading.delta.statements) == 1


def test_a_line_a_record_is_json_too(tmp_path: Path) -> None:
    """As APOC writes; a node at the end of a relation is the one that was declared."""
    rows = [
        {"type": "node", "id": "0", "labels": ["Drug"], "properties": {"name": "aspirin"}},
        {"type": "node", "id": "1", "labels": ["Symptom"], "properties": {"name": "headache"}},
        {"type": "relationship", "id": "9", "label": "TREATS", "start": {"id": "0"}, "end": {"id": "1"}},
    ]
    reading = read_text(tmp_path, "g.json", "\n".join(map(json.dumps, rows)))
    assert said(reading) == TREATS
    assert [concept.type for concept in reading.delta.concepts] == ["Drug", "Symptom"]


@pytest.mark.parametrize("shape", TABLES)
def test_tables_are_read_by_the_headers_of_the_field(shape: str, tmp_path: Path) -> None:
    """No header is a relation, no number a predicate; the name may say that tabs part the cells."""
    text, expected = TABLES[shape]
    for name in ("g.csv", "G.TSV", "g.tab"):
        assert said(read_text(tmp_path, name, text)) == expected


@pytest.mark.parametrize("name", XML)
@pytest.mark.filterwarnings("error")
def test_xml_of_other_programs_is_read(name: str, tmp_path: Path) -> None:
    """Labels of yEd, properties of Neo4j, both versions of GEXF."""
    text, expected = XML[name]
    assert said(read_text(tmp_path, name, text)) == expected


def test_a_summary_says_what_was_read_as_what_and_what_was_left_out(tmp_path: Path) -> None:
    """Each field by its name in the file, three relations, and what nobody took."""
    text = (
        "Source,Target,Type,Id,Label,Weight\na,b,Undirected,0,likes,1\nb,c,Undirected,1,,1\nc,d,Directed,2,,2\nd,,,,,\n"
    )
    reading = read_text(tmp_path, "g.csv", text)
    assert reading.taken == (
        "source from `Source`",
        "predicate from `Label`",
        "2 of 3 relations have no predicate, which reads 'related to'",
        "target from `Target`",
        "without a direction in the file: 2 of 3 relations",
    )
    assert reading.left_out == (
        "left out: `Id`, `Weight`",
        "1 of 4 links have no end, or one that is not in the file, and are left out",
    )
    assert [(one.source, one.predicate, one.target) for one in reading.samples] == said(reading)


def test_columns_that_nobody_knows_can_be_named(tmp_path: Path) -> None:
    """In a table, in JSON and in GraphML; without, one sentence says how."""
    table = "drug,how,symptom,n\naspirin,relieves,headache,1\n"
    with pytest.raises(BadInput, match=r"`symptom`, `n`; say .*--columns source="):
        read_text(tmp_path, "g.csv", table)
    assert said(read_text(tmp_path, "g.csv", table, source="drug", predicate="how", target="symptom")) == RELIEVES
    rows = json.dumps({"links": [{"drug": "aspirin", "how": "relieves", "symptom": "headache"}]})
    assert said(read_text(tmp_path, "g.json", rows, source="drug", predicate="how", target="symptom")) == RELIEVES
    theirs: nx.DiGraph[str] = nx.DiGraph()
    theirs.add_node("x", called="aspirin")
    theirs.add_node("y", called="headache")
    theirs.add_edge("x", "y", how="relieves")
    nx.write_graphml(theirs, tmp_path / "g.graphml")
    assert said(read_file(tmp_path / "g.graphml", {"name": "called", "predicate": "how"})) == RELIEVES
    for columns, why in (({"source": "drag"}, "no column 'drag'"), ({"colour": "drug"}, "'colour' is no role")):
        with pytest.raises(BadInput, match=why):
            read_text(tmp_path, "g.csv", table, **columns)


def test_a_table_without_a_known_header_says_that_its_first_row_is_a_relation(tmp_path: Path) -> None:
    """And how to say that it is none, which then works."""
    text = "drug,effect,symptom\naspirin,relieves,headache\n"
    reading = read_text(tmp_path, "g.csv", text)
    assert said(reading)[0] == ("drug", "effect", "symptom")
    match = re.search(r"--columns (\S+)", reading.taken[0])
    assert match
    columns = dict(pair.split("=") for pair in match[1].rstrip(";").split(","))
    assert said(read_text(tmp_path, "g.csv", text, **columns)) == RELIEVES


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.json", '{"nodes": [{"id": 1, "label": "aspirin"}], "links": [{"foo": 1, "bar": 2}]}'),
        ("g.json", '{"nodes": [{"id": 1, "label": "aspirin"}], "links": [{"source": 7, "target": 8}]}'),
        ("g.json", '{"hello": "world"}'),
        ("g.csv", "drug,symptom\naspirin,headache\n"),
        ("g.gexf", "<html><body>no</body></html>"),
        ("g.graphml", "<graphml><graph></graphml>"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_nothing_usable_is_an_error(name: str, text: str, tmp_path: Path) -> None:
    """One sentence of ours that names the file, and no graph of crumbs."""
    with pytest.raises(BadInput, match=name):
        read_text(tmp_path, name, text)


def test_links_to_ids_that_are_nowhere_bring_no_concepts_of_their_numbers(tmp_path: Path) -> None:
    """They are counted as left out."""
    nodes = [{"id": 1, "label": "aspirin"}, {"id": 2, "label": "headache"}]
    links = [{"source": 1, "target": 2, "label": "relieves"}, {"source": 1, "target": 7, "label": "relieves"}]
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": nodes, "links": links}))
    assert said(reading) == RELIEVES
    assert any(sentence.startswith("1 of 2 links") for sentence in reading.left_out)


@pytest.mark.parametrize(
    ("labels", "ids", "names", "expected"),
    [
        (["Gene", "Gene", "Chemical"], ["IL6", "TP53", "CO2"], [], True),
        (["Gene", "Chemical"], ["IL6", "CO2"], [], True),
        (["aspirin", "headache", "aspirin"], ["n1", "n2", "n3"], [], False),
        (["Person", "Person", "Firm", "Firm"], ["1", "2", "3", "4"], [], True),
        (["Physicist", "Physicist"], ["1", "2"], ["Curie", "Bohr"], True),
        (["Curie", "Bohr"], ["1", "2"], ["Curie", "Bohr"], False),
        (["Aspirin", "Headache"], ["aspirin", "headache"], [], False),
    ],
)
def test_labels_are_types_or_names(labels: list[str], ids: list[str], names: list[str], *, expected: bool) -> None:
    """Types repeat or are classes, beside names or ids that tell."""
    assert are_types(labels, ids, names) is expected


def test_handles_point_and_names_do_not() -> None:
    """Numbers, hashes, one prefix with numbers."""
    assert handles(["1", "2.0", "n1"]) == {"1", "2.0", "n1"}
    assert handles(["e1", "e2", "silk"]) == {"e1", "e2"}
    assert handles(["IL6", "TP53", "CO2"]) == set()
    assert handles(["IL6"]) == set()


REPORTED = {
    "numlabel.json": [("aspirin", "relieves", "headache"), ("ibuprofen", "relieves", "headache")],
    "d3index.json": [("aspirin", "related to", "headache"), ("ibuprofen", "related to", "headache")],
    "neo4jresult.json": [("aspirin", "relieves", "headache")],
    "gephi-edges.csv": [("aspirin", "related to", "headache"), ("ibuprofen", "related to", "headache")],
    "pandas-index.csv": [("aspirin", "related to", "headache"), ("ibuprofen", "related to", "headache")],
    "spo.csv": [("aspirin", "relieves", "headache"), ("ibuprofen", "treats", "fever")],
    "hrt.csv": [("aspirin", "relieves", "headache")],
    "gephi092.gexf": [("aspirin", "relieves", "headache")],
}


@pytest.mark.parametrize("name", REPORTED)
def test_reported_files_give_the_right_graph(name: str, shared: Path) -> None:
    """Relations by name, and no concept beside those in them."""
    reading = read_file(shared / "reported" / name)
    assert said(reading) == REPORTED[name]
    assert {c.name for c in reading.delta.concepts} == {end for one, _, other in said(reading) for end in (one, other)}


def test_spreadsheets_that_cannot_be_read_get_a_sentence_of_ours(tmp_path: Path) -> None:
    """UTF-16 is read; an empty file, another encoding, a ragged row and a list of nodes alone are said to be that."""
    (tmp_path / "g.csv").write_text("source,predicate,target\naspirin,relieves,headache\n", encoding="utf-16")
    assert said(read_file(tmp_path / "g.csv")) == RELIEVES
    broken = {
        b"": "it has no rows",
        "source,target\nM\xfcller,Kr\xe4fte\n".encode("cp1252"): "not written in UTF-8",
        b"source,predicate,target\naspirin,relieves,pain, headache\n": "row 2 has 4 cells where those before it have 3",
        b"id,name,age\n1,aspirin,5\n": "no column of it is known to be the source or the target",
    }
    for content, sentence in broken.items():
        (tmp_path / "g.csv").write_bytes(content)
        with pytest.raises(BadInput, match=sentence):
            read_file(tmp_path / "g.csv")


def test_what_nobody_took_is_named(tmp_path: Path) -> None:
    """A column without a name, and literals of Turtle that are no labels."""
    assert read_text(tmp_path, "g.csv", TABLES["the index of pandas"][0]).left_out == (
        "left out: a column without a name",
    )
    turtle = (
        "@prefix e: <http://e/>. @prefix r: <http://www.w3.org/2000/01/rdf-schema#>."
        ' e:a r:label "aspirin"; e:relieves e:b; e:foundBy "Felix". e:b r:label "headache".'
    )
    reading = read_text(tmp_path, "g.ttl", turtle)
    assert said(reading) == RELIEVES
    assert reading.left_out == ("left out: `literal found By`",)


def test_labels_are_names_however_they_are_spelt(tmp_path: Path) -> None:
    """As other programs write the field."""
    for label in ("label", "Label", "LABEL"):
        nodes = [{"id": 1, label: "aspirin"}, {"id": 2, label: "headache"}]
        links = [{"source": 1, "target": 2, "label": "relieves"}]
        assert said(read_text(tmp_path, "g.json", json.dumps({"nodes": nodes, "links": links}))) == RELIEVES


def test_ids_of_several_documents_are_their_own(tmp_path: Path) -> None:
    """In one list or a line each; what one document lacks another may have."""
    pairs = [("aspirin", "relieves", "headache"), ("ibuprofen", "reduces", "fever")]
    documents = [
        graph({"id": 1, "name": one}, {"id": 2, "name": other}, links=[{"source": 1, "target": 2, "label": how}])
        for one, how, other in pairs
    ]
    for text in (json.dumps(documents), "\n".join(map(json.dumps, documents))):
        assert said(read_text(tmp_path, "g.json", text)) == pairs
    parts = [{"nodes": documents[0]["nodes"]}, {"links": documents[0]["links"]}]
    assert said(read_text(tmp_path, "g.json", json.dumps(parts))) == pairs[:1]


def test_what_is_no_link_is_counted(tmp_path: Path) -> None:
    """Beside those that are read."""
    links = [["aspirin", "headache", {"label": "relieves"}], "aspirin -> headache", 5, ["aspirin"], {"x": 1}]
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": ["aspirin", "headache"], "links": links}))
    assert said(reading) == RELIEVES
    assert "4 of 5 links have no end, or one that is not in the file, and are left out" in reading.left_out


def test_a_field_is_missed_where_it_says_more(tmp_path: Path) -> None:
    """Labels of nodes beside labels of links, keys of edges that are ids; no number of an edge, no name twice."""
    people = [{"id": "Ann", "label": "nurse"}, {"id": "Bob", "label": "pilot"}]
    links = [{"source": "Ann", "target": "Bob", "label": "knows", "key": 0}]
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": people, "links": links}))
    assert (said(reading), reading.left_out) == ([("Ann", "knows", "Bob")], ("left out: `label` of the nodes",))
    links = [{"source": "aspirin", "target": "headache", "key": key} for key in ("relieves", "treats")]
    reading = read_text(tmp_path, "g.json", json.dumps({**DRUGS, "links": links}))
    assert (said(reading), reading.left_out) == (RELIEVES + TREATS, ())
    links = [{"source": "aspirin", "target": "headache", "key": key} for key in ("e1", "e2")]
    reading = read_text(tmp_path, "g.json", json.dumps({**DRUGS, "links": links}))
    assert (said(reading), reading.left_out) == (RELATED, ("left out: `key`",))


@pytest.mark.parametrize("ids", [("einstein", "gr"), ("A", "B"), ("AlbertEinstein", "GR")])
def test_labels_of_their_own_are_names_beside_ids_made_of_them(ids: tuple[str, str], tmp_path: Path) -> None:
    """Slugs, letters, initials."""
    nodes = [{"id": ids[0], "label": "Albert Einstein"}, {"id": ids[1], "label": "General relativity"}]
    links = [{"from": ids[0], "to": ids[1], "label": "developed"}]
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": nodes, "links": links}))
    assert said(reading) == [("Albert Einstein", "developed", "General relativity")]
    assert reading.left_out == ()


def test_nodes_of_one_name_are_apart_by_their_types_or_said_to_be_one(tmp_path: Path) -> None:
    """Nothing becomes one unsaid; an id of two nodes means neither."""
    nodes = [{"id": 1, "name": "Paris", "type": "City"}, {"id": 2, "name": "Paris", "type": "Person"},
             {"id": 3, "name": "Troy"}]  # fmt: skip
    links = [{"source": 1, "target": 3, "label": "is far from"}, {"source": 2, "target": 3, "label": "visits"}]
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": nodes, "links": links}))
    assert said(reading) == [("Paris (City)", "is far from", "Troy"), ("Paris (Person)", "visits", "Troy")]
    assert "nodes of one name and different types are kept apart by their type: `Paris`" in reading.taken
    nodes[1]["type"] = "City"
    reading = read_text(tmp_path, "g.json", json.dumps({"nodes": nodes, "links": links}))
    assert "nodes that have one name are one concept: `Paris`" in reading.taken
    nodes[1] |= {"id": 1, "name": "Helen"}
    reading = read_text(
        tmp_path, "g.json", json.dumps({"nodes": nodes, "links": [links[0], {**links[0], "source": 3}]})
    )
    assert said(reading) == [("Troy", "is far from", "Troy")]
    assert "1 of 2 links mean an id of several nodes and are left out: `1`" in reading.left_out


def test_things_without_an_address_are_left_out_and_said(tmp_path: Path) -> None:
    """A blank node that has a name is a concept; names are those of any vocabulary."""
    head = "@prefix e: <http://e/>. @prefix f: <http://xmlns.com/foaf/0.1/>. @prefix s: <http://schema.org/>. "
    reading = read_text(tmp_path, "g.ttl", f'{head} e:1 f:name "Turing"; f:knows e:2. e:2 s:name "Clarke".')
    assert said(reading) == [("Turing", "knows", "Clarke")]
    reading = read_text(tmp_path, "g.ttl", f'{head} e:1 f:name "Turing"; f:knows [ s:name "Clarke" ].')
    assert said(reading) == [("Turing", "knows", "Clarke")]
    reading = read_text(tmp_path, "g.ttl", f"{head} e:Aspirin e:dose [ e:of e:Water ]; e:against e:Pain.")
    assert said(reading) == [("Aspirin", "against", "Pain")]
    assert reading.left_out == (
        "2 of 3 links have an end without a name and are left out",
        "1 of 4 nodes have no name and are left out",
    )
    reading = read_text(tmp_path, "g.ttl", "@prefix a: <http://a/>. @prefix b: <http://b/>. a:X a:is b:X.")
    assert "nodes that have one name are one concept: `X`" in reading.taken
    reading = read_text(
        tmp_path, "g.ttl", "@prefix a: <http://a/>. @prefix b: <http://b/>. a:X a a:Y. b:X a b:Z; b:at a:X."
    )
    assert ("X (Z)", "at", "X (Y)") in said(reading)


@pytest.mark.parametrize(
    "value",
    [
        {"graph": {"directed": False, **graph({"id": 1, "label": "aspirin"}, {"id": 2, "label": "headache"})}},
        graph({"id": 1, "label": "aspirin"}, {"id": 2, "label": "headache"}, options={"type": "undirected"}),
        graph({"id": 1, "label": "aspirin"}, {"id": 2, "label": "headache"},
              links=[{"source": 1, "target": 2, "label": "relieves", "undirected": True}]),
    ],
)  # fmt: skip
def test_no_direction_is_made_up(value: object, tmp_path: Path) -> None:
    """Wherever a file says that there is none."""
    reading = read_text(tmp_path, "g.json", json.dumps(value))
    assert said(reading) == RELIEVES
    assert "without a direction in the file: 1 of 1 relations" in reading.taken


def test_an_edge_of_both_directions_is_two_relations(tmp_path: Path) -> None:
    """As GEXF has them; a matrix that is symmetric has none, and each of its edges once."""
    text = GEXF.format(version="1.3", number="1.3", relieves='type="mutual" label="meets"')
    assert said(read_text(tmp_path, "g.gexf", text)) == [
        ("aspirin", "meets", "headache"),
        ("headache", "meets", "aspirin"),
    ]
    reading = read_text(tmp_path, "g.csv", ";aspirin;headache\naspirin;0;0,5\nheadache;0,5;0\n")
    assert said(reading) == RELATED
    assert "without a direction in the file: 1 of 1 relations" in reading.taken
    assert reading.left_out == ("left out: `weight`",)


def test_a_table_of_numbers_is_no_list_of_relations(tmp_path: Path) -> None:
    """Nor is a first row of words that come again a header."""
    with pytest.raises(BadInput, match="nothing but numbers"):
        read_text(tmp_path, "g.csv", ",aspirin,headache\nweight,1,2\nheight,3,4\n")
    rows = [("kinship", "relation", "society"), ("aspirin", "relation", "headache")]
    assert said(read_text(tmp_path, "g.csv", "\n".join(map(",".join, rows)))) == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_is_read_however_it_is_encoded(encoding: str, tmp_path: Path) -> None:
    """In every format of text, with and without a mark."""
    texts = {
        "g.json": '[["caf\u00e9", "serves", "th\u00e9"]]',
        "g.csv": "source,predicate,target\ncaf\u00e9,serves,th\u00e9\n",
        "g.ttl": "<http://e/caf\u00e9> <http://e/serves> <http://e/th\u00e9> .",
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode(encoding))
        assert said(read_file(tmp_path / name)) == [("caf\u00e9", "serves", "th\u00e9")]
    for name, packed in (("r.jsonl", bytes), ("r.jsonl.gz", gzip.compress)):
        (tmp_path / name).write_bytes(packed(texts["g.json"].encode(encoding)))
        assert list(read_lines(tmp_path / name)) == [(1, texts["g.json"])]
    (tmp_path / "g.json").write_bytes('["caf\u00e9"]'.encode("latin-1"))
    with pytest.raises(BadInput, match="not written in UTF-8"):
        read_file(tmp_path / "g.json")
