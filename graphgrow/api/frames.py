"""A graph and its log in the classes of pandas, networkx and igraph; COLUMNS says what stands in each table."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from graphgrow.api.edits import queue
from graphgrow.graph.confidence import confidence
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit, Event, Expansion, FactCheck, ReasoningStep
from graphgrow.graph.qualified import qualifier_row
from graphgrow.measure.communities import participation, partition
from graphgrow.measure.evolution import hubs as emerged
from graphgrow.measure.evolution import top_bridges
from graphgrow.policy.bandit import strategy_table

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd

COLUMNS: dict[str, dict[str, str]] = {
    "concepts": {
        "key": "canonical key, the index",
        "name": "the name people read",
        "aliases": "other spellings that were said, a tuple",
        "degree": "how many other concepts it is related to",
        "community": "number of its community, the index of `communities`",
        "participation": "how its neighbours spread over communities, from 0; above 0 it is a bridge",
        "depth": "relations between it and the topic when it came in; missing where nothing connects them",
        "asked": "questions about it so far",
        "first_seq": "number of the event that brought it",
        "type": "what kind of thing it is, where a file or reply said so, else empty",
    },
    "relations": {
        "source": "name of the concept it starts from",
        "predicate": "canonical wording",
        "target": "name of the concept it leads to",
        "support": "how often it was said",
        "confidence": "how sure the graph is that it holds, from 0 to 1",
        "events": "numbers of the events that said it, a tuple",
        "wording": "the predicate as it was first said",
        "qualifiers": "what was said beside it (why, conditions, quantity, certainty, source), a tuple of dicts",
        "source_key": "key of the source",
        "target_key": "key of the target",
    },
    "steps": {
        "seq": "number of the event, the index",
        "kind": "expansion (a question to a model), edit (a decision of a person) or thought (work with the graph)",
        "is_step": "whether it is a question of its own about the topic",
        "strategy": "who chose the question; of an edit what was done, of a thought its task",
        "about": "keys of the concepts that were asked about, a tuple",
        "angle": "from which side; of a thought its stage",
        "why": "the reason of the choice, or of the edit",
        "outcome": "how the reply could be read; empty for an edit",
        "new_concepts": "concepts that it brought",
        "new_relations": "relations that it brought",
        "support": "relations that were known already",
        "rejects": "names that hygiene kept out",
        "tokens": "tokens of prompt and reply",
        "usd": "US dollars, missing where no price is known",
        "seconds": "seconds the model took",
        "model": "who replied",
        "at": "when, in UTC; missing where nobody noted it",
    },
    "communities": {
        "community": "number, the index; 0 is the largest",
        "size": "concepts in it",
        "name": "up to three concepts with most neighbours inside",
        "inside": "pairs of its concepts that are related",
        "outside": "pairs of one of its concepts and one of another community that are related",
        "concepts": "keys of its concepts, a tuple",
    },
    "hubs": {
        "key": "canonical key, the index",
        "name": "the name people read",
        "degree": "how many other concepts it is related to now",
        "introduced": "number of the event that brought it",
        "emerged": "number of the event after which it had more than `above` neighbours",
    },
    "bills": {
        "role": "what a model was asked for: grow, check, arbitrate, judge, embed, reason",
        "model": "the model, as it calls itself",
        "replies": "its replies",
        "tokens": "tokens of prompts and replies",
        "usd": "what those cost that have a price, US dollars",
    },
    "strategies": {
        "name": "the strategy, the index",
        "questions": "questions it asked",
        "concepts": "concepts that these brought and the graph still shows",
        "bridges": "relations between communities, likewise",
        "waste": "duplicates and rejects",
        "tokens": "tokens it cost",
        "gain": "what it earns per 1,000 tokens, newer questions weighing more; missing where nothing is known",
        "share": "how often the policy `bandit` would choose it now, from 0 to 1",
    },
    "doubts": {
        "one": "name of a concept",
        "other": "name of another that may be the same one",
        "score": "how alike they are, from 0 to 1",
        "reason": "what makes them look alike",
    },
}


def table(name: str, rows: Iterable[dict[str, Any]], *, index: str = "") -> "pd.DataFrame":
    """Return rows as the DataFrame of a name in COLUMNS, with its columns in that order even where there is no row."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS[name]))
    return frame.set_index(index) if index else frame


