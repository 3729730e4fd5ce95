"""What an answer is as an event, whichever kind of question it answers: one place for live and for recorded replies."""

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import ARBITER, INTENTS, Answer, Expansion, Question
from graphgrow.growth.arbiter import judgement
from graphgrow.growth.intents import listed
from graphgrow.growth.step import expansion
from graphgrow.resolve.resolve import Resolver


def event(
    graph: Graph, topic: str, question: Question, answer: Answer, resolver: Resolver, *, seed: int, at: str
) -> Expansion:
    """Return the event that an answer is for a graph as it stands."""
    if question.focus.strategy == ARBITER:
        return judgement(graph, topic, question, answer, seed=seed, at=at)
    if question.focus.angle == INTENTS:
        return listed(graph, topic, question, answer, resolver, seed=seed, at=at)
    return expansion(graph, topic, question, answer, resolver, seed=seed, at=at)
