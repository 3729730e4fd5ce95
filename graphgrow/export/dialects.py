"""JSON of particular tools that field names do not explain, as nodes and links: known by its shape, not guessed.

Trees of d3 and networkx, its adjacency as a dictionary, the triplet store and the property graph of LlamaIndex, objects
that LangChain dumped, entities of Wikidata, results of SPARQL, what Graphviz drew, the memory server of MCP, records of
Neo4j, annotations of Prodigy.
"""

import re
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.export.turtle import NAMING
from graphgrow.parse.fields import word
from graphgrow.parse.nodes import in_words, texts_of

Row = dict[str, Any]
_TYPE_OF = re.compile(r"type\(\w{1,20}\)", re.IGNORECASE)
_LABEL = "Label"  # behind the name of a variable, in results of Wikidata
_ENDS = 2  # of a relation
_NAMES = ("name", "id", "label", "title", "text")  # of a node in a tree


def translated(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a document as an object with nodes and links where it is in a dialect, else as it is.

    Raises BadInput for a dialect that is known, and not read.
    """
    if isinstance(value, dict):
        for read in (_constructed, _results, _entities, _triplets, _property_graph, _drawn, _tree, _adjacency):
            if (found := read(value)) is not None:
                return found
    rows = value if isinstance(value, list) else [value]
    if any(isinstance(row, dict) and {"outE", "inE"} & row.keys() for row in rows):
        raise BadInput("it is GraphSON, which is not read: write the graph as GraphML, with  g.io('x.graphml').write()")
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        return _annotated(value)
    if all("labels" in row for row in value):
        return _entities({"entities": {str(row.get("id")): row for row in value}}) or value
    return _memories(value) or _cypher_records(value) or [*map(_annotated, labelled(value))]


def records(value: Any) -> list[Row]:  # noqa: ANN401  # JSON
    """Return a list of records with the same fields and plain values, which --columns may explain; else none."""
    value = translated(value)
    is_table = isinstance(value, list) and all(isinstance(row, dict) and len(row) > 1 for row in value)
    is_table = is_table and len({tuple(row) for row in value}) == 1
    is_plain = is_table and not any(isinstance(one, (dict, list)) for row in value for one in row.values())
    return value if is_plain else []


def _constructed(value: Row) -> Any:  # noqa: ANN401  # JSON
    """Return what LangChain dumped as its constructors and their arguments."""

    def plain(one: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(one, dict):
            is_constructor = "lc" in one and isinstance(one.get("kwargs"), dict)
            return {name: plain(inner) for name, inner in (one["kwargs"] if is_constructor else one).items()}
        return [plain(inner) for inner in one] if isinstance(one, list) else one

    return plain(value) if "lc" in value and isinstance(value.get("kwargs"), dict) else None


def _results(value: Row) -> Any:  # noqa: ANN401  # JSON
    """Return the rows of SPARQL results: an address by its last part in words, or by its label where there is one."""
    head, results = value.get("head"), value.get("results")
    if not (isinstance(head, dict) and isinstance(results, dict) and isinstance(results.get("bindings"), list)):
        return None
    names, bindings = dict[str, str](), list[Row]()
    for row in results["bindings"]:
        if not isinstance(row, dict):
            continue
        said = {name: one for name in head.get("vars", ()) if isinstance(one := row.get(name, {}), dict)}
        uris = [one.get("value") for one in said.values() if one.get("type") == "uri"]
        texts = [one.get("value") for one in said.values() if one.get("type") != "uri"]
        is_naming = len(uris) == _ENDS and len(texts) == 1 and word(in_words(str(uris[1]))) in NAMING
        if is_naming and isinstance(texts[0], str):
            names.setdefault(str(uris[0]), texts[0])
        else:
            bindings.append(said)
    return labelled([
        {
            name: names.get(text) or in_words(text) if one.get("type") == "uri" else text
            for name, one in said.items()
            if isinstance(text := one.get("value", ""), str)
        }
        for said in bindings
    ])  # fmt: skip


def labelled(rows: list[Any]) -> list[Any]:
    """Return records with the label of an item in its place: `item` and `itemLabel`, as Wikidata has them."""
    labels = {name for row in rows if isinstance(row, dict) for name in row if name.removesuffix(_LABEL) in row}
    labels = {name for name in labels if name.endswith(_LABEL)}
    if not labels:
        return rows
    return [
        {name: row.get(name + _LABEL) or one for name, one in row.items() if name not in labels}
        if isinstance(row, dict)
        else row
        for row in rows
    ]


def _entities(value: Row) -> Row | None:
    """Return entities of Wikidata, and their claims about each other; a property is its label where the file has it."""
    entities = value.get("entities")
    if not isinstance(entities, dict):
        entities = {str(value.get("id")): value} if {"claims", "labels"} <= value.keys() else {}
    entities = {ident: one for ident, one in entities.items() if isinstance(one, dict) and "labels" in one}
    if not any(isinstance(one.get("claims"), dict) for one in entities.values()):
        return None

    def name(ident: str) -> str:
        labels = entities.get(ident, {}).get("labels")
        said = labels if isinstance(labels, dict) else {}
        first: Any = next(iter(said.values()), ident)
        text: Any = said.get("en", first)
        return str(text.get("value") or ident) if isinstance(text, dict) else str(text)

    rows, links = dict[str, Row](), list[Row]()
    for ident, one in entities.items():
        if one.get("type") == "property":
            continue
        row = rows.setdefault(ident, {"id": ident, "name": name(ident)})
        claims = one.get("claims")
        for says, statements in claims.items() if isinstance(claims, dict) else ():
            for statement in statements if isinstance(statements, list) else ():
                snak = statement.get("mainsnak") if isinstance(statement, dict) else None
                data = snak.get("datavalue") if isinstance(snak, dict) else None
                meant = data.get("value") if isinstance(data, dict) else None
                if isinstance(meant, dict) and isinstance(other := meant.get("id"), str):
                    rows.setdefault(other, {"id": other, "name": name(other)})
                    links.append({"source": ident, "predicate": name(says), "target": other})
                else:
                    row[f"literal {name(says)}"] = meant
    return {"nodes": list(rows.values()), "links": links}


def _triplets(value: Row) -> Row | None:
    """Return the triplets of LlamaIndex's simple store: by subject, each a list of predicates and objects."""
    held = value.get("graph_dict")
    if not isinstance(held, dict):
        return None
    links = [
        dict(zip(("source", "predicate", "target"), (subject, *pair), strict=True))
        for subject, pairs in held.items()
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, list) and list(map(type, pair)) == [str, str]
    ]
    return {"links": links}


