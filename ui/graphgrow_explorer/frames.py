"""A graph as the tables that a picture and its lists are made of; each worked out once for a version of the graph."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from graphgrow.graph.graph import Graph
from graphgrow.measure.communities import Community, follow
from graphgrow_explorer.positions import Places, positions, settled
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import short

if TYPE_CHECKING:
    from collections.abc import Collection

Show = Literal["everything", "top", "around", "communities"]

LARGE = 5_000  # concepts; beyond, a picture of everything is no longer the first that is drawn
TOP = 1_000
ROUNDS = 3  # of Leiden's method in a large graph, within .01 of its last modularity
EXACT = 2_000  # concepts; betweenness costs concepts times relations

TYPES = {"source": "str", "target": "str", "predicate": "str", "support": "int64", "first_seq": "int64"}


@dataclass(frozen=True, slots=True)
class Groups:
    """The communities of a graph: concept -> number, and the communities, the largest first."""

    membership: dict[str, int]
    communities: tuple[Community, ...]
    names: dict[int, str]


def groups(home: Home) -> Groups:
    """Return the communities of the graph as it stands; one keeps its number as the graph grows."""
    return home.keep("groups", lambda graph: _groups(graph, home.before("groups")))


def _groups(graph: Graph, before: object) -> Groups:
    known = before.membership if isinstance(before, Groups) else {}
    membership, communities = follow(
        graph.neighbours, known, graph.seq, rounds=ROUNDS if len(graph.concepts) > LARGE else None
    )
    names = {one.number: short(", ".join(graph.name(key) for key in one.name), 80) for one in communities}
    return Groups(membership, communities, names)


def nodes(home: Home) -> pd.DataFrame:
    """Return a row a concept: all columns of a picture but its place, and numbers to colour and size it by."""
    with home.reading():
        found = groups(home)
        return home.keep("nodes", lambda graph: _nodes(graph, found))


def _nodes(graph: Graph, found: Groups) -> pd.DataFrame:
    keys = list(graph.concepts)
    simple = graph.igraph()
    degree = simple.degree()
    table = pd.DataFrame(
        {
            "key": pd.Series(keys, dtype="str"),
            "name": pd.Series([graph.name(key) for key in keys], dtype="str"),
            "size": degree,
            "community": [found.membership[key] for key in keys],
            "first_seq": [graph.introduced[key] for key in keys],
            "degree": degree,
            "distance": [graph.depth.get(key, -1) for key in keys],
            "asked": [graph.asks.get(key, 0) for key in keys],
            "pagerank": simple.pagerank() if keys else [],
        }
    )
    if 2 < len(keys) <= EXACT:  # noqa: PLR2004  # two concepts have nothing between them
        pairs = (len(keys) - 1) * (len(keys) - 2) / 2
        table["betweenness"] = [value / pairs for value in simple.betweenness()]
    return table


def edges(home: Home) -> pd.DataFrame:
    """Return a row a relation: the columns of TYPES."""
    return home.keep("edges", _edges)


def _edges(graph: Graph) -> pd.DataFrame:
    rows = [(r.source, r.target, r.predicate, sum(one.support for one in said), said[0].seq)
            for r, said in graph.relations.items()]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(TYPES))
    return table.astype(TYPES)


def around(home: Home, centre: "Collection[str]", depth: int) -> set[str]:
    """Return the concepts within so many relations of some others, these among them."""
    with home.reading() as graph:
        found = {key for key in centre if key in graph.concepts}
        ring = set(found)
        for _ in range(depth):
            ring = {near for key in ring for near in graph.neighbours[key]} - found
            found |= ring
        return found


def part(home: Home, show: Show, centre: "Collection[str]" = (), depth: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the concepts and relations of one way to look at a graph.

    `top` has the TOP concepts with most PageRank, `around` those within `depth` relations of the centre, `communities`
    one row a community instead of its concepts.
    """
    with home.reading():  # all of one version: a run may write meanwhile
        if show == "communities":
            return supernodes(home)
        table, said = nodes(home), edges(home)
        if show == "top":
            table = table.nlargest(TOP, "pagerank").sort_index()
        if show == "around":
            table = table[table["key"].isin(around(home, centre, depth))]
        is_part = len(table) < len(nodes(home))
        if is_part:
            keys = set(table["key"])
            said = said[said["source"].isin(keys) & said["target"].isin(keys)]
        whole = positions(home) if not is_part or len(nodes(home)) <= LARGE else {}
        return _placed(home, show, table, said, whole), said


def _placed(home: Home, name: str, table: pd.DataFrame, said: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return concepts with their places; those of a part are found for it alone where the whole is not laid out."""
    if not places:
        pairs = list(zip(said["source"], said["target"], strict=True))
        places = settled(home, name, pairs, list(table["key"]))
    return table.assign(x=[places[key][0] for key in table["key"]], y=[places[key][1] for key in table["key"]])


def supernodes(home: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row a community, called by its leading concept, and a row for every two that relations join."""
    with home.reading():
        found, table, said = groups(home), nodes(home), edges(home)
        rows = table.groupby("community").agg(size=("key", "size"), first_seq=("first_seq", "min")).reset_index()
        leading = {one.number: short(home.graph.name(one.name[0]), 40) for one in found.communities}
        rows["key"] = [f"community {number}" for number in rows["community"]]
        rows["name"] = [leading[number] for number in rows["community"]]
        rows["degree"] = rows["concepts"] = rows["size"]
        joined = _superedges(found, said)
        return _placed(home, "communities", rows, joined, {}), joined


def _superedges(found: Groups, said: pd.DataFrame) -> pd.DataFrame:
    counts: Counter[tuple[int, int]] = Counter()
    since: dict[tuple[int, int], int] = {}
    for source, target, seq in zip(said["source"], said["target"], said["first_seq"], strict=True):
        a, b = sorted((found.membership[source], found.membership[target]))
        if a != b:
            counts[a, b] += 1
            since.setdefault((a, b), seq)
    rows = [(f"community {a}", f"community {b}", "relations between", count, since[a, b])
            for (a, b), count in counts.items()]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(TYPES))
    return table.astype(TYPES)
