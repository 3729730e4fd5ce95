"""Relations that cannot both hold: one that runs the other way round, or two predicates that are opposites.

Which predicates are opposites is in contradictions.toml, which run one way in graph/confidence.py.
It finds a doubt and decides nothing: both relations may stand.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from graphgrow.graph.confidence import ONE_WAY
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Relation


@cache
def table() -> tuple[frozenset[str], dict[str, list[str]]]:
    """Return the predicates that run one way only, and for each that has any its opposites."""
    lists = tomllib.loads((files("graphgrow.resolve") / "contradictions.toml").read_text(encoding="utf-8"))
    opposites = defaultdict[str, list[str]](list)
    for one, other in lists["opposites"]:
        opposites[one].append(other)
        opposites[other].append(one)
    return ONE_WAY, dict(opposites)


def against(relation: Relation, graph: Graph) -> Iterator[Relation]:
    """Yield the relations of a graph that cannot hold beside this one."""
    one_way, opposites = table()
    source, predicate, target = relation.source, relation.predicate, relation.target
    reverse = Relation(target, predicate, source)
    if predicate in one_way and source != target and reverse in graph.relations:
        yield reverse
    kind = graph.predicate_class(relation) if relation in graph.relations else predicate
    for opposite in opposites.get(kind, ()):
        other = Relation(source, opposite, target)
        if other in graph.relations:
            yield other
        for near in graph.incident.get(source, ()):  # a verb of its own that is a case of it
            if near.target == target and near != other and graph.predicate_class(near) == opposite:
                yield near
