"""What is shown, as files to take away."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from graphgrow.export import export
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Delta, Edit, Statement
from graphgrow_explorer.feedback import note
from graphgrow_explorer.state import Home

KINDS = {
    ".graphml": "GraphML", ".gexf": "GEXF", ".csv": "CSV (two tables, zipped)", ".json": "JSON",
    ".ttl": "RDF Turtle", ".cypher": "Cypher script", ".neo4j.csv": "CSV for neo4j-admin (two tables, zipped)",
}  # fmt: skip


def kinds() -> dict[str, str]:
    """Return the formats that can be written here: Turtle needs the extra `rdf`."""
    return {ending: label for ending, label in KINDS.items() if ending != ".ttl" or find_spec("pyoxigraph")}


def downloads(home: Home, keys: set[str] | None) -> None:
    """Offer the graph, or the part of it that some concepts are, as files."""
    with st.popover("Download what is shown", icon=":material/download:"):
        note(
            "GraphML and GEXF open in Gephi, CSV in a spreadsheet, Cypher in Neo4j; PNG in the picture saves an image."
        )
        for ending, label in kinds().items():
            st.download_button(
                label, _later(home, keys, ending), file_name=f"graph{'.zip' if ending.endswith('.csv') else ending}",
                on_click="ignore", key=f"download {ending}", width="stretch",
            )  # fmt: skip


def _later(home: Home, keys: set[str] | None, ending: str) -> Callable[[], bytes]:
    return lambda: written(home, keys, ending)


def written(home: Home, keys: set[str] | None, ending: str) -> bytes:
    """Return a file of a graph, or of the part of it that some concepts are."""
    with home.reading() as graph, TemporaryDirectory() as folder:
        path = Path(folder, f"graph{ending}")
        export(graph if keys is None else part(graph, keys), path)
        made = sorted(Path(folder).iterdir())
        if len(made) == 1:
            return made[0].read_bytes()
        packed = Path(folder, "graph.zip")
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for file in made:
                archive.write(file, file.name)
        return packed.read_bytes()


def part(graph: Graph, keys: set[str]) -> Graph:
    """Return the graph of some concepts and the relations between them, with the support that these have."""
    concepts = tuple(concept for key, concept in graph.concepts.items() if key in keys)
    said = tuple(
        Statement(relation, evidence[0].raw, graph.support(relation))
        for relation, evidence in graph.relations.items()
        if keys.issuperset(relation.ends)
    )
    found = Graph(topic=graph.topic)
    found.apply(Edit(1, "add", Delta(concepts=concepts, relations=said)))
    return found
