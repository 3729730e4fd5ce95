"""A part of a graph as a graph of its own, for reading: some of its relations, as sure as they are in the whole."""

from collections.abc import Iterable
from dataclasses import replace

from graphgrow.graph.confidence import TRUSTED, trusted
from graphgrow.graph.graph import Bag, Components, Graph, Memo
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Relation


def part(graph: Graph, relations: Iterable[Relation], concepts: Iterable[str] = ()) -> Graph:
    """Return the graph of some relations of a graph, of the concepts that they relate, and of further `concepts`.

    It shares the books and the log with the whole, and is for reading only.
    """
    kept = set(relations)
    keys = {key for relation in kept for key in relation.ends} | {*concepts}
    found = replace(
        graph,
        concepts={key: concept for key, concept in graph.concepts.items() if key in keys},
        relations={relation: evidence for relation, evidence in graph.relations.items() if relation in kept},
        neighbours={}, incident={}, pairs=set(), loops=0, components=Components(), unasked=Bag(), explored=Bag(),
        memo=Memo(),
    )  # fmt: skip
    for key in found.concepts:
        found.neighbours[key], found.incident[key] = {}, []
        found.components.add(key)
        (found.explored if key in graph.asks else found.unasked).add(key)
    for relation in found.relations:
        source, target = relation.ends
        found.incident[source].append(relation)
        found.loops += source == target and (source, target) not in found.pairs
        found.pairs.add(relation.ends)
        if source != target:
            found.incident[target].append(relation)
            found.neighbours[source][target] = found.neighbours[target][source] = None
            found.components.join(source, target)
    return found


def trusted_part(graph: Graph, threshold: float = TRUSTED) -> Graph:
    """Return the topic and the relations of at least this confidence; for a threshold of 0 the graph itself.

    Concepts that no such relation reaches are left out.
    """
    topic = graph.representative(canonical(graph.topic))
    return part(graph, trusted(graph, threshold), (topic,)) if threshold else graph
