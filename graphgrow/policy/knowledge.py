"""The policy that is paid for knowledge: which facet of which concept will bring most that is true, for its tokens?

A question is a concept and a facet (prompts/facets.py). What a facet may bring is drawn, by Thompson's rule, from what
its questions brought so far: confidence times what is new, per thousand tokens, fact checks included. Which concept is
asked about follows from the structure of the whole graph: how sure the relations are that bring it, and how strongly
trusted, independent paths tie it to the topic (personalised PageRank, Haveliwala 2002, weighted by confidence). What
nobody trusts is asked about last. Where no facet is left the free questions of `frontier` go on.
"""

import math
import random
from array import array
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from typing import Literal

from graphgrow.graph.confidence import TRUSTED, confidence, is_said_already, reconsidered
from graphgrow.graph.events import FACET, base
from graphgrow.graph.graph import Graph
from graphgrow.graph.kept import pack_arrays, restored, save, unpack_arrays
from graphgrow.graph.model import Focus, Relation
from graphgrow.measure.projection import Structure, structure
from graphgrow.policy.round import fill, is_allowed
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.prompts.facets import CLASS, facets, foreign, is_to_the_point, kind_of, once_more, open_facets

_KIND = "tie 2"  # under which a store keeps one; another format, or other weights, have another number
FOLLOWS = "frontier"  # asks where no facet is left
WINDOW = 200  # questions; older ones say little about what pays now
PRIOR = 2.0  # questions: how much what is expected of a facet beforehand weighs
WIDTH = 0.75  # of what is known: how far a draw may stray from it
STRAY = 0.3  # of the level of a run: how far a draw may stray where less is known
LEVEL = 5.0  # what a usual question earns per thousand tokens, before a run knows better
FREE_KEPT = 0.5  # the share of true free relations that readers would keep
BESIDES = 0.45  # factor on that share for each facet on the way from the topic that does not fit the topic's kind
NOISE = 0.25  # cost of a relation that is not worth keeping, relative to the gain by one that is
BETWEEN = 0.5  # what a relation between known concepts is worth beside one that brings a new one
DAMPING = 0.85
DISTANT = 1.5  # how fast what is worth knowing of a concept falls with its distance from the topic
FAR = 9  # relations from the topic where no path leads there
AGAIN = 1.4  # how much new a facet of a concept must have brought to be asked again: two sure names
WANING = 0.7  # what it is expected to bring then, relative to what it brought
UNFIT = 0.15  # what a facet that does not fit the topic's kind may earn there
FLOOR = 0.01  # of what a facet may earn, so that the better concept comes first where none earns anything
SAMPLE = 400  # concepts, asked about and not, that are looked at where there are more
NEAREST = 0.5  # tie of a concept that the structure does not hold yet, relative to its neighbour's
THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Asks about one facet of one concept; with `rule` "random" any open concept is as good as another.

    Where there are `predicates` only facets are asked that say one of these.
    """

    rule: Literal["structure", "random"] = "structure"
    predicates: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """The name that its questions have in the log."""
        return "knowledge" if self.rule == "structure" else f"knowledge-{self.rule}"

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        if not graph.concepts:  # first of all what kind of thing the topic is: it says what can be asked of it
            key = graph.representative(topic_key)
            opening = Focus(self.name, (key,), "what kind of thing is it?", 1.0, f"{FACET}{CLASS}", form="facet")
            is_open = opening.question not in graph.asked and opening.angle in self._angles()
            if is_open and is_allowed(graph, opening):
                return [opening]
        return fill(graph, topic_key, rng, count, self._foci)

    def _angles(self) -> list[str]:
        """Return the facets that may be asked."""
        return [angle for angle, facet in facets().items() if self.predicates is None or facet.says in self.predicates]

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        allowed, drawn = set(self._angles()), Prospects(graph, rng)
        more = again(graph, allowed)
        keys = sorted({*graph.unasked.sample(SAMPLE, rng), *graph.explored.sample(SAMPLE, rng)})
        if self.rule == "random":
            rng.shuffle(keys)
            for key in keys:
                kind = kind_of(graph, key)
                open_ones = allowed.intersection(open_facets(graph, key, kind))
                gains = {angle: drawn.of(angle, kind) * worth_keeping(graph, angle, key) for angle in open_ones}
                gains |= more.get(key, {})
                if gains:
                    angle = max(sorted(gains), key=gains.__getitem__)  # of several that earn nothing always the same
                    yield Focus(self.name, (key,), "drawn by chance from open concepts", 1.0, angle, form="facet")
        else:
            ties = tie(graph)
            best = max(FLOOR, drawn.highest, *(gain for gains in more.values() for gain in gains.values()))
            near = {}
            for key in keys:
                away = (1 + graph.depth.get(key, FAR)) ** DISTANT
                near[key] = ties.of(key) / math.sqrt(1 + graph.asks.get(key, 0)) / away
            waiting: list[tuple[float, str, str]] = []
            for key in sorted(keys, key=lambda key: (-near[key], key)):
                while waiting and -waiting[0][0] > best * near[key]:  # nothing that comes later is worth more
                    yield self._focus(graph, ties, *heappop(waiting))
                kind, gains = kind_of(graph, key), dict(more.get(key, {}))
                for angle in allowed.intersection(open_facets(graph, key, kind)):
                    fits = kind in facets()[angle].fits or facets()[angle].brings == CLASS
                    gains[angle] = drawn.of(angle, kind) * worth_keeping(graph, angle, key) * (1.0 if fits else UNFIT)
                for angle, gain in gains.items():
                    heappush(waiting, (-max(FLOOR, gain) * near[key] * ties.trust(key), key, angle))
            while waiting:
                yield self._focus(graph, ties, *heappop(waiting))
        yield from STRATEGIES[FOLLOWS](graph, rng)

    def _focus(self, graph: Graph, ties: "Tie", minus: float, key: str, angle: str) -> Focus:
        asks = graph.asks.get(key, 0)
        times = "never asked about" if not asks else f"asked about {'once' if asks == 1 else f'{asks} times'}"
        near, sure = (f"{100 * share:.0f} %" for share in (ties.of(key), ties.trust(key)))
        hold = f"its tie to the topic is {near} of the strongest, its surest relation {sure}"
        reason = f"{'the topic' if key == graph.topic_key else hold}, {times}"
        return Focus(self.name, (key,), reason, round(-minus, 4), angle, form="facet")


@dataclass(slots=True)
class Strengths:
    """What a tie goes by, after event `seq`: pairs as in Counts with the weight of each, and the ties of all concepts.

    `topic` is what they lead to, `saved` the event at which a store kept them.
    """

    seq: int
    topic: str
    pairs: "array[int]"
    weights: "array[float]"
    ties: "array[float]"
    saved: int = 0

    def dump(self) -> bytes:
        """Return all of it in bytes, which `restored` reads."""
        return pack_arrays((self.seq, self.topic), self.pairs, self.weights, self.ties)

    @classmethod
    def restored(cls, data: memoryview, saved: int) -> "Strengths":
        """Return the strengths of which `dump` made these bytes; raises ValueError or TypeError for any others."""
        (seq, topic), (pairs, weights, ties) = unpack_arrays(data, "Qdd")
        return cls(seq, topic, pairs, weights, ties, saved)


class Tie:
    """How concepts are tied to the topic by what is trusted, as old as the structure; trust itself is current.

    What was known `before` is not worked out again, as long as nothing was decided since.
    """

    def __init__(self, graph: Graph, snapshot: Structure, before: Strengths | None = None) -> None:
        import numpy as np

        self._graph, self._topic, self._place = graph, graph.topic_key, snapshot.place
        self._trust: dict[str, tuple[int, float]] = {}
        seq, pairs, weights = snapshot.seq, snapshot.counts.pairs, array("d", bytes(8 * len(snapshot.edges)))
        until = seq if seq < graph.seq else None
        relations, renewed = iter(graph.relations), None
        if before:
            np.asarray(weights)[np.searchsorted(np.asarray(pairs), np.asarray(before.pairs))] = before.weights
            renewed = dict.fromkeys(map(snapshot.edge, reconsidered(graph, graph.past[before.seq : seq])))
            renewed.pop(-1, None)
            ends = (map(snapshot.keys.__getitem__, snapshot.edges[edge].tolist()) for edge in renewed)
            near = dict.fromkeys(min(pair, key=graph.degree) for pair in ends)
            relations = iter(dict.fromkeys(one for key in near for one in graph.incident[key]))
            for edge in renewed:
                weights[edge] = 0.0
        for relation in relations:
            edge = snapshot.edge(relation)
            is_new = edge >= 0 if renewed is None else edge in renewed
            if is_new and graph.relations[relation][0].seq <= seq:
                sure = confidence(graph, relation, until)
                weights[edge] = max(weights[edge], sure * sure)
        self.strengths = Strengths(seq, graph.topic, pairs, weights, array("d"), before.saved if before else 0)
        if before and before.seq == seq:
            self.strengths.ties = before.ties
        elif self._place:
            start = self._place.get(self._topic, 0)
            ranks = snapshot.graph.personalized_pagerank(
                directed=False, damping=DAMPING, reset_vertices=[start], weights=weights.tolist()
            )
            highest = max((rank for vertex, rank in enumerate(ranks) if vertex != start), default=0.0) or 1.0
            self.strengths.ties = array("d", (math.sqrt(min(1.0, rank / highest)) for rank in ranks))

    def of(self, key: str) -> float:
        """Return how strongly a concept is tied to the topic, from 0 to 1; the topic itself 1."""
        if key == self._topic:
            return 1.0
        if key in self._place:
            return self.strengths.ties[self._place[key]]
        near = (self._place[other] for other in self._graph.neighbours.get(key, ()) if other in self._place)
        return NEAREST * max(map(self.strengths.ties.__getitem__, near), default=0.0)

    def trust(self, key: str) -> float:
        """Return the highest confidence of a relation that a concept stands in; 1 for the topic."""
        if key == self._topic:
            return 1.0
        mark = self._graph.seq
        if key not in self._trust or self._trust[key][0] != mark:
            sure = (confidence(self._graph, one) for one in islice(self._graph.incident.get(key, ()), SAMPLE))
            self._trust[key] = mark, max(sure, default=0.0)
        return self._trust[key][1]


def tie(graph: Graph) -> Tie:
    """Return how the concepts of a graph are tied to its topic, for the choices at this event.

    It is worked out as seldom as the structure, from what was known then, so that a run that starts again at this event
    chooses the same.
    """
    snapshot = structure(graph)
    mark = snapshot.seq, graph.decisions, graph.topic

    def taken() -> Tie:
        known = graph.memo.get("tie")
        before = known[1].strengths if isinstance(known, tuple) and known[0][1] == graph.decisions else None
        before = before or restored(graph, _KIND, Strengths.restored, as_shown=True)
        is_usable = before and before.seq <= snapshot.seq and before.topic == graph.topic
        made = Tie(graph, snapshot, before if is_usable else None)
        save(graph, _KIND, made.strengths)
        return made

    return graph.memo.keep("tie", mark, taken)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a question about a concept earned, and its tokens, with those of the fact checks that it brought.

    `sure` is how much new it brought, weighted by confidence, and `kept` what a reader gains by that.
    """

    angle: str
    concept: str
    sure: float
    kept: float
    tokens: int

    def rate(self, what: float) -> float:
        """Return this amount per thousand tokens."""
        return THOUSAND * what / max(1, self.tokens)


