"""Several samples of one question, and the question after them: what only one of them said, does it hold?

What most of them say has so many pieces of evidence. What the graph finds doubtful, a claim of one sample, a name that
hygiene refused, a contradiction, is put to the model once more; what it repeats has one more. Nothing is taken away.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare
from graphgrow.graph.model import Expansion, Focus, Relation, Triple
from graphgrow.parse.reply import parse
from graphgrow.prompts.forms import ASKED_FOR
from graphgrow.prompts.render import Doubts
from graphgrow.resolve.contradictions import against
from graphgrow.resolve.hygiene import RULES

MOST = 16  # samples of one question
REFUSED = 2


def doubtful(
    events: Iterable[Expansion], foci: Iterable[Focus], graph: Graph, most: int = ASKED_FOR
) -> Iterator[tuple[Focus, Doubts, int]]:
    """Yield each focus whose samples leave something to check, with what that is and the first of their events.

    One question checks up to `most` claims, as many as one asks for.
    """
    for focus in foci:
        samples = [event for event in events if event.focus == focus]
        if found := doubts(samples, graph, most):
            yield focus, found, samples[0].seq


def doubts(samples: Iterable[Expansion], graph: Graph, most: int = ASKED_FOR) -> Doubts:
    """Return what several replies to one question leave open in a graph that holds them."""
    samples = list(samples)
    by_turns = chain.from_iterable(zip_longest(*(event.delta.statements for event in samples)))
    shown = (graph.corrections.shown(one.relation) for one in by_turns if one)
    said = list(dict.fromkeys(relation for relation in shown if relation))
    pairs = dict[frozenset[Relation], tuple[Relation, Relation]]()
    for one in said:
        for other in against(one, graph):
            pairs.setdefault(frozenset((one, other)), (one, other))
    once = [one for one in said if len({said.seq for said in graph.relations[one]}) == 1 and one.source != one.target]
    claims = tuple(dict.fromkeys(chain(*pairs.values(), once)))[:most]
    both = tuple(pair for pair in pairs.values() if set(pair) <= set(claims))
    return Doubts(claims, both, tuple(_refused(samples))[:REFUSED])


def _refused(samples: Iterable[Expansion]) -> Iterator[tuple[Triple, str, str]]:
    """Yield the relations that did not enter for a name against the rules, each with the name and the rule."""
    seen = set[str]()
    for event in samples:
        rules = {reject.text: reject.rule for reject in event.delta.rejects if reject.rule in RULES}
        for triple in parse(event.reply.text, event.reply.finish_reason).triples if rules else ():
            name = next((end for end in map(bare, (triple.source, triple.target)) if end in rules), "")
            if name and name not in seen:
                seen.add(name)
                yield triple, name, rules[name]
