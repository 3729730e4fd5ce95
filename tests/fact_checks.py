"""A small log with fact checks, made by hand: what is trusted in it, what is not, what nobody asked about."""

from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import (
    CheckedRelation,
    Event,
    Expansion,
    FactCheck,
    Focus,
    Measures,
    Prompt,
    Proposal,
    Relation,
    Reply,
    Triple,
)
from graphgrow.resolve.resolve import VERBATIM, resolve

SURE = Relation("silk", "contains", "fibroin")  # by its fact check
WRONG = Relation("silk", "contains", "cement")  # by its fact check
OPEN = Relation("fibroin", "produces", "sheet")  # nobody asked


def checked_log() -> list[Event]:
    """Return two questions about silk, and two fact checks of what the first one brought."""
    graph, events = Graph(), list[Event]()
    for said in ((SURE, WRONG), (OPEN,)):
        triples = tuple(Triple(one.source, one.predicate, one.target) for one in said)
        delta = resolve(Proposal(triples, (), "ok"), graph, "silk", VERBATIM)
        focus = Focus("bfs", (said[0].source,), "a test")
        event = Expansion(
            graph.seq + 1, "silk", focus, Prompt("", ""), Reply(""), "ok", "", delta, Measures(), at=now()
        )
        graph.apply(event)
        events.append(event)
    for relation, log_odds in ((SURE, 5.0), (WRONG, -4.0)):
        events.append(fact_check(len(events) + 1, relation, log_odds))
    return events


def fact_check(seq: int, relation: Relation, log_odds: float | None) -> FactCheck:
    """Return the event of a fact check that gave a relation these log-odds."""
    return FactCheck(
        seq, "silk", (CheckedRelation(relation, log_odds),), Prompt("", ""), Reply("yes"), "logprobs", at=now()
    )
