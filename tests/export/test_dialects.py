"""Files in the shapes of other tools: read as they are meant, or a sentence says what they are and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from graphgrow.errors import BadInput
from graphgrow.export import OTHERS, read_file
from graphgrow.parse.reply import parse

CURIE, RADIUM, WARSAW = "Marie Curie", "Radium", "Warsaw"
BOTH = {(CURIE, "discovered", RADIUM), (CURIE, "born in", WARSAW)}
ONE = {(CURIE, "discovered", RADIUM)}


def dumped(kind: str, **fields: Any) -> dict[str, Any]:
    """Return an object as LangChain dumps it."""
    return {"lc": 1, "type": "constructor", "id": ["langchain", kind], "kwargs": fields}


def claim(of: str, other: object) -> dict[str, Any]:
    """Return a claim of Wikidata."""
    return {"mainsnak": {"snaktype": "value", "property": of, "datavalue": {"value": other}}, "type": "statement"}


def named(ident: str, name: str, **more: Any) -> dict[str, Any]:
    """Return an entity of Wikidata with its labels."""
    labels = {"de": {"language": "de", "value": "?"}, "en": {"language": "en", "value": name}}
    return {"type": "item", "id": ident, "labels": labels, **more}


def uri(last: str) -> dict[str, str]:
    """Return an address in results of SPARQL."""
    return {"type": "uri", "value": f"http://example.org/{last}"}


def quoted(cell: str) -> str:
    """Return a cell of a table in quotation marks."""
    return '"' + cell.replace('"', '""') + '"'


ENTITIES = {
    "Q7186": named("Q7186", CURIE, claims={"P61": [claim("P61", {"entity-type": "item", "id": "Q1128"})],
                                           "P19": [claim("P19", {"entity-type": "item", "id": "Q270"})],
                                           "P569": [claim("P569", {"time": "+1867-11-07"})]}),
    "Q1128": named("Q1128", RADIUM, claims={}),
    "P61": {**named("P61", "discovered"), "type": "property"},
}  # fmt: skip
CALL = {"name": "save", "arguments": json.dumps({"triples": [[CURIE, "discovered", RADIUM]]})}
URI = "http://example.org/"
LABEL = {"type": "uri", "value": "http://www.w3.org/2000/01/rdf-schema#label"}
CARD, OTHER = "6f0ad84f44ce9c17", "a1b2c3d4e5f60718"
APOC = """"_id","_labels","name","_start","_end","_type"
"0",":Person","Marie Curie",,,
"1",":Element","Radium",,,
,,,"0","1","DISCOVERED"
"""

FILES: dict[str, tuple[str, object, set[tuple[str, str, str]]]] = {
    "networkx, a dictionary of dictionaries": ("x.json", {
        CURIE: {RADIUM: {"relation": "discovered"}, WARSAW: {"relation": "born in"}}, RADIUM: {}, WARSAW: {}}, BOTH),
    "networkx, of a multigraph": ("x.json", {
        CURIE: {RADIUM: {"0": {"relation": "discovered"}}, WARSAW: {"0": {"relation": "born in"}}},
        RADIUM: {}, WARSAW: {}}, BOTH),
    "networkx, a dictionary of lists": ("x.json", {
        CURIE: [RADIUM], RADIUM: []}, {(CURIE, "related to", RADIUM)}),
    "a tree of d3": ("x.json", {"name": "animal", "children": [
        {"name": "dog"}, {"name": "cat", "children": [{"name": "siamese", "size": 3}]}]},
        {("animal", "related to", "dog"), ("animal", "related to", "cat"), ("cat", "related to", "siamese")}),
    "LlamaIndex": ("x.json", {"graph_dict": {CURIE: [["discovered", RADIUM], ["born in", WARSAW]]}}, BOTH),
    "LangChain, dumped": ("x.json", dumped("GraphDocument", nodes=[dumped("Node", id=CURIE, type="Person")],
        relationships=[dumped("Relationship", source=dumped("Node", id=CURIE, type="Person"),
                              target=dumped("Node", id=RADIUM, type="Element"), type="DISCOVERED")]), ONE),
    "Wikidata": ("x.json", {"entities": ENTITIES}, {(CURIE, "discovered", RADIUM), (CURIE, "P19", "Q270")}),
    "Wikidata, a list": ("x.json", [*ENTITIES.values()], {(CURIE, "discovered", RADIUM), (CURIE, "P19", "Q270")}),
    "SPARQL": ("x.json", {"head": {"vars": ["s", "p", "o"]}, "results": {"bindings": [{
        "s": {"type": "uri", "value": f"{URI}Marie_Curie"}, "p": {"type": "uri", "value": f"{URI}discovered"},
        "o": {"type": "uri", "value": f"{URI}Radium"}}]}}, ONE),
    "Graphviz": ("x.json", {"name": "G", "directed": True, "objects": [
        {"_gvid": 0, "name": "a", "label": CURIE}, {"_gvid": 1, "name": RADIUM, "label": "\\N"}],
        "edges": [{"_gvid": 0, "tail": 0, "head": 1, "label": "discovered"}]}, ONE),
    "OpenAI, a call of a tool": ("x.json", [{"role": "user", "content": "?"}, {"role": "assistant", "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": CALL}]}], ONE),
    "OpenAI, a call of the responses": ("x.json", {"output": [
        {"id": "fc_1", "call_id": "call_1", "type": "function_call", **CALL}]}, ONE),
    "Anthropic, a call of a tool": ("x.json", {"role": "assistant", "content": [
        {"type": "tool_use", "id": "toolu_1", "name": "save", "input": json.loads(CALL["arguments"])}]}, ONE),
    "JSON-LD": ("x.jsonld", {"@context": {"ex": URI}, "@graph": [
        {"@id": "ex:Marie_Curie", "ex:discovered": {"@id": "ex:Radium"}}]}, ONE),
    "Obsidian's canvas": ("x.canvas", {"nodes": [
        {"id": CARD, "type": "text", "text": CURIE}, {"id": OTHER, "type": "file", "file": "notes/Radium.md"}],
        "edges": [{"id": "e", "fromNode": CARD, "toNode": OTHER, "label": "discovered"}]}, ONE),
    "Cytoscape": ("x.cyjs", {"elements": {
        "nodes": [{"data": {"id": "1", "name": CURIE}}, {"data": {"id": "2", "name": RADIUM}}],
        "edges": [{"data": {"id": "3", "source": "1", "target": "2", "interaction": "discovered"}}]}}, ONE),
    "Cytoscape, simple": ("x.sif", f"{CURIE}\tdiscovered\t{RADIUM}\tPolonium\n{WARSAW}\n{CURIE}\tborn in\t{WARSAW}\n",
        {*BOTH, (CURIE, "discovered", "Polonium")}),
    "Cytoscape, simple, with blanks": ("x.sif", "TP53 pp MDM2 EGFR\n",
        {("TP53", "pp", "MDM2"), ("TP53", "pp", "EGFR")}),
    "N-Triples": ("x.nt", f"<{URI}Marie_Curie> <{URI}discovered> <{URI}Radium> .\n", ONE),
    "APOC": ("x.csv", APOC, ONE),
    "ConceptNet": ("x.tsv",
        '/a/[/r/IsA/,/c/en/hot_dog/n/,/c/en/food/]\t/r/IsA\t/c/en/hot_dog/n\t/c/en/food\t{"w": 1}\n',
        {("hot dog", "IsA", "food")}),
    "Neo4j's Browser": ("x.csv",
        f'n,r,m\n"(:Person {{name: {CURIE}, born: 1867}})",[:DISCOVERED],"(:Element {{name: ""Radium""}})"\n', ONE),
    "Neo4j's Browser, in JSON": ("x.csv", "n;r;m\n" + ";".join(quoted(json.dumps(one)) for one in (
        {"identity": 1, "labels": ["Person"], "properties": {"name": CURIE}},
        {"start": 1, "end": 2, "type": "discovered"},
        {"identity": 2, "labels": ["Element"], "properties": {"name": RADIUM}})) + "\n", ONE),
    "Cytoscape, a table of edges": ("x.csv",
        f"SUID,name,shared interaction\n7,{CURIE} (discovered) {RADIUM},discovered\n", ONE),
    "STRING, with blanks": ("x.csv", "protein1 protein2 combined_score\nP1 P2 173\n", {("P1", "related to", "P2")}),
    "remarks above": ("x.csv",
        f"# by a tool, in May\n% v1\nsource,relation,target\n{CURIE},discovered,{RADIUM}\n", ONE),
    "headings twice": ("x.csv", f"Name,Relation,Name\n{CURIE},discovered,{RADIUM}\n", ONE),
    "two and a figure": ("x.csv", "a1,b1,0.5\nb1,c1,2\n", {("a1", "related to", "b1"), ("b1", "related to", "c1")}),
    "two and a decimal comma": ("x.csv", "a1;b1;0,5\nb1;c1;2\n",
        {("a1", "related to", "b1"), ("b1", "related to", "c1")}),
    "in which year": ("x.csv", "Bohr,died in,1962\nCurie,born in,1867\n",
        {("Bohr", "died in", "1962"), ("Curie", "born in", "1867")}),
    "kinds and a score": ("x.csv", "gene,disease,score\nTP53,cancer,0.9\n", {("TP53", "related to", "cancer")}),
    "two columns": ("x.csv", "a1,b1\nb1,c1\n", {("a1", "related to", "b1"), ("b1", "related to", "c1")}),
    "numbered with a kind": ("x.csv", f"entity1_name,relation,entity2_name\n{CURIE},discovered,{RADIUM}\n", ONE),
    "OpenIE": ("x.tsv", f"0.95\t{CURIE}\tdiscovered\t{RADIUM}\n1.0\t{CURIE}\tborn in\t{WARSAW}\n", BOTH),
    "labels of items beside their addresses": ("x.csv",
        f"from,fromLabel,relation,relationLabel,to,toLabel\nQ7186,{CURIE},P61,discovered,Q1128,{RADIUM}\n", ONE),
    "lists in cells": ("x.csv",
        f"source,relation,target\n{CURIE},discovered,{quoted(json.dumps([RADIUM, 'Polonium']))}\n",
        {*ONE, (CURIE, "discovered", "Polonium")}),
    "lists in cells, as pandas writes them": ("x.csv",
        f"source,relation,target\n{CURIE},discovered,\"['{RADIUM}', 'Polonium']\"\n{CURIE},born in,{WARSAW}\n",
        {*BOTH, (CURIE, "discovered", "Polonium")}),
    "links by place, from 1": ("x.json", {"nodes": [{"name": CURIE}, {"name": WARSAW}, {"name": RADIUM}],
        "links": [{"source": 1, "target": 3, "label": "discovered"},
                  {"source": 1, "target": 2, "label": "born in"}]}, BOTH),
    "relations under the name of nodes": ("x.json", {"entities": [
        {"source": CURIE, "relationship": "discovered", "destination": RADIUM}]}, ONE),
    "columns of Neo4j with different properties": ("x.csv",
        f"p.name,type(r),e.title\n{CURIE},DISCOVERED,{RADIUM}\n", ONE),
    "SPARQL, with rows that are labels": ("x.json", {"head": {"vars": ["s", "p", "o"]}, "results": {"bindings": [
        {"s": uri("Q1"), "p": uri("discovered"), "o": uri("Q2")},
        {"s": uri("Q1"), "p": LABEL, "o": {"type": "literal", "value": CURIE, "xml:lang": "en"}},
        {"s": uri("Q2"), "p": LABEL, "o": {"type": "literal", "value": RADIUM}}]}}, ONE),
    "JSON-LD, a field that the context calls an address": ("x.jsonld", {
        "@context": {"name": "http://schema.org/name", "discovered": {"@id": f"{URI}discovered", "@type": "@id"}},
        "@graph": [{"@id": f"{URI}mc", "name": CURIE, "discovered": f"{URI}ra"}, {"@id": f"{URI}ra", "name": RADIUM}]},
        ONE),
    "columns with endings of their own": ("x.csv", f"SRC_NAME,DST_NAME,REL_NAME\n{CURIE},{RADIUM},discovered\n", ONE),
    "cards of groups and links": ("x.canvas", {"nodes": [
        {"id": CARD, "type": "group", "label": CURIE}, {"id": OTHER, "type": "link", "url": "https://example.org/"}],
        "edges": [{"id": "e", "fromNode": CARD, "toNode": OTHER, "label": "has page"}]},
        {(CURIE, "has page", "https://example.org/")}),
    "three and how sure": ("x.csv", f"{CURIE},discovered,{RADIUM},0.9\n{CURIE},born in,{WARSAW},1\n", BOTH),
}  # fmt: skip


def put(path: Path, content: object) -> Path:
    """Write a file, as JSON what is no text, and return its path."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def relations(path: Path, columns: dict[str, str] | None = None) -> set[tuple[str, str, str]]:
    """Return the relations of a file, by names."""
    delta = read_file(path, columns).delta
    names = {concept.key: concept.name for concept in delta.concepts}
    return {(names[r.source], r.predicate, names[r.target]) for r in (one.relation for one in delta.statements)}