def _property_graph(value: Row) -> Row | None:
    """Return LlamaIndex's property graph: nodes and relations by their ids, and triplets of these ids beside them."""
    nodes, links, triplets = (value.get(name) for name in ("nodes", "relations", "triplets"))
    if not (isinstance(nodes, dict) and isinstance(links, dict) and isinstance(triplets, list)):
        return None
    rows = [{"id": ident, **row} for ident, row in nodes.items() if isinstance(row, dict)]
    typed = [{"type" if name == "label" else name: inner for name, inner in row.items()} for row in rows]
    return {"nodes": typed, "links": list(links.values())}


def _memories(rows: list[Row]) -> Row | None:
    """Return what the memory server of MCP keeps: a line each for entities, and for relations between their names."""
    if not all(row.get("type") in ("entity", "relation") for row in rows):  # which may be any JSON
        return None
    plain = [(row["type"], {name: inner for name, inner in row.items() if name != "type"}) for row in rows]
    return {
        "nodes": [row for kind, row in plain if kind == "entity"],
        "links": [row for kind, row in plain if kind == "relation"],
    }


def _cypher_records(rows: list[Row]) -> Row | None:
    """Return records of Neo4j that are two nodes and the type of what relates them, as `RETURN a, type(r), b` gives."""
    links = list[Row]()
    for row in rows:
        ends = [one for one in row.values() if isinstance(one, dict) and {"labels", "properties"} <= one.keys()]
        says = [one for name, one in row.items() if _TYPE_OF.fullmatch(name) and isinstance(one, str)]
        if len(ends) != _ENDS or len(says) != 1:
            return None
        links.append({"source": ends[0], "predicate": says[0], "target": ends[1]})
    return {"links": links}