def earned(graph: Graph) -> dict[int, Earned]:
    """Return seq -> what it earned of the last questions."""
    return graph.memo.keep("earned", (graph.seq, graph.decisions), lambda: _earned(graph))


def _earned(graph: Graph) -> dict[int, Earned]:
    rows: dict[int, Earned] = {}
    tokens: dict[int, int] = defaultdict(int)
    for step in islice(reversed(graph.past), WINDOW * 8):
        if step.outcome == "thinking":  # what a too small limit cost says nothing about the question
            continue
        for claim in step.claims:
            relation = graph.corrections.shown(claim.relation)
            if relation in graph.relations:
                tokens[graph.relations[relation][0].seq] += step.tokens // len(step.claims)
        if step.focus and len(rows) < WINDOW:
            sure = 0.0
            for said in step.delta.relations:
                relation = graph.corrections.shown(said.relation)
                if relation in graph.relations and graph.relations[relation][0].seq == step.seq:
                    sure += novelty_of(graph, relation, step.seq)
            about = graph.representative(step.focus.concepts[0]) if step.focus.concepts else ""
            kept = worth_keeping(graph, step.focus.angle, about)
            rows[step.seq] = Earned(step.focus.angle, about, sure, kept, step.tokens + tokens[step.seq])
    return rows


