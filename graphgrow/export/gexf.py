"""GEXF, the format that Gephi keeps its graphs in: positions, communities, and the event that brought each concept.

It is written as 1.2, which every reader takes, and read whatever its version, by the names of its elements.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from graphgrow.export.positions import PALETTE, NodePosition, positions
from graphgrow.export.rows import Row, concept_rows, flat, has_direction, is_undirected, relation_rows
from graphgrow.export.xml import Element, attribute, local, pieces
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.progress import SILENT, Progress

SCALE = 100.0  # Gephi draws a node about ten units wide
SPACE = "http://www.gexf.net/1.2draft"
TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


def write(
    graph: Graph, path: Path, progress: Progress = SILENT, drawn: Mapping[str, NodePosition] | None = None
) -> None:
    """Write a dynamic graph: a concept or relation starts at the event that brought it, for Gephi's time line."""
    drawn = drawn or positions(graph, progress)

    def values(row: Row, declared: dict[str, str]) -> str:
        for name, value in row.items():
            declared.setdefault(name, TYPES[type(value)])
        return "".join(f"<attvalue for={attribute(name)} value={attribute(value)}/>" for name, value in row.items())

    default = "undirected" if is_undirected(graph) else "directed"
    of_nodes, of_edges = dict[str, str](), dict[str, str]()
    body = path.with_name(f"{path.name}.body")
    try:
        with body.open("w", encoding="utf-8", newline="\n") as file:
            file.write("<nodes>\n")
            for row, place in zip(concept_rows(graph, progress), (drawn[key] for key in graph.concepts), strict=True):
                key = row.pop("key")
                red, green, blue = bytes.fromhex(PALETTE[place.colour][1:])
                rest = {"concept_key": key, "community": place.community, **flat(row)}
                file.write(
                    f'<node id={attribute(key)} label={attribute(row["name"])} start="{row["first_seq"]}">'
                    f"<attvalues>{values(rest, of_nodes)}</attvalues>"
                    f'<viz:color r="{red}" g="{green}" b="{blue}"/>'
                    f'<viz:position x="{SCALE * place.x:.2f}" y="{SCALE * place.y:.2f}" z="0.0"/></node>\n'
                )
            file.write("</nodes>\n<edges>\n")
            for number, row in enumerate(relation_rows(graph, progress)):
                says = "" if has_direction(row) or default == "undirected" else ' type="undirected"'
                source, target, rest = row.pop("source"), row.pop("target"), flat(row)
                file.write(
                    f'<edge id="e{number}" source={attribute(source)} target={attribute(target)}{says}'
                    f' label={attribute(row["predicate"])} weight="{row["support"]}" start="{row["first_seq"]}">'
                    f"<attvalues>{values(rest, of_edges)}</attvalues></edge>\n"
                )
            file.write("</edges>\n</graph>\n</gexf>\n")
        with (
            path.open("w", encoding="utf-8", newline="\n") as whole,
            body.open(encoding="utf-8", newline="\n") as written,
        ):
            whole.write(
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<gexf xmlns="{SPACE}" xmlns:viz="{SPACE}/viz" version="1.2">\n'
                f'<meta lastmodifieddate="{datetime.now(UTC):%Y-%m-%d}"><creator>graphgrow</creator>'
                f"<description>{attribute(clean(graph.topic))[1:-1]}</description></meta>\n"
                f'<graph defaultedgetype="{default}" mode="dynamic"'
                ' timeformat="double">\n'
            )
            for kind, declared in (("node", of_nodes), ("edge", of_edges)):
                lines = (f'<attribute id={attribute(name)} title={attribute(name)} type="{of}"/>\n'
                         for name, of in declared.items())  # fmt: skip
                whole.writelines((f'<attributes class="{kind}" mode="static">\n', *lines, "</attributes>\n"))
            whole.writelines(written)
    finally:
        body.unlink(missing_ok=True)


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; a node's label, as the format means it, is a name and never a type.

    Edges say whether they are directed; by the format, those that do not say so are not.
    """
    nodes, links = list[Row](), list[Row]()
    titles = dict[str, dict[str, str]]()  # of attributes by their id, for nodes and for edges
    default = "undirected"

    def take(element: Element) -> None:
        """Take in a node, with those inside it, or an edge."""
        tag, own, row = local(element.tag), element.attrib, Row()
        named = titles.get(tag, {})
        for child in element:
            name = local(child.tag)
            if name == "attvalues":
                for one in child:
                    ident = one.get("for") or one.get("id") or ""
                    row.setdefault(named.get(ident, ident), one.get("value") or "")
            elif name in {"nodes", "edges"}:
                for one in child:
                    take(one)
        if tag == "node":
            label = {"node label": own.get("label")}
            nodes.append({**label, **row, "id": own.get("id", ""), "key": row.get("concept_key")})
        elif tag == "edge":
            said: Row = {name: own[name] for name in ("label", "kind") if name in own}
            ends = {"source": own.get("source"), "target": own.get("target")}
            kind = own.get("type", default)
            links.append({**said, **row, **ends, "directed": kind != "undirected"})
            if kind == "mutual":  # two directions of one edge
                links.append({**links[-1], "source": own.get("target"), "target": own.get("source")})

    is_graph = False
    for holder, element in pieces(path, ("graph", "nodes", "edges"), progress):
        if holder is element:
            is_graph = is_graph or local(element.tag) == "graph"
            default = element.get("defaultedgetype", default)
        elif local(element.tag) == "attributes":
            of = titles.setdefault(element.get("class", ""), {})
            of |= {ident: one.get("title") or ident for one in element if (ident := one.get("id"))}
        else:
            take(element)
    if not is_graph:
        raise ValueError("it holds no element <graph>")
    return nodes, links
