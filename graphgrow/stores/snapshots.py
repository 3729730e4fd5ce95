"""The snapshot beside the file of a graph, so that opening costs what changed since and not the whole log.

It counts only as long as the store says so, which keeps its digest and that of the last event in it: where the log has
another event there, or another file was put in its place, it is no snapshot. It is written anew when an eighth of the
log, and EVENTS at least, came after it.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from graphgrow.graph.graph import Graph, uncollected
from graphgrow.graph.snapshot import UNREADABLE, VERSION, load, save
from graphgrow.stores import GraphStore

EVENTS = 5000  # a shorter log is folded faster than a snapshot is looked at
SHARE = 8
_KIND, _KEY = f"snapshot {VERSION}", "fold"


@uncollected()
def opened(store: GraphStore, path: Path, digest_at: Callable[[int], str], last: int, *, keeps: bool) -> Graph:
    """Return the graph of a store whose snapshot is, or will be where it `keeps` one, the file at `path`.

    `digest_at` returns the digest of an event, "" where the log has none, `last` is the number of the last event.
    """
    graph = Graph()
    if (held := store.recall(_KIND, [_KEY]).get(_KEY)) and path.exists():
        with suppress(*UNREADABLE):
            known = json.loads(held)
            if known["event"] and known["event"] == digest_at(int(known["seq"])):
                found = load(path, known["file"])
                graph = found if found and found.seq == known["seq"] else graph
    event = digest_at(last) if keeps and last - graph.seq >= max(EVENTS, graph.seq // SHARE) else ""
    with suppress(OSError):  # a disk that is full, a folder that cannot be written: it is opened by its log
        if event and (own := save(takewhile(lambda one: one.seq <= last, store.events()), path)):
            store.remember(_KIND, {_KEY: json.dumps({"seq": last, "event": event, "file": own}).encode()})
            graph = load(path, own) or graph
    graph.apply_all(store.events(graph.seq))
    return graph
