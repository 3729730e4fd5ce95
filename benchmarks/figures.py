"""The figures of a run that need no ground truth: what it kept for its tokens, how near the topic, how well connected.

    python benchmarks/figures.py [RUN]     what the scale of relevance stands on

The relevance of a concept is the cosine of its name and the topic's by all-MiniLM-L6-v2 (the extra `local`), 0 up to
OFF_TOPIC, 1 from ON_TOPIC on, and linear between. No policy looks at it unless it is given embeddings.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

from trial import Run, thirds

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Event, Expansion
from graphgrow.growth.replay import replay
from graphgrow.measure.projection import leiden
from graphgrow.resolve.options import open_resolver
from graphgrow.stores.memory import MemoryStore

RUN = Path(__file__).parent.parent / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
SEED = 0  # of the partition
# Fixed after this program's output on RUN: 19 of 20 strangers are below .10, 3 of 4 neighbours of the topic below .33.
OFF_TOPIC, ON_TOPIC = 0.10, 0.33
STRANGERS = (
    "violin sonata", "income tax", "medieval poetry", "lunar calendar", "voter turnout", "opera singer",
    "jazz improvisation", "sourdough", "coral reef", "photosynthesis", "stock exchange", "chess opening", "monsoon",
    "Roman law", "blood pressure", "migratory birds", "wine tasting", "exchange rate", "stage lighting", "tennis serve",
    "vaccination", "grammar", "tulip", "railway timetable", "cookie recipe", "dream interpretation", "password",
    "sleep", "glacier", "honeybee", "insurance policy", "mitochondria", "folk dance", "tea ceremony", "divorce",
    "search engine", "river delta", "kindergarten", "haiku", "black hole", "antibiotic", "trade union", "comic book",
    "marathon", "prime number", "carnival", "perfume", "census", "horse riding", "baptism",
)  # fmt: skip

Some = TypeVar("Some", bound=Event)
Cosines = Callable[[str, Sequence[str]], list[float]]  # of a topic and names


def cosines() -> Cosines:
    """Return a function that compares names with a topic; raises BadInput where the extra `local` is not installed."""
    from graphgrow.llm.embedders import LocalEmbedder
    from graphgrow.resolve.identity.meanings import Meanings

    meanings, known = Meanings(LocalEmbedder()), dict[str, Any]()

    def compare(topic: str, names: Sequence[str]) -> list[float]:
        missing = [name for name in dict.fromkeys([topic, *names]) if name not in known]
        if missing:  # most names of a run are in others too, and all in the same run at another length
            known.update(zip(missing, meanings.vectors(missing), strict=True))
        return [float(known[name] @ known[topic]) for name in names]

    return compare


def relevance(cosine: float) -> float:
    """Return how much a concept counts, 0 to 1."""
    return min(1.0, max(0.0, (cosine - OFF_TOPIC) / (ON_TOPIC - OFF_TOPIC)))


def judged(events: Sequence[Expansion]) -> list[Expansion]:
    """Return a run with its replies resolved by today's rules, so that runs of different days are judged alike."""
    return [event for event in replay(events, MemoryStore(), open_resolver()) if isinstance(event, Expansion)]


def first_questions(events: Iterable[Some], count: int) -> list[Some]:
    """Return the events of the first questions, each with those that mend its reply or check what it says."""
    questions = 0
    taken = []
    for event in events:
        questions += isinstance(event, Expansion) and event.is_step
        if questions > count:
            break
        taken.append(event)
    return taken


def first_tokens(events: Sequence[Expansion], count: int) -> list[Expansion]:
    """Return the events from the start up to a bill."""
    spent = 0

    def is_paid(event: Expansion) -> bool:
        nonlocal spent
        spent += event.reply.usage.tokens
        return spent <= count

    return list(takewhile(is_paid, events))


def tokens(events: Sequence[Expansion]) -> int:
    """Return the bill in tokens."""
    return sum(event.reply.usage.tokens for event in events)


def figures(events: Sequence[Expansion], compare: Cosines) -> Run:
    """Return what a run brought and what that cost.

    - kept: concepts of the final graph, without the topic, per 1,000 tokens; kept 1-3: those that came in each third of
      the events; relevant: kept, each concept weighted by its relevance, whose mean is relevance
    - largest: share of the concepts in the largest component; modularity and the relations across communities (all,
      and per 1,000 tokens) by Leiden's partition with a fixed seed
    - merged: names that were found to be another concept's; again: share of the stated relations that were known
      already; rejects: what hygiene kept out
    """
    graph, bill = fold(events), max(1, tokens(events))
    names = {key: concept.name for key, concept in graph.concepts.items() if key != canonical(graph.topic)}
    weights = [relevance(cosine) for cosine in compare(graph.topic, list(names.values()))] if names else []
    modularity, across = _communities(graph)
    said = [len(event.delta.statements) for event in events]
    return {
        **{f"kept {third + 1}": kept for third, kept in enumerate(_kept(graph, names, events))},
        "kept": 1000 * len(names) / bill,
        "relevant": 1000 * sum(weights) / bill,
        "relevance": sum(weights) / max(1, len(names)),
        "largest": graph.components.largest / max(1, len(graph.concepts)),
        "across": across,
        "across per 1k": 1000 * across / bill,
        "modularity": modularity,
        "merged": sum(len(event.delta.merged) for event in events),
        "again": sum(len(event.delta.support) for event in events) / max(1, sum(said)),
        "rejects": sum(graph.rejected.values()),
        "concepts": len(graph.concepts),
        "questions": graph.steps,
        "kilotokens": bill / 1000,
    }


def _kept(graph: Graph, names: dict[str, str], events: Sequence[Expansion]) -> list[float]:
    came = [graph.introduced[key] for key in names]
    return thirds([came.count(event.seq) for event in events], [event.reply.usage.tokens for event in events])


def _communities(graph: Graph) -> tuple[float, int]:
    """Return the modularity of the partition, and how many relations join two of its communities."""
    simple = graph.igraph()
    if not simple.ecount():
        return 0.0, 0
    found = leiden(simple, SEED)
    part = dict(zip(simple.vs["name"], found.membership, strict=True))
    return float(found.modularity), sum(part[relation.source] != part[relation.target] for relation in graph.relations)


def main() -> None:
    """Print the cosines that the scale of relevance stands on."""
    import numpy as np

    graph = fold(read_events(Path(sys.argv[1]) if sys.argv[1:] else RUN))
    near = [graph.name(key) for key in graph.neighbours[canonical(graph.topic)]]
    every = [concept.name for key, concept in graph.concepts.items() if key != canonical(graph.topic)]
    print("| cosine with the topic | names | 5 % | 25 % | 50 % | 75 % | 95 % |\n|---|---:|---:|---:|---:|---:|---:|")
    for label, names in (("strangers", STRANGERS), ("its neighbours", near), ("all concepts", every)):
        shares = np.percentile(cosines()(graph.topic, names), (5, 25, 50, 75, 95))
        print(f"| {label} | {len(names)} | {' | '.join(f'{share:.2f}' for share in shares)} |")


if __name__ == "__main__":
    main()
