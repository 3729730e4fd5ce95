"""What is shown, as files to take away."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from graphgrow.api.explorer import export, trusted_part
from graphgrow_explorer.feedback import note
from graphgrow_explorer.workspace import Workspace

KINDS = {
    ".graphml": "GraphML", ".gexf": "GEXF", ".csv": "CSV (two tables, zipped)", ".json": "JSON",
    ".ttl": "RDF Turtle", ".cypher": "Cypher script", ".neo4j.csv": "CSV for neo4j-admin (two tables, zipped)",
}  # fmt: skip


def kinds() -> dict[str, str]:
    """Return the formats that can be written here: Turtle needs the extra `rdf`."""
    return {ending: label for ending, label in KINDS.items() if ending != ".ttl" or find_spec("pyoxigraph")}


def downloads(workspace: Workspace, keys: set[str] | None, confidence: float = 0) -> None:
    """Offer the graph, or what of it some concepts are or is of at least this confidence, as files."""
    with st.popover("Download what is shown", icon=":material/download:"):
        note(
            "GraphML and GEXF open in Gephi, CSV in a spreadsheet, Cypher in Neo4j; PNG in the picture saves an image."
        )
        for ending, label in kinds().items():
            st.download_button(
                label, partial(written, workspace, keys, ending, confidence), on_click="ignore",
                key=f"download {ending}", width="stretch",
                file_name=f"graph{'.zip' if ending.endswith('.csv') else ending}",
            )  # fmt: skip


def written(workspace: Workspace, keys: set[str] | None, ending: str, confidence: float = 0) -> bytes:
    """Return a file of a graph, or of some concepts and the relations between them of at least this confidence."""
    with workspace.reading() as graph, TemporaryDirectory() as folder:
        shown = trusted_part(graph, confidence)
        if keys is not None:
            shown = shown.subgraph((one for one in shown.relations if keys.issuperset(one.ends)), keys)
        export(shown, Path(folder, f"graph{ending}"))
        made = sorted(Path(folder).iterdir())
        if len(made) == 1:
            return made[0].read_bytes()
        packed = Path(folder, "graph.zip")
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for file in made:
                archive.write(file, file.name)
        return packed.read_bytes()