def concepts(graph: Graph) -> "pd.DataFrame":
    """Return a row per concept, in the order in which they came."""
    membership, _ = partition(graph)
    spread = participation(graph.neighbours, membership)
    rows = (
        {
            "key": key,
            "name": concept.name,
            "aliases": concept.aliases,
            "degree": graph.degree(key),
            "community": membership[key],
            "participation": spread[key],
            "depth": graph.depth.get(key),
            "asked": graph.asks.get(key, 0),
            "first_seq": graph.introduced[key],
            "type": concept.type,
        }
        for key, concept in graph.concepts.items()
    )
    return table("concepts", rows, index="key").astype({"depth": "Int64"})


def relations(graph: Graph) -> "pd.DataFrame":
    """Return a row per relation, in the order in which they came."""
    rows = (
        {
            "source": graph.name(relation.source),
            "predicate": relation.predicate,
            "target": graph.name(relation.target),
            "support": graph.support(relation),
            "confidence": confidence(graph, relation),
            "events": tuple(one.seq for one in evidence),
            "wording": evidence[0].raw.predicate,
            "qualifiers": tuple(map(qualifier_row, graph.qualifiers(relation))),
            "source_key": relation.source,
            "target_key": relation.target,
        }
        for relation, evidence in graph.relations.items()
    )
    return table("relations", rows).astype({"confidence": "float64"})


def steps(events: Iterable[Event]) -> "pd.DataFrame":
    """Return a row per event."""
    import pandas as pd

    def row(event: Event) -> dict[str, Any]:
        asked: tuple[object, ...]
        match event:
            case Expansion(focus=focus):
                asked = event.is_step, focus.strategy, focus.concepts, focus.angle, focus.reason, event.outcome
            case ReasoningStep():
                asked = False, event.task, event.subject, event.stage, event.reason, event.outcome
            case FactCheck():
                asked = False, "fact check", event.statements, event.method, event.answers, event.outcome
            case Edit():
                about = dict.fromkeys(key for change in event.delta.changes for key in change.concepts)
                asked = False, event.edit, tuple(about), "", event.note, ""
        reply, delta = None if isinstance(event, Edit) else event.reply, event.delta
        return {
            "seq": event.seq,
            "kind": event.kind,
            **dict(zip(("is_step", "strategy", "about", "angle", "why", "outcome"), asked, strict=True)),
            "new_concepts": len(delta.new_concepts),
            "new_relations": len(delta.relations),
            "support": len(delta.support),
            "rejects": len(delta.rejects),
            "tokens": reply.usage.tokens if reply else 0,
            "usd": reply.usd if reply else None,
            "seconds": reply.seconds if reply else 0.0,
            "model": reply.model if reply else "",
            "at": event.at or None,
        }

    frame = table("steps", map(row, events), index="seq")
    frame["at"] = pd.to_datetime(frame["at"], utc=True, format="ISO8601", errors="coerce")
    return frame.astype({"usd": "Float64", "seconds": "float64"})


def communities(graph: Graph) -> "pd.DataFrame":
    """Return a row per community, the largest first."""
    membership, groups = partition(graph)
    inside, outside = Counter[int](), Counter[int]()
    for key, near in graph.neighbours.items():
        for other in near:
            (inside if membership[key] == membership[other] else outside)[membership[key]] += 1
    members: dict[int, list[str]] = {one.number: [] for one in groups}
    for key, number in membership.items():
        members[number].append(key)
    rows = (
        {
            "community": one.number,
            "size": one.size,
            "name": ", ".join(map(graph.name, one.name)),
            "inside": inside[one.number] // 2,
            "outside": outside[one.number],
            "concepts": tuple(members[one.number]),
        }
        for one in groups
    )
    return table("communities", rows, index="community")


