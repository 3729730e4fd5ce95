"""How much speaks for a relation: over questions, samples, models and runs; what is said often enough, what runs share.

One reply is one witness, and a language model repeats itself: two different questions that bring the same relation say
more for it than one question asked twice. One run is a sample: what several runs agree on is what can be relied on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from graphgrow.errors import BadInput
from graphgrow.graph.corrections import Corrections
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Change, Concept, Delta, Edit, Event, Expansion, Relation, Statement, Triple

By = Literal["samples", "questions", "models", "seeds"]
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Support:
    """How many different replies, questions, models and seeds said one relation; what was added by hand counts once."""

    samples: int
    questions: int
    models: int
    seeds: int


@dataclass(frozen=True, slots=True)
class Repeatability:
    """How alike runs are: the mean Jaccard index of their concepts and of their relations over all pairs of runs."""

    pairs: int
    concepts: float
    relations: float


def supports(events: Iterable[Event]) -> tuple[Graph, dict[Relation, Support]]:
    """Return the graph of a log, and how much support each of its relations has.

    Samples of one question, and the question that verifies them, are one question.
    """
    log = list(events)
    graph = fold(log)
    # Which question, model and seed stand behind an event; a person is one of each.
    witnesses: dict[int, tuple[object, object, object]] = {
        event.seq: (event.focus.question, event.reply.model, event.seed)
        if isinstance(event, Expansion)
        else (event.kind, "", "")
        for event in log
    }
    support = {}
    for relation, evidence in graph.relations.items():
        events_behind = {piece.seq for piece in evidence}
        questions, models, seeds = (set(column) for column in zip(*(witnesses[s] for s in events_behind), strict=True))
        support[relation] = Support(len(events_behind), len(questions), len(models), len(seeds))
    return graph, support


def core(events: Iterable[Event], least: int, by: By = "samples") -> Graph:
    """Return the graph of the relations that at least `least` different replies, questions, models or seeds said.

    Raises BadInput for less than 1.
    """
    if least < 1:
        raise BadInput(f"a support of {least}: ask for 1 or more")
    graph, known = supports(events)
    counts = {relation: getattr(support, by) for relation, support in known.items()}
    return _graph(graph.topic, graph.concepts, {r: count for r, count in counts.items() if count >= least})


def consensus(graphs: Sequence[Graph], least: int) -> tuple[Graph, Repeatability]:
    """Return the graph of the relations that at least `least` of some graphs hold, and how alike the graphs are.

    A concept of one graph is that of another where they share a name that was said. Raises BadInput for fewer than two
    graphs, or a `least` that no relation could reach.
    """
    if len(graphs) < FEWEST or not 1 <= least <= len(graphs):
        raise BadInput(f"{least} of {len(graphs)} runs: name at least {FEWEST} runs, and as many that have to agree")
    merges = [Change("merge", pair) for graph in graphs for pair in graph.corrections.into.items()]
    together = Corrections().ahead(merges)  # what stands for what over all graphs
    concepts: dict[str, Concept] = {}
    for graph in graphs:
        for key, concept in graph.concepts.items():
            concepts.setdefault(together.representative(key), concept)
    keys = [set(map(together.representative, graph.concepts)) for graph in graphs]
    relations = [dict.fromkeys(filter(None, map(together.shown, graph.relations))).keys() for graph in graphs]
    votes = Counter(relation for one in relations for relation in one)
    agreed = {relation: count for relation, count in votes.items() if count >= least}
    pairs = len(graphs) * (len(graphs) - 1) // 2
    alike = Repeatability(pairs, _mean_jaccard(keys), _mean_jaccard(relations))
    return _graph(graphs[0].topic, concepts, agreed), alike


def lacking(graph: Graph, other: Graph) -> tuple[list[str], list[Relation]]:
    """Return the concepts, by key, and the relations that one graph shows and another does not."""
    concepts = [key for key in graph.concepts if key not in other.concepts]
    return concepts, [relation for relation in graph.relations if relation not in other.relations]


def _mean_jaccard(sets: Sequence[AbstractSet[object]]) -> float:
    pairs = list(combinations(sets, 2))
    return sum(len(a & b) / len(a | b) if a | b else 1.0 for a, b in pairs) / len(pairs)


def _graph(topic: str, concepts: Mapping[str, Concept], relations: Mapping[Relation, int]) -> Graph:
    """Return the graph of some relations and of the concepts that they relate."""
    used = dict.fromkeys(key for relation in relations for key in relation.ends)
    known = tuple(Concept(key, concepts[key].name, concepts[key].aliases) for key in used)
    statements = tuple(Statement(r, Triple(r.source, r.predicate, r.target), count) for r, count in relations.items())
    graph = Graph(topic=topic)
    graph.apply(Edit(1, "add", Delta(concepts=known, relations=statements)))
    return graph
