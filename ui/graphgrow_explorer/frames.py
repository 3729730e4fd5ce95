"""A graph as the tables that a picture and its lists are made of; each worked out once for a version of the graph."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from graphgrow.api.explorer import (
    NAMED,
    Community,
    Graph,
    Relation,
    confidence,
    layout,
    partition,
    settled,
    trusted_part,
)
from graphgrow_explorer.text import short
from graphgrow_explorer.workspace import Workspace

Show = Literal["everything", "top", "around", "communities"]
Places = dict[str, tuple[float, float]]

LARGE = 5_000  # concepts; beyond, a picture of everything is no longer the first that is drawn
TOP = 1_000
EXACT = 2_000  # concepts; betweenness costs concepts times relations
POSITIONS, LAST = "positions 2", "last"  # what the store keeps for the next page
RISEN = 1.08  # a picture is settled again from this many times the concepts of the last time, and two more
SETTLED = "settled"  # the part of a workspace that remembers when that was
ENOUGH = 0.5  # share of concepts that need a place already; with fewer the whole is laid out anew
GROWN = 1.1  # times the concepts that were kept, from which it is worth keeping them again

TYPES = {
    "source": "str", "target": "str", "predicate": "str", "support": "int64", "first_seq": "int64",
    "confidence": "float64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Groups:
    """The communities of a graph: concept -> number, and the communities, the largest first, with names and colours.

    `colours` has the number of a colour, below COLOURS, for each community, which keeps it for its life.
    """

    membership: dict[str, int]
    communities: tuple[Community, ...]
    names: dict[int, str]
    colours: dict[int, int]


def groups(workspace: Workspace) -> Groups:
    """Return the communities of the graph as it stands, the same for every view and page, and for every file."""

    def named(graph: Graph) -> Groups:
        membership, communities = partition(graph)
        names = {one.number: short(", ".join(graph.name(key) for key in one.name), 80) for one in communities}
        return Groups(membership, communities, names, {one.number: one.colour for one in communities})

    return workspace.keep("groups", named)


def recalled(workspace: Workspace, kind: str) -> dict[str, Any]:
    """Return what the store keeps of this kind for the next page; nothing where another program wrote that."""
    try:
        kept = json.loads(workspace.store.recall(kind, [LAST]).get(LAST, b"{}"))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def nodes(workspace: Workspace) -> pd.DataFrame:
    """Return a row per concept: all columns of a picture but its place, and numbers to colour and size it by."""

    def table(graph: Graph) -> pd.DataFrame:
        keys, membership = list(graph.concepts), groups(workspace).membership
        simple = graph.igraph()
        degree = simple.degree()
        rows = pd.DataFrame(
            {
                "key": pd.Series(keys, dtype="str"),
                "name": pd.Series([graph.name(key) for key in keys], dtype="str"),
                "size": degree,
                "community": [membership[key] for key in keys],
                "first_seq": [graph.introduced[key] for key in keys],
                "degree": degree,
                "distance": [graph.depth.get(key, -1) for key in keys],
                "asked": [graph.asks.get(key, 0) for key in keys],
                "pagerank": simple.pagerank(implementation="arpack") if keys else [],
            }
        )
        types = [concept.type for concept in graph.concepts.values()]
        if any(types):
            rows["type"] = pd.Series(types, dtype="str")
        if 2 < len(keys) <= EXACT:  # noqa: PLR2004  # two concepts have nothing between them
            pairs = (len(keys) - 1) * (len(keys) - 2) / 2
            rows["betweenness"] = [value / pairs for value in simple.betweenness()]
        return rows

    return workspace.keep("nodes", table)


def edges(workspace: Workspace) -> pd.DataFrame:
    """Return a row per relation: the columns of TYPES."""
    return workspace.keep("edges", lambda graph: described(graph, graph.relations))


def described(graph: Graph, relations: Iterable[Relation]) -> pd.DataFrame:
    """Return a row for each of some relations of a graph: the columns of TYPES."""
    rows = [(one.source, one.target, one.predicate, graph.support(one), graph.relations[one][0].seq,
             confidence(graph, one)) for one in relations]  # fmt: skip
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def trusted(workspace: Workspace, least: float) -> Graph:
    """Return the part of the graph that is of at least this confidence; of each version the last one is kept."""
    kept: dict[float, Graph] = workspace.keep("trusted", lambda _: {})
    if least not in kept:
        kept.clear()
        with workspace.reading() as graph:
            kept[least] = trusted_part(graph, least)
    return kept[least]


def positions(workspace: Workspace) -> Places:
    """Return concept -> x, y; those that had a place keep it, so that readers find again what they saw.

    Up to NAMED concepts all are settled again, each near where it was, whenever there are RISEN times as many.
    """

    def places(graph: Graph) -> Places:
        known = before = workspace.before("positions")
        if before is None:
            with suppress(ValueError, TypeError):
                known = {key: (float(x), float(y)) for key, (x, y) in recalled(workspace, POSITIONS).items()}
        start: Places = {key: known[key] for key in graph.concepts if key in known} if isinstance(known, dict) else {}
        if len(start) < ENOUGH * len(graph.concepts):
            start = {}
        keys, last = list(graph.concepts), workspace.parts.setdefault(SETTLED, start)
        if start and RISEN * len(last) + 2 <= len(keys) <= NAMED:
            found = workspace.parts[SETTLED] = settled(graph.pairs, keys, start=start)
        elif start:
            found = layout(graph.pairs, keys, start=start)
        else:
            found = workspace.parts[SETTLED] = layout(graph.pairs, keys)
        if before is None and len(found) > GROWN * len(start):
            workspace.store.remember(POSITIONS, {LAST: json.dumps(found).encode()})
        return found

    return workspace.keep("positions", places)


def first_shown(workspace: Workspace) -> Show:
    """Return what a picture shows at first: beyond LARGE concepts a part."""
    return "top" if len(workspace.graph.concepts) > LARGE else "everything"


def placed(workspace: Workspace, name: str, table: pd.DataFrame, relations: pd.DataFrame) -> pd.DataFrame:
    """Return concepts with places for them alone; what was in the part of this name before stays where it was."""
    keys, before = list(table["key"]), workspace.parts.get(name, {})
    start = {key: before[key] for key in keys if key in before}
    pairs = zip(relations["source"], relations["target"], strict=True)
    places = layout(pairs, keys, start=start if len(start) >= ENOUGH * len(keys) else None)
    workspace.parts[name] = places
    return table.assign(x=[places[key][0] for key in keys], y=[places[key][1] for key in keys])


def part(
    workspace: Workspace,
    show: Show,
    centre: Collection[str] = (),
    depth: int = 1,
    confidence: float = 0,
    beside: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the concepts and relations of one way to look at a graph, or at what is of at least this confidence.

    `top` has the TOP concepts with most PageRank and those of the centre with their neighbours, `around` those within
    `depth` relations of the centre, `communities` one row per community instead of its concepts. The neighbours of
    those in `beside` come with either part.
    """
    with workspace.reading() as graph:  # all of one version: a run may write meanwhile
        if show == "communities":
            return supernodes(workspace)
        table, sure = nodes(workspace), trusted(workspace, confidence)
        if sure is not graph:
            table = table[table["key"].isin(sure.concepts)]
        top = set(table.nlargest(TOP, "pagerank")["key"]) if show == "top" else set()
        added = [*beside, *(key for key in centre if key not in top)] if show == "top" else beside
        also = {other for key in added if key in sure.concepts for other in (key, *sure.neighbours[key])}
        if show == "top":
            table = table[table["key"].isin(top | also)]
        if show == "around":
            ring = near = {key for key in centre if key in sure.concepts}
            for _ in range(depth):
                ring = {other for key in ring for other in sure.neighbours[key]} - near
                near = near | ring
            table = table[table["key"].isin(near | also)]
        keys = set(table["key"])
        is_part = len(keys) < len(graph.concepts)
        if is_part and len(graph.concepts) > LARGE:  # the whole is neither described nor laid out for it
            inside = (one for one in sure.relations if one.source in keys and one.target in keys)
            relations = described(graph, inside)
            return placed(workspace, show, table, relations), relations
        relations = edges(workspace)
        if sure is not graph:
            relations = relations[[relation in sure.relations for relation in graph.relations]]
        if is_part:
            relations = relations[relations["source"].isin(keys) & relations["target"].isin(keys)]
        places = positions(workspace)
        place = [places[key] for key in table["key"]]
        return table.assign(x=[x for x, _ in place], y=[y for _, y in place]), relations


