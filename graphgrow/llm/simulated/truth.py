"""A graph that is the truth of a world: who is beside whom, who is popular, what lies between, what a name means."""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.keys import canonical, clean, says_something
from graphgrow.graph.model import Triple

if TYPE_CHECKING:
    import networkx as nx

FALLBACK = "relates to"
SHOWN = 80  # characters of a name that a prompt shows (prompts.quoted)
_HISSING = ("s", "x", "z", "ch", "sh")
_ACRONYM_WORDS = 3  # of a name at least that gets an acronym
_AMERICAN_AND_BRITISH = (
    ("fiber", "fibre"), ("aluminum", "aluminium"), ("mold", "mould"), ("color", "colour"), ("vapor", "vapour"),
    ("sulfur", "sulphur"), ("behavior", "behaviour"), ("center", "centre"), ("armor", "armour"), ("gray", "grey"),
    ("ization", "isation"), ("modeling", "modelling"), ("liter", "litre"), ("hemo", "haemo"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HiddenGraph:
    """A hidden graph by the names of its nodes, the popular ones first: those with many neighbours, ties by name.

    `neighbours` are in that order too; `relations` holds every edge under both of its directions. `meanings` maps every
    unambiguous canonical spelling to what it means, `spellings` the other ways to write a name. `obscurity` is 0 for
    the most popular node and 1 for the least.
    """

    topic: str
    names: tuple[str, ...]
    neighbours: dict[str, tuple[str, ...]]
    relations: dict[tuple[str, str], Triple]
    predicates: tuple[str, ...]
    meanings: dict[str, str]
    spellings: dict[str, tuple[str, ...]]
    obscurity: dict[str, float]

    def means(self, name: str) -> str | None:
        """Return the node that a name stands for, None where it stands for none."""
        return self.meanings.get(canonical(name))

    def between(self, one: str, other: str, without: Collection[str] = ()) -> list[str]:
        """Return a shortest path from one node to another that is not the edge itself, popular nodes first; or none."""
        came_from = {one: one}
        queue = [one]
        for node in queue:
            for near in self.neighbours[node]:
                if near in came_from or near in without or (node == one and near == other):
                    continue
                came_from[near] = node
                if near == other:
                    path = [other]
                    while path[-1] != one:
                        path.append(came_from[path[-1]])
                    return path[::-1]
                queue.append(near)
        return []

    def stranger(self, name: str, rng: random.Random) -> str:
        """Return any node that is no neighbour of a name, as far as ten draws find one."""
        near = {*self.neighbours.get(name, ()), name}
        drawn = [self.names[rng.randrange(len(self.names))] for _ in range(10)]
        return next((name for name in drawn if name not in near), drawn[0])


def hide(graph: "nx.Graph[str]") -> HiddenGraph:
    """Return a graph as the truth of a world. Nodes are names; an edge may have a `predicate` and a `source`.

    The topic is the graph's attribute `topic`, else its most popular node. Loops say nothing here and are left out.

    Raises:
        BadInput: the graph has no node with a name that means something.
    """
    names = {node: clean(str(node)) for node in graph if says_something(str(node))}
    if not names:
        raise BadInput("a world needs a hidden graph with at least one concept in it: this one names none")
    near = {name: {names[o]: None for o in graph[node] if o in names and o != node} for node, name in names.items()}
    order = sorted(near, key=lambda name: (-len(near[name]), name))
    rank = {name: place for place, name in enumerate(order)}
    relations = dict[tuple[str, str], Triple]()
    for node, neighbour, data in graph.edges(data=True):
        if node in names and neighbour in names and node != neighbour:
            one, other = names[node], names[neighbour]
            source, target = (other, one) if clean(str(data.get("source", one))) == other else (one, other)
            relation = Triple(source, str(data.get("predicate") or FALLBACK), target)
            relations[one, other] = relations[other, one] = relation
    # A spelling that could mean two concepts means neither, and is never used.
    meanings = dict[str, str]()
    for name in order:
        meanings.setdefault(canonical(name), name)
    own = {name: [(canonical(spelling), spelling) for spelling in spellings(name)] for name in order}
    used = Counter(key for pairs in own.values() for key, _ in pairs)
    clear = dict[str, tuple[str, ...]]()
    for name, pairs in own.items():
        here = Counter(key for key, _ in pairs)
        kept = [(key, text) for key, text in pairs if meanings.get(key, name) == name and used[key] == here[key]]
        clear[name] = tuple(text for _, text in kept)
        meanings |= {key: name for key, _ in kept}
    for name in order:  # as a prompt shows a name that is too long for it, or that has quotation marks
        meanings.setdefault(canonical(name.replace('"', "'")[:SHOWN]), name)
    return HiddenGraph(
        topic=str(graph.graph.get("topic") or order[0]),
        names=tuple(order),
        neighbours={name: tuple(sorted(near[name], key=rank.__getitem__)) for name in order},
        relations=relations,
        predicates=tuple(sorted({relation.predicate for relation in relations.values()})) or (FALLBACK,),
        meanings=meanings,
        spellings=clear,
        obscurity={name: place / max(1, len(order) - 1) for place, name in enumerate(order)},
    )


def spellings(name: str) -> tuple[str, ...]:
    """Return other ways of writing a name, as language models do: plural, hyphen, the other English, an acronym."""
    words = name.split()
    if not words or not words[-1].isalpha():
        return ()
    if name.endswith(_HISSING):
        others = [f"{name}es"]
    else:
        others = [f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"]
    if len(words) > 1:
        others.append(f"{words[0]}-{' '.join(words[1:])}")
    for american, british in _AMERICAN_AND_BRITISH:
        others += [name.replace(american, british), name.replace(british, american)]
    if len(words) >= _ACRONYM_WORDS:
        acronym = "".join(word[0] for word in words).upper()
        others += [f"{name} ({acronym})", acronym]
    return tuple(dict.fromkeys(other for other in others if other != name))
