"""The model as arbiter: are two names that look alike one concept? What its verdict means for a graph."""

from collections.abc import Iterator

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import ARBITER, Change, Delta, Focus, Proposal, Relation, Statement, Triple

ANGLE = "same"


def doubtful(graph: Graph) -> Iterator[Focus]:
    """Yield the questions about doubts that the model was not asked about yet, oldest first."""
    seen = set[tuple[str, ...]]()
    for doubt in graph.doubts():
        one, other = map(graph.representative, doubt.concepts)
        focus = Focus(ARBITER, (one, other), doubt.reason, doubt.score, ANGLE)
        if focus.question not in graph.asked and focus.question not in seen:
            seen.add(focus.question)
            yield focus


def resolve(proposal: Proposal, focus: Focus, graph: Graph) -> Delta:
    """Return what a verdict means: a merge, or that the two are apart; nothing where there is none.

    The general and the special term are two concepts, one a kind of the other.
    """
    one, other = map(graph.representative, focus.concepts)
    if not proposal.verdict or one == other or not {one, other} <= graph.concepts.keys():
        return Delta()  # somebody decided meanwhile
    why = clean(f"the arbiter: {proposal.verdict}. {proposal.reason}")
    if proposal.verdict == "same":
        older, newer = graph.by_age(one, other)
        return Delta(changes=(Change("merge", (newer, older), reason=why),))
    apart = (Change("apart", (one, other), reason=why),)
    if proposal.verdict == "different":
        return Delta(changes=apart)
    special, general = (other, one) if proposal.verdict == "broader" else (one, other)
    raw = Triple(graph.name(special), proposal.verdict, graph.name(general))
    return graph.delta(Statement(Relation(special, "is a", general), raw), changes=apart)