def _annotated(row: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a text of Prodigy with its relations between the passages that they mean; anything else as it is."""
    text, links = (row.get("text"), row.get("relations")) if isinstance(row, dict) else ("", None)
    if not (isinstance(text, str) and isinstance(links, list) and links):
        return row
    made = list[Row]()
    for link in links:
        spans = (link.get(name) for name in ("head_span", "child_span")) if isinstance(link, dict) else ()
        ends = [end for end in spans if isinstance(end, dict)]
        if len(ends) != _ENDS or not all(isinstance(end.get(side), int) for end in ends for side in ("start", "end")):
            return row
        names = [{"name": text[end["start"] : end["end"]], "type": end.get("label") or ""} for end in ends]
        made.append({"source": names[0], "predicate": link.get("label"), "target": names[1]})
    return {"links": made}


def _drawn(value: Row) -> Row | None:
    """Return a graph of Graphviz, whose edges go from their tail to their head; a label may stand for the name."""
    edges = value.get("edges")
    if not (isinstance(edges, list) and edges and all(isinstance(one, dict) and "_gvid" in one for one in edges)):
        return None
    ends = {"tail": "source", "head": "target"}
    kept = (*ends, "label", "dir")
    objects = value.get("objects")
    nodes = [
        {"id": one.get("_gvid"), "name": one.get("name") if one.get("label") in {None, "", "\\N"} else one["label"]}
        for one in (objects if isinstance(objects, list) else ())
        if isinstance(one, dict) and "nodes" not in one  # which is a cluster of others
    ]
    links = [{ends.get(name, name): one[name] for name in kept if name in one} for one in edges]
    return {"directed": value.get("directed", True), "nodes": nodes, "links": links}


def _tree(value: Row) -> Row | None:
    """Return a tree as its nodes and a link from each to every child, which says nothing more."""
    if not isinstance(value.get("children"), list) or not texts_of(_name(value)):
        return None
    rows, links, waiting = list[Row](), list[Row](), [(value, -1)]
    for one, parent in waiting:
        if not isinstance(one, dict) or not texts_of(_name(one)):
            return None
        beside = {name: inner for name, inner in one.items() if name not in (*_NAMES, "children")}
        rows.append({"id": len(rows), "name": _name(one), **beside})
        if parent >= 0:
            links.append({"source": parent, "target": len(rows) - 1})
        children = one.get("children")
        waiting += [(child, len(rows) - 1) for child in (children if isinstance(children, list) else ())]
    return {"nodes": rows, "links": links}


def _name(one: Row) -> Any:  # noqa: ANN401  # JSON
    return next((one[name] for name in _NAMES if one.get(name)), "")


def _adjacency(value: Row) -> Row | None:
    """Return what networkx writes as a dictionary of dictionaries, or of lists: every neighbour is a node of it too."""
    inner = list(value.values())
    if not any(inner) or not (
        all(isinstance(one, dict) for one in inner) or all(isinstance(one, list) for one in inner)
    ):
        return None
    if any(not isinstance(other, str) or other not in value for others in inner for other in others):
        return None
    links = list[Row]()
    for source, others in value.items():
        for target in others:
            said = others[target] if isinstance(others, dict) else {}
            if not isinstance(said, dict):
                return None
            # Of several edges between two nodes each has a number.
            several = list(said.values()) if said and all(isinstance(one, dict) for one in said.values()) else [said]
            links += [{**one, "source": source, "target": target} for one in several]
    return {"nodes": [{"id": name} for name in value], "links": links}
