"""How sure a graph is that a relation holds: from who said it, what fact checks answered, what else the graph says.

The confidence of a relation is the probability, from 0 to 1, that a careful reader calls it true. It is a logistic
function of how it was asked for (a fixed relation with a fixed direction is right more often than a free one, a
property more often than a cause), of how often it was said independently, and of the log-odds of fact checks (P(True),
Kadavath et al. 2022, arXiv 2207.05221). The names of one answer are right or wrong together: a check of one says nearly
as much of those beside it. The weights were fitted to judged relations, see docs/benchmarks.md. What a person added is
certain. Where the model stated with the relation how certain it is of it, that counts a little: models state too much
(Xiong et al. 2024, arXiv 2306.13063), so its weight is a modest one and not fitted.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from graphgrow.graph.corrections import is_structural
from graphgrow.graph.events import FACET, base
from graphgrow.graph.graph import Evidence, Graph, Past
from graphgrow.graph.model import Event, Relation

TRUSTED = 0.65  # the confidence from which a relation is shown and relied on, where nobody says otherwise

FREE, OF_FACETS = -0.9, -0.3  # prior log-odds of a relation in free words, and of one from a facet
CHECKED_FREE = -2.2, 1.1  # the prior beside the answer of a fact check, and the weight of that answer
# From a facet: the prior, the weight of the answer about the name itself, that of answers about others beside it.
CHECKED_FACET, BESIDE_CHECKED = (-1.38, 0.76, 0.18), (-1.75, 0.0, 1.29)
BESIDE = 1.0  # answers about others: how much the prior weighs against them
# Log-odds by which relations of a facet are likelier to be true than those of other facets.
LIKELIER = MappingProxyType({
    f"{FACET}{name}": odds
    for name, odds in {
        "class": 0.4, "kinds": -0.4, "contents": 0.8, "parts": -0.7, "materials": -1.2, "uses": 0.2, "making": 0.1,
        "properties": 0.5, "tests": 0.2, "failures": 0.3, "brands": -0.1, "hazards": 0.5, "techniques": 0.1,
        "causes": -0.9, "effects": 0.2, "goods": 0.4, "places": 0.1, "people": -0.7, "theories": 0.2,
        "applications": 0.2, "roles": 0.5, "factors": 0.3, "equipment": 0.0, "steps": 0.0, "symptoms": 1.2,
        "drugs": 0.5, "prevention": 0.3, "habitats": 0.7, "concepts": 0.0, "explanations": 0.5, "outputs": 0.7,
        "fields": 0.3, "processing": 0.8, "forms": 0.6, "treated": 1.0, "industries": 0.6,
        "defects": 0.6, "risks": -0.3, "complications": 0.2, "founders": 0.0, "enemies": 0.8,
        "yields": 0.0,
    }.items()
})  # fmt: skip
UNCHECKED = 0.8  # log-odds; no unchecked relation in free words is surer, so none is trusted
AGAIN = 0.8  # for each doubling of the independent questions that said it, however often each was asked
STATED = 0.25  # of the log-odds of a certainty that was stated with the relation
SUREST = 0.98  # no stated certainty counts for more
AGAINST = 2.0  # where the graph says the opposite more surely
# Said one way round, not the other: if A is a B, B is no A.
ONE_WAY = frozenset(
    ("is a", "contains", "has property", "based on", "inspired by", "causes", "produces", "precedes", "exceeds")
)
IS_A = "is a"
REMEMBERED = 100_000  # relations whose confidence is kept


def confidence(graph: Graph, relation: Relation, until: int | None = None) -> float:
    """Return the confidence of a relation that a graph holds, from 0 to 1; KeyError where it holds none.

    With `until` it is the confidence after the event of that seq, as if all corrections had been made before. The
    present one is kept beside the graph until an event affects it.
    """
    if until is not None:
        return _weighed(graph, relation, until)
    kept = graph.memo.get("confidence")
    if not isinstance(kept, _Kept) or kept.decisions != graph.decisions:
        kept = graph.memo["confidence"] = _Kept(graph.seq, graph.decisions, {})
    if kept.seq < graph.seq:
        for other in _touched(graph, (graph.past[seq] for seq in range(kept.seq, graph.seq))):
            kept.known.pop(other, None)
        kept.seq = graph.seq
        if len(kept.known) > REMEMBERED:
            kept.known.clear()
    sure = kept.known.get(relation)
    if sure is None:
        sure = kept.known[relation] = _weighed(graph, relation, None)
    return sure


@dataclass(slots=True)
class _Kept:
    """The confidences known as of an event."""

    seq: int
    decisions: int
    known: dict[Relation, float]


def _weighed(graph: Graph, relation: Relation, until: int | None) -> float:
    """Return the confidence of a relation by what was said and checked up to an event."""
    own = _log_odds(graph, relation, until)
    if math.isinf(own):
        return float(own > 0)
    back = Relation(relation.target, relation.predicate, relation.source)
    if relation.predicate in ONE_WAY and back in graph.relations and _log_odds(graph, back, until) >= own:
        own -= AGAINST
    return 1 / (1 + math.exp(-own))


def _log_odds(graph: Graph, relation: Relation, until: int | None) -> float:
    """Return the log-odds of a relation by itself: infinity for what a person said, minus infinity for a loop."""
    evidence = graph.relations[relation]
    if until is not None:
        evidence = [one for one in evidence if one.seq <= until]
    if relation.source == relation.target or not evidence:
        return -math.inf
    foci = [graph.past[one.seq - 1].focus for one in evidence]
    if None in foci:  # an edit
        return math.inf
    is_facet = any(focus and focus.form == "facet" for focus in foci)
    # A facet that was asked once more names the same again, be it true or not: that is no other question.
    questions = len({(base(focus.angle), *focus.concepts) for focus in foci if focus}) or 1
    checks = _checks(graph, relation, until)
    stated = _stated(evidence)
    beside: list[float] = []  # answers about others in the same reply, in the order in which it says them
    if graph.checks and (is_facet or not checks):
        said = graph.corrections.divide(graph.past[evidence[0].seq - 1].delta).relations
        others = dict.fromkeys(one.relation for one in said if one.relation in graph.checks)
        beside = [odds for other in others if other != relation for odds in _checks(graph, other, until)]
    answered = sum(checks) / max(1, len(checks))
    if is_facet and (checks or beside):
        prior, weight, share = CHECKED_FACET if checks else BESIDE_CHECKED
        own = prior + weight * answered + share * sum(beside) / (len(beside) + BESIDE)
        own += max(LIKELIER.get(base(focus.angle), 0.0) for focus in foci if focus and focus.form == "facet")
    elif checks:
        own = CHECKED_FREE[0] + CHECKED_FREE[1] * answered
    elif beside:
        shared = CHECKED_FREE[0] + CHECKED_FREE[1] * sum(beside) / len(beside)
        own = min(UNCHECKED, FREE + (shared - FREE) * len(beside) / (len(beside) + BESIDE))
    else:
        own = OF_FACETS if is_facet else FREE
    is_bounded = stated > 0 and not checks
    own = max(own, min(UNCHECKED, own + stated)) if is_bounded else own + stated
    return own + AGAIN * math.log2(questions)


def _checks(graph: Graph, relation: Relation, until: int | None) -> list[float]:
    """Return what fact checks answered about a relation."""
    checks = graph.checks.get(relation, [])
    if until is None or not checks:
        return checks
    return [odds for odds, seq in zip(checks, graph.checked_at[relation], strict=True) if seq <= until]


def _stated(evidence: Iterable[Evidence]) -> float:
    """Return what the certainties stated with a relation contribute: their mean log-odds, weighted."""
    beside = filter(None, (one.qualifiers for one in evidence))
    sure = [one.certainty for one in beside if one.certainty is not None]
    bounded = [min(SUREST, max(1 - SUREST, one)) for one in sure]
    return STATED * sum(math.log(one / (1 - one)) for one in bounded) / len(bounded) if bounded else 0.0


def is_said_already(graph: Graph, relation: Relation) -> bool:
    """Tell whether an older relation joins the same two concepts in another way, and is trusted."""
    first = graph.relations[relation][0].seq
    source, target = relation.ends
    near = min(graph.incident[source], graph.incident[target], key=len)
    others = (one for one in near if {*one.ends} == {source, target} and graph.relations[one][0].seq < first)
    return any(one.predicate != relation.predicate and confidence(graph, one) >= TRUSTED for one in others)


def trusted(graph: Graph, threshold: float = TRUSTED) -> list[Relation]:
    """Return the relations of at least this confidence, in order of arrival; of a cycle of *is a* the weakest is out.

    Costs one pass over the relations.
    """
    sure = {relation: confidence(graph, relation) for relation in graph.relations}
    kept = {relation for relation, value in sure.items() if value >= threshold}
    above: dict[str, set[str]] = {}
    for relation in sorted((one for one in kept if one.predicate == IS_A), key=lambda one: (-sure[one], one.ends)):
        if _leads(above, relation.target, relation.source):
            kept.discard(relation)
        else:
            above.setdefault(relation.source, set()).add(relation.target)
    return [relation for relation in graph.relations if relation in kept]


def _leads(above: dict[str, set[str]], start: str, end: str) -> bool:
    """Tell whether steps upwards lead from one concept to another."""
    seen, queue = {start}, [start]
    for key in queue:
        new = above.get(key, set()) - seen
        seen.update(new)
        queue += new
    return end in seen


def reconsidered(graph: Graph, events: Iterable[Event | Past]) -> list[Relation]:
    """Return the relations whose confidence events may have changed, in a graph that has taken them.

    These are those that they state or check, what came in the same answer as a checked one, and what says the opposite.
    """
    if any(map(is_structural, events := list(events))):
        return list(graph.relations)
    touched = _touched(graph, (graph.past[event.seq - 1] for event in events))
    return [relation for relation in touched if relation in graph.relations]


def _touched(graph: Graph, steps: Iterable[Past]) -> dict[Relation, None]:
    """Return the relations whose confidence some events without decisions may have changed: a set, in order."""
    said: list[Relation] = []
    for step in steps:
        said += [one.relation for one in step.delta.statements]
        for claim in step.claims:
            relation = graph.corrections.shown(claim.relation)
            said.append(claim.relation)
            for piece in graph.relations.get(relation, ()) if relation else ():
                beside = graph.corrections.divide(graph.past[piece.seq - 1].delta)
                said += [one.relation for one in beside.relations]
    found = dict.fromkeys(filter(None, map(graph.corrections.shown, said)))
    return found | dict.fromkeys(Relation(one.target, one.predicate, one.source) for one in found)


def trusted_part(graph: Graph, threshold: float = TRUSTED) -> Graph:
    """Return the topic and the relations of at least this confidence; for a threshold of 0 the graph itself.

    Concepts that no such relation reaches are left out.
    """
    if not threshold:
        return graph
    part = graph.subgraph(trusted(graph, threshold), (graph.topic_key,))
    known = {relation: confidence(graph, relation) for relation in part.relations}  # by checks that are not in the part
    part.memo["confidence"] = _Kept(part.seq, part.decisions, known)
    return part
