"""A part of a graph too large for memory, as the tables of a picture: what its store's index answers, no more."""

from collections.abc import Sequence

import pandas as pd

from graphgrow.api.explorer import GraphIndex, layout
from graphgrow_explorer.workspace import Workspace

TOP = 1_000  # concepts with most relations, which are drawn first
NEAR = 150  # neighbours of a concept that are drawn, those with most relations: as many as are laid out at once
FARTHER = 10  # likewise of each of them, where two relations away are asked for
KEPT = 32  # parts
NODES = {
    "key": "str", "name": "str", "size": "int64", "community": "int64", "first_seq": "int64", "degree": "int64",
    "type": "str", "x": "float64", "y": "float64",
}  # fmt: skip
EDGES = {"source": "str", "target": "str", "predicate": "str", "support": "int64", "first_seq": "int64"}


def part(
    workspace: Workspace, index: GraphIndex, centre: Sequence[str] = (), depth: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return concepts and relations: those with most relations, or those around a centre; kept while nothing is new."""
    with workspace.lock:
        made: dict[tuple[object, ...], tuple[pd.DataFrame, pd.DataFrame]] = workspace.keep("parts", lambda _: {})
        choice = (*centre, depth)
        if choice not in made:
            if len(made) >= KEPT:
                del made[next(iter(made))]
            made[choice] = tables(index, around(index, centre, depth) if centre else index.hubs(TOP))
        return made[choice]


def around(index: GraphIndex, centre: Sequence[str], depth: int) -> list[str]:
    """Return the keys of some concepts and of those up to `depth` relations away, the nearest first."""
    near = dict.fromkeys(centre)
    ring = [other for key in centre for other in index.neighbours(key, NEAR)]
    near |= dict.fromkeys(ring)
    for _ in range(depth - 1):
        ring = [other for key in dict.fromkeys(ring) for other in index.neighbours(key, FARTHER)]
        near |= dict.fromkeys(ring)
    return list(near)[:TOP]


def tables(index: GraphIndex, keys: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return some concepts with their places, and the relations between them."""
    relations = index.relations(keys)
    concepts = index.concepts(keys)
    places = layout(((one.source, one.target) for one in relations), [one.key for one in concepts])
    nodes = pd.DataFrame(
        [(one.key, one.name, one.relations, -1, one.first_seq, one.relations, one.type, *places[one.key])
         for one in concepts], columns=list(NODES),
    ).astype(NODES)  # fmt: skip
    edges = pd.DataFrame(
        [(one.source, one.target, one.predicate, support, first) for one, (support, first, _) in relations.items()],
        columns=list(EDGES),
    ).astype(EDGES)
    return nodes if nodes["type"].any() else nodes.drop(columns="type"), edges
