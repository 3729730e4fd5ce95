"""Which graph a name stands for: a store's URL or path, or the file of a run."""

from pathlib import Path

from graphgrow.api.knowledge_graph import KnowledgeGraph
from graphgrow.errors import BadInput
from graphgrow.stores import open_store

RUNS = (".jsonl", ".jsonl.gz")


def open_graph(url: str | Path, *, create: bool = False) -> KnowledgeGraph:
    """Return the graph of a store, or of a run file in memory: what is done there does not reach the file.

    Raises BadInput where there is none and `create` is not set, and for a file that is no run.
    """
    url = str(url)
    if not url.endswith(RUNS):
        return KnowledgeGraph(open_store(url, create=create))
    from graphgrow.graph.events import read_events

    file = Path(url)
    if not file.is_file():
        raise BadInput(f"there is no run {file}: give the path of a .jsonl or .jsonl.gz file")
    store = open_store("memory:", create=True)
    store.append(*read_events(file))
    return KnowledgeGraph(store)