def hubs(events: Iterable[Event], graph: Graph, *, above: int) -> "pd.DataFrame":
    """Return a row per concept that came to have more than `above` neighbours, most neighbours first."""
    rows = (
        {"key": one.concept, "name": graph.name(one.concept), "degree": one.degree, "introduced": one.introduced,
         "emerged": one.emerged}
        for one in sorted(emerged(events, above=above), key=lambda one: -one.degree)
    )  # fmt: skip
    return table("hubs", rows, index="key")


def bridges(events: Iterable[Event], *, every: int, top: int) -> "pd.DataFrame":
    """Return normalised betweenness: a row per snapshot, a column per concept, for those with the most at the end."""
    import pandas as pd

    rows = top_bridges(events, every=every, top=top)
    frame = pd.DataFrame([row.betweenness for row in rows], index=pd.Index([row.seq for row in rows], name="seq"))
    return frame.astype("float64")


def bills(graph: Graph) -> "pd.DataFrame":
    """Return a row per role and model, in the order in which they were first asked."""
    return table("bills", graph.bill_rows)


def strategies(graph: Graph) -> "pd.DataFrame":
    """Return a row per strategy, first the one that the bandit would choose most often."""
    return table("strategies", strategy_table(graph), index="name").astype({"gain": "float64"})


def doubts(graph: Graph) -> "pd.DataFrame":
    """Return a row per pair of names that may be one concept, first those whose merging would change most."""
    rows = (
        {"one": graph.name(first), "other": graph.name(second), "score": doubt.score, "reason": doubt.reason}
        for doubt in queue(graph)
        for first, second in [map(graph.representative, doubt.concepts)]
    )
    return table("doubts", rows)


def _attributes(graph: Graph) -> dict[str, dict[str, Any]]:
    """Return the attributes of every concept for networkx and igraph, by key, in the order in which they came."""
    membership, _ = partition(graph)
    return {
        key: {
            "label": concept.name,
            "aliases": concept.aliases,
            "degree": graph.degree(key),
            "first_seq": graph.introduced[key],
            "depth": graph.depth.get(key, -1),
            "community": membership[key],
            "type": concept.type,
        }
        for key, concept in graph.concepts.items()
    }


def to_networkx(graph: Graph) -> "nx.MultiDiGraph[str]":
    """Return a networkx.MultiDiGraph: a node per concept, by its key, and an edge per relation, by its predicate."""
    import networkx as nx

    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(topic=graph.topic)
    out.add_nodes_from(_attributes(graph).items())
    for relation, evidence in graph.relations.items():
        events = tuple(one.seq for one in evidence)
        out.add_edge(*relation.ends, key=relation.predicate, predicate=relation.predicate,
                     support=graph.support(relation), confidence=confidence(graph, relation),
                     events=events)  # fmt: skip
    return out


def to_igraph(graph: Graph) -> "igraph.Graph":
    """Return a directed igraph.Graph: a vertex per concept, an edge per relation, in the order in which they came."""
    import igraph

    place = {key: at for at, key in enumerate(graph.concepts)}
    rows = [row | {"name": key} for key, row in _attributes(graph).items()]
    names = list(rows[0]) if rows else ["name"]
    return igraph.Graph(
        n=len(place),
        edges=[(place[one.source], place[one.target]) for one in graph.relations],
        directed=True,
        graph_attrs={"topic": graph.topic},
        vertex_attrs={name: [row[name] for row in rows] for name in names},
        edge_attrs={
            "predicate": [one.predicate for one in graph.relations],
            "support": [graph.support(one) for one in graph.relations],
            "confidence": [confidence(graph, one) for one in graph.relations],
        },
    )