def novelty_of(graph: Graph, relation: Relation, seq: int) -> float:
    """Return how sure a relation is that a question brought: nothing below trust, all where a concept is new.

    A relation that joins two concepts once more, in another way, counts nothing; what is said of many, such as a
    property that everything has, counts the less the more have it.
    """
    sure = confidence(graph, relation)
    if sure < TRUSTED or is_said_already(graph, relation):
        return 0.0
    if any(graph.introduced.get(key) == seq for key in relation.ends):
        return sure
    same = (sum(one.predicate == relation.predicate for one in graph.incident[key]) for key in relation.ends)
    return BETWEEN * sure / max(same)


def worth_keeping(graph: Graph, angle: str, key: str) -> float:
    """Return what a reader gains by what a question brings that is true: the share worth keeping, less the noise."""
    facet = facets().get(base(angle))
    kept = facet.worth(kind_of(graph, key)).kept * pertinence(graph, base(angle), key) if facet else FREE_KEPT
    return max(0.0, kept - NOISE * (1 - kept))


def pertinence(graph: Graph, angle: str, key: str) -> float:
    """Return how far what a facet of a concept brings is to the point: less where it leads away from the topic.

    Which properties metals have matters less in trade than among materials, and what affects these properties less.
    """
    is_foreign = not is_to_the_point(facets()[angle], kind_of(graph, graph.topic_key))
    return float(BESIDES ** (foreign(graph, key) + is_foreign))


