"""What the head of a strong model's questions says about the graph: renewed every few steps, the same in between.

It describes the graph as it was when last renewed, so that a run that was stopped goes on with the same head.
"""

from collections import Counter
from itertools import islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Triple
from graphgrow.measure.projection import SMALLEST, Structure, members
from graphgrow.prompts.strong import NOTHING_YET, Background, Field

RENEWED = 10  # steps from one head to the next
BRIEF = 8  # relations of the topic
LEADING = 5  # concepts of a community
TOUCHES = 3  # communities that a community is said to touch
FIELDS = 40


def background(graph: Graph) -> Background:
    """Return what the head says of a graph now."""
    period = graph.steps // RENEWED
    return graph.memo.keep("background", (period, graph.decisions), lambda: _taken(graph, period * RENEWED))


def _taken(graph: Graph, steps: int) -> Background:
    """Return what the head says of a graph as it was after so many steps."""
    if not steps:
        return NOTHING_YET
    seq = next(islice((past.seq for past in graph.past if past.is_step), steps - 1, None), graph.seq)

    said = Counter[str]()
    classes = dict[str, str]()
    topic = graph.topic_key
    brief = Counter[Triple]()
    for relation, evidence in graph.relations.items():
        support = sum(one.support for one in evidence if one.seq <= seq)
        if not support:
            continue
        said[relation.predicate] += support
        qualifiers = (one.qualifiers for one in evidence if one.seq <= seq and one.qualifiers)
        kind = next((one.predicate_class for one in qualifiers if one.predicate_class), "")
        classes.setdefault(relation.predicate, kind)
        if topic in relation.ends:
            brief[Triple(graph.name(relation.source), relation.predicate, graph.name(relation.target))] += support

    shape = Structure(graph, seq)
    groups = sorted((one for one in members(shape) if len(one) >= SMALLEST), key=lambda one: (-len(one), one))[:FIELDS]
    number = {vertex: place for place, group in enumerate(groups, 1) for vertex in group}
    between = {place: Counter[int]() for place in range(1, len(groups) + 1)}
    for one, other in shape.edges.tolist():
        if one in number and other in number and number[one] != number[other]:
            between[number[one]][number[other]] += 1
            between[number[other]][number[one]] += 1
    fields = [
        Field(
            place,
            [graph.name(shape.keys[vertex]) for vertex in group[:LEADING]],
            len(group),
            [near for near, _ in between[place].most_common(TOUCHES)],
        )
        for place, group in enumerate(groups, 1)
    ]
    return Background(
        [triple for triple, _ in brief.most_common(BRIEF)],
        [(name, classes[name]) for name, _ in said.most_common()],
        fields,
    )