@pytest.mark.parametrize("tool", FILES)
def test_a_file_of_another_tool_is_read_as_it_is_meant(tool: str, tmp_path: Path) -> None:
    """Names, predicates and directions are those of the tool, and nothing is a concept that it does not call one."""
    name, content, wanted = FILES[tool]
    path = put(tmp_path / name, content)
    assert relations(path) == wanted
    ends = {end for source, _, target in wanted for end in (source, target)}
    assert {concept.name for concept in read_file(path).delta.concepts} == ends


def test_types_and_what_is_no_relation_are_told(tmp_path: Path) -> None:
    """An entity's literal is left out with a word; the column of a table without a header has its number."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"entities": ENTITIES}), encoding="utf-8")
    assert "literal P569" in " ".join(read_file(path).left_out)
    path = tmp_path / "x.tsv"
    path.write_text(str(FILES["OpenIE"][1]), encoding="utf-8")
    found = read_file(path)
    assert "source from `column 2`" in found.taken
    assert any("no header is known" in one for one in found.taken)
    assert found.left_out == ("left out: `column 1`",)


def test_a_link_between_more_than_two_is_left_out_and_said(tmp_path: Path) -> None:
    """It is no relation, and nothing of it is guessed."""
    links = [{"source": "a", "target": "b", "label": "meets"}]
    value = {"nodes": ["a", "b", "c"], "links": links, "hyperedges": [{"nodes": ["a", "b", "c"], "relation": "meet"}]}
    (tmp_path / "x.json").write_text(json.dumps(value))
    assert relations(tmp_path / "x.json") == {("a", "meets", "b")}
    assert any("1 of 2 links" in said for said in read_file(tmp_path / "x.json").left_out)


def test_records_of_unknown_fields_are_read_by_their_columns(tmp_path: Path) -> None:
    """Rows that Wikidata's query service gives need to be told which field is which, and have labels for items."""
    rows = [{"item": f"{URI}Q7186", "itemLabel": CURIE, "says": "discovered", "of": f"{URI}Q1128", "ofLabel": RADIUM}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(BadInput, match=r"there are `item`, `says`, `of`; say which they are with  --columns"):
        read_file(path)
    assert relations(path, {"source": "item", "predicate": "says", "target": "of"}) == ONE


@pytest.mark.parametrize("ending", OTHERS)
def test_a_format_that_is_not_read_is_named_with_what_to_do(ending: str, tmp_path: Path) -> None:
    """The sentence says what the file is, whatever is in it, and no traceback comes."""
    path = tmp_path / f"x{ending}"
    path.write_bytes(b"\x00")
    with pytest.raises(BadInput, match=r"it is (?:a|an|DOT|GML|Pajek|RDF|N-Quads|Parquet|text|lines)"):
        read_file(path)


@pytest.mark.parametrize(
    "value",
    [
        {"name": "tool", "version": "1", "dependencies": {"a": "1"}},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Warsaw"}}]},
        {"openapi": "3.0", "paths": {"/x": {"get": {}}}},
        {"a": {"b": 1}, "b": {}},
        {"a": ["x"], "b": []},
        {"name": "tool", "children": ["x"]},
        [{"id": {"@type": "g:Int32", "@value": 1}, "label": "person", "outE": {}}],
    ],
)
def test_what_is_no_graph_is_none(value: object, tmp_path: Path) -> None:
    """No dialect is guessed in a file that only looks like one."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(BadInput, match=r"no node-link graph|which is not read"):
        read_file(path)


def test_the_arguments_of_a_call_are_a_reply() -> None:
    """A log of an endpoint brings what the function was called with, and no concept of the call's id."""
    log = {"choices": [{"message": {"tool_calls": [{"id": "c", "type": "function", "function": CALL}]}}]}
    proposal = parse(json.dumps(log))
    assert [(one.source, one.predicate, one.target) for one in proposal.triples] == [(CURIE, "discovered", RADIUM)]
    assert not proposal.names


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="edge" id="d10" yfiles.type="edgegraphics"/><graph edgedefault="directed"><node id="a"/><node id="b"/>
<edge source="a" target="b"><data key="d10"><y:PolyLineEdge><y:Arrows source="{}" target="{}"/>
<y:EdgeLabel>near</y:EdgeLabel></y:PolyLineEdge></data></edge></graph></graphml>"""
CANVAS: dict[str, Any] = {"nodes": [{"id": "a"}, {"id": "b"}]}
AHEAD, BACK = ("a", "b"), ("b", "a")
DIRECTIONS: dict[str, tuple[str, object, list[tuple[str, str]]]] = {
    **{f"{field} {value}": ("x.csv", f"source,{field},target,label\na,{value},b,near\n", ends)
       for field, value, ends in (
        ("directed", "0", []), ("directed", "no", []), ("directed", "1", [AHEAD]), ("directed", "TRUE", [AHEAD]),
        ("undirected", "true", []), ("bidirectional", "yes", []), ("undirected", "false", [AHEAD]),
        ("direction", "->", [AHEAD]), ("direction", "<-", [BACK]), ("direction", "--", []),
        ("direction", "<->", [AHEAD, BACK]), ("Type", "Mutual", [AHEAD, BACK]), ("direction", "backward", [BACK]))},
    "arrows of vis": ("x.json", [{"from": "a", "to": "b", "arrows": "to, from", "label": "near"}], [AHEAD, BACK]),
    "one graph of two": ("x.json", {"graphs": [
        {"nodes": ["a", "b"], "edges": [{"source": "a", "target": "b", "label": "near"}]},
        {"directed": False, "nodes": ["c"], "edges": []}]}, [AHEAD]),
    "one link of two": ("x.json", {"links": [{"source": "a", "target": "b", "label": "near"},
        {"source": "a", "target": "b", "label": "near", "undirected": True}]}, [AHEAD]),
    "a word for the whole": ("x.json", {"type": "undirected", "edges": [
        {"source": "a", "target": "b", "label": "near"}]}, []),
    "of the graph of networkx": ("x.json", {"graph": {"directed": False}, "links": [
        {"source": "a", "target": "b", "label": "near"}]}, []),
    "Graphviz": ("x.json", {"name": "G", "directed": True, "objects": [
        {"_gvid": 0, "name": "a"}, {"_gvid": 1, "name": "b"}], "edges": [
        {"_gvid": 0, "tail": 0, "head": 1, "label": "near", "dir": "back"}]}, [BACK]),
    "a canvas": ("x.canvas", {**CANVAS, "edges": [
        {"id": "e", "fromNode": "a", "toNode": "b", "label": "near", "toEnd": "none"}]}, []),
    "a canvas, both": ("x.canvas", {**CANVAS, "edges": [
        {"id": "e", "fromNode": "a", "toNode": "b", "label": "near", "fromEnd": "arrow"}]}, [AHEAD, BACK]),
    "yEd, none": ("x.graphml", YED.format("none", "none"), []),
    "yEd, back": ("x.graphml", YED.format("standard", "none"), [BACK]),
    "a symmetric property": ("x.ttl", """@prefix e: <http://e.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
        e:near a owl:SymmetricProperty . e:a e:near e:b .""", []),
}  # fmt: skip


@pytest.mark.parametrize("how", DIRECTIONS)
def test_a_link_goes_the_way_that_the_file_says(how: str, tmp_path: Path) -> None:
    """Ahead, back, both ways, or none, which the evidence says; what says nothing of one link says nothing of it."""
    name, content, wanted = DIRECTIONS[how]
    path = put(tmp_path / name, content)
    said = [one for one in read_file(path).delta.statements if one.relation.predicate == "near"]
    ahead = [one.relation.ends for one in said if one.raw.predicate == "near"]
    assert ahead == wanted
    assert wanted or [one.raw.predicate for one in said] == ["near (undirected)"]


MET = "\nParis,City,in,France,Country\nParis,Person,met,Nicole,Person\n"
OF_NODES = ("source_node_id", "source_node_type", "type", "target_node_id", "target_node_type")
TYPED: dict[str, tuple[str, object]] = {
    "head_type": ("x.csv", f"head,head_type,relation,tail,tail_type{MET}"),
    "x_type": ("x.csv", f"x_name,x_type,relation,y_name,y_type{MET}"),
    "Node Type 1": ("x.csv", f"Node 1,Node Type 1,Edge,Node 2,Node Type 2{MET}"),
    "JSON": ("x.json", [dict(zip(OF_NODES, row.split(","), strict=True)) for row in MET.split()]),
}  # fmt: skip


@pytest.mark.parametrize("how", TYPED)
def test_what_stands_beside_an_end_for_its_type_is_its_type(how: str, tmp_path: Path) -> None:
    """Ends of one name and two types are two concepts, and the summary names the fields of the file."""
    name, content = TYPED[how]
    path = put(tmp_path / name, content)
    found = read_file(path)
    assert {one.name: one.type for one in found.delta.concepts} == {
        "Paris (City)": "City", "France": "Country", "Paris (Person)": "Person", "Nicole": "Person"}  # fmt: skip
    assert found.taken[0].startswith("types of the ends from `")
    assert not found.left_out


NEO4J = [{"id": "0", "label": "Person", "properties": {"name": CURIE}},
         {"id": "1", "label": "Metal", "properties": {"name": RADIUM}}]  # fmt: skip
OF_TYPES: dict[str, tuple[str, object]] = {
    "Neo4j, a label each": ("x.json", {"nodes": NEO4J, "relationships": [
        {"type": "DISCOVERED", "start_node_id": "0", "end_node_id": "1"}]}),
    "Neo4j, records of nodes and a type": ("x.json", [{
        "a": {"identity": 1, "labels": ["Person"], "properties": {"name": CURIE}}, "type(r)": "DISCOVERED",
        "b": {"identity": 2, "labels": ["Metal"], "properties": {"title": RADIUM}}}]),
    "Neo4j, labels in columns": ("x.csv",
        f'labels(a),a.name,type(r),b.title,labels(b)\n"[""Person""]",{CURIE},DISCOVERED,{RADIUM},"[""Metal""]"\n'),
    "the memory of MCP": ("x.json", "\n".join(map(json.dumps, [
        {"type": "entity", "name": CURIE, "entityType": "Person", "observations": []},
        {"type": "entity", "name": RADIUM, "entityType": "Metal", "observations": []},
        {"type": "relation", "from": CURIE, "to": RADIUM, "relationType": "discovered"}]))),
    "LlamaIndex, its property graph": ("x.json", {
        "nodes": {CURIE: {"label": "Person", "name": CURIE}, RADIUM: {"label": "Metal", "name": RADIUM}},
        "relations": {"r": {"label": "DISCOVERED", "source_id": CURIE, "target_id": RADIUM}},
        "triplets": [[CURIE, "r", RADIUM]]}),
    "Prodigy": ("x.json", {"text": f"{CURIE} discovered {RADIUM}", "relations": [{"head": 1, "child": 3,
        "label": "discovered", "head_span": {"start": 0, "end": 11, "label": "Person"},
        "child_span": {"start": 23, "end": 29, "label": "Metal"}}]}),
}  # fmt: skip


@pytest.mark.parametrize("tool", OF_TYPES)
def test_what_a_tool_says_of_its_nodes_is_their_type(tool: str, tmp_path: Path) -> None:
    """And not their name, whether or not a label comes again; nothing is made of what only points."""
    name, content = OF_TYPES[tool]
    path = put(tmp_path / name, content)
    assert relations(path) == ONE
    assert {one.name: one.type for one in read_file(path).delta.concepts} == {CURIE: "Person", RADIUM: "Metal"}


def test_who_stands_in_no_relation_is_a_concept_all_the_same(tmp_path: Path) -> None:
    """An entity among the lines of a memory that nobody relates to another."""
    path = tmp_path / "memory.json"
    path.write_text(str(OF_TYPES["the memory of MCP"][1]) + '\n{"type": "entity", "name": "Polonium"}')
    assert {one.name for one in read_file(path).delta.concepts} == {CURIE, RADIUM, "Polonium"}


@pytest.mark.parametrize(
    "header", ["country,capital,population", "Drug,Effect,Disease", "Gene,Regulation,Target Gene", "who,does,whom"]
)
def test_a_header_of_unknown_words_is_no_relation(header: str, tmp_path: Path) -> None:
    """Above numbers, of classes of things, or beside relations that come again: it is asked which column is what."""
    rows = {
        "country": "France,Paris,67\nNorway,Oslo,5\n",
        "who": "ann,likes,bob\neve,knows,dan\nivo,likes,mia\nkim,knows,lou\n",
    }
    path = tmp_path / "x.csv"
    said = rows.get(header.partition(",")[0], "MYC,activates,CDK4\nTP53,represses,MDM2\n")
    path.write_text(f"{header}\n{said}")
    with pytest.raises(BadInput, match=r"looks like a header.*--columns source=NAME"):
        read_file(path)
    first, second, third = header.split(",")
    assert len(relations(path, {"source": first, "predicate": second, "target": third})) == said.count("\n")
    path.write_text(said.replace("67", "Seine").replace("5", "Aker"))  # without a header
    assert len(relations(path)) == said.count("\n")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "x.json",
            '{"links": [{"from_here": "a"}]}',
            "none of its 1 links has two ends that can be read|no column of it",
        ),
        ("x.csv", "My graph\n\nsource,target\na,b\n", "row 3 is the first with more than one cell"),
        (
            "x.json",
            '{"nodes": ["a", "b", "c"], "hyperedges": [{"nodes": ["a", "b", "c"], "relation": "meet"}]}',
            "none of its 1 links has two ends that can be read",
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_a_true_sentence(name: str, text: str, why: str, tmp_path: Path) -> None:
    """Which is not that there are columns where there are none, nor that cells lack quotation marks."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=why):
        read_file(tmp_path / name)