def supernodes(workspace: Workspace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row per community, called by its leading concept, and a row for every two that relations join."""
    with workspace.reading() as graph:
        grouped, relations = groups(workspace), edges(workspace)
        counts, since = Counter[tuple[int, int]](), dict[tuple[int, int], int]()
        sure = Counter[tuple[int, int]]()
        columns = (relations[name] for name in ("source", "target", "first_seq", "confidence"))
        for source, target, seq, confidence in zip(*columns, strict=True):
            a, b = sorted((grouped.membership[source], grouped.membership[target]))
            if a != b:
                counts[a, b] += 1
                sure[a, b] += confidence
                since.setdefault((a, b), seq)
        joined = pd.DataFrame(
            [(f"community {a}", f"community {b}", "relations between", count, since[a, b], sure[a, b] / count)
             for (a, b), count in counts.items()], columns=list(TYPES),
        ).astype(TYPES)  # fmt: skip
        rows = nodes(workspace).groupby("community").agg(size=("key", "size"), first_seq=("first_seq", "min"))
        rows = rows.reset_index()
        leading = {one.number: short(graph.name(one.name[0]), 40) for one in grouped.communities}
        rows["key"] = [f"community {number}" for number in rows["community"]]
        rows["name"] = [leading[number] for number in rows["community"]]
        rows["degree"] = rows["concepts"] = rows["size"]
        return placed(workspace, "communities", rows, joined), joined
