"""GraphML: for Gephi, yEd, igraph, networkx; also what LightRAG and GraphRAG write."""

from collections.abc import Mapping
from pathlib import Path

from graphgrow.export.positions import NodePosition, positions
from graphgrow.export.rows import Row, concept_rows, flat, has_direction, is_undirected, relation_rows
from graphgrow.export.xml import Element, attribute, content, local, pieces, words
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.shapes import WAYS

SPACE = "http://graphml.graphdrawing.org/xmlns"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="{SPACE} {SPACE}/1.0/graphml.xsd">
"""
KINDS = {bool: "boolean", int: "long", float: "double", str: "string"}


def write(
    graph: Graph, path: Path, progress: Progress = SILENT, drawn: Mapping[str, NodePosition] | None = None
) -> None:
    """Write concepts with position and community, and relations with their support as weight, under ids of their own.

    Ids are n0, n1 ... and e0, e1 ..., since the format allows no blank in an id.
    """
    drawn = drawn or positions(graph, progress)
    ids = {clean(key): f"n{number}" for number, key in enumerate(graph.concepts)}
    nodes = (
        (row["key"], {"label": row["name"], "x": place.x, "y": place.y, "community": place.community, **flat(row)})
        for row, place in zip(concept_rows(graph, progress), (drawn[key] for key in graph.concepts), strict=True)
    )
    is_directed = not is_undirected(graph)

    def link(row: Row) -> tuple[str, str, Row]:
        # In a directed graph this is data, not an attribute of the edge, which networkx refuses.
        says = {} if has_direction(row) or not is_directed else {"directed": False}
        return (
            row.pop("source"),
            row.pop("target"),
            {"label": row["predicate"], "weight": row["support"], **flat(row), **says},
        )

    links = map(link, relation_rows(graph, progress))
    # The attributes stand before all else, so the bodies are written first and put after them.
    declared: dict[tuple[str, str], str] = {("graph", "topic"): "string"}

    def data(kind: str, row: Row) -> str:
        for name, value in row.items():
            declared.setdefault((kind, name), KINDS[type(value)])
        return "".join(
            f"<data key={attribute(f'{kind}-{name}')}>{content(value)}</data>" for name, value in row.items()
        )

    body = path.with_name(f"{path.name}.body")
    try:
        with body.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f'<graph id="G" edgedefault="{"directed" if is_directed else "undirected"}">\n')
            file.write(f"{data('graph', {'topic': clean(graph.topic)})}\n")
            file.writelines(f'<node id="{ids[key]}">{data("node", row)}</node>\n' for key, row in nodes)
            file.writelines(
                f'<edge id="e{number}" source="{ids[source]}" target="{ids[target]}">{data("edge", row)}</edge>\n'
                for number, (source, target, row) in enumerate(links)
            )
            file.write("</graph>\n</graphml>\n")
        with (
            path.open("w", encoding="utf-8", newline="\n") as whole,
            body.open(encoding="utf-8", newline="\n") as written,
        ):
            whole.write(HEAD)
            whole.writelines(
                f'<key id={attribute(f"{kind}-{name}")} for="{kind}" attr.name={attribute(name)} attr.type="{of}"/>\n'
                for (kind, name), of in declared.items()
            )
            whole.writelines(written)
    finally:
        body.unlink(missing_ok=True)


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; edges say whether they are directed."""
    nodes, links = list[Row](), list[Row]()
    names, defaults = dict[str, str](), dict[str, Row]()  # of attributes by id; for nodes and for edges
    is_graph = False

    def take(graph: Element, element: Element) -> None:
        """Take in a node or an edge of a graph, and what a graph inside it holds."""
        tag = local(element.tag)
        if tag not in {"node", "edge", "hyperedge"}:
            return
        row: Row = {**defaults.get("all", {}), **defaults.get(tag, {})}
        row |= {name: own for name in ("label", "labels") if (own := element.get(name))}  # of Neo4j
        graphs, is_drawn = list[Element](), False
        for child in element:
            name = local(child.tag)
            if name == "data" and (text := words(child)):
                key = child.get("key", "")
                row[names.get(key, key)] = text
            is_drawn = is_drawn or len(child) > 0
            if name == "graph":
                graphs.append(child)
        if tag == "node":
            row["id"] = element.get("id", "")
            nodes.append(row)
        elif tag == "edge":
            says = element.get("directed")
            row |= {"source": element.get("source"), "target": element.get("target")}
            if says or graph.get("edgedefault") == "undirected" or "directed" not in row:
                row["directed"] = says in {"true", "1"} if says else graph.get("edgedefault") != "undirected"
            drawings = element.iter() if is_drawn else ()  # as yEd has them
            arrows = next((one for one in drawings if local(one.tag) == "Arrows"), None)
            if arrows is not None and row["directed"]:
                drawn = arrows.get("source") != "none", arrows.get("target") != "none"
                row["direction"] = WAYS[drawn]
                del row["directed"]
            links.append(row)
        else:
            links.append(row)  # of more than two ends: counted as one that cannot be read
        for inside in graphs:
            for one in inside:
                take(inside, one)

    for holder, element in pieces(path, ("graph",), progress):
        is_graph = is_graph or holder is element
        if local(element.tag) == "key":
            # yEd keeps what is drawn, and with it the label, in attributes without a name.
            key, own = element.get("id", ""), element.get("attr.name", "")
            names[key] = own or ("label" if "graphics" in element.get("yfiles.type", "") else key)
            default = next((words(one) for one in element if local(one.tag) == "default"), "")
            if default and own:
                defaults.setdefault(element.get("for", "all"), {})[own] = default
        take(holder, element)
    if not is_graph:
        raise ValueError("it holds no element <graph>")
    return nodes, links
