"""What an agent may ask of a graph; nothing here changes anything, and names are data in every answer."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Lock
from typing import Annotated

from pydantic import Field

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.lookup import find
from graphgrow.graph.model import Json, Relation
from graphgrow.reason.paths import hops, shortest
from graphgrow.stores import open_store

HUBS = 12
ALIKE = 70  # per cent, of a name that is found for another one
Name = Annotated[str, Field(description="A concept, by its name or any spelling of it.")]
Many = Annotated[int, Field(ge=1, le=500, description="The most to return.")]


class Reading:
    """The tools that read one store. Its graph is kept, and takes in what was written since before each answer."""

    def __init__(self, url: str) -> None:
        self._url, self._lock, self._graph = url, Lock(), Graph()

    @contextmanager
    def _now(self) -> Iterator[Graph]:
        """Give the graph as the store has it now, to one call at a time."""
        with self._lock, closing(open_store(self._url)) as home:
            kept, self._graph = self._graph, Graph()  # what fails half-way is not kept
            kept.apply_all(home.events(kept.seq))
            self._graph = kept
            yield kept

    def overview(self) -> Json:
        """Say what the graph is about, how large it is, and which concepts are most connected."""
        with self._now() as graph:
            hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]
            return {
                "topic": clean(graph.topic),
                "events": graph.seq,
                "concepts": len(graph.concepts),
                "relations": len(graph.relations),
                "components": len(graph.components.sizes),
                "most_connected": [_brief(graph, key) for key in hubs],
            }

    def search(
        self, text: Annotated[str, Field(description="Part of a name, or one like it.")], limit: Many = 10
    ) -> Json:
        """Find concepts by a part of their name or spellings, the most connected first; else those named alike."""
        wanted = canonical(text)
        if not wanted:
            raise BadInput(f"{text!r} names nothing: search for a word")
        with self._now() as graph:
            found = [
                key
                for key, one in graph.concepts.items()
                if any(wanted in canonical(n) for n in (one.name, *one.aliases))
            ]
            ranked = sorted(found, key=lambda key: (key != wanted, -graph.degree(key), key)) or _alike(
                graph, wanted, limit
            )
            return {"found": len(ranked), "concepts": [_brief(graph, key) for key in ranked[:limit]]}

    def show(self, concept: Name, limit: Many = 50) -> Json:
        """Say all that is known about one concept: its spellings and its relations, each with its evidence."""
        with self._now() as graph:
            key = find(graph, concept)
            known = graph.concepts[key]
            relations = sorted(graph.incident[key], key=lambda relation: -graph.support(relation))
            return {
                **_brief(graph, key),
                "also_written": list(known.aliases),
                "first_event": graph.introduced[key],
                "times_asked_about": graph.asks.get(key, 0),
                "relations": [_evidence(graph, relation) for relation in relations[:limit]],
                "relations_in_all": len(relations),
            }

    def neighbours(self, concept: Name, limit: Many = 50) -> Json:
        """List the concepts that one is related to, in either direction, the most connected first."""
        with self._now() as graph:
            key = find(graph, concept)
            near = sorted(graph.neighbours[key], key=lambda other: (-graph.degree(other), other))
            return {
                "concept": graph.name(key),
                "degree": len(near),
                "neighbours": [_brief(graph, one) for one in near[:limit]],
            }

    def path(self, source: Name, target: Name) -> Json:
        """Return a shortest path between two concepts, with the relations of every hop; directions do not count."""
        with self._now() as graph:
            ends = find(graph, source), find(graph, target)
            keys = shortest(graph, *ends)
            if not keys:
                raise BadInput(f"no path joins {graph.name(ends[0])!r} and {graph.name(ends[1])!r}")
            said = [[_evidence(graph, relation) for relation in hop.relations] for hop in hops(graph, keys)]
            return {"concepts": [graph.name(key) for key in keys], "length": len(said), "hops": said}

    def communities(self, limit: Many = 20) -> Json:
        """List the communities of the graph, the largest first, each by its most connected concepts."""
        from graphgrow.measure.communities import follow

        with self._now() as graph:
            found = follow(graph.neighbours, {}, graph.seq)[1] if graph.concepts else ()
            shown = [{"size": one.size, "concepts": [graph.name(key) for key in one.name]} for one in found[:limit]]
            return {"communities": len(found), "largest": shown}


def _brief(graph: Graph, key: str) -> Json:
    return {"name": graph.name(key), "degree": graph.degree(key)}


def _alike(graph: Graph, wanted: str, limit: int) -> list[str]:
    from rapidfuzz.process import extract

    return [key for key, *_ in extract(wanted, graph.concepts.keys(), limit=limit, score_cutoff=ALIKE)]


def _relation(graph: Graph, relation: Relation) -> Json:
    ends = {
        "source": graph.name(relation.source),
        "predicate": relation.predicate,
        "target": graph.name(relation.target),
    }
    return {**ends, "support": graph.support(relation)}


def _evidence(graph: Graph, relation: Relation) -> Json:
    said = [{"event": one.seq, "said": clean(one.raw.predicate)} for one in graph.relations[relation]]
    return {**_relation(graph, relation), "evidence": said}
