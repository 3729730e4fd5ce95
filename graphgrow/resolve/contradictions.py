"""Relations that cannot both hold: one that runs the other way round, or two predicates that are opposites.

What is opposite stands in contradictions.toml. It finds a doubt and decides nothing: both relations may stand.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Relation


@cache
def _table() -> tuple[frozenset[str], dict[str, list[str]]]:
    """Return the predicates that run one way only, and for each that has any its opposites."""
    table = tomllib.loads((files("graphgrow.resolve") / "contradictions.toml").read_text(encoding="utf-8"))
    opposites = defaultdict[str, list[str]](list)
    for one, other in table["opposites"]:
        opposites[one].append(other)
        opposites[other].append(one)
    return frozenset(table["one_way"]), dict(opposites)


def against(said: Relation, graph: Graph) -> Iterator[Relation]:
    """Yield the relations of a graph that cannot hold beside this one."""
    one_way, opposites = _table()
    turned = Relation(said.target, said.predicate, said.source)
    if said.predicate in one_way and said.source != said.target and turned in graph.relations:
        yield turned
    for predicate in opposites.get(said.predicate, ()):
        other = Relation(said.source, predicate, said.target)
        if other in graph.relations:
            yield other


def predicates() -> frozenset[str]:
    """Return the predicates that the table speaks about."""
    one_way, opposites = _table()
    return one_way | opposites.keys()