def again(graph: Graph, allowed: Container[str]) -> dict[str, dict[str, float]]:
    """Return concept -> angle -> what asking a facet for further names may earn, where its names so far are sure."""
    open_ones: dict[str, dict[str, float]] = defaultdict(dict)
    for row in earned(graph).values():
        is_sure = row.sure >= AGAIN and row.kept > 0
        angle = once_more(row.angle) if base(row.angle) in allowed and is_sure else ""
        if angle and row.concept in graph.concepts and (angle, row.concept) not in graph.asked:
            open_ones[row.concept][angle] = WANING * row.rate(row.sure * row.kept)
    return open_ones


class Prospects:
    """How much truth a facet of a kind of concept may bring per thousand tokens: what is known, and chance.

    What a reader gains by it depends on the concept (`worth_keeping`).
    """

    def __init__(self, graph: Graph, rng: random.Random) -> None:
        self._rates: dict[tuple[str, str], list[float]] = defaultdict(list)
        brought, expected = PRIOR * LEVEL, PRIOR
        for row in earned(graph).values():
            angle = base(row.angle)
            if angle in facets():
                kind = kind_of(graph, row.concept)
                self._rates[angle, kind].append(row.rate(row.sure))
                worth = facets()[angle].worth(kind)
                brought, expected = brought + row.rate(row.sure), expected + worth.expected / worth.kept
        self._level = brought / expected
        self._chance = {angle: rng.gauss(0.0, 1.0) for angle in facets()}
        others = {"", kind_of(graph, graph.topic_key)}  # kinds that a facet may be asked of without fitting them
        self.highest = max(self.of(angle, kind) for angle, facet in facets().items() for kind in facet.fits | others)

    def of(self, angle: str, kind: str) -> float:
        """Return what was drawn for a facet of concepts of a kind."""
        own, worth = self._rates.get((angle, kind), ()), facets()[angle].worth(kind)
        weight = len(own) + PRIOR
        known = (sum(own) + PRIOR * self._level * worth.expected / worth.kept) / weight
        return known + self._chance[angle] * WIDTH * max(known, STRAY * self._level) / math.sqrt(weight)
