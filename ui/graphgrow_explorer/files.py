"""What is shown, as files to take away."""

from collections.abc import Set as AbstractSet
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from graphgrow.api.explorer import NodePosition, export, trusted_part
from graphgrow_explorer.feedback import note
from graphgrow_explorer.frames import LARGE, groups, positions
from graphgrow_explorer.workspace import Workspace

KINDS = {
    ".graphml": "GraphML", ".gexf": "GEXF", ".csv": "CSV (two tables, zipped)", ".json": "JSON",
    ".ttl": "RDF Turtle", ".cypher": "Cypher script", ".neo4j.csv": "CSV for neo4j-admin (two tables, zipped)",
}  # fmt: skip
DRAWN = {".graphml", ".gexf"}  # formats that say where a concept stands
Kept = AbstractSet[tuple[str, str, str]] | None


def kinds() -> dict[str, str]:
    """Return the formats that can be written here: Turtle needs the extra `rdf`."""
    return {ending: label for ending, label in KINDS.items() if ending != ".ttl" or find_spec("pyoxigraph")}


def downloads(workspace: Workspace, keys: set[str] | None, confidence: float = 0, kept: Kept = None) -> None:
    """Offer the graph as files, or its part with some concepts, of at least this confidence, or with what was kept."""
    with st.popover("Download what is shown", icon=":material/download:"):
        note(
            "GraphML and GEXF open in Gephi, CSV in a spreadsheet, Cypher in Neo4j; Save in the picture makes an image."
        )
        for ending, label in kinds().items():
            st.download_button(
                label, partial(written, workspace, keys, ending, confidence, kept), on_click="ignore",
                key=f"download {ending}", width="stretch",
                file_name=f"graph{'.zip' if ending.endswith('.csv') else ending}",
            )  # fmt: skip


def written(
    workspace: Workspace, keys: set[str] | None, ending: str, confidence: float = 0, kept: Kept = None
) -> bytes:
    """Return a file of a graph, or of some concepts and the relations between them of at least this confidence.

    With `kept` only the relations of these ends and predicates. Places and communities are those of the picture.
    """
    with workspace.reading() as graph, TemporaryDirectory() as folder:
        shown = trusted_part(graph, confidence)
        if keys is not None:
            inside = (one for one in shown.relations if keys.issuperset(one.ends))
            relations = (one for one in inside if kept is None or (one.source, one.predicate, one.target) in kept)
            shown = shown.subgraph(relations, keys)
        drawn = None
        if ending in DRAWN and len(graph.concepts) <= LARGE:
            places, found = positions(workspace), groups(workspace)
            rounded = {key: (round(x, 4), round(y, 4)) for key, (x, y) in places.items()}
            numbers = {key: found.membership[key] for key in shown.concepts}
            drawn = {key: NodePosition(*rounded[key], one, found.colours[one]) for key, one in numbers.items()}
        export(shown, Path(folder, f"graph{ending}"), drawn=drawn)
        made = sorted(Path(folder).iterdir())
        if len(made) == 1:
            return made[0].read_bytes()
        packed = Path(folder, "graph.zip")
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for file in made:
                archive.write(file, file.name)
        return packed.read_bytes()
