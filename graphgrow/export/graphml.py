"""GraphML: for Gephi, yEd, igraph, networkx; also what LightRAG and GraphRAG write."""

from pathlib import Path

from graphgrow.export.positions import positions
from graphgrow.export.rows import Row, concept_rows, flat, is_undirected, relation_rows
from graphgrow.export.xml import attribute, content, events, local, words
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.progress import SILENT, Progress

SPACE = "http://graphml.graphdrawing.org/xmlns"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="{SPACE} {SPACE}/1.0/graphml.xsd">
"""
KINDS = {bool: "boolean", int: "long", float: "double", str: "string"}


def write(graph: Graph, path: Path, progress: Progress = SILENT) -> None:
    """Write concepts with position and community, and relations with their support as weight, under ids of their own.

    Ids are n0, n1 ... and e0, e1 ..., since the format has no blank in one.
    """
    drawn = positions(graph, progress)
    ids = {clean(key): f"n{number}" for number, key in enumerate(graph.concepts)}
    nodes = (
        (row["key"], {"label": row["name"], "x": place.x, "y": place.y, "community": place.community, **flat(row)})
        for row, place in zip(concept_rows(graph, progress), drawn.values(), strict=True)
    )
    links = (
        (row.pop("source"), row.pop("target"), {"label": row["predicate"], "weight": row["support"], **flat(row)})
        for row in relation_rows(graph, progress)
    )
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
            file.write(f'<graph id="G" edgedefault="{"undirected" if is_undirected(graph) else "directed"}">\n')
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
    names, defaults = dict[str, str](), dict[str, dict[str, str]]()  # of attributes by id; by what they are of
    directed, inside, is_graph = [True], list[Row](), False
    for event, element in events(path, progress):
        tag, own = local(element), dict(element.attrib)
        if event == "start":
            if tag == "graph":
                is_graph = True
                directed.append(own.get("edgedefault") != "undirected")
            elif tag in {"node", "edge", "hyperedge"}:
                inside.append({})
            continue
        if tag == "key":
            # yEd keeps what is drawn, and with it the label, in attributes without a name.
            names[own.get("id", "")] = name = own.get("attr.name") or (
                "label" if "graphics" in own.get("yfiles.type", "") else own.get("id", "")
            )
            default = next((words(one) for one in element if local(one) == "default"), "")
            if default and own.get("attr.name"):
                defaults.setdefault(own.get("for", "all"), {})[name] = default
        elif tag == "data" and inside:
            name = names.get(own.get("key", ""), own.get("key", ""))
            if text := words(element):
                inside[-1][name] = text
        elif tag == "graph":
            directed.pop()
        elif tag in {"node", "edge", "hyperedge"}:
            row = {**defaults.get("all", {}), **defaults.get(tag, {}), **inside.pop()}
            if tag == "node":
                nodes.append({**row, "id": own.get("id", "")})
            elif tag == "edge":
                says = own.get("directed")
                row |= {"source": own.get("source"), "target": own.get("target")}
                links.append(row | {"directed": directed[-1] if says is None else says in {"true", "1"}})
            else:
                links.append(row)  # of more than two ends: counted as one that cannot be read
            element.clear()
    if not is_graph:
        raise ValueError("it holds no element <graph>")
    return nodes, links
