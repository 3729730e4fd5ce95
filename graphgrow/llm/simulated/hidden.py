"""A graph that is the truth of a world: who is beside whom, who is popular, what lies between, what a name means."""

import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Triple
from graphgrow.llm.simulated.spellings import spellings

if TYPE_CHECKING:
    import networkx as nx

FALLBACK = "relates to"
SHOWN = 80  # characters of a name that a prompt shows (prompts.quoted)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden graph by its nodes' names. `beside` holds every node's neighbours, popular ones first; `said` the edges.

    Popularity is the number of neighbours, ties by name. `keys` holds what every spelling means that means one thing;
    `also` the other spellings of a name.
    """

    topic: str
    beside: dict[str, tuple[str, ...]]
    said: dict[tuple[str, str], Triple]
    keys: dict[str, str]
    also: dict[str, tuple[str, ...]]
    names: tuple[str, ...] = field(default=())
    predicates: tuple[str, ...] = (FALLBACK,)

    def means(self, name: str) -> str | None:
        """Return the node that a name stands for, None where it stands for none."""
        return self.keys.get(canonical(name))

    def between(self, one: str, other: str, without: Collection[str] = ()) -> list[str]:
        """Return a shortest path from one node to another that is not the edge itself, popular nodes first; or none."""
        came: dict[str, str] = {one: one}
        queue = [one]
        for node in queue:
            for near in self.beside[node]:
                if near in came or near in without or (node == one and near == other):
                    continue
                came[near] = node
                if near == other:
                    return list(_back(came, other))[::-1]
                queue.append(near)
        return []

    def stranger(self, name: str, rng: random.Random) -> str:
        """Return any node that is no neighbour of a name, as far as ten draws find one."""
        near = {*self.beside.get(name, ()), name}
        drawn = [self.names[rng.randrange(len(self.names))] for _ in range(10)]
        return next((name for name in drawn if name not in near), drawn[0])


def _back(came: dict[str, str], node: str) -> Iterator[str]:
    yield node
    while came[node] != node:
        node = came[node]
        yield node


def hide(graph: "nx.Graph[str]") -> Hidden:
    """Return a graph as the truth of a world. Nodes are names; an edge may have a `predicate` and a `source`.

    The topic is the graph's attribute `topic`, else its most popular node. Loops say nothing here and are left out.

    Raises:
        BadInput: the graph has no node with a name that means something.
    """
    names = {node: clean(str(node)) for node in graph if canonical(str(node))}
    if not names:
        raise BadInput("a world needs a hidden graph with at least one concept in it: this one names none")
    near = {name: {names[o]: None for o in graph[node] if o in names and o != node} for node, name in names.items()}
    order = sorted(near, key=lambda name: (-len(near[name]), name))
    rank = {name: place for place, name in enumerate(order)}
    beside = {name: tuple(sorted(near[name], key=rank.__getitem__)) for name in order}
    said = {
        pair: _triple(names[s], names[t], data)
        for s, t, data in graph.edges(data=True)
        if s in names and t in names and s != t
        for pair in ((names[s], names[t]), (names[t], names[s]))
    }
    keys, also = _spelled(order)
    predicates = tuple(sorted({triple.predicate for triple in said.values()})) or (FALLBACK,)
    return Hidden(str(graph.graph.get("topic") or order[0]), beside, said, keys, also, tuple(order), predicates)


def _triple(one: str, other: str, data: dict[str, object]) -> Triple:
    source, target = (other, one) if clean(str(data.get("source", one))) == other else (one, other)
    return Triple(source, str(data.get("predicate") or FALLBACK), target)


def _spelled(names: list[str]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return what each spelling means, and the other spellings of each name; one that could mean two means neither."""
    keys: dict[str, str] = {}
    for name in names:
        keys.setdefault(canonical(name), name)
    counted = Counter(canonical(spelled) for name in names for spelled in dict.fromkeys(spellings(name)))
    also = {}
    for name in names:
        own = [(canonical(spelled), spelled) for spelled in spellings(name)]
        clear = [(key, text) for key, text in own if keys.get(key, name) == name and _is_own(counted, own, key)]
        also[name] = tuple(text for _, text in clear)
        keys |= {key: name for key, _ in clear}
    for name in names:  # as a prompt shows a name that is too long for it, or that has quotation marks
        keys.setdefault(canonical(name.replace('"', "'")[:SHOWN]), name)
    return keys, also


def _is_own(counted: Counter[str], own: list[tuple[str, str]], key: str) -> bool:
    return counted[key] == sum(key == other for other, _ in own)
